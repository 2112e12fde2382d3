# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Plan and correct: fixes in, a plan for approval and corrections out."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from threading import Lock

from geometry_msgs.msg import PoseStamped
from pydantic import Field
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from std_msgs.msg import UInt8
from visualization_msgs.msg import MarkerArray

from ir_guidance.localise import ImageGeometry
from ir_guidance.nodes import conversions, mirrors, qos, topics
from ir_guidance.nodes.conversions import ConversionError
from ir_guidance.nodes.diagnosis import StageDiagnosis
from ir_guidance.nodes.insertion import Insertion
from ir_guidance.nodes.labelled import LabelledVolume, read_no_go
from ir_guidance.nodes.no_go import no_go
from ir_guidance.nodes.parameters import OPTIONS, NodeSettings, read_settings
from ir_guidance.nodes.plan_service import PlanService
from ir_guidance.nodes.running import reported, run, steady_ns
from ir_guidance.pipeline import Phase, Steer, path_normal
from ir_guidance.plan import PlanRequest
from ir_guidance.plan.no_go import NoGo
from ir_guidance.robot_history import RobotHistory
from ir_guidance.values import Fix, Level, Modality, Plan
from ir_guidance_msgs.action import Insert
from ir_guidance_msgs.msg import CarmGeometry as CarmGeometryMsg
from ir_guidance_msgs.msg import Correction as CorrectionMsg
from ir_guidance_msgs.msg import Fix as FixMsg
from ir_guidance_msgs.msg import GateState, PhaseState, RobotState
from ir_guidance_msgs.msg import Plan as PlanMsg
from ir_guidance_msgs.msg import ProbeGeometry as ProbeGeometryMsg
from ir_guidance_msgs.srv import ComputePlan


class PlannerNodeSettings(NodeSettings):
    """What is done with the fixes."""

    open_loop: bool = Field(
        False, description="Leave out what the image would correct, to compare."
    )
    composed: bool = Field(False, description="Fixes come from a tracker in this process.")
    no_go: LabelledVolume = LabelledVolume()


