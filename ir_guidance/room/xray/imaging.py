# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A C-arm's picture of a beam: exposure control, scatter, detector, display, border, writing, in that order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ir_guidance.room.xray.beam import scattered
from ir_guidance.room.xray.detector import Detector, DetectorSettings, Noise
from ir_guidance.room.xray.display import Border, DisplaySettings, Pixels8, framed, shown

Field32 = NDArray[np.float32]

CLUTTER = 0.015
"""Contrast that the body's own fine structure hides, whatever the dose."""


@dataclass(frozen=True, slots=True)
class ImagingSettings:
    """How one C-arm makes pictures.

    Attributes:
        scatter_ratio: Scatter over primary, behind the grid.
        scatter_spread: Width of the scatter, 1 sigma, as a share of the image's height.
        exposed_share: Share of the measured field that is darker than the reference level.
        detector: Blur, noise and lag.
        display: From readings to grey.
    """

    scatter_ratio: float
    scatter_spread: float
    exposed_share: float
    detector: DetectorSettings
    display: DisplaySettings


class Imaging:
    """Makes pictures of one view, one after another."""

    def __init__(
        self, settings: ImagingSettings, border: Border, noise: Noise, writing: Pixels8 | None
    ) -> None:
        """Begin a run."""
        self._settings, self._border, self._writing = settings, border, writing
        self._detector = Detector(settings.detector, noise)
        self._scatter: Field32 = np.zeros(border.open.shape, np.float32)
        self._reference = 1.0
        self.shape = (border.open.shape[0], border.open.shape[1])

    def expose(self, primary: Field32, measured: NDArray[np.bool_]) -> None:
        """Set exposure and scatter by a primary beam (rows, columns), as the control does before a run.

        Of every eighth pixel of every eighth row those count that are ``measured`` and not covered.
        """
        settings = self._settings
        self._scatter = scattered(primary, settings.scatter_ratio, settings.scatter_spread)
        field = self._border.open[::8, ::8] > 0.5
        counted = measured & field if np.count_nonzero(measured & field) > 20 else field
        level = (primary[::8, ::8] + self._scatter[::8, ::8])[counted]
        self._reference = float(np.percentile(level, 100 * settings.exposed_share))

    def picture(self, primary: Field32, generator: np.random.Generator) -> Pixels8:
        """Return the image (rows, columns) of a primary beam, which is used up."""
        primary += self._scatter
        primary *= np.float32(1 / self._reference)
        reading = self._detector.read(self._detector.blurred(primary), generator)
        image = framed(shown(reading, self._settings.display), self._border)
        if self._writing is not None:
            np.maximum(image, self._writing, out=image)
        return image

    def signal_to_noise(
        self, primary: Field32, rows: NDArray[np.int64], columns: NDArray[np.int64], share: Field32
    ) -> Field32:
        """Return how far each pixel (n,) stands out of the noise where ``share`` of the primary is left."""
        detector = self._settings.detector
        lost = primary[rows, columns] * (1 - share) / self._reference
        level = (primary + self._scatter)[rows, columns] / self._reference
        calm = (1 - detector.lag) / (1 + detector.lag)
        variance = calm * (detector.noise**2 * level + detector.electronic**2)
        ratio: Field32 = (lost / np.sqrt(variance + (CLUTTER * level) ** 2)).astype(np.float32)
        return ratio
