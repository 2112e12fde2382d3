# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What calls for a protective stop (R4), whatever else is wanted."""

from __future__ import annotations

from ir_guidance.gate import checks
from ir_guidance.gate.settings import GateSettings
from ir_guidance.values import NS_PER_MS, RobotState


class Protection:
    """Looks at the robot's measured state; remembers since when the robot has not followed."""

    def __init__(self, settings: GateSettings) -> None:
        """Start with a robot that follows."""
        self._settings = settings
        self._astray_since_ns: int | None = None

    def clear(self) -> None:
        """Forget how long the robot has not followed: motion begins from where it is."""
        self._astray_since_ns = None

    def cause(self, robot: RobotState | None, asked: tuple[float, ...] | None, now_ns: int) -> str:
        """Return what calls for a stop, empty when nothing does; ``asked`` is the set point in motion, or None."""
        if robot is None:
            return ""
        if fault := checks.robot_fault(robot, self._settings):
            return fault
        if asked is None:
            return ""
        if robot.brake or not robot.enabled:
            return "drives off or brakes on during motion"
        if checks.state_age_ms(robot, now_ns) > self._settings.state_stop_ms:
            return "robot state missing"
        fault = checks.following_fault(asked, tuple(robot.position.tolist()), self._settings)
        if not fault:
            self.clear()
            return ""
        if self._astray_since_ns is None:
            self._astray_since_ns = now_ns
        lasted_ms = (now_ns - self._astray_since_ns) / NS_PER_MS
        return fault if lasted_ms >= self._settings.following_ms else ""
