# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A robot behind a joint trajectory controller, as ros2_control and Gazebo have: whose limits are its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from ir_guidance.kinematics import JOINTS, RobotLimits
from ir_guidance.robot.trajectory import TrajectoryPoint, trajectory
from ir_guidance.values import Command, RobotState, Vector


class ControlledRobot:
    """Hands each command on as a trajectory that ends at rest; the controller is never told to go on."""

    def __init__(
        self, publish: Callable[[tuple[TrajectoryPoint, ...]], None], limits: RobotLimits
    ) -> None:
        """Say how trajectories reach the controller, and what the hardware can do."""
        self._publish, self._limits = publish, limits
        self._position, self._velocity = np.full(len(JOINTS), np.nan), np.zeros(len(JOINTS))
        self._setpoint = self._position
        self._measured_ns, self._stamp_ns = 0, -1
        self._heard: Command | None = None
        self._answered_ns = 0
        self._enabled = True

    @property
    def measured(self) -> bool:
        """Whether the joints have been heard of."""
        return self._measured_ns > 0

    def measure(
        self,
        position: Mapping[str, float],
        velocity: Mapping[str, float],
        stamp_ns: int,
        steady_ns: int,
    ) -> str:
        """Take joints by name, measured at a steady time; return why they were refused, empty when taken.

        ``stamp_ns`` is the controller's own: a stamp that does not advance is no new measurement.
        """
        missing = [name for name in JOINTS if name not in position or name not in velocity]
        if missing:
            return f"no position or velocity of {', '.join(missing)}"
        values: Vector = np.array([[position[name], velocity[name]] for name in JOINTS])
        if not np.isfinite(values).all():
            return "joint states that are not finite"
        if stamp_ns <= self._stamp_ns:
            return "joint states whose stamp does not advance"
        self._position, self._velocity = values[:, 0], values[:, 1]
        self._stamp_ns, self._measured_ns = stamp_ns, steady_ns
        if not self._heard:
            self._setpoint = self._position
        return ""

    def send(self, command: Command, now_ns: int) -> Command | None:
        """Send the command on as a trajectory and return it; None when it is not one that may be sent.

        A command that switches the drives off sends nothing: what was sent last ends at rest by itself.
        """
        last = self._heard
        repeated = last and command.session == last.session and command.sequence <= last.sequence
        finite = all(math.isfinite(value) for value in (*command.position, *command.velocity))
        if repeated or not finite or now_ns >= command.expires_steady_ns:
            return None
        if command.enable:
            points = trajectory(command, self._limits, now_ns) if self._fits(command) else None
            if points is None:
                return None
            self._setpoint = np.array(command.position)
            self._publish(points)
        if last is None or command.stamp_ns != last.stamp_ns:
            self._answered_ns = now_ns
        self._heard, self._enabled = command, command.enable
        return command

    def _fits(self, command: Command) -> bool:
        limits = self._limits
        joints = zip(command.position, command.velocity, limits.lower, limits.upper, strict=True)
        speeds = zip(command.velocity, limits.velocity, strict=True)
        inside = all(low <= at <= high for at, _, low, high in joints)
        return inside and all(abs(speed) <= most * (1 + 1e-9) for speed, most in speeds)

    def state(self) -> RobotState:
        """Return what the controller reported last, at the moment at which it was measured.

        ``enabled`` says whether trajectories are sent; brakes and drives are the controller's own.
        """
        heard = self._heard
        return RobotState(
            steady_ns=self._measured_ns,
            position=self._position,
            velocity=self._velocity,
            setpoint=self._setpoint,
            enabled=self._enabled,
            brake=not self._enabled,
            watchdog_tripped=heard is not None and self._measured_ns > heard.expires_steady_ns,
            accepted_stamp_ns=heard.stamp_ns if heard else 0,
            accepted_steady_ns=self._answered_ns,
        )