class PlannerNode(LifecycleNode):
    """Takes fixes; publishes ``plan``, ``correction`` and ``phase``; serves planning and insertion."""

    def __init__(self, **options: object) -> None:
        super().__init__("planner", **(OPTIONS | options))
        self.settings, self._profile = read_settings(self, PlannerNodeSettings)
        self._steer: Steer | None = None
        self._no_go = self._structures()
        self._steering = Lock()  # the plan's service asks and answers in a thread of its own
        self._history = RobotHistory()
        self._geometry: ImageGeometry | None = None
        self._gate: GateState | None = None
        self._fix: Fix | None = None
        self._pulses: int | None = None
        self._said: tuple[Phase, str] | None = None
        self._active = False
        self._make_publishers()
        self._make_subscriptions()
        self._diagnosis = StageDiagnosis(self, self._profile.budget)
        self._planning = PlanService(self, self._wanted, self._adopt)
        self._insertion = Insertion(self, self._profile, self._approved, self._start, self._stop)

    def _structures(self) -> NoGo | None:
        no_go = read_no_go(self.settings.no_go, self._profile.plan)
        if no_go is not None:
            self.get_logger().info(f"keeps clear of {', '.join(no_go.names)}")
        return no_go

    def _make_publishers(self) -> None:
        publisher = self.create_lifecycle_publisher
        self._corrections = publisher(CorrectionMsg, topics.CORRECTION, qos.COMMANDS)
        self._plans = publisher(PlanMsg, topics.PLAN, qos.LATCHED)
        self._phases = publisher(PhaseState, topics.PHASE, qos.LATCHED)
        self._pulses_wanted = publisher(UInt8, topics.PULSES_WANTED, qos.LATCHED)
        self._markers = publisher(MarkerArray, topics.MARKERS, qos.STREAM)
        self._entries = publisher(PoseStamped, topics.SKIN_ENTRY, qos.LATCHED)

    def _make_subscriptions(self) -> None:
        subscribe = self.create_subscription
        if self._profile.modality is Modality.ULTRASOUND:
            subscribe(ProbeGeometryMsg, topics.PROBE_GEOMETRY, self._on_probe, qos.LATCHED)
        else:
            subscribe(CarmGeometryMsg, topics.CARM_GEOMETRY, self._on_carm, qos.LATCHED_VIEWS)
        subscribe(RobotState, topics.ROBOT_STATE, self._on_robot, qos.COMMANDS_TAKEN)
        subscribe(GateState, topics.GATE_STATE, self._on_gate, qos.LATCHED)
        if not self.settings.composed:
            subscribe(FixMsg, topics.FIX, self._on_fix_message, qos.COMMANDS_TAKEN)

    @reported
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._steer = Steer(self._profile, steady_ns, open_loop=self.settings.open_loop)
        self._planning.configure(self._profile.plan)
        return TransitionCallbackReturn.SUCCESS

    @reported
    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        result = super().on_activate(state)
        self._active = True
        self._say(Phase.IDLE, "", time.time_ns())
        return result

    @reported
    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._insertion.end(Insert.Result.ABORTED, "the planner was deactivated")
        self._active = False
        return super().on_deactivate(state)

    @reported
    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._close()
        return TransitionCallbackReturn.SUCCESS

    @reported
    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._close()
        return TransitionCallbackReturn.SUCCESS

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._close()
        return TransitionCallbackReturn.SUCCESS

    def destroy_node(self) -> None:
        """Release the services before the node that they belong to."""
        self._planning.destroy()
        self._insertion.destroy()
        super().destroy_node()

    def _close(self) -> None:
        self._active = False
        self._stop()
        self._planning.close()

    # What comes in.

    def _on_probe(self, msg: ProbeGeometryMsg) -> None:
        self._take_geometry(conversions.probe_geometry_from_msg, msg)

    def _on_carm(self, msg: CarmGeometryMsg) -> None:
        self._take_geometry(conversions.carm_geometry_from_msg, msg)

    def _take_geometry(self, convert, msg) -> None:
        self._geometry = None  # a wrong geometry is worse than none
        try:
            self._geometry = convert(msg)
        except ConversionError as error:
            self.get_logger().error(str(error))

    def _on_robot(self, msg: RobotState) -> None:
        try:
            self._history.add(conversions.robot_state_from_msg(msg))
        except ConversionError as error:
            self.get_logger().error(str(error), throttle_duration_sec=1.0)

    def _on_gate(self, msg: GateState) -> None:
        self._gate = msg
        if msg.level == Level.R4:
            self._insertion.end(Insert.Result.STOPPED, "; ".join(msg.reasons))

    def _on_fix_message(self, msg: FixMsg) -> None:
        try:
            self.on_fix(conversions.fix_from_msg(msg), {})
        except ConversionError as error:
            self.get_logger().error(str(error), throttle_duration_sec=1.0)

    def on_fix(self, fix: Fix, stage_ms: dict[str, float]) -> None:
        """Answer one fix; ``stage_ms`` are the times its frame has taken so far."""
        if not self._active:
            return
        self._fix = fix
        with self._steering:
            correction = self._steer.step(fix, self._history.newest)
        if correction is not None:
            both_ms = stage_ms | self._steer.stopwatch.stage_ms
            correction = replace(correction, stage_ms=both_ms)
            self._corrections.publish(conversions.correction_to_msg(correction, steady_ns()))
            self._insertion.report(fix, self._steer.phase, correction)
            self._diagnosis.add(self._steer.stopwatch.stage_ms)
        self._say(self._steer.phase, correction.reason if correction else "", fix.stamp_ns)
        self._ask_for_pulses(self._steer.pulses_wanted(fix, correction))
        if self._markers.get_subscription_count():
            self._markers.publish(mirrors.markers(fix, self._steer.plan, fix.stamp_ns))

    def _say(self, phase: Phase, text: str, stamp_ns: int) -> None:
        if (phase, text) != self._said:
            self._said = phase, text
            head = conversions.header(stamp_ns, "base_link")
            self._phases.publish(PhaseState(header=head, phase=int(phase), text=text))

    def _ask_for_pulses(self, wanted: int) -> None:
        """Say of how many X-ray pulses one is wanted, when that changes."""
        if wanted != self._pulses and self._profile.modality is Modality.FLUOROSCOPY:
            self._pulses = wanted
            self._pulses_wanted.publish(UInt8(data=wanted))

    # Planning.

    def _wanted(self, request: ComputePlan.Request) -> PlanRequest | tuple[int, str]:
        """Return what to search for, or why nothing can be."""
        codes, geometry = ComputePlan.Response, self._geometry
        if geometry is None:
            return codes.NO_TARGET, "where the pixels lie is not known: no image geometry arrived"
        try:
            regions = no_go(request, geometry)
        except ValueError as error:
            return codes.NO_TARGET, str(error)
        with self._steering:
            if not self._active or self._steer.inserting:
                return codes.BUSY, "the planner is not active, or an insertion is under way"
            wanted = self._steer.request(path_normal(geometry), regions)
        if wanted is None:
            return codes.NO_TARGET, "the target's rest is not known: select one and let it breathe"
        return replace(wanted, no_go=self._no_go)

    def _adopt(self, found: Plan) -> PlanMsg | None:
        with self._steering:
            if self._steer.inserting:
                return None
            self._steer.adopt(found)
            stamp_ns = self._fix.stamp_ns if self._fix else time.time_ns()
        plan = conversions.plan_to_msg(found, stamp_ns)
        self._plans.publish(plan)
        self._entries.publish(mirrors.entry_pose(found, stamp_ns))
        return plan

    # Insertion.

    def _approved(self) -> str:
        """Return the plan that the gate holds approved; empty where we could not follow it."""
        return self._gate.approved_plan_hash if self._active and self._gate else ""

    def _start(self, plan_hash: str) -> bool:
        with self._steering:
            return self._steer.start(plan_hash)

    def _stop(self) -> None:
        if self._steer is not None:
            self._steer.stop()


def main(args: list[str] | None = None) -> None:
    """Run the planner alone until it is interrupted."""
    sys.exit(run(lambda: [PlannerNode()], args))


if __name__ == "__main__":
    main()
