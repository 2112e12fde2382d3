# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""How well a shaft stands out from what lies beside it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ir_guidance.values import Vector

LAST_M = 0.015
"""Of the shaft only this much before the tip counts: it is the tip that is looked for."""

CORE_M = 0.0004
BESIDE_M = (0.0015, 0.0035)
"""Distances from the centre line: up to the first is shaft; between the others lies what is beside it."""

LEAST_PX = 8


def shaft_contrast(
    pixels: NDArray[np.uint8], shaft_px: NDArray[np.float64], spacing_m: float
) -> float | None:
    """Return by how much the shaft's mean grey differs from that beside it, over the spread there.

    Of the two sides that counts which it differs more from: reverberation fills the other.
    ``shaft_px`` (n, 2) is the centre line, (u, v), tip last; None where too little of it is in the image.
    """
    if len(shaft_px) < 2:
        return None
    centres, across = _stations(shaft_px, round(LAST_M / spacing_m))
    rows, columns = pixels.shape
    inside = ((centres >= 0) & (centres <= (columns - 1, rows - 1))).all(axis=1)
    if inside.sum() < LEAST_PX:
        return None
    reach = BESIDE_M[1] / spacing_m
    offsets = np.arange(-reach, reach + 1.0)
    places = centres[inside][:, None] + offsets[:, None] * across[inside][:, None]
    u, v = (np.ascontiguousarray(places[..., axis], dtype=np.float32) for axis in range(2))
    strip = cv2.remap(pixels, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    at_m = offsets * spacing_m
    core = strip[:, np.abs(at_m) <= max(CORE_M, spacing_m)].mean()
    sides = strip[:, at_m >= BESIDE_M[0]], strip[:, at_m <= -BESIDE_M[0]]
    return max(float(abs(core - side.mean()) / max(side.std(), 1.0)) for side in sides)


def _stations(shaft_px: NDArray[np.float64], most: int) -> tuple[Vector, Vector]:
    """Return places (n, 2) one pixel apart on the last part of a line, and the unit vectors across it."""
    arc = np.concatenate(([0.0], np.cumsum(np.linalg.norm(np.diff(shaft_px, axis=0), axis=1))))
    at = np.arange(max(arc[-1] - most, 0.0), arc[-1])
    centres = np.stack([np.interp(at, arc, shaft_px[:, axis]) for axis in range(2)], axis=1)
    along = np.gradient(centres, axis=0) if len(centres) > 1 else np.zeros_like(centres)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    return centres, np.stack((-along[:, 1], along[:, 0]), axis=1)
