# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The peak of a score image, finer than its pixels."""

from __future__ import annotations

import numpy as np

from ir_guidance.track.strip import Image
from ir_guidance.values import Vector


def sub_pixel(scores: Image, u: int, v: int) -> Vector:
    """Return the top (u, v) of the parabolas through a highest pixel and its neighbours."""
    place, curvature = np.array([u, v], dtype=float), curvatures(scores, u, v)
    for axis in (0, 1):
        if curvature[axis] > 0:
            before, after = _beside(scores, u, v, axis)
            place[axis] += 0.5 * (after - before) / curvature[axis]
    return place


def curvatures(scores: Image, u: int, v: int) -> Vector:
    """Return how much the score falls from a highest pixel to its neighbours, along u and v; 0 at a border."""
    fall = np.zeros(2)
    for axis, (at, size) in enumerate(((u, scores.shape[1]), (v, scores.shape[0]))):
        if 0 < at < size - 1:
            before, after = _beside(scores, u, v, axis)
            fall[axis] = max(2.0 * float(scores[v, u]) - before - after, 0.0)
    return fall


def _beside(scores: Image, u: int, v: int, axis: int) -> tuple[float, float]:
    if axis == 0:
        return float(scores[v, u - 1]), float(scores[v, u + 1])
    return float(scores[v - 1, u]), float(scores[v + 1, u])
