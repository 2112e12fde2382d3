# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Motion by the operator's hand: keys that are held, and places that are gone to only while one is.

A place comes by the action ``/move`` or by CRTK's ``move_jp`` and ``servo_jp``; the newest is the one that
counts. None of them moves anything: the hand does, through the gate.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import numpy as np
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.node import Node
from sensor_msgs.msg import JointState

from ir_guidance.gate import Gate
from ir_guidance.kinematics import JOINTS, RobotLimits
from ir_guidance.nodes import conversions, qos, topics
from ir_guidance.nodes.conversions import ConversionError
from ir_guidance.nodes.running import steady_ns
from ir_guidance.robot.mover import Place, in_tissue, place_fault
from ir_guidance.values import NS_PER_S, Level, Mean
from ir_guidance_msgs.action import Move
from ir_guidance_msgs.msg import Hand as HandMsg

EPS_M, EPS_RAD = 1e-4, 1e-3
PATIENCE_NS = 30 * NS_PER_S
FEEDBACK_NS = NS_PER_S // 10
HELD_NS = NS_PER_S // 4


class Keeper(Protocol):
    """Who has the gate and the limits that hold for the robot."""

    gate: Gate | None
    limits: RobotLimits
    active: bool


class ByHand:
    """Takes hands and places; what a hand may do is the gate's to say."""

    def __init__(self, node: Node, keeper: Keeper) -> None:
        self._node, self._keeper = node, keeper
        self._place: Place | None = None
        self._goal = None
        self._results: dict[bytes, Move.Result] = {}
        self._held_ns = self._feedback_ns = 0
        node.create_subscription(HandMsg, topics.HAND, self._on_hand, qos.COMMANDS_TAKEN)
        for topic in (topics.SERVO_JP, topics.MOVE_JP):
            node.create_subscription(JointState, topic, self._on_place, qos.COMMANDS_TAKEN)
        self._action = ActionServer(
            node,
            Move,
            topics.MOVE,
            execute_callback=self._finish,
            goal_callback=self._on_goal,
            handle_accepted_callback=self._on_accepted,
            cancel_callback=self._on_cancel,
        )

    def destroy(self) -> None:
        """Release the action before the node that it belongs to."""
        self._action.destroy()

    def rest(self) -> None:
        """Forget where to go: the gate falls silent."""
        self._end(Move.Result.STOPPED, "the robot is not active")

    def tick(self, level: Level, reasons: tuple[str, ...], now_ns: int) -> None:
        """Look whether the place is reached, and tell whoever asked how it goes."""
        gate, place = self._keeper.gate, self._place
        if place is None or gate is None or gate.measured is None:
            return
        left_m, left_rad = place.left(gate.measured.position)
        if level == Level.R4:
            self._end(Move.Result.STOPPED, ", ".join(reasons))
        elif place.reached(gate.measured.position):
            self._end(Move.Result.OK, "")
        elif now_ns - self._held_ns > PATIENCE_NS:
            self._end(Move.Result.NOT_HELD, "nobody held the key for it for 30 s")
        elif self._goal is not None and now_ns - self._feedback_ns >= FEEDBACK_NS:
            self._feedback_ns = now_ns
            held = now_ns - self._held_ns < HELD_NS
            feedback = Move.Feedback(error_m=left_m, error_rad=left_rad, held=held)
            self._goal.publish_feedback(feedback)

    # What comes in.

    def _on_hand(self, msg: HandMsg) -> None:
        gate = self._keeper.gate
        if gate is None or not self._keeper.active:
            return
        try:
            hand = conversions.hand_from_msg(msg)
        except ConversionError as error:
            gate.refuse(str(error))
            return
        if hand.mean is Mean.MOVE:
            place, measured = self._place, gate.measured
            idle = place is None or measured is None
            hand = replace(hand, rate=(0.0,) * 6 if idle else place.rate(measured.position))
            if hand.held:
                self._held_ns = hand.issued_steady_ns
        gate.hand(hand)

    def _on_place(self, msg: JointState) -> None:
        at = dict(zip(msg.name, msg.position, strict=False))
        place = Place(tuple(at.get(name, np.nan) for name in JOINTS), EPS_M, EPS_RAD)
        code, why = self._go_to(place)
        if code != Move.Result.OK:
            self._node.get_logger().warning(f"not gone to: {why}", throttle_duration_sec=1.0)

    def _go_to(self, place: Place) -> tuple[int, str]:
        """Take a place to go to, or return why not."""
        codes, gate = Move.Result, self._keeper.gate
        if gate is None or not self._keeper.active or gate.measured is None:
            return codes.STOPPED, "the robot is not active, or not heard of"
        if not np.isfinite([*place.position, place.eps_m, place.eps_rad]).all():
            return codes.INVALID, "a number is missing or not finite"
        if place.eps_m < 0 or place.eps_rad < 0:
            return codes.INVALID, "a tolerance is negative"
        if fault := place_fault(place, self._keeper.limits):
            return codes.OUT_OF_REACH, fault
        if in_tissue(gate.measured.position, place):
            return codes.IN_TISSUE, "the needle is in tissue, or would be there"
        self._end(codes.ABORTED, "a newer place took over")
        self._place, self._held_ns = place, steady_ns()
        return codes.OK, ""

    # The action.

    def _on_goal(self, goal: Move.Goal) -> GoalResponse:
        return GoalResponse.ACCEPT  # what is wrong with it is said in the result, by a code

    def _on_accepted(self, goal) -> None:
        wanted = goal.request
        place = Place(
            tuple(wanted.position.tolist()), wanted.eps_m or EPS_M, wanted.eps_rad or EPS_RAD
        )
        code, why = self._go_to(place)
        if code == Move.Result.OK:
            self._goal = goal
        else:
            self._conclude(goal, code, why)

    def _on_cancel(self, goal) -> CancelResponse:
        self._end(Move.Result.ABORTED, "cancelled")
        return CancelResponse.ACCEPT

    def _end(self, code: int, message: str) -> None:
        """Go no further; the caller of the action, if there is one, gets its result."""
        goal, self._goal = self._goal, None
        if goal is not None:
            self._conclude(goal, code, message)
        self._place = None

    def _conclude(self, goal, code: int, message: str) -> None:
        result = Move.Result(error_code=code, message=message)
        gate, place = self._keeper.gate, self._place
        if gate is not None and gate.measured is not None and place is not None:
            result.error_m, result.error_rad = place.left(gate.measured.position)
        self._results[bytes(goal.goal_id.uuid)] = result
        goal.execute()

    def _finish(self, goal) -> Move.Result:
        result = self._results.pop(bytes(goal.goal_id.uuid))
        if goal.is_cancel_requested:
            goal.canceled()
        elif result.error_code == Move.Result.OK:
            goal.succeed()
        else:
            goal.abort()
        return result
