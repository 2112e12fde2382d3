# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The centre of a dark lesion near a click."""

from __future__ import annotations

import cv2
import numpy as np

from ir_guidance.track.peak import sub_pixel
from ir_guidance.track.settings import TargetSettings
from ir_guidance.track.strip import Image
from ir_guidance.values import Vector

RADII = 6
"""Sizes tried between the smallest and the largest lesion."""


def centre_of_lesion(
    image: Image, click: Vector, settings: TargetSettings, pitch_m: float
) -> Vector:
    """Return the centre (u, v) of the dark disc nearest in size and place, or the click where there is none.

    ``image`` is (rows, columns), full scale 1, one pixel ``pitch_m``.
    """
    best, centre = settings.contrast, click
    reach = max(round(settings.click_m / pitch_m), 1)
    middle = np.round(click).astype(int)
    for radius_m in np.linspace(*settings.radius_m, RADII):
        kernel = _ring_less_disc(radius_m / pitch_m)
        margin = kernel.shape[0] // 2 + reach
        padded = cv2.copyMakeBorder(image, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
        u, v = middle
        patch = padded[v : v + 2 * margin + 1, u : u + 2 * margin + 1]
        darkness = np.asarray(cv2.matchTemplate(patch, kernel, cv2.TM_CCORR), np.float32)
        _, most, _, (x, y) = cv2.minMaxLoc(darkness)
        if most > best:
            best, centre = most, middle - reach + sub_pixel(darkness, x, y)
    return centre


def _ring_less_disc(radius: float) -> Image:
    """Return a kernel that gives the mean of a ring less the mean of the disc in it."""
    half = int(np.ceil(1.5 * radius))
    v, u = np.mgrid[-half : half + 1, -half : half + 1]
    distance = np.hypot(u, v)
    disc, ring = distance <= radius, (distance > radius) & (distance <= 1.45 * radius)
    kernel: Image = (ring / ring.sum() - disc / disc.sum()).astype(np.float32)
    return kernel
