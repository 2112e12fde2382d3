# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What the ultrasound scanner is: its probe, its image, its beam, its gains."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ir_guidance.room.draw import Range
from ir_guidance.settings import Settings

Array = NDArray[np.float64]


class ScannerSettings(Settings):
    """A wide linear array of about 6 MHz; decibels are relative to the organ's mean speckle."""

    probe: Literal["linear", "convex"] = Field("linear", description="Shape of the face.")
    aperture_m: float = Field(
        0.06144, gt=0.005, le=0.2, description="Length of the transducer's face, along it."
    )
    face_radius_m: float = Field(
        0.06, gt=0.005, le=0.2, description="Radius of a convex probe's face."
    )
    lines: int = Field(256, ge=32, le=1024, description="Scan lines, spread evenly over the face.")
    depth_m: float = Field(0.06048, gt=0.01, le=0.3, description="Range that a line shows.")
    width_px: int = Field(512, ge=64, le=1024, description="Columns of the image.")
    height_px: int = Field(512, ge=64, le=1024, description="Rows of the image.")
    spacing_m: float = Field(0.00012, gt=2e-5, le=8e-4, description="Pixel spacing, both ways.")
    face_row_px: float = Field(
        8.0, ge=-200, le=400, description="Row of the middle of the transducer's face."
    )
    aside_px: float = Field(
        0.0, ge=-300, le=300, description="How far right of the image's middle the probe's is."
    )
    wavelength_m: float = Field(0.00026, gt=5e-5, le=1e-3, description="1540 m/s at 6 MHz.")
    axial_sigma_m: float = Field(
        0.00014,
        gt=2e-5,
        le=1e-3,
        description="Pulse envelope; 0.33 mm long at half its height, two cycles.",
    )
    lateral_sigma_m: float = Field(
        0.00032, gt=2e-5, le=3e-3, description="Beam width at the focus."
    )
    elevation_sigma_m: float = Field(
        0.00095, gt=1e-4, le=5e-3, description="Slice thickness at the focus."
    )
    focus_m: float = Field(0.030, gt=0.005, le=0.2, description="Depth of the focus, both ways.")
    focal_length_m: float = Field(
        0.025, gt=0.001, le=0.2, description="From the focus to 1.4 times its width."
    )
    slice_step_m: float = Field(
        0.0005, gt=1e-4, le=5e-3, description="Between the slices that are kept."
    )
    dynamic_range_db: float = Field(60.0, ge=30, le=100, description="From black to white.")
    organ_grey_db: Range = Field(
        (24.0, 29.0), description="Mean speckle of the organ above black: the gain knob."
    )
    tgc_residual_db: Range = Field(
        (-5.0, 1.0), description="What the depth compensation leaves at the bottom."
    )
    focus_gain_db: float = Field(1.5, ge=0, le=6, description="How much brighter the focus is.")
    noise_db: Range = Field(
        (-22.0, -16.0), description="Electronic noise at the bottom of the image."
    )
    uneven_db: float = Field(
        1.0, ge=0, le=6, description="Uneven brightness across, from the near tissue, 1 sigma."
    )
    noise_banks: int = Field(3, ge=1, le=16, description="Stretches of noise that are kept.")
    smoothing_px: float = Field(
        0.8, ge=0, le=4, description="Blur of the grey image: the scanner's smoothing."
    )
    despeckle: float = Field(
        0.0, ge=0, le=1, description="Part of the speckle that the scanner's filter takes away."
    )
    despeckle_m: float = Field(
        0.0004, gt=5e-5, le=5e-3, description="Reach of that filter, 1 sigma, twice it across."
    )
    noise_growth_db: float = Field(16.0, ge=0, le=60, description="How much less it is at the top.")

    @property
    def middle_px(self) -> float:
        """The column of the middle of the transducer's face."""
        return 0.5 * (self.width_px - 1) + self.aside_px

    def spread(self, range_m: Array) -> Array:
        """Return how much wider the beam is at a range than at the focus: a Gaussian beam's law."""
        widened: Array = np.sqrt(1.0 + ((range_m - self.focus_m) / self.focal_length_m) ** 2)
        return widened


def amplitude(level_db: float) -> float:
    """Return the amplitude ratio of a level in decibels."""
    return float(10.0 ** (level_db / 20.0))
