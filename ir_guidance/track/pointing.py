# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The shaft's direction at its tip, and where its axis runs, from the network's shaft maps."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ir_guidance.track.place import Place, on_axis
from ir_guidance.track.view import View
from ir_guidance.values import Vector

FADE_CELLS = 30.0
"""Shaft counts less with distance from the tip: 0.6 here."""

ASIDE_CELLS = 5.0
"""How far from the tip's line a cell may be on the same shaft."""

GAP_CELLS = 8.0
"""Between parts of one shaft; what lies farther apart may be two things in a row."""

END_CELLS = 4.0
"""Of the shaft's end that counts less for its axis: a bevel begins there, whose point is aside."""

LEAST_CELLS = 10.0
"""Of shaft behind that end, without which there is no saying where its axis runs."""

SECTORS = 72
NEAR_CELLS = 2.0
"""So near to the tip a cell's direction from it says nothing."""

LARGEST_RADIUS_M = 0.0009
"""Of a needle, 15 G: by no more can its point lie beside its axis; more is another thing's axis."""

AXIS_PX = 0.5
"""How well a shaft's axis is known across, in pixels of a view, 1 sigma."""

CELL_SIGMA = 0.5
"""Of the shaft's line across, in cells, in any short stretch of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Pointing:
    """How a shaft points: a unit direction (u, v) towards the tip, and its standard deviation.

    ``axis`` (u, v) is the place on the shaft's axis beside the tip, in cells, None with too little shaft
    for one; ``length_cells`` is how long the shaft is without a gap.
    """

    direction: Vector
    axis: Vector | None
    sigma_rad: float
    length_cells: float


def pointing(shaft: NDArray[np.float32], tip: Vector) -> Pointing | None:
    """Return how the shaft points at its tip.

    A weighted principal axis of what is on the shaft behind the tip; None where there is too little
    shaft for one.

    Args:
        shaft: (3, rows, columns): logit of being on the shaft, direction (u, v).
        tip: (u, v) in cells of the maps.
    """
    cells = cv2.findNonZero((shaft[0] > 0.0).view(np.uint8))
    if cells is None or len(cells) < 4:
        return None
    cells = cells.reshape(-1, 2)
    u, v = cells.T
    away = cells - tip
    weight = np.exp(-0.5 / FADE_CELLS**2 * (away**2).sum(axis=1))
    told = np.array([(weight * shaft[1, v, u]).sum(), (weight * shaft[2, v, u]).sum()], float)
    direction = _most_behind(away, weight, told)
    for _ in range(2):
        across = away @ np.array([-direction[1], direction[0]])
        near = weight * (np.abs(across) < ASIDE_CELLS) * (away @ direction < NEAR_CELLS)
        if near.sum() < 2.0:
            return None
        direction = _axis(away, near, direction)
    along = away @ direction
    spread = float((near * (along - (near @ along) / near.sum()) ** 2).sum())
    sigma_rad = float(min(np.sqrt(CELL_SIGMA**2 * FADE_CELLS / max(spread, 1e-6)), 1.5))
    axis = _axis_at(tip, direction, away, near * np.clip(-along / END_CELLS, 0.0, 1.0))
    return Pointing(direction, axis, sigma_rad, _run(along[near > 0]))


def put_on_axis(tip: Place, points: Pointing, view: View, spacing_m: float) -> Place:
    """Return a tip in the image moved onto the shaft's axis, where it was found beside its point.

    By X-rays a bevel's point shows, up to a radius beside the axis, and the tip is the end of the axis:
    where a straight needle's is by its joints, and what the point turns about when it is rolled.
    """
    if points.axis is None:
        return tip
    axis_px = view.px_of(2 * points.axis + 0.5)
    moved = on_axis(tip, axis_px, points.direction, AXIS_PX * view.scale)
    beside_m = float(np.linalg.norm(moved.place - tip.place)) * spacing_m
    return moved if beside_m < LARGEST_RADIUS_M else tip


def _axis_at(
    tip: Vector, direction: Vector, away: NDArray[np.float64], weight: NDArray[np.float64]
) -> Vector | None:
    """Return where the axis of a shaft that may be bent a little passes the tip: a parabola, where it ends."""
    if weight.sum() < LEAST_CELLS:
        return None
    aside = np.array([-direction[1], direction[0]])
    along, across = away @ direction, away @ aside
    terms = np.stack([np.ones_like(along), along, along**2], axis=1)
    least = np.diag([0.0, 1.0, 1e2])  # what little shaft does not tell stays straight
    normal = terms.T @ (terms * weight[:, None]) + least
    beside: float = np.linalg.solve(normal, terms.T @ (across * weight))[0]
    return tip + beside * aside


def _most_behind(away: NDArray[np.float64], weight: NDArray[np.float64], told: Vector) -> Vector:
    """Return the direction (u, v) to the tip from where most of the shaft lies; ``told`` settles a draw.

    Cells of another thing, and a direction map that is wrong, do not turn it as they would a mean.
    """
    angles = np.arctan2(-away[:, 1], -away[:, 0])
    places = ((angles + np.pi) / (2 * np.pi) * SECTORS).astype(int) % SECTORS
    share = np.bincount(places, weight * (np.abs(away).max(axis=1) > NEAR_CELLS), SECTORS)
    share = share + 0.5 * (np.roll(share, 1) + np.roll(share, -1))
    middles = (np.arange(SECTORS) + 0.5) / SECTORS * 2 * np.pi - np.pi
    share = share * (1.0 + 0.5 * np.cos(middles - np.arctan2(told[1], told[0])))
    best = middles[int(np.argmax(share))]
    return np.array([np.cos(best), np.sin(best)])


def _run(along: NDArray[np.float64]) -> float:
    """Return how far back from the foremost place the others follow without a gap."""
    places = np.sort(along)[::-1]
    gaps = np.flatnonzero(-np.diff(places) > GAP_CELLS)
    return float(places[0] - places[gaps[0] if len(gaps) else -1])


def _axis(points: NDArray[np.float64], weight: NDArray[np.float64], like: Vector) -> Vector:
    """Return the principal axis of weighted points (n, 2), pointing like another vector."""
    centred = points - (weight @ points) / weight.sum()
    _, axes = np.linalg.eigh((centred * weight[:, None]).T @ centred)
    axis: Vector = axes[:, 1]
    return axis if axis @ like > 0 else -axis
