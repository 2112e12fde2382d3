# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Whether what no robot vouches for is a needle: a long enough shaft, and not bent as a lead is that ends in view."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ir_guidance.track.learned_settings import LearnedSettings
from ir_guidance.track.pointing import Pointing
from ir_guidance.values import Vector

STEP_CELLS, ABOUT_CELLS = 4.0, 4.5
"""From one place on the shaft to the next, and how far round it the shaft's cells are."""

MOST_ASIDE_CELLS = 0.8
"""From one place to the next, off the way so far: no lead has so sharp a kink; it is another thing's edge."""

SETTLED = 4
"""Places from which on the way is the shaft's own; the direction given at the tip is a mean over much of it."""

LEAST_ON = 3
"""Cells of shaft without which it has ended, or has a gap."""

MOST_STEPS = 32
LEAST_CELLS = 24.0
"""Of shaft, without which there is no saying how bent it is."""

NOISE_CELLS = 0.5
"""By which a straight shaft's line may seem to bow."""


def is_needle(
    shaft: NDArray[np.float32],
    tip: Vector,
    points: Pointing,
    cell_m: float,
    settings: LearnedSettings,
    by_xrays: bool,
) -> bool:
    """Return whether a shaft (rows, columns), logit of being on it, is long enough and not too bent for a needle.

    ``tip`` is (u, v) in cells, each ``cell_m``. Only X-rays show a shaft so far back that its bend can be told.
    """
    least = settings.shaft_alone_by_xrays if by_xrays else settings.shaft_alone
    if points.length_cells < least * shaft.shape[1]:
        return False
    return not by_xrays or not is_bent(shaft, tip, points.direction, settings.bend_m / cell_m)


def is_bent(
    shaft: NDArray[np.float32], tip: Vector, direction: Vector, radius_cells: float
) -> bool:
    """Return whether a shaft bends more sharply behind its tip than along a circle of a radius.

    Args:
        shaft: (rows, columns), logit of being on the shaft.
        tip: (u, v) in cells of the map.
        direction: Unit vector (u, v) towards the tip.
        radius_cells: Of the sharpest bend that a needle has.
    """
    line = traced(shaft, tip, direction)
    chord = line[-1] - line[0]
    length = float(np.linalg.norm(chord))
    if length < LEAST_CELLS:
        return False
    along = (line - line[0]) @ chord / length
    aside = (line - line[0]) @ np.array([-chord[1], chord[0]]) / length
    bend = float(np.polyfit(along, aside, 2)[0])
    return abs(bend) * length**2 / 4 > length**2 / (8 * radius_cells) + NOISE_CELLS


def traced(shaft: NDArray[np.float32], tip: Vector, direction: Vector) -> NDArray[np.float64]:
    """Return places (n, 2) on a shaft, from its tip backwards, as far as it goes on without a gap of two steps."""
    v, u = np.nonzero(shaft > 0.0)
    cells = np.stack([u, v], axis=1).astype(np.float64)
    at, way = np.asarray(tip, np.float64), -np.asarray(direction, np.float64)
    line, missed = [at], 0
    for _ in range(MOST_STEPS):
        ahead = at + STEP_CELLS * way
        off = cells - ahead
        near = off[(off**2).sum(axis=1) < ABOUT_CELLS**2]
        side = np.array([-way[1], way[0]])
        aside = float((near @ side).mean()) if len(near) >= LEAST_ON else np.inf
        if abs(aside) > (MOST_ASIDE_CELLS if len(line) > SETTLED else ABOUT_CELLS):
            if missed:
                break
            at, missed = ahead, 1
            continue
        at, missed = ahead + aside * side, 0
        turned = way + (at - line[-1]) / max(float(np.linalg.norm(at - line[-1])), 1e-6)
        way = turned / np.linalg.norm(turned)
        line.append(at)
    return np.array(line)
