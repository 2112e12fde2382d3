# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What of a needle a picture shows: not what lies outside the field, behind metal, in noise, or in plain white."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ir_guidance.values import Vector

Array = NDArray[np.float64]
Field32 = NDArray[np.float32]
Pixels8 = NDArray[np.uint8]

HIDING_STEEL_M = 0.0025
"""Steel through which no needle is seen: 6 % of the beam and the scatter are left."""

STEP_PX = 2.0
LEAST_PX = 4.0
POINTS = 32


def in_field(
    line_px: Array, held_px: float, open_share: Field32, steel_m: Field32
) -> tuple[Array, Vector | None]:
    """Return the shaft (n, 2) from where it enters the field, and the tip if it is in it.

    Args:
        line_px: The needle's axis (n, 2), the tip last.
        held_px: How far of it, from its first point, lies in a sleeve, which shows its axis.
        open_share: What the collimator leaves open (rows, columns).
        steel_m: Other metal (rows, columns).
    """
    points, run = evenly(line_px)
    u, v = np.round(points).astype(int).T
    rows, columns = open_share.shape
    seen = (u >= 0) & (v >= 0) & (u < columns) & (v < rows)
    u, v = np.clip(u, 0, columns - 1), np.clip(v, 0, rows - 1)
    seen &= open_share[v, u] > 0.5
    bare = seen & (run >= held_px) & (steel_m[v, u] < HIDING_STEEL_M)
    if np.count_nonzero(bare) * STEP_PX < LEAST_PX:
        return np.zeros((0, 2)), None
    last = int(np.flatnonzero(seen)[-1])
    gaps = np.flatnonzero(~seen[:last])
    first = int(gaps[-1]) + 1 if len(gaps) else 0
    kept = np.unique(np.linspace(first, last, POINTS).round().astype(int))
    return points[kept], points[-1] if bare[-1] else None


def on_screen(
    image: Pixels8, shaft_px: Array, tip_px: Vector | None
) -> tuple[Array, Vector | None]:
    """Return shaft and tip where they are not in plain black or white."""
    if len(shaft_px) == 0:
        return shaft_px, None
    rows, columns = image.shape
    u, v = np.round(shaft_px).astype(int).T
    places = np.clip(v, 0, rows - 1), np.clip(u, 0, columns - 1)
    grey, about = image[places], cv2.blur(image, (15, 15))[places]
    plain = ((grey <= 3) | (grey >= 252)) & ((about <= 8) | (about >= 247))
    if plain.all():
        return np.zeros((0, 2)), None
    return shaft_px, None if plain[-3:].any() else tip_px


def targets_on_screen(image: Pixels8, places_px: Array, radii_px: Array) -> NDArray[np.bool_]:
    """Return which targets (k,) are not in plain black, white or the collimator's grey."""
    rows, columns = image.shape
    seen = np.zeros(len(places_px), bool)
    for i, ((u, v), radius) in enumerate(zip(places_px, radii_px, strict=True)):
        left, top = int(u - radius), int(v - radius)
        side = int(2 * radius) + 2
        if 0 <= u < columns and 0 <= v < rows:
            part = image[max(top, 0) : top + side, max(left, 0) : left + side]
            low, high = np.percentile(part, (5, 95))
            seen[i] = high > 6 and low < 249 and high - low > 2
    return seen


def evenly(line_px: Array) -> tuple[Array, Array]:
    """Return points (n, 2) every two pixels along a line, its end the last, and how far along they lie (n,)."""
    run = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line_px, axis=0).T))])
    at = np.append(np.arange(0, run[-1], STEP_PX), run[-1])
    return np.stack([np.interp(at, run, line_px[:, axis]) for axis in (0, 1)], axis=1), at
