# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Ways from entries to targets that a kind of needle can take, many at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ir_guidance.geometry import arc_points
from ir_guidance.plan.settings import PlanSettings
from ir_guidance.plan.skin import Skin

Array = NDArray[np.float64]

ROLLS, BENDS = 8, 3
"""Directions that an arc is tried to bend to, and strengths of bend."""
TINY_M = 1e-12
"""A line of no length has no direction, and is refused for its length."""
LARGEST_HALF_ANGLE_RAD = 0.7
"""Half of what an arc may turn by; beyond it a needle would come back towards the skin."""


@dataclass(frozen=True, slots=True, eq=False)
class Paths:
    """Circular arcs, or lines where they do not bend; metres, in ``base_link``, one a row.

    ``targets_m`` (n, 3) are where they end.
    ``directions`` (n, 3) are those at the skin; ``bends_per_m`` (n, 3) point to the arc's centre, one over
    the radius long; ``skin_angles_rad`` (n,) are between path and skin.
    """

    entries_m: Array
    targets_m: Array
    directions: Array
    bends_per_m: Array
    lengths_m: Array
    skin_angles_rad: Array

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.lengths_m)

    def only(self, which: NDArray[np.bool_] | NDArray[np.intp]) -> Paths:
        """Return some of them, by mask or by index."""
        return Paths(
            self.entries_m[which],
            self.targets_m[which],
            self.directions[which],
            self.bends_per_m[which],
            self.lengths_m[which],
            self.skin_angles_rad[which],
        )

    def beyond(self, by_m: float) -> Paths:
        """Return the same ways, each gone on with by a length."""
        if by_m == 0.0:
            return self
        longer = replace(self, lengths_m=self.lengths_m + by_m)
        return replace(longer, targets_m=longer.at(np.ones(1))[:, 0])

    def at(self, shares: Array) -> Array:
        """Return the points (n, m, 3) at shares (m,) of every path, 0 at the skin and 1 at the end."""
        along_m = shares * self.lengths_m[:, None]
        return arc_points(
            self.entries_m[:, None], self.directions[:, None], self.bends_per_m[:, None], along_m
        )

    def points(self, which: NDArray[np.intp], shares: Array) -> Array:
        """Return points (m, 3), each at a share (m,) of one path (m,)."""
        along_m = shares * self.lengths_m[which]
        places = (self.entries_m[which], self.directions[which], self.bends_per_m[which])
        return arc_points(*places, along_m)


class Planner(Protocol):
    """Anything that can say which ways a needle could take, be they allowed or not."""

    def __call__(self, skin: Skin, targets_m: Array, settings: PlanSettings) -> Paths:
        """Return ways from points of skin to one target (3,), or each to its own (n, 3)."""
        ...


def straight(skin: Skin, targets_m: Array, settings: PlanSettings | None = None) -> Paths:
    """Return the line from each entry to its target; there is nothing to set."""
    chords_m = targets_m - skin.points_m
    lengths_m = np.linalg.norm(chords_m, axis=1)
    units = chords_m / np.maximum(lengths_m, TINY_M)[:, None]
    return _paths(skin, targets_m, units, np.zeros_like(chords_m), lengths_m)


def arc(skin: Skin, targets_m: Array, settings: PlanSettings) -> Paths:
    """Return the lines, and arcs that leave each to any side and come back to its target.

    A bevel bends the path by its full curvature; turning the needle part of the time gives any less
    (duty-cycled rotation; Minhas et al., IEEE EMBC 2007:2756).
    """
    lines = straight(skin, targets_m)
    line, turn, bend = np.indices((len(lines), ROLLS, BENDS)).reshape(3, -1)
    curvature = settings.curvature_per_m * (bend + 1) / BENDS
    sine = 0.5 * curvature * lines.lengths_m[line]
    keep = sine < np.sin(LARGEST_HALF_ANGLE_RAD)
    line, turn, curvature, half = line[keep], turn[keep], curvature[keep], np.arcsin(sine[keep])
    chord = lines.directions[line]
    side = _sides(chord, turn * 2 * np.pi / ROLLS)
    sin, cos = np.sin(half)[:, None], np.cos(half)[:, None]
    arcs = _paths(
        Skin(skin.points_m[line], skin.inward[line]),
        lines.targets_m[line],
        cos * chord - sin * side,
        curvature[:, None] * (cos * side + sin * chord),
        2 * half / curvature,
    )
    return _both(lines, arcs)


PLANNERS: dict[str, Planner] = {"straight": straight, "arc": arc}
"""What proposes the paths, by the name that a profile has for it."""


def _paths(
    skin: Skin, targets_m: Array, directions: Array, bends_per_m: Array, lengths_m: Array
) -> Paths:
    across_skin = np.clip(np.sum(directions * skin.inward, axis=1), -1.0, 1.0)
    targets_m = np.broadcast_to(targets_m, directions.shape)
    return Paths(
        skin.points_m, targets_m, directions, bends_per_m, lengths_m, np.arcsin(across_skin)
    )


def _sides(directions: Array, roll_rad: Array) -> Array:
    """Return unit vectors (n, 3) square to unit directions (n, 3), turned about them by angles (n,).

    Unturned they lie upright, in base x and z where the directions do: in the plane of an ultrasound image.
    """
    level = np.where(np.abs(directions[:, 1:2]) < 0.9, [0.0, 1.0, 0.0], [1.0, 0.0, 0.0])
    upright = np.cross(directions, level)
    upright /= np.linalg.norm(upright, axis=1, keepdims=True)
    sides: Array = np.cos(roll_rad)[:, None] * upright
    sides += np.sin(roll_rad)[:, None] * np.cross(directions, upright)
    return sides


def _both(first: Paths, second: Paths) -> Paths:
    names = ("entries_m", "targets_m", "directions", "bends_per_m", "lengths_m", "skin_angles_rad")
    return Paths(*(np.concatenate([getattr(first, n), getattr(second, n)]) for n in names))
