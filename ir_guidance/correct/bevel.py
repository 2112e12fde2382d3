# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Duty-cycled rotation of the bevel: a needle that turns as it advances goes straight, one that rests curves.

Turns and rests alternate (Minhas et al., EMBS 2007, p. 2756): of the curvature that the bevel has, the share
of the way that it rests for is left, towards where it rests. Turns go to and fro, so that no cable winds up,
and at a rate in step with the advance, so that nothing turns in tissue while the needle stands.
"""

from __future__ import annotations

import numpy as np

from ir_guidance.values import Vector

TURN_RAD = 2.0 * np.pi
THERE_RAD = 0.05
APPROACH_HZ = 8.0  # a turn ends softly: the last of it at this share of what is left per second
LONGEST_REST_TURNS = 1.0


class Bevel:
    """Knows whether the bevel turns or rests, and until when."""

    def __init__(self, turn_m: float, limit_rad: float) -> None:
        """Turn once every ``turn_m`` of advance, within ``limit_rad`` of the middle of the joint's range."""
        self._turn_m, self._limit_rad = turn_m, limit_rad
        self.reset()

    def reset(self) -> None:
        """Begin with a turn."""
        self._goal_rad: float | None = None
        self._rest_until_m: float | None = None

    def step(self, curve: Vector, roll_rad: float, insertion_m: float, advance_mps: float) -> float:
        """Return the rate of roll in rad/s while advancing at a speed.

        ``curve`` (2,) is the curvature wanted, in axes across the needle, as a share of what the bevel gives.
        """
        if advance_mps <= 0.0:
            return 0.0
        if self._rest_until_m is not None and insertion_m >= self._rest_until_m:
            self._goal_rad = self._rest_until_m = None
        if self._goal_rad is None:
            self._goal_rad = self._next_goal_rad(curve, roll_rad)
        left_rad = self._goal_rad - roll_rad
        if self._rest_until_m is None and abs(left_rad) <= THERE_RAD:
            self._rest_until_m = insertion_m + self._rest_m(curve)
        most = TURN_RAD / self._turn_m * advance_mps
        return float(np.clip(APPROACH_HZ * left_rad, -most, most))

    def _rest_m(self, curve: Vector) -> float:
        """Return the way to rest for after a turn, for the share of the curvature that is wanted."""
        share = min(float(np.linalg.norm(curve)), 1.0)
        turns = min(share / max(1.0 - share, 1e-6), LONGEST_REST_TURNS)
        return turns * self._turn_m

    def _next_goal_rad(self, curve: Vector, roll_rad: float) -> float:
        """Return where the next turn ends: nearest to a whole one, where the curvature is wanted."""
        towards = float(np.arctan2(curve[1], curve[0])) if curve.any() else roll_rad
        wraps = np.arange(-3, 4) * TURN_RAD + towards % TURN_RAD
        allowed = wraps[np.abs(wraps) <= self._limit_rad]
        return float(allowed[np.argmin(np.abs(np.abs(allowed - roll_rad) - TURN_RAD))])
