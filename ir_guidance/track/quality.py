# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Whether an image is worth searching at all."""

from __future__ import annotations

import zlib

import cv2
import numpy as np

from ir_guidance.track.settings import QualitySettings
from ir_guidance.values import Pixels, Reason

NEARLY = 0.98
SPARSE = 4  # every fourth pixel both ways is enough for statistics


class Quality:
    """Judges images; remembers only what the last one was, to notice a frozen stream."""

    def __init__(self, settings: QualitySettings) -> None:
        """Start without an earlier image."""
        self._settings = settings
        self.reset()

    def reset(self) -> None:
        """Forget the last image."""
        self._digest: int | None = None
        self._repeats = 1

    def judge(self, pixels: Pixels, full: int) -> Reason:
        """Return OK, or why nothing can be found in the image (rows, columns) of that full scale."""
        digest = zlib.crc32(np.ascontiguousarray(pixels).data)
        self._repeats = self._repeats + 1 if digest == self._digest else 1
        self._digest = digest
        if self._repeats >= self._settings.frozen_frames:
            return Reason.FROZEN
        return self._levels(pixels[::SPARSE, ::SPARSE].copy(), full)

    def _levels(self, sparse: Pixels, full: int) -> Reason:
        if np.count_nonzero(sparse > self._settings.black_level * full) < 1e-3 * sparse.size:
            return Reason.BLACK
        saturated = np.count_nonzero(sparse >= NEARLY * full)
        if saturated > self._settings.saturated_share * sparse.size:
            return Reason.SATURATED
        _, spread = cv2.meanStdDev(sparse)
        if float(spread[0, 0]) < self._settings.contrast * full:
            return Reason.LOW_CONTRAST
        return Reason.OK
