# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Round wires and needles drawn as lengths of ray inside them, exact to a part of a pixel."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

Field32 = NDArray[np.float32]
Array = NDArray[np.float64]
Index = NDArray[np.int64]


class Point(Enum):
    """How a needle or wire ends."""

    FLAT = 0
    ROUND = 1
    CONE = 2
    BEVEL = 3
    TROCAR = 4


@dataclass(frozen=True, slots=True)
class Tip:
    """The point of a needle: its length in radii, and for bevel and trocar the angle of a face about the axis."""

    point: Point
    length: float = 0.0
    turn_rad: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Stroke:
    """Pixels that a wire covers: rows (n,), columns (n,), length of ray inside (n,) in pixels."""

    rows: Index
    columns: Index
    length_px: Field32


def stroke(
    shape: tuple[int, int],
    line_px: Array,
    radius_px: float | Array,
    tip: Tip,
    wall_px: float | None = None,
) -> Stroke | None:
    """Return a wire along points (n, 2), (u, v), whose last is the tip; None where it is outside the image.

    It begins flat at the first point, or round where its tip is round. Radii may differ between
    points (n,). A hollow wire is given by its wall. Where a wire crosses itself, what comes later
    counts. At most 255 points.
    """
    radii = np.broadcast_to(np.asarray(radius_px, float), len(line_px))
    steps = np.hypot(*np.diff(line_px, axis=0).T)
    found = _near(shape, line_px, float(radii.max()))
    if found is None:
        return None
    rows, columns, near = found
    spread = int((float(radii.max()) + 3) / max(float(np.percentile(steps, 20)), 0.5)) + 1
    aside, back, share, segment = _places(line_px, rows, columns, near, spread)
    radius = radii[segment] + share * (radii[segment + 1] - radii[segment])
    forth = steps.sum() - back
    length = _tipped(aside, back, radius, tip) * np.clip(forth + 0.5, 0.0, 1.0)
    if tip.point is Point.ROUND:
        length = np.minimum(length, _tipped(aside, forth, radius, tip))
    if wall_px is not None:
        core = np.maximum(radius - wall_px, 0.0)
        length -= np.where(back > tip.length * radius, _chord(aside, core), 0.0)
    return Stroke(rows, columns, np.maximum(length, 0).astype(np.float32))


def _near(
    shape: tuple[int, int], line_px: Array, radius_px: float
) -> tuple[Index, Index, Index] | None:
    """Return rows and columns of the pixels that a wire can touch, and a segment that is near each."""
    line = np.clip(line_px, -3000, 6000)
    reach = radius_px + 2
    first = np.maximum(np.floor(line.min(axis=0) - reach), 0).astype(int)
    last = np.minimum(np.ceil(line.max(axis=0) + reach) + 1, (shape[1], shape[0])).astype(int)
    if (first >= last).any():
        return None
    mask = np.zeros((last[1] - first[1], last[0] - first[0]), np.uint8)
    fixed = np.round((line - first) * 8).astype(int).tolist()
    width = int(np.ceil(2 * radius_px)) + 4
    for number, (start, end) in enumerate(pairwise(fixed), start=1):
        cv2.line(mask, start, end, number, width, cv2.LINE_8, 3)
    rows, columns = np.nonzero(mask)
    if not len(rows):
        return None
    return rows + first[1], columns + first[0], mask[rows, columns].astype(np.int64) - 1


