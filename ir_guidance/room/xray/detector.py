# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The detector: blur, quantum and electronic noise by dose, and lag between pulses."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Field32 = NDArray[np.float32]
BANKS = 3
MARGIN_PX = 64


@dataclass(frozen=True, slots=True)
class DetectorSettings:
    """What the detector does to an image.

    Attributes:
        blur_px: Focal spot and detector together, 1 sigma.
        noise: Relative spread of a pixel at the reference level: one over the root of its quanta.
        electronic: Spread of the electronics' noise, in the reference level's unit.
        lag: Share of the last image that is still in this one: afterglow and recursive filter.
    """

    blur_px: float
    noise: float
    electronic: float
    lag: float


class Noise:
    """A stretch of unit noise that images take windows of; made once, for it costs more than an image."""

    def __init__(
        self, grain_px: float, largest: tuple[int, int], generator: np.random.Generator
    ) -> None:
        """Record noise that is alike over ``grain_px`` (1 sigma), as a scintillator's, for images up to a size."""
        size = (BANKS, largest[0] + MARGIN_PX, largest[1] + MARGIN_PX)
        self._planes = generator.standard_normal(size, np.float32)
        if grain_px > 0.2:
            for plane in self._planes:
                cv2.GaussianBlur(plane, (0, 0), grain_px, dst=plane)
            self._planes /= self._planes[0].std()

    def drawn(self, shape: tuple[int, int], generator: np.random.Generator) -> Field32:
        """Return a window (rows, columns) of it, not to be written to."""
        bank, down, across = generator.integers((BANKS, MARGIN_PX, MARGIN_PX))
        window: Field32 = self._planes[bank, down : down + shape[0], across : across + shape[1]]
        return window


class Detector:
    """Turns beams into readings; images after one another are one run."""

    def __init__(self, settings: DetectorSettings, noise: Noise) -> None:
        """Begin a run."""
        self._settings, self._noise = settings, noise
        self._before: Field32 | None = None

    def blurred(self, beam: Field32) -> Field32:
        """Return the beam as the detector's sharpness lets it be seen."""
        if self._settings.blur_px < 0.2:
            return beam
        return np.asarray(cv2.GaussianBlur(beam, (0, 0), self._settings.blur_px), np.float32)

    def read(self, beam: Field32, generator: np.random.Generator) -> Field32:
        """Return what is read of a blurred beam (rows, columns), 1 being the reference level."""
        settings, before = self._settings, self._before
        lag = settings.lag
        # The first image of a run has a past like itself: its noise is already averaged.
        calm = ((1 - lag) / (1 + lag)) ** 0.5 if before is None else 1.0
        reading: Field32 = np.sqrt(beam)
        reading *= self._noise.drawn(beam.shape, generator)
        reading *= np.float32(settings.noise * calm)
        if settings.electronic > 0:
            noise = self._noise.drawn(beam.shape, generator)
            reading += np.float32(settings.electronic * calm) * noise
        reading += beam
        if before is not None and lag > 0:
            reading = np.asarray(cv2.addWeighted(reading, 1 - lag, before, lag, 0), np.float32)
        self._before = reading
        return reading
