# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Wires in an ultrasound image: small bright spots, found to a fraction of a pixel."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np

from ir_guidance.values import Matrix, Pixels

CORE_M = 0.00025
LARGEST_M = 0.006
THRESHOLD = 0.10
MOST = 20
"""Smoothing, largest extent of a wire's echo, share of the brightest that counts, how many to keep."""


def find_spots(pixels: Pixels, spacing_m: float) -> Matrix:
    """Return the spots (n, 2), (u, v) in pixels, the brightest ``MOST`` of them, brightest first.

    A spot is a bright region no larger than a wire's echo; its place is the centroid of its grey
    levels, as in PLUS. ``spacing_m`` is the rough size of a pixel.
    """
    sigma_px = CORE_M / spacing_m
    smooth = cv2.GaussianBlur(pixels.astype(np.float32), (0, 0), sigma_px)
    level = THRESHOLD * float(smooth.max())
    if level <= 0:
        return np.zeros((0, 2))
    mask = (smooth > level).astype(np.uint8)
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    found: list[tuple[float, float, float]] = []
    for region in range(1, count):
        left, top, width, height, area = (int(value) for value in boxes[region])
        if max(width, height) * spacing_m > LARGEST_M or area < sigma_px**2:
            continue
        box = slice(top, top + height), slice(left, left + width)
        weight = np.where(labels[box] == region, smooth[box], 0.0)
        rows, columns = np.indices(weight.shape)
        total = float(weight.sum())
        u, v = float((weight * columns).sum()) / total, float((weight * rows).sum()) / total
        found.append((total, left + u, top + v))
    found.sort(reverse=True)
    return cast(Matrix, np.array([spot[1:] for spot in found[:MOST]]).reshape(-1, 2))
