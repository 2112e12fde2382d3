# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The way to a place, in joint rates: what a move asks of the gate while its key is held."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ir_guidance.kinematics import INSERTION, JOINTS, RobotLimits
from ir_guidance.robot.embedded import SLIDES
from ir_guidance.values import Vector

APPROACH_PER_S = 4.0
"""Share of what is left that is gone in a second: slower than any joint can follow, so that none overshoots."""


@dataclass(frozen=True, slots=True)
class Place:
    """Joint positions (6,) to come to, and how near: metres for sliding joints, radians for turning ones."""

    position: tuple[float, ...]
    eps_m: float
    eps_rad: float

    def left(self, measured: Vector) -> tuple[float, float]:
        """Return how far the farthest sliding (m) and turning joint (rad) are from it."""
        off = np.abs(np.array(self.position) - measured)
        return float(off[SLIDES].max()), float(off[~SLIDES].max())

    def reached(self, measured: Vector) -> bool:
        """Whether every joint is as near as it should be."""
        left_m, left_rad = self.left(measured)
        return left_m <= self.eps_m and left_rad <= self.eps_rad

    def rate(self, measured: Vector) -> tuple[float, ...]:
        """Return the joint rates towards it; the gate bounds them."""
        rates: Vector = APPROACH_PER_S * (np.array(self.position) - measured)
        return tuple(rates.tolist())


def place_fault(place: Place, limits: RobotLimits) -> str:
    """Return why a place may not be gone to by hand for want of reach, empty where it may."""
    named = zip(JOINTS, place.position, limits.lower, limits.upper, strict=True)
    for name, at, low, high in named:
        if not low <= at <= high:
            return f"{name} {at:.4f} outside [{low}, {high}]"
    return ""


def in_tissue(measured: Vector, place: Place) -> bool:
    """Whether the needle's tip is below the skin, or would be at the place."""
    return bool(measured[INSERTION] > 0 or place.position[INSERTION] > 0)
