# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""By how much a shaft whose place is known stands out in an ultrasound image: the more, the nearer to the plane."""

from __future__ import annotations

import cv2
import numpy as np

from ir_guidance.track.strip import cut_strip, full_scale
from ir_guidance.values import Pixels, Vector

CORE_M = 0.0005
"""How far beside where it is expected a shaft may lie."""

BESIDE_M = (0.0012, 0.0025)
"""How far beside it is what it stands out from."""

BLUR_M = 0.00025
"""Of the levels across the shaft, 1 sigma: about the pulse's length."""

SHORTEST_M = 0.004
"""Of the shaft in the image; less of it tells a needle from speckle too badly."""


def shaft_contrast(
    pixels: Pixels, back_px: Vector, tip_px: Vector, spacing_m: float
) -> float | None:
    """Return the level of a shaft over that beside it, as a share of full scale; None with too little in the image.

    Args:
        pixels: The image (rows, columns).
        back_px: Where the part that is looked at begins, (u, v).
        tip_px: Where it ends, (u, v).
        spacing_m: Of the pixels.
    """
    strip = cut_strip(np.asarray(pixels, np.float32), back_px, tip_px, BESIDE_M[1] / spacing_m)
    inside = strip.valid.all(axis=0)
    if inside.sum() * spacing_m < SHORTEST_M:
        return None
    across = strip.values[:, inside].mean(axis=1)[:, None]
    across = cv2.GaussianBlur(across, (1, 0), sigmaX=1e-9, sigmaY=BLUR_M / spacing_m)[:, 0]
    off_m = np.abs(np.arange(len(across)) - 0.5 * (len(across) - 1)) * spacing_m
    core, beside = across[off_m <= CORE_M], across[off_m >= BESIDE_M[0]]
    return float(core.max() - np.median(beside)) / full_scale(pixels)
