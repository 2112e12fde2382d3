# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The gate and the robot's adapter: corrections and consent in, commands out, nothing round it."""

from __future__ import annotations

import sys
import time
import uuid
from collections import deque
from dataclasses import replace

from geometry_msgs.msg import PoseStamped
from pydantic import Field
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from sensor_msgs.msg import JointState
from std_msgs.msg import String

from ir_guidance.gate import Gate
from ir_guidance.gate.checks import OVER_BUDGET
from ir_guidance.kinematics import guide_pose
from ir_guidance.nodes import conversions, mirrors, qos, topics
from ir_guidance.nodes.by_hand import ByHand
from ir_guidance.nodes.conversions import BOOT_ID, ConversionError, GateReport
from ir_guidance.nodes.diagnosis import StageDiagnosis
from ir_guidance.nodes.drives import ControllerSettings, SimLevel, make_drive
from ir_guidance.nodes.gate_services import GateServices
from ir_guidance.nodes.parameters import OPTIONS, NodeSettings, read_settings
from ir_guidance.nodes.realtime import ROBOT
from ir_guidance.nodes.running import STEADY, reported, run, steady_ns
from ir_guidance.nodes.shadow import ShadowWatch
from ir_guidance.robot.model import ModelError
from ir_guidance.values import (
    NS_PER_MS,
    NS_PER_S,
    Command,
    Correction,
    Decision,
    Level,
    RobotState,
)
from ir_guidance_msgs.msg import Consent as ConsentMsg
from ir_guidance_msgs.msg import Correction as CorrectionMsg
from ir_guidance_msgs.msg import GateState, LatencyReport

REPORT_NS = NS_PER_S // 20
AWAITED = 20  # commands whose acceptance by the drive is still awaited


class RobotNodeSettings(NodeSettings):
    """How often the gate decides, and for which robot."""

    period_ms: float = Field(10.0, gt=0, le=10, description="Of the gate's decisions.")
    sim_level: SimLevel = Field(
        SimLevel.EMBEDDED,
        description="0: embedded robot, 1: Gazebo, 2: hardware, 3: hardware shadowed by simulation.",
    )
    controller: ControllerSettings = ControllerSettings()


