# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The last few frames, as bytes, for a network that looks at several."""

from __future__ import annotations

from collections import deque

import cv2
import numpy as np
from numpy.typing import NDArray

from ir_guidance.track.view import View
from ir_guidance.values import NS_PER_S, Pixels

SPARSE = 8  # every eighth pixel both ways is enough for levels
COARSE = (32, 32)
"""Pictures are compared after averaging down to this, so that speckle and noise do not count."""
NOISE_LEVELS = 3.0
"""Change of level that is always noise."""
LEVELS = (0.002, 0.998)
"""Shares of the pixels below black and white of an image with more than 8 bits."""


class Memory:
    """Keeps frames of one stream; a cut to another picture empties it."""

    def __init__(self, frames: int, cut: float, longest_s: float) -> None:
        """Keep that many frames.

        Args:
            frames: How many.
            cut: Mean change of level over the picture's spread, from which it is another picture.
            longest_s: Time between frames after which the earlier ones say nothing.
        """
        self._frames: deque[NDArray[np.uint8]] = deque(maxlen=frames)
        self._cut, self._longest_s = cut, longest_s
        self._steady_ns = 0
        self._coarse = np.zeros(COARSE[::-1], np.float32)

    def reset(self) -> None:
        """Forget every frame."""
        self._frames.clear()

    def add(self, pixels: Pixels, steady_ns: int) -> bool:
        """Take the newest image (rows, columns); return whether it goes on from the one before."""
        image = as_bytes(pixels)
        elapsed_s = (steady_ns - self._steady_ns) / NS_PER_S
        coarse = cv2.resize(image, COARSE, interpolation=cv2.INTER_AREA).astype(np.float32)
        follows = bool(self._frames) and elapsed_s <= self._longest_s
        follows = follows and self._frames[-1].shape == image.shape and self._is_like(coarse)
        if not follows:
            self._frames.clear()
        self._frames.append(image)
        self._coarse = coarse
        self._steady_ns = steady_ns
        return follows

    def _is_like(self, coarse: NDArray[np.float32]) -> bool:
        change = float(np.abs(coarse - self._coarse).mean())
        return change <= self._cut * float(coarse.std()) + NOISE_LEVELS

    @property
    def newest(self) -> NDArray[np.uint8]:
        """The newest image (rows, columns)."""
        return self._frames[-1]

    def take(self, view: View, out: NDArray[np.uint8]) -> None:
        """Resample the frames, oldest first, into ``out`` (frames, 256, 256); the oldest stands in for earlier ones."""
        missing = len(out) - len(self._frames)
        for plane, image in zip(out[missing:], self._frames, strict=True):
            view.take(image, plane)
        out[:missing] = out[missing]


def as_bytes(pixels: Pixels) -> NDArray[np.uint8]:
    """Return an image (rows, columns) with 8 bits; one that has more is stretched from its dark to its bright."""
    if pixels.dtype == np.uint8:
        return np.asarray(pixels, np.uint8)
    low, high = np.quantile(pixels[::SPARSE, ::SPARSE], LEVELS)
    scale = np.float32(255.0 / max(high - low, 1.0))
    stretched = (pixels.astype(np.float32) - np.float32(low)) * scale
    return np.asarray(np.clip(stretched, 0, 255), np.uint8)
