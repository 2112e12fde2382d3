# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The room's C-arm: how it stands, how it exposes and shows, and what it knows of itself."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from ir_guidance.geometry import small_motion, transform
from ir_guidance.room.draw import Range, uniform
from ir_guidance.room.xray.detector import DetectorSettings
from ir_guidance.room.xray.display import DisplaySettings
from ir_guidance.room.xray.imaging import ImagingSettings
from ir_guidance.settings import Settings
from ir_guidance.values import CarmGeometry, Vector

Generator = np.random.Generator

SIDE_PX = 512
DOSE_AT_NOISE_GYM2, NOISE_AT_DOSE = 1e-7, 0.035
"""A pulse of 1e-7 Gy m^2 (a minute of 15 a second: 0.9 Gy cm^2) and the relative noise a pixel then has."""

BASE_FROM_BODY = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
"""Rotation from left, back, head to ``base_link`` of a patient on the back: x to the head, z up."""


class CarmSettings(Settings):
    """A C-arm; a pair is a range that the seed draws from, once for each plane where there are two."""

    sdd_m: Range = Field((1.00, 1.15), description="Source to detector; 0.9 to 1.2 m in use.")
    sid_m: Range = Field((0.68, 0.75), description="Source to isocentre.")
    side_m: Range = Field(
        (0.19, 0.22), description="Side of the detector in use; magnified fields are 16 to 23 cm."
    )
    primary_rad: tuple[Range, Range] = Field(
        ((0.70, 0.95), (-0.75, -0.50)),
        description="Primary angle of the first and of the second plane, both with the body behind the needle.",
    )
    secondary_rad: Range = Field((-0.12, 0.12), description="Secondary angle.")
    middle_sigma_m: float = Field(
        0.004, ge=0, le=0.03, description="How far the isocentre lies off where it should, 1 sigma."
    )
    calibration_sigma_m: float = Field(
        0.0003,
        ge=0,
        le=0.005,
        description="Error of the calibrated place, along each axis, 1 sigma.",
    )
    calibration_sigma_rad: float = Field(
        0.002, ge=0, le=0.05, description="Error of the calibrated angles, 1 sigma; 0.1 degrees."
    )
    pulse_rate_hz: float = Field(
        15.0, ge=1, le=60, description="Pulses a second; two planes pulse in turn and share them."
    )
    dose_gym2: Range = Field(
        (5e-8, 2e-7), description="Dose-area product of a pulse; noise falls with its root."
    )
    scatter_ratio: Range = Field((0.25, 0.7), description="Scatter over primary behind the grid.")
    blur_px: Range = Field((0.45, 0.8), description="Focal spot and detector, 1 sigma.")
    lag: Range = Field((0.0, 0.3), description="Share of the last image in this one.")
    grain_px: Range = Field((0.2, 0.7), description="Width over which noise is alike, 1 sigma.")
    grey: Range = Field((90.0, 140.0), description="Grey level of the exposed field's middle.")
    gamma: Range = Field((0.45, 0.9), description="Contrast where the display is linear.")
    log_chance: float = Field(0.3, ge=0, le=1, description="Chance of a logarithmic display.")
    flatten: Range = Field((0.0, 0.5), description="Share of coarse differences taken away.")
    sharpen: Range = Field((0.0, 1.2), description="Edge enhancement.")
    inverted: bool = Field(False, description="Metal bright.")
    collimator: Literal["open", "any"] = Field("any", description="Whole image, or any border.")


def stand(
    settings: CarmSettings, view: int, middle_m: Vector, generator: Generator
) -> tuple[CarmGeometry, CarmGeometry]:
    """Return how a plane's C-arm really stands about a point (3,) in ``base_link``, and what its calibration says."""
    spacing_m = uniform(generator, settings.side_m) / SIDE_PX
    middle_m = middle_m + generator.normal(0, settings.middle_sigma_m, 3)
    true = CarmGeometry(
        sdd_m=uniform(generator, settings.sdd_m),
        sid_m=uniform(generator, settings.sid_m),
        primary_angle_rad=uniform(generator, settings.primary_rad[view]),
        secondary_angle_rad=uniform(generator, settings.secondary_rad),
        imager_spacing_m=(spacing_m, spacing_m),
        epoch=1,
        base_from_isocentre=transform(BASE_FROM_BODY, middle_m),
    )
    error = small_motion(
        generator.normal(0, settings.calibration_sigma_rad, 3),
        generator.normal(0, settings.calibration_sigma_m, 3),
    )
    about = transform(np.eye(3), middle_m) @ error @ transform(np.eye(3), -middle_m)
    said = CarmGeometry(
        sdd_m=true.sdd_m,
        sid_m=true.sid_m,
        primary_angle_rad=true.primary_angle_rad,
        secondary_angle_rad=true.secondary_angle_rad,
        imager_spacing_m=true.imager_spacing_m,
        epoch=1,
        base_from_isocentre=about @ transform(BASE_FROM_BODY, middle_m),
    )
    return true, said


def pictured(
    settings: CarmSettings, dose_gym2: float, generator: Generator
) -> tuple[ImagingSettings, float]:
    """Return how a plane makes its pictures at a dose for each pulse, and the width of its noise in pixels."""
    logarithmic = generator.random() < settings.log_chance
    detector = DetectorSettings(
        blur_px=uniform(generator, settings.blur_px),
        noise=NOISE_AT_DOSE * (DOSE_AT_NOISE_GYM2 / dose_gym2) ** 0.5,
        electronic=0.004,
        lag=uniform(generator, settings.lag),
    )
    display = DisplaySettings(
        grey=uniform(generator, settings.grey),
        gamma=0.0 if logarithmic else uniform(generator, settings.gamma),
        log_gain=80.0 * uniform(generator, settings.gamma),
        flatten=uniform(generator, settings.flatten),
        sharpen=uniform(generator, settings.sharpen),
        sharpen_px=int(generator.choice([3, 5, 7])),
        inverted=settings.inverted,
    )
    imaging = ImagingSettings(
        scatter_ratio=uniform(generator, settings.scatter_ratio),
        scatter_spread=0.15,
        exposed_share=0.45,
        detector=detector,
        display=display,
    )
    return imaging, uniform(generator, settings.grain_px)
