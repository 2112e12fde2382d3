# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""From readings to grey: what makers do for the eye, the collimator's border, and writing on the screen."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Field32 = NDArray[np.float32]
Pixels8 = NDArray[np.uint8]
Generator = np.random.Generator

DARKEST, BRIGHTEST = 2e-3, 400.0
"""Readings below the one are cut off before the logarithm, grey levels above the other before sharpening."""


@dataclass(frozen=True, slots=True)
class DisplaySettings:
    """How readings become grey levels.

    Attributes:
        grey: Level (0 to 255) of the reference reading.
        gamma: Contrast: grey grows as the reading to this power; 0 stands for the logarithm.
        log_gain: Grey levels per e-fold of the logarithm.
        flatten: Share of the coarse differences in the image that is taken away.
        sharpen: Strength of edge enhancement.
        sharpen_px: Its width.
        inverted: Bones and metal bright.
    """

    grey: float
    gamma: float
    log_gain: float
    flatten: float
    sharpen: float
    sharpen_px: int
    inverted: bool


def shown(reading: Field32, settings: DisplaySettings) -> Pixels8:
    """Return the image (rows, columns) of a reading, whose reference level is 1."""
    level = np.maximum(reading, np.float32(DARKEST))
    np.log(level, out=level)
    if settings.flatten > 0:
        level -= _coarse(level, settings.flatten)
    if settings.gamma > 0:
        level *= settings.gamma
        np.exp(level, out=level)
        level *= settings.grey
    else:
        level *= settings.log_gain
        level += settings.grey
    if settings.sharpen > 0:
        np.minimum(level, np.float32(BRIGHTEST), out=level)
        side = settings.sharpen_px, settings.sharpen_px
        smooth = cv2.blur(cv2.blur(level, side), side)
        cv2.addWeighted(level, 1 + settings.sharpen, smooth, -settings.sharpen, 0, dst=level)
    if settings.inverted:
        np.subtract(np.float32(255), level, out=level)
    np.clip(level, 0, 255, out=level)
    return level.astype(np.uint8)


def _coarse(level: Field32, share: float) -> Field32:
    """Return a share of what is coarse in an image (rows, columns)."""
    rows, columns = level.shape
    small = cv2.resize(level, (columns // 8, rows // 8), interpolation=cv2.INTER_AREA)
    small = cv2.blur(cv2.blur(small, (13, 13)), (13, 13)) * np.float32(share)
    return np.asarray(
        cv2.resize(small, (columns, rows), interpolation=cv2.INTER_LINEAR), np.float32
    )


@dataclass(frozen=True, slots=True, eq=False)
class Border:
    """What the collimator leaves open: a share (rows, columns) from 0 to 1, and the grey beyond."""

    open: Field32
    grey: int
    round_px: tuple[float, float, float]


def border(generator: Generator, shape: tuple[int, int]) -> Border:
    """Return a round, cornered or straight border, or several, or none; ``round_px`` is u, v, radius inside it."""
    rows, columns = shape
    side = min(shape)
    middle = np.array([columns / 2, rows / 2]) + generator.normal(0, 0.02 * side, 2)
    u = np.arange(columns, dtype=np.float32)[None, :] - np.float32(middle[0])
    v = np.arange(rows, dtype=np.float32)[:, None] - np.float32(middle[1])
    kind = generator.random()
    gap = np.full(shape, side, np.float32)
    reach = 0.72 * side
    if kind < 0.45:
        reach = side * generator.uniform(0.42, 0.56)
        gap = np.float32(reach) - np.sqrt(u * u + v * v)
    if 0.3 < kind < 0.85:
        angle = generator.normal(0, 0.02) if generator.random() < 0.7 else generator.normal(0, 0.4)
        cut = side * generator.uniform(0.3, 0.55, 4)
        sine, cosine = np.float32(np.sin(angle)), np.float32(np.cos(angle))
        across, down = u * cosine + v * sine, v * cosine - u * sine
        edges = np.minimum(
            np.minimum(np.float32(cut[0]) - across, np.float32(cut[1]) + across),
            np.minimum(np.float32(cut[2]) - down, np.float32(cut[3]) + down),
        )
        if generator.random() < 0.3:
            corner = np.float32(1.414 * cut.mean() - side * generator.uniform(0, 0.05))
            np.minimum(
                edges, corner - (np.abs(across) + np.abs(down)) / np.float32(1.414), out=edges
            )
        gap = np.minimum(gap, edges)
        reach = min(reach, float(cut.min()) * 1.2)
    soft = np.float32(np.exp(generator.uniform(np.log(0.7), np.log(8))))
    grey = 0 if generator.random() < 0.85 else int(generator.choice([18, 30, 128, 255]))
    open_share = np.clip(gap / soft + np.float32(0.5), 0, 1)
    return Border(open_share, grey, (float(middle[0]), float(middle[1]), float(reach)))


def open_border(shape: tuple[int, int]) -> Border:
    """Return a border that covers nothing."""
    rows, columns = shape
    return Border(np.ones(shape, np.float32), 0, (columns / 2, rows / 2, 0.72 * min(shape)))


def framed(image: Pixels8, border: Border) -> Pixels8:
    """Return the image with the border's grey where the collimator is closed."""
    share = border.open
    return (image * share + np.float32(border.grey) * (1 - share)).astype(np.uint8)


def overlay(generator: Generator, shape: tuple[int, int]) -> Pixels8:
    """Return writing and marks (rows, columns) for a screen: 0 where there are none."""
    mask = np.zeros(shape, np.uint8)
    rows, columns = shape
    letters = np.array(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:/-% "))
    for _ in range(int(generator.integers(1, 12))):
        text = "".join(generator.choice(letters, int(generator.integers(1, 14))))
        u = int(generator.choice([0.01, 0.75, generator.uniform(0, 0.9)]) * columns)
        v = int(generator.choice([0.04, 0.96, generator.uniform(0.03, 0.98)]) * rows)
        size = generator.uniform(0.3, 0.7)
        cv2.putText(
            mask,
            text,
            (u, v),
            cv2.FONT_HERSHEY_SIMPLEX,
            size,
            255,
            int(generator.integers(1, 3)),
            cv2.LINE_AA,
        )
    if generator.random() < 0.2:
        for tick in range(8):
            v = rows // 4 + tick * rows // 16
            cv2.line(mask, (columns - 14, v), (columns - 5, v), 255, 1)
    if generator.random() < 0.08:
        middle = (columns // 2, rows // 2)
        cv2.drawMarker(mask, middle, 255, cv2.MARKER_CROSS, int(0.05 * rows), 1)
    if generator.random() < 0.06:
        cv2.circle(mask, (columns // 2, rows // 2), int(0.47 * rows), 255, 1, cv2.LINE_AA)
    return mask
