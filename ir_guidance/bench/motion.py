# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Motion to motion, on a simulated clock: a target breathes, the robot's guide follows what images say of it.

The target is the room's, the breath is learned by the localiser's own model, the drive is the embedded
robot with its limits. Only the way between is simple: what was seen arrives after a latency, and is the
set point, as it was seen or moved on at its rate by the time until it acts. That extrapolation is the one
that the correct stage uses where it follows the breath.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from ir_guidance.kinematics import RobotLimits
from ir_guidance.localise import LocaliseSettings
from ir_guidance.localise.breathing import Breath
from ir_guidance.robot import EmbeddedRobot
from ir_guidance.robot.embedded import DriveSettings
from ir_guidance.room.breathing import Breathing, BreathingSettings
from ir_guidance.values import NS_PER_MS, NS_PER_S, Command

FRAME_NS = NS_PER_S // 30
TICK_NS = 10 * NS_PER_MS
LIFE_NS = 100 * NS_PER_MS
SEEN_SIGMA_M = 0.0003
LEARN_S = 12.0
HOME = (0.0, 0.0, 0.75, 0.0, -0.010, 0.0)

Errors = NDArray[np.float64]


def following_errors_m(
    breath_hz: float, latency_ms: float, *, predicted: bool, seed: int, seconds: float = 20.0
) -> Errors:
    """Return how far the guide is from a target that breathes, every 10 ms once the breath is known, in metres.

    Args:
        breath_hz: Breaths a second; amplitude and period vary from breath to breath.
        latency_ms: From acquisition to the drive.
        predicted: Whether what was seen is moved on by the time until it acts.
        seed: Of the breath, the errors of seeing and the robot.
        seconds: How long to follow.
    """
    period_s = 1 / breath_hz
    target = Breathing(
        BreathingSettings(period_s=(period_s, period_s)), np.random.default_rng([seed, 1]), 1.0
    )
    drive = DriveSettings(home=HOME)
    robot = EmbeddedRobot(drive, RobotLimits(), seed, 0)
    offset_m = float(robot.true_joints[0]) - HOME[0]
    # A set point is held until the next comes, and the drive's position loop lags by its time constant.
    acts_s = latency_ms / 1e3 + FRAME_NS / NS_PER_S / 2 + 1 / (2 * np.pi * drive.bandwidth_hz)
    eyes = Eyes(seed, acts_s if predicted else 0.0)
    on_the_way: deque[tuple[int, float]] = deque()
    asked_m, errors = 0.0, []
    for tick in range(1, round((LEARN_S + seconds) * NS_PER_S / TICK_NS)):
        now_ns = tick * TICK_NS
        moved_m = target.displacement_m(now_ns / NS_PER_S)
        if now_ns // FRAME_NS != (now_ns - TICK_NS) // FRAME_NS:
            on_the_way.append((now_ns + round(latency_ms * NS_PER_MS), eyes.see(now_ns, moved_m)))
        while on_the_way and on_the_way[0][0] <= now_ns:
            _, asked_m = on_the_way.popleft()
        robot.send(set_point(tick, now_ns, asked_m), now_ns)
        robot.step(now_ns)
        if now_ns > LEARN_S * NS_PER_S:
            at_m = float(robot.true_joints[0]) - HOME[0] - offset_m
            errors.append(abs(at_m - float(np.linalg.norm(moved_m))))
    return np.array(errors)


class Eyes:
    """Sees the target with an error, and knows its breath as the localiser does."""

    def __init__(self, seed: int, ahead_s: float) -> None:
        """Look so far ahead; 0: not at all."""
        self._generator = np.random.default_rng([seed, 2])
        self._breath = Breath(LocaliseSettings().breathing)
        self._ahead_s = ahead_s

    def see(self, now_ns: int, moved_m: NDArray[np.float64]) -> float:
        """Return where along its way the target is to be followed to, in metres from its rest."""
        self._breath.update(now_ns, moved_m + self._generator.normal(0.0, SEEN_SIGMA_M, 3))
        return self._breath.displacement_m + self._ahead_s * self._breath.rate_mps


def set_point(number: int, now_ns: int, asked_m: float) -> Command:
    """Return the command that moves the guide along its first axis."""
    return Command(
        session="motion",
        sequence=number,
        correction_sequence=number,
        stamp_ns=now_ns,
        issued_steady_ns=now_ns,
        expires_steady_ns=now_ns + LIFE_NS,
        enable=True,
        position=(HOME[0] + asked_m, *HOME[1:]),
        velocity=(0.0,) * len(HOME),
    )
