# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Needle, target and no-go regions in tissue that breathes; how they are imaged is not its business."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ir_guidance.room.breathing import Breathing
from ir_guidance.room.needle import Needle
from ir_guidance.values import GuidePose, Sphere, Vector


@dataclass(frozen=True, slots=True)
class Push:
    """How far, in metres, a needle that cuts pushes a target it is at, and the distance where it is 0.6 of that."""

    most_m: float
    reach_m: float


class Mechanics:
    """Moves breath, needle and target on with the guide."""

    def __init__(
        self,
        breathing: Breathing,
        needle: Needle,
        needle_radius_m: float,
        target_rest_m: Vector,
        obstacles: tuple[Sphere, ...],
        push: Push,
    ) -> None:
        """Begin at end-exhale with the needle outside; places are those at end-exhale."""
        self.needle, self.target_rest_m, self.obstacles = needle, target_rest_m, obstacles
        self._breathing, self._push, self._radius_m = breathing, push, needle_radius_m
        self._centres = np.array([sphere.centre_m for sphere in obstacles]).reshape(-1, 3)
        self._radii = np.array([sphere.radius_m for sphere in obstacles])
        self.breath_m: Vector = np.zeros(3)
        self.push_m: Vector = np.zeros(3)
        self.insertion_m = 0.0
        self._time_s = 0.0
        self.touched = False

    def step(self, time_s: float, guide: GuidePose) -> None:
        """Advance to a time and a guide pose; call at 100 Hz or more."""
        self.breath_m = self._breathing.displacement_m(time_s)
        advance_m = guide.insertion_m - self.insertion_m
        self.insertion_m = guide.insertion_m
        self.needle.step(guide, self.breath_m)
        depth_m, dt_s = -float(self.needle.shape_m[-1, 2]), max(time_s - self._time_s, 0.0)
        self.needle.axial.step(advance_m, dt_s, depth_m, guide.insertion_m)
        self._time_s = time_s
        self.push_m = self._pushed()
        self.touched = self.touched or (advance_m > 0.0 and self._cuts_obstacle())

    @property
    def breathing_m(self) -> Vector:
        """How far (3,) the breath has moved the target."""
        moved: Vector = self._breathing.share(-float(self.target_rest_m[2])) * self.breath_m
        return moved

    @property
    def target_m(self) -> Vector:
        """The target's centre (3,) now."""
        return self.target_rest_m + self.breathing_m + self.push_m

    @property
    def force_n(self) -> float:
        """The force in newtons along the needle; positive pushes it out of the patient."""
        return self.needle.axial.force_n

    def _pushed(self) -> Vector:
        """Return how far (3,) the needle pushes the target: ahead of the tip, and aside when it passes by.

        A Gaussian of the distance from the tip to the target, full while the needle cuts: it gives way
        as the tissue relaxes while the needle rests, and is gone when it has been drawn back.
        """
        pressing = min(self.needle.axial.pressing, 1.0)
        if self.needle.loaded == 0.0 or pressing == 0.0:
            return np.zeros(3)
        away_m = self.target_rest_m + self.breathing_m - self.needle.shape_m[-1]
        fade = float(np.exp(-0.5 * (away_m @ away_m) / self._push.reach_m**2))
        ahead = self.needle.direction + 0.5 * away_m / self._push.reach_m
        ahead /= max(float(np.linalg.norm(ahead)), 1.0)
        pushed: Vector = self._push.most_m * pressing * fade * ahead
        return pushed

    def _cuts_obstacle(self) -> bool:
        """Return whether the tip, where it cuts, is in an obstacle; behind it tissue moves with the shaft."""
        if self.insertion_m <= 0.0 or not len(self._radii):
            return False
        tip_m = self.needle.shape_m[-1]
        rest_m = self._breathing.rest_depth(-float(tip_m[2]), self.breath_m)
        still = tip_m - self._breathing.share(rest_m) * self.breath_m
        gaps = np.linalg.norm(still - self._centres, axis=1) - self._radii
        return bool((gaps < self._radius_m).any())