class RobotNode(LifecycleNode):
    """Holds the gate; every correction is answered at once, every period without one too."""

    def __init__(self, **options: object) -> None:
        super().__init__("robot", **(OPTIONS | options))
        self.settings, self._profile = read_settings(self, RobotNodeSettings)
        self.gate: Gate | None = None
        self.limits = self._profile.limits
        self._timer = None
        self._reported_ns = 0
        self._last: tuple[Level, tuple[str, ...]] | None = None
        self._awaited: deque[tuple[Correction, dict[str, float], int]] = deque(maxlen=AWAITED)
        self._answered_ns = self._accepted_stamp_ns = 0
        self._make_publishers()
        self._make_subscriptions()
        self._diagnosis = StageDiagnosis(self, self._profile.budget)
        self._gate_services = GateServices(self, self)
        self._by_hand = ByHand(self, self)
        shadowed = self.settings.sim_level == SimLevel.SHADOWED
        self._shadow = ShadowWatch(self, self._profile.gate) if shadowed else None
        self._drive = make_drive(
            self,
            self.settings.sim_level,
            self.settings.controller,
            self._on_robot,
            self._on_robot_fault,
        )

    @property
    def active(self) -> bool:
        """Whether the gate decides."""
        return self._timer is not None

    def _make_publishers(self) -> None:
        publisher = self.create_lifecycle_publisher
        self._setpoints = publisher(JointState, topics.SETPOINT_JS, qos.STREAM)
        self._poses = publisher(PoseStamped, topics.MEASURED_CP, qos.STREAM)
        self._gate_states = publisher(GateState, topics.GATE_STATE, qos.LATCHED)
        self._operating = publisher(String, topics.OPERATING_STATE, qos.LATCHED)
        self._latencies = publisher(LatencyReport, topics.LATENCY, qos.STREAM)

    def _make_subscriptions(self) -> None:
        subscribe = self.create_subscription
        subscribe(CorrectionMsg, topics.CORRECTION, self._on_correction, qos.COMMANDS_TAKEN)
        subscribe(ConsentMsg, topics.CONSENT, self._on_consent, qos.COMMANDS_TAKEN)

    @reported
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        try:
            self.limits = self._drive.prepare(self._profile.limits)
        except ModelError as error:
            self.get_logger().error(str(error))
            return TransitionCallbackReturn.FAILURE
        self.gate = Gate(self._profile.gate, self.limits, uuid.uuid4().hex)
        return TransitionCallbackReturn.SUCCESS

    @reported
    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        result = super().on_activate(state)
        self._timer = self.create_timer(self.settings.period_ms / 1e3, self._tick, clock=STEADY)
        return result

    @reported
    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._rest()
        return super().on_deactivate(state)

    @reported
    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.gate = None
        return TransitionCallbackReturn.SUCCESS

    @reported
    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._rest()
        return TransitionCallbackReturn.SUCCESS

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._rest()
        return TransitionCallbackReturn.SUCCESS

    def _rest(self) -> None:
        """Fall silent, and let nothing that was allowed before be allowed after."""
        if self._timer is not None:
            self.destroy_timer(self._timer)
            self._timer = None
        if self.gate is not None:
            self.gate.withdraw()
        self._by_hand.rest()

    def destroy_node(self) -> None:
        """Release the action before the node that it belongs to."""
        self._by_hand.destroy()
        super().destroy_node()

    # What comes in.

    def _on_correction(self, msg: CorrectionMsg) -> None:
        arrived_ns = steady_ns()
        if self.gate is None or self._timer is None:
            return
        try:
            correction = conversions.correction_from_msg(msg)
        except ConversionError as error:
            self.gate.refuse(str(error))
            return
        refused = self.gate.offer(correction, arrived_ns)
        if refused:
            return
        self._accepted_stamp_ns = correction.stamp_ns
        hop_ms = (arrived_ns - correction.acquired_steady_ns) / NS_PER_MS - msg.image_age_ms
        sent_ns = self._tick()
        stage_ms = correction.stage_ms | {
            "correction_hop": hop_ms,
            "gate": (sent_ns - arrived_ns) / NS_PER_MS,
        }
        self._awaited.append((correction, stage_ms, sent_ns))

    def _on_consent(self, msg: ConsentMsg) -> None:
        try:
            consent = conversions.consent_from_msg(msg)
        except ConversionError as error:
            self.get_logger().error(str(error), throttle_duration_sec=1.0)
            return
        if self.gate is not None:
            self.gate.consent(consent)

    def _on_robot(self, state: RobotState) -> None:
        if self._shadow is not None:
            self._shadow.compare(state)
        if self.gate is None:
            return
        self.gate.robot(state)
        if state.accepted_steady_ns > self._answered_ns:
            self._answered_ns = state.accepted_steady_ns
            self._report_latency(state.accepted_stamp_ns, state.accepted_steady_ns)

    def _on_robot_fault(self, why: str) -> None:
        if self.gate is not None:
            self.gate.stop(why)

    # What goes out.

    def _tick(self) -> int:
        """Decide, and return when the command went out."""
        now_ns = steady_ns()
        decision = self.gate.tick(now_ns)
        sent_ns = steady_ns()
        if decision.command is not None:
            self._drive.send(decision.command)
            self._mirror(decision.command)
        self._by_hand.tick(decision.level, decision.reasons, now_ns)
        changed = (decision.level, decision.reasons) != self._last
        if changed or now_ns - self._reported_ns >= REPORT_NS:
            self._last, self._reported_ns = (decision.level, decision.reasons), now_ns
            self._report(decision, now_ns)
        return sent_ns

    def _mirror(self, command: Command) -> None:
        now_ns = time.time_ns()
        self._setpoints.publish(mirrors.joint_state(command.position, command.velocity, now_ns))

    def _report(self, decision: Decision, now_ns: int) -> None:
        gate = self.gate
        report = GateReport(
            decision=replace(decision, command=None),
            steady_ns=now_ns,
            stamp_ns=self._accepted_stamp_ns,
            session=gate.session,
            armed=gate.approved_hash is not None,
            consent_held=gate.consent_held(now_ns),
            approved_plan_hash=gate.approved_hash or "",
            accepted_sequence=decision.accepted,
            accepted_count=gate.accepted,
            refused_count=sum(gate.refused.values()),
            over_budget_count=gate.refused.get(OVER_BUDGET, 0),
        )
        self._gate_states.publish(conversions.gate_report_to_msg(report))
        self._operating.publish(String(data=operating_state(decision)))
        if gate.measured is not None:
            pose = guide_pose(gate.measured.position)
            self._poses.publish(mirrors.guide_pose_stamped(pose, time.time_ns()))

    def _report_latency(self, stamp_ns: int, accepted_ns: int) -> None:
        answered = next((each for each in self._awaited if each[0].stamp_ns == stamp_ns), None)
        if answered is None:
            return
        correction, stage_ms, sent_ns = answered
        end_to_end_ms = (accepted_ns - correction.acquired_steady_ns) / NS_PER_MS
        stages = stage_ms | {"command_hop": (accepted_ns - sent_ns) / NS_PER_MS}
        self._diagnosis.add(stages | {"end to end": end_to_end_ms})
        self._latencies.publish(
            LatencyReport(
                header=conversions.header(stamp_ns, "base_link"),
                correction_sequence=correction.sequence,
                acquired_steady_ns=correction.acquired_steady_ns,
                accepted_steady_ns=accepted_ns,
                boot_id=BOOT_ID,
                end_to_end_ms=end_to_end_ms,
                within_budget=end_to_end_ms <= self._profile.budget.total_ms,
                stages=conversions.stages_to_msg(stages),
            )
        )


def operating_state(decision: Decision) -> str:
    """Return CRTK's word for what the gate does."""
    if decision.level == Level.R4:
        return "FAULT"
    if decision.command is None:
        return "DISABLED"
    return "PAUSED" if decision.level >= Level.R2 else "ENABLED"


def main(args: list[str] | None = None) -> None:
    """Run gate and adapter until they are interrupted."""
    sys.exit(run(lambda: [RobotNode()], args, priority=ROBOT))


if __name__ == "__main__":
    main()
