# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""From a command to a joint trajectory that ends at rest before the command expires."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ir_guidance.kinematics import JOINTS, RobotLimits
from ir_guidance.robot.model import JointLimit, ModelError
from ir_guidance.values import NS_PER_S, Command

LEAD_S = 0.020
"""From a command to the moment at which its set point is to be reached: two periods of the gate."""
STOPPING_S = 0.070
"""The longest deceleration; with the lead and 10 ms of way to the controller it fits into 100 ms."""


@dataclass(frozen=True, slots=True)
class TrajectoryPoint:
    """Joint positions and velocities (6,) to be reached ``after_ns`` from the trajectory's start."""

    after_ns: int
    position: tuple[float, ...]
    velocity: tuple[float, ...]


def within_hardware(limits: RobotLimits, hardware: dict[str, JointLimit]) -> RobotLimits:
    """Return limits that keep to the profile's and the hardware's, and to what stops in ``STOPPING_S``.

    Raises:
        ModelError: A joint has no range in which both would let it move.
    """
    lower, upper, velocity = [], [], []
    for at, name in enumerate(JOINTS):
        joint = hardware[name]
        lower.append(max(limits.lower[at], joint.lower))
        upper.append(min(limits.upper[at], joint.upper))
        if lower[-1] >= upper[-1]:
            raise ModelError(
                f"joint {name!r}: the hardware moves in [{joint.lower}, {joint.upper}], the profile in "
                f"[{limits.lower[at]}, {limits.upper[at]}]: no range is common to both"
            )
        stoppable = limits.acceleration[at] * STOPPING_S
        velocity.append(min(limits.velocity[at], joint.velocity, stoppable))
    kept = {"lower": tuple(lower), "upper": tuple(upper), "velocity": tuple(velocity)}
    return limits.model_copy(update=kept)


def trajectory(
    command: Command, limits: RobotLimits, now_ns: int
) -> tuple[TrajectoryPoint, ...] | None:
    """Return the points through the command's set point to rest, None when rest comes after its expiry.

    All joints slow down evenly over one time, in which the slowest of them can stop; the joint trajectory
    controller's cubic between two such points is just that deceleration.
    """
    stopping_s = max(
        abs(speed) / most for speed, most in zip(command.velocity, limits.acceleration, strict=True)
    )
    lead_ns, stopping_ns = int(LEAD_S * NS_PER_S), math.ceil(stopping_s * NS_PER_S)
    if now_ns + lead_ns + stopping_ns > command.expires_steady_ns:
        return None
    through = TrajectoryPoint(lead_ns, command.position, command.velocity)
    if stopping_ns == 0:
        return (through,)
    rest = tuple(
        min(max(at + speed * stopping_s / 2, low), high)
        for at, speed, low, high in zip(
            command.position, command.velocity, limits.lower, limits.upper, strict=True
        )
    )
    return through, TrajectoryPoint(lead_ns + stopping_ns, rest, (0.0,) * len(rest))
