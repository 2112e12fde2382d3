# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The probe in a hand: laid on the target, swept across the needle when asked, and tracked all the time."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from ir_guidance.settings import Settings


class ProbeSettings(Settings):
    """How the probe is moved, out of the image's plane alone, and how well that is tracked."""

    sweep_m: float = Field(
        0.0, ge=0, le=0.005, description="How far it is swept to either side; 0: it is held still."
    )
    sweep_s: float = Field(
        1.8, gt=0.2, le=20, description="Length of a sweep to one side, to the other, and back."
    )
    tracking_sigma_m: float = Field(
        0.00015,
        ge=0,
        le=0.005,
        description="Error of its tracked place, each image's own, 1 sigma.",
    )


class Probe:
    """Where the probe is, as a distance out of the plane that it was laid in."""

    def __init__(self, settings: ProbeSettings, seed: int) -> None:
        """Hold it still; the seed draws the tracker's noise."""
        self._settings, self._seed = settings, seed
        self._began_s: float | None = None

    @property
    def can_sweep(self) -> bool:
        """Whether it is swept at all."""
        return self._settings.sweep_m > 0.0

    def sweep(self, time_s: float) -> None:
        """Begin to sweep at a time, unless a sweep is under way."""
        if self._began_s is None or time_s >= self._began_s + self._settings.sweep_s:
            self._began_s = time_s

    def out_m(self, time_s: float) -> float:
        """Return how far out of its first plane it is: one sine to a sweep."""
        if self._began_s is None:
            return 0.0
        part = (time_s - self._began_s) / self._settings.sweep_s
        if not 0.0 <= part <= 1.0:
            return 0.0
        return self._settings.sweep_m * float(np.sin(2.0 * np.pi * part))

    def tracked_m(self, time_s: float, out_m: float) -> float:
        """Return where the tracker has it; one that never moves is calibrated with its place and not tracked."""
        if not self.can_sweep:
            return out_m
        generator = np.random.default_rng((self._seed, round(time_s * 1e6)))
        return out_m + self._settings.tracking_sigma_m * float(generator.standard_normal())
