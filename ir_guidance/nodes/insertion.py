# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The action ``insert``: one approved plan is followed until it has arrived, was stopped, or took too long."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.lifecycle import LifecycleNode

from ir_guidance.nodes import topics
from ir_guidance.nodes.running import steady_ns
from ir_guidance.pipeline import Phase
from ir_guidance.profiles import Profile
from ir_guidance.values import NS_PER_S, Correction, Fix, Mode
from ir_guidance_msgs.action import Insert

FEEDBACK_NS = NS_PER_S // 10


class Insertion:
    """Serves the action for a planner; at most one goal at a time."""

    def __init__(
        self,
        node: LifecycleNode,
        profile: Profile,
        approved: Callable[[], str],
        start: Callable[[str], bool],
        stop: Callable[[], None],
    ) -> None:
        """Serve on a node; ``approved`` tells the plan that the gate holds approved, empty for none.

        ``start`` begins to follow the plan of a hash, False where it is not the present one; ``stop`` ends that.
        """
        self._node, self._profile = node, profile
        self._approved, self._start, self._stop = approved, start, stop
        self._goal = None
        self._result: Insert.Result | None = None
        self._goal_ns = self._feedback_ns = 0
        self._action = ActionServer(
            node,
            Insert,
            topics.INSERT,
            execute_callback=self._finish,
            goal_callback=self._on_goal,
            handle_accepted_callback=self._on_accepted,
            cancel_callback=self._on_cancel,
        )

    def destroy(self) -> None:
        """Release the action before the node that it belongs to."""
        self._action.destroy()

    def _on_goal(self, goal: Insert.Goal) -> GoalResponse:
        usable = np.isfinite(goal.eps_m) and goal.eps_m >= 0 and goal.plan_hash
        if self._goal is not None or not usable or goal.plan_hash != self._approved():
            self._node.get_logger().warning(
                "insertion refused: busy, not approved, or eps_m is not usable"
            )
            return GoalResponse.REJECT
        return GoalResponse.ACCEPT

    def _on_accepted(self, goal) -> None:
        started = self._start(goal.request.plan_hash)
        self._goal, self._goal_ns = goal, steady_ns()
        if not started:
            self.end(Insert.Result.NOT_APPROVED, "the plan is not the present one")

    def _on_cancel(self, goal) -> CancelResponse:
        self.end(Insert.Result.ABORTED, "cancelled")
        return CancelResponse.ACCEPT

    def report(self, fix: Fix, phase: Phase, correction: Correction) -> None:
        """Tell the caller how it goes, and end it when it has ended."""
        if self._goal is None:
            return
        now_ns = steady_ns()
        if now_ns - self._feedback_ns >= FEEDBACK_NS:
            self._feedback_ns = now_ns
            feedback = Insert.Feedback()
            feedback.depth_m = fix.insertion_m
            feedback.remaining_m = correction.remaining_m
            feedback.predicted_miss_m = correction.predicted_miss_m
            feedback.phase = int(phase)
            self._goal.publish_feedback(feedback)
        # The gate withdraws the approval when it has taken the arrival.
        if correction.mode == Mode.ARRIVED and self._approved() != correction.plan_hash:
            missed = correction.predicted_miss_m > (
                self._goal.request.eps_m or self._profile.tolerance_m
            )
            off_m = float(np.hypot(correction.predicted_miss_m, correction.remaining_m))
            code = Insert.Result.MISSED if missed else Insert.Result.OK
            self.end(code, "arrived", off_m)
        elif now_ns - self._goal_ns > self._profile.longest_s * NS_PER_S:
            self.end(Insert.Result.TIMEOUT, f"not there after {self._profile.longest_s:.0f} s")

    def end(self, code: int, message: str, tip_error_m: float = 0.0) -> None:
        """Stop following; the result of what was under way is handed over by the executor."""
        self._stop()
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
