# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Hardware beside the simulation that goes along with it: how far apart they are, on ``/diagnostics``."""

from __future__ import annotations

import time

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.node import Node
from sensor_msgs.msg import JointState

from ir_guidance.gate import GateSettings
from ir_guidance.gate.checks import following_fault
from ir_guidance.kinematics import JOINTS
from ir_guidance.nodes import mirrors, qos, topics
from ir_guidance.nodes.running import STEADY
from ir_guidance.values import RobotState

PERIOD_S = 1.0


class ShadowWatch:
    """Compares measured joints with the shadow's; for people, never a watchdog (REP 107)."""

    def __init__(self, node: Node, limits: GateSettings) -> None:
        self._name, self._limits = node.get_name(), limits
        self._shadow: tuple[float, ...] | None = None
        self._state: RobotState | None = None
        self._publisher = node.create_publisher(DiagnosticArray, topics.DIAGNOSTICS, qos.STREAM)
        node.create_subscription(JointState, topics.SHADOW_JS, self._take, qos.STREAM)
        node.create_timer(PERIOD_S, self._report, clock=STEADY)

    def compare(self, state: RobotState) -> None:
        """Take what the hardware measured."""
        self._state = state

    def _take(self, msg: JointState) -> None:
        self._shadow = tuple(msg.position)

    def _report(self) -> None:
        if self._state is None:
            return
        if self._shadow is None:
            level, said, values = DiagnosticStatus.STALE, "no shadow is heard", {}
        else:
            measured = tuple(self._state.position.tolist())
            fault = following_fault(self._shadow, measured, self._limits)
            level = DiagnosticStatus.WARN if fault else DiagnosticStatus.OK
            said = fault or "hardware and simulation agree"
            pairs = zip(JOINTS, measured, self._shadow, strict=True)
            values = {name: f"{at - shadow:.6f}" for name, at, shadow in pairs}
        self._shadow = None  # an old shadow is none
        status = mirrors.diagnostic(f"{self._name}: shadow", level, said, values)
        self._publisher.publish(mirrors.diagnostics([status], time.time_ns()))