def _places(
    line: Array, rows: Index, columns: Index, near: Index, spread: int
) -> tuple[Array, Array, Array, Index]:
    """Return for each pixel the signed distance aside, the way back from the tip, its share of a segment, and which.

    The nearest segment is looked for among those up to ``spread`` away from one that is near.
    """
    steps = np.diff(line, axis=0)
    count, lengths = len(steps), np.maximum(np.hypot(*steps.T), 1e-9)
    units = steps / lengths[:, None]
    low, high = np.zeros(count), lengths.copy()
    low[0], high[-1] = -np.inf, np.inf
    spread = min(spread, count - 1)
    tried = np.clip(near + np.arange(-spread, spread + 1)[:, None], 0, count - 1)
    u, v = columns - line[tried, 0], rows - line[tried, 1]
    run = u * units[tried, 0] + v * units[tried, 1]
    aside = v * units[tried, 0] - u * units[tried, 1]
    beyond = run - np.clip(run, low[tried], high[tried])
    best = np.argmin(aside**2 + beyond**2, axis=0), np.arange(len(rows))
    segment, run = tried[best], run[best]
    after = np.append(np.cumsum(lengths[::-1])[::-1][1:], 0.0)
    back = after[segment] + lengths[segment] - run
    away = np.hypot(aside[best], beyond[best])
    return np.copysign(away, aside[best]), back, np.clip(run / lengths[segment], 0, 1), segment


def _chord(aside: Array, radius: Array) -> Array:
    """Return the chord of a circle, averaged over a pixel's width."""

    def below(x: Array) -> Array:
        x = np.clip(x, -radius, radius)
        inside: Array = x * np.sqrt(np.maximum(radius**2 - x**2, 0))
        return inside + radius**2 * np.arcsin(x / np.maximum(radius, 1e-9))

    return below(aside + 0.5) - below(aside - 0.5)


def _tipped(aside: Array, back: Array, radius: Array, tip: Tip) -> Array:
    reach = np.maximum(tip.length * radius, 1e-6)
    cover = np.clip(back + 0.5, 0.0, 1.0)
    if tip.point is Point.CONE:
        return _chord(aside, radius * np.clip(back / reach, 0, 1)) * cover
    if tip.point is Point.ROUND:
        off = np.clip(radius - back, 0, radius)
        return _chord(aside, np.sqrt(radius**2 - off**2)) * cover
    if tip.point is Point.BEVEL:
        # The face keeps what lies on one side of a plane: aside cos + depth sin <= reach of the cut.
        sine, cosine = np.sin(tip.turn_rad), np.cos(tip.turn_rad)
        sine = np.copysign(max(abs(sine), 0.2), sine)
        half = np.sqrt(np.maximum(radius**2 - np.minimum(np.abs(aside), radius) ** 2, 0))
        cut = (radius * (2 * back / reach - 1) - aside * cosine) / abs(sine)
        kept = (np.clip(cut, -half, half) + half) / np.maximum(2 * half, 1e-6)
        return _chord(aside, radius) * np.where(back < reach, kept, 1.0) * cover
    if tip.point is Point.TROCAR:
        return _faceted(aside, radius, back / reach, tip.turn_rad) * cover
    return _chord(aside, radius) * cover


def _faceted(aside: Array, radius: Array, share: Array, turn_rad: float) -> Array:
    """Return the chord of a rod ground to three faces that meet on its axis, as a Kirschner wire's point is.

    Each face stands off the axis by the radius times ``share`` (n,) of the point's length: one side of
    the point's shadow widens twice as fast as the other.
    """
    near = np.minimum(np.abs(aside), radius)
    ahead = np.sqrt(np.maximum(radius**2 - near**2, 0))
    behind = -ahead
    for face in range(3):
        angle = turn_rad + face * 2 * np.pi / 3
        cosine, sine = np.cos(angle), np.sin(angle)
        sine = np.copysign(max(abs(sine), 1e-3), sine)
        limit = (radius * share - aside * cosine) / sine
        if sine > 0:
            ahead = np.minimum(ahead, limit)
        else:
            behind = np.maximum(behind, limit)
    open_ = 2 * np.sqrt(np.maximum(radius**2 - near**2, 0))
    kept: Array = np.clip((ahead - behind) / np.maximum(open_, 1e-6), 0, 1)
    return _chord(aside, radius) * np.where(share < 1, kept, 1.0)
