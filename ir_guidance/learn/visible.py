# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What an image really shows of what is there: of a needle, and of a target."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ir_guidance.values import Vector

Array = NDArray[np.float64]

SHAFT_STEP_M = 0.0004
"""Between the points of a shaft."""

TIP_SIGMAS, SHAFT_SIGMAS = 1.5, 2.5
"""Standard deviations of the beam out of the plane beyond which tip and shaft are never to be seen."""

WINDOW_M = 0.004
"""Part of the shaft that is looked at together; with less in view nobody can tell a needle."""

LEAST_VISIBILITY = 0.25
"""Of what the needle adds to the grey over the spread of the grey round it.

Over a window that is about 10 cells of speckle, so one standard deviation of their mean.
"""

LEAST_STEP, LEAST_GREY = 0.5, 5.0
"""By how much a target's grey must differ from that round it: in spreads of the grey there, and at all."""


def seen_shaft(
    shaft_px: Array,
    could: NDArray[np.bool_],
    out_sigmas: Array,
    image: NDArray[np.uint8],
    without: NDArray[np.uint8],
    spacing_m: float,
) -> tuple[Array, Vector | None]:
    """Return the visible part of a shaft (n, 2), (0, 2) if there is none, and the tip (u, v) or None.

    Args:
        shaft_px: Points (n, 2), (u, v), ``SHAFT_STEP_M`` apart, tip last.
        could: Which of them lie in the probe's field and not behind a bone.
        out_sigmas: Their distances out of the plane, in standard deviations of the beam.
        image: The image (rows, columns).
        without: The same with the needle taken out.
        spacing_m: Of the pixels.
    """
    rows, columns = image.shape
    inside = could & ((shaft_px >= 0) & (shaft_px <= (columns - 1, rows - 1))).all(axis=1)
    inside &= out_sigmas <= SHAFT_SIGMAS
    window = round(WINDOW_M / SHAFT_STEP_M)
    if inside.sum() < window:
        return np.zeros((0, 2)), None
    level = np.where(inside, visibility(shaft_px, image, without, spacing_m), 0.0)
    weights = np.ones(window) / window
    ahead = np.convolve(level, weights)[: len(level)]
    seen = inside & (np.convolve(level, weights, mode="same") > LEAST_VISIBILITY)
    tip_seen = bool(inside[-1] and ahead[-1] > LEAST_VISIBILITY and out_sigmas[-1] <= TIP_SIGMAS)
    found = np.flatnonzero(seen)
    if tip_seen:
        found = np.append(found, len(seen) - 1)
    if len(found) < window:
        return np.zeros((0, 2)), None
    part = np.arange(found[0], found[-1] + 1)
    return shaft_px[part[inside[part]]], shaft_px[-1] if tip_seen else None


def visibility(
    shaft_px: Array, image: NDArray[np.uint8], without: NDArray[np.uint8], spacing_m: float
) -> Array:
    """Return what the needle adds to the grey at points (n, 2), over the spread of the grey round them."""
    side = max(int(WINDOW_M / spacing_m) | 1, 5)
    grey = without.astype(np.float32)
    mean = cv2.blur(grey, (side, side))
    spread = np.sqrt(np.maximum(cv2.blur(grey * grey, (side, side)) - mean * mean, 16.0))
    core = cv2.blur(image.astype(np.float32) - grey, (5, 5))
    ratio = (core / spread).astype(np.float32)
    u, v = np.ascontiguousarray(shaft_px.T[:, None], np.float32)
    found: Array = cv2.remap(ratio, u, v, cv2.INTER_LINEAR)[0].astype(np.float64)
    return found


def stands_out(image: NDArray[np.uint8], centre_px: Vector, radius_px: float) -> bool:
    """Return whether a disc (u, v) differs in its mean grey from the ring round it, by half the spread there."""
    reach = int(1.7 * radius_px) + 1
    u, v = np.round(centre_px).astype(int)
    rows = np.arange(max(v - reach, 0), min(v + reach + 1, image.shape[0]))
    columns = np.arange(max(u - reach, 0), min(u + reach + 1, image.shape[1]))
    away = np.hypot(rows[:, None] - centre_px[1], columns - centre_px[0]) / radius_px
    part = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    inside, beside = part[away < 0.75], part[(away > 1.2) & (away < 1.7)]
    step = abs(float(inside.mean()) - float(beside.mean()))
    return step > max(LEAST_STEP * float(beside.std()), LEAST_GREY)
