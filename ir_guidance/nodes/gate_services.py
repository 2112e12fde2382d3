# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What the operator asks the gate for: approval of a plan, a stop, its reset; CRTK's words that stop."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from rclpy.node import Node
from std_msgs.msg import String

from ir_guidance.gate import Gate, RefusedError
from ir_guidance.kinematics import guide_pose, joints_for, straight_tip
from ir_guidance.nodes import conversions, qos, topics
from ir_guidance.nodes.conversions import ConversionError
from ir_guidance.nodes.running import steady_ns
from ir_guidance.values import Plan
from ir_guidance_msgs.msg import Plan as PlanMsg
from ir_guidance_msgs.srv import ApprovePlan, CheckPhantom, Reset, Stop

AT_POINT_M = 0.0005
"""How near a phantom's point the robot must have been driven, by its own joints, for the check to mean anything."""


class Keeper(Protocol):
    """Who has the gate."""

    gate: Gate | None
    active: bool


class GateServices:
    """Answers for the gate; whoever asks is named, and what is refused says why."""

    def __init__(self, node: Node, keeper: Keeper) -> None:
        self._node, self._keeper = node, keeper
        self._plan: Plan | None = None
        node.create_subscription(PlanMsg, topics.PLAN, self._on_plan, qos.LATCHED)
        node.create_subscription(String, topics.STATE_COMMAND, self._on_state_command, qos.STREAM)
        node.create_service(ApprovePlan, topics.APPROVE_PLAN, self._on_approve)
        node.create_service(Stop, topics.STOP, self._on_stop)
        node.create_service(Reset, topics.RESET, self._on_reset)
        node.create_service(CheckPhantom, topics.CHECK_PHANTOM, self._on_check)

    def _on_plan(self, msg: PlanMsg) -> None:
        try:
            self._plan = conversions.plan_from_msg(msg)
        except ConversionError as error:
            self._plan = None
            self._node.get_logger().error(str(error))

    def _on_state_command(self, msg: String) -> None:
        """Obey CRTK's commands that stop; what starts motion is approval and consent alone."""
        gate = self._keeper.gate
        if gate is None:
            return
        if msg.data in ("disable", "pause"):
            gate.stop(f"state_command {msg.data}")
        else:
            self._node.get_logger().warning(
                f"state_command {msg.data!r} is not obeyed: approve and consent"
            )

    def _on_approve(
        self, request: ApprovePlan.Request, response: ApprovePlan.Response
    ) -> ApprovePlan.Response:
        codes = ApprovePlan.Response
        response.error_code, response.message = self._approve(request, codes)
        response.accepted = response.error_code == codes.OK
        return response

    def _approve(self, request: ApprovePlan.Request, codes) -> tuple[int, str]:
        gate, plan = self._keeper.gate, self._plan
        if not request.operator_name.strip():
            return codes.INVALID, "who approves? operator_name is empty"
        if gate is None or not self._keeper.active:
            return codes.STOPPED, "the robot is not active"
        if not request.approve:
            gate.withdraw()
            return codes.OK, "approval withdrawn"
        if plan is None:
            return codes.NO_PLAN, "no plan has been computed"
        if plan.hash != request.plan_hash:
            return codes.OTHER_PLAN, "that is not the current plan: look at it again"
        joints = tuple(joints_for(plan.entry_m, plan.direction, 0.0).tolist())
        try:
            gate.approve(plan.hash, joints, plan.length_m)
        except RefusedError as error:
            return codes.STOPPED, str(error)
        self._node.get_logger().info(f"plan {plan.hash[:8]} approved by {request.operator_name}")
        return codes.OK, ""

    def _on_stop(self, request: Stop.Request, response: Stop.Response) -> Stop.Response:
        if self._keeper.gate is not None:
            self._keeper.gate.stop(f"operator: {request.reason}")
            response.accepted = True
        return response

    def _on_reset(self, request: Reset.Request, response: Reset.Response) -> Reset.Response:
        codes, gate = Reset.Response, self._keeper.gate
        if not request.operator_name.strip():
            response.error_code = codes.INVALID
            response.message = "who resets? operator_name is empty"
            return response
        if gate is None:
            response.error_code, response.message = codes.CAUSE_PERSISTS, "the robot is not active"
            return response
        try:
            gate.reset(steady_ns())
        except RefusedError as error:
            response.error_code, response.message = codes.CAUSE_PERSISTS, str(error)
            return response
        response.accepted = True
        return response

    def _on_check(
        self, request: CheckPhantom.Request, response: CheckPhantom.Response
    ) -> CheckPhantom.Response:
        response.error_code, response.message = self._check(request, response)
        gate = self._keeper.gate
        if gate is not None:
            response.points, response.worst_m = gate.phantom.points, gate.phantom.worst_m
            response.passed = gate.phantom.points > 0 and not gate.phantom.fault()
        return response

    def _check(
        self, request: CheckPhantom.Request, codes: CheckPhantom.Response
    ) -> tuple[int, str]:
        """Record one point of the phantom, or return why it says nothing."""
        gate = self._keeper.gate
        if gate is None or gate.measured is None or not self._keeper.active:
            return codes.NO_ROBOT, "the robot is not active, or not heard of"
        known_m, measured_m = (
            np.array([at.x, at.y, at.z]) for at in (request.known, request.measured)
        )
        named = bool(request.operator_name.strip())
        if not named or not np.isfinite([*known_m, *measured_m]).all():
            return codes.INVALID, "a number is not finite, or operator_name is empty"
        if gate.measured.velocity.any():
            return codes.MOVING, "the robot moves"
        off_m = np.linalg.norm(straight_tip(guide_pose(gate.measured.position)) - known_m)
        if off_m > AT_POINT_M:
            return codes.NOT_THERE, f"the robot is {off_m * 1e3:.2f} mm from the point: drive there"
        codes.error_m = float(np.linalg.norm(measured_m - known_m))
        gate.phantom.note(codes.error_m)
        self._node.get_logger().info(
            f"phantom checked by {request.operator_name}: {codes.error_m * 1e3:.2f} mm"
        )
        return codes.OK, ""
