# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Plan and correct: fixes in, a plan for approval and corrections out."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from threading import Lock

import numpy as np
from geometry_msgs.msg import PoseStamped
from pydantic import Field
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from visualization_msgs.msg import MarkerArray

from ir_guidance.localise import ImageGeometry
from ir_guidance.nodes import conversions, mirrors, qos, topics
from ir_guidance.nodes.conversions import ConversionError
from ir_guidance.nodes.diagnosis import StageDiagnosis
from ir_guidance.nodes.no_go import no_go
from ir_guidance.nodes.parameters import OPTIONS, NodeSettings, read_settings
from ir_guidance.nodes.plan_service import PlanService
from ir_guidance.nodes.running import reported, run, steady_ns
from ir_guidance.pipeline import Phase, Steer, path_normal
from ir_guidance.plan import PlanRequest
from ir_guidance.robot_history import RobotHistory
from ir_guidance.values import NS_PER_S, Correction, Fix, Level, Modality, Mode, Plan
from ir_guidance_msgs.action import Insert
from ir_guidance_msgs.msg import CarmGeometry as CarmGeometryMsg
from ir_guidance_msgs.msg import Correction as CorrectionMsg
from ir_guidance_msgs.msg import Fix as FixMsg
from ir_guidance_msgs.msg import GateState, PhaseState, RobotState
from ir_guidance_msgs.msg import Plan as PlanMsg
from ir_guidance_msgs.msg import ProbeGeometry as ProbeGeometryMsg
from ir_guidance_msgs.srv import ComputePlan

FEEDBACK_NS = NS_PER_S // 10


class PlannerNodeSettings(NodeSettings):
    """What is done with the fixes."""

    open_loop: bool = Field(
        False, description="Leave out what the image would correct, to compare."
    )
    composed: bool = Field(False, description="Fixes come from a tracker in this process.")


class PlannerNode(LifecycleNode):
    """Takes fixes; publishes ``plan``, ``correction`` and ``phase``; serves planning and insertion."""

    def __init__(self, **options: object) -> None:
        super().__init__("planner", **(OPTIONS | options))
        self.settings, self._profile = read_settings(self, PlannerNodeSettings)
        self._steer: Steer | None = None
        self._steering = Lock()  # the plan's service asks and answers in a thread of its own
        self._history = RobotHistory()
        self._geometry: ImageGeometry | None = None
        self._gate: GateState | None = None
        self._fix: Fix | None = None
        self._goal = None
        self._result: Insert.Result | None = None
        self._goal_ns = self._feedback_ns = 0
        self._said: tuple[Phase, str] | None = None
        self._active = False
        self._make_publishers()
        self._make_subscriptions()
        self._diagnosis = StageDiagnosis(self, self._profile.budget)
        self._planning = PlanService(self, self._wanted, self._adopt)
        self._action = ActionServer(
            self,
            Insert,
            topics.INSERT,
            execute_callback=self._finish,
            goal_callback=self._on_goal,
            handle_accepted_callback=self._on_accepted,
            cancel_callback=self._on_cancel,
        )

    def _make_publishers(self) -> None:
        publisher = self.create_lifecycle_publisher
        self._corrections = publisher(CorrectionMsg, topics.CORRECTION, qos.COMMANDS)
        self._plans = publisher(PlanMsg, topics.PLAN, qos.LATCHED)
        self._phases = publisher(PhaseState, topics.PHASE, qos.LATCHED)
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
        self._end(Insert.Result.ABORTED, "the planner was deactivated")
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
        self._action.destroy()
        super().destroy_node()

    def _close(self) -> None:
        self._active = False
        if self._steer is not None:
            self._steer.stop()
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
            self._end(Insert.Result.STOPPED, "; ".join(msg.reasons))

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
            self._report(correction)
            self._diagnosis.add(self._steer.stopwatch.stage_ms)
        self._say(self._steer.phase, correction.reason if correction else "", fix.stamp_ns)
        if self._markers.get_subscription_count():
            self._markers.publish(mirrors.markers(fix, self._steer.plan, fix.stamp_ns))

    def _say(self, phase: Phase, text: str, stamp_ns: int) -> None:
        if (phase, text) != self._said:
            self._said = phase, text
            head = conversions.header(stamp_ns, "base_link")
            self._phases.publish(PhaseState(header=head, phase=int(phase), text=text))

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
        return wanted

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

    def _on_goal(self, goal: Insert.Goal) -> GoalResponse:
        approved = self._gate.approved_plan_hash if self._gate else ""
        usable = np.isfinite(goal.eps_m) and goal.eps_m >= 0 and goal.plan_hash
        if not self._active or self._goal is not None or not usable or goal.plan_hash != approved:
            self.get_logger().warning(
                "insertion refused: busy, not approved, or eps_m is not usable"
            )
            return GoalResponse.REJECT
        return GoalResponse.ACCEPT

    def _on_accepted(self, goal) -> None:
        with self._steering:
            started = self._steer.start(goal.request.plan_hash)
        if not started:
            self._goal, self._goal_ns = goal, steady_ns()
            self._end(Insert.Result.NOT_APPROVED, "the plan is not the present one")
            return
        self._goal, self._goal_ns = goal, steady_ns()

    def _on_cancel(self, goal) -> CancelResponse:
        if self._steer is not None:
            self._steer.stop()
        self._end(Insert.Result.ABORTED, "cancelled")
        return CancelResponse.ACCEPT

    def _report(self, correction: Correction) -> None:
        """Tell the caller of the action how it goes, and end it when it has ended."""
        if self._goal is None:
            return
        now_ns = steady_ns()
        if now_ns - self._feedback_ns >= FEEDBACK_NS:
            self._feedback_ns = now_ns
            feedback = Insert.Feedback()
            feedback.depth_m = self._fix.insertion_m
            feedback.remaining_m = correction.remaining_m
            feedback.predicted_miss_m = correction.predicted_miss_m
            feedback.phase = int(self._steer.phase)
            self._goal.publish_feedback(feedback)
        if correction.mode == Mode.ARRIVED and self._gate_has_arrived(correction):
            missed = correction.predicted_miss_m > (
                self._goal.request.eps_m or self._profile.tolerance_m
            )
            code = Insert.Result.MISSED if missed else Insert.Result.OK
            self._end(
                code,
                "arrived",
                float(np.hypot(correction.predicted_miss_m, correction.remaining_m)),
            )
        elif now_ns - self._goal_ns > self._profile.longest_s * NS_PER_S:
            self._end(Insert.Result.TIMEOUT, f"not there after {self._profile.longest_s:.0f} s")

    def _gate_has_arrived(self, correction: Correction) -> bool:
        """Return whether the gate has taken the arrival and withdrawn the approval."""
        return self._gate is not None and self._gate.approved_plan_hash != correction.plan_hash

    def _end(self, code: int, message: str, tip_error_m: float = 0.0) -> None:
        """Finish the insertion; its result is handed over by the executor."""
        if self._steer is not None:
            self._steer.stop()
        if self._goal is None:
            return
        self._result = Insert.Result(error_code=code, message=message, tip_error_m=tip_error_m)
        goal, self._goal = self._goal, None
        goal.execute()

    def _finish(self, goal) -> Insert.Result:
        if goal.is_cancel_requested:
            goal.canceled()
        elif self._result.error_code in (Insert.Result.OK, Insert.Result.MISSED):
            goal.succeed()
        else:
            goal.abort()
        return self._result


def main(args: list[str] | None = None) -> None:
    """Run the planner alone until it is interrupted."""
    sys.exit(run(lambda: [PlannerNode()], args))


if __name__ == "__main__":
    main()
