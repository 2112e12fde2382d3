# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""C-arms of many makes, drawn at random: how they stand, expose, read and show; and whole rooms with them."""

from __future__ import annotations

import numpy as np

from ir_guidance.room.fluoroscopy_room import FluoroscopyRoomSettings
from ir_guidance.room.needle import NeedleSettings
from ir_guidance.room.xray.carm import CarmSettings
from ir_guidance.room.xray.detector import DetectorSettings
from ir_guidance.room.xray.display import DisplaySettings
from ir_guidance.room.xray.imaging import ImagingSettings
from ir_guidance.room.xray.instrument import GAUGES_M
from ir_guidance.room.xray.interior import InteriorSettings
from ir_guidance.values import CarmGeometry

Generator = np.random.Generator


def drawn_view(generator: Generator, side_px: int) -> CarmGeometry:
    """Return a C-arm's view of anything from 10 to 30 cm at the isocentre on 512 pixels, mostly from the front."""
    sdd_m, sid_m = generator.uniform(0.9, 1.2), generator.uniform(0.60, 0.78)
    spacing_m = _log_uniform(generator, 0.10, 0.30) / 512 * sdd_m / sid_m
    primary = generator.normal(0, 0.5) + generator.choice([0, 0, 0, np.pi / 2, -np.pi / 2])
    middle = (side_px - 1) / 2 + generator.normal(0, 0.08 * side_px, 2)
    return CarmGeometry(
        sdd_m=sdd_m,
        sid_m=sid_m,
        primary_angle_rad=float(primary),
        secondary_angle_rad=float(generator.normal(0, 0.25)),
        imager_spacing_m=(spacing_m, spacing_m),
        centre_px=(float(middle[0]), float(middle[1])),
    )


def drawn_imaging(generator: Generator) -> ImagingSettings:
    """Return a C-arm's way of making pictures, at any dose."""
    return ImagingSettings(
        scatter_ratio=generator.uniform(0.1, 0.9),
        scatter_spread=generator.uniform(0.08, 0.25),
        exposed_share=generator.uniform(0.3, 0.7),
        detector=drawn_detector(generator),
        display=drawn_display(generator),
    )


def drawn_detector(generator: Generator) -> DetectorSettings:
    """Return a detector at a dose from a single shot's to the lowest of pulsed fluoroscopy."""
    return DetectorSettings(
        blur_px=generator.uniform(0.3, 1.0),
        noise=_log_uniform(generator, 0.01, 0.12),
        electronic=0.0 if generator.random() < 0.5 else generator.uniform(0, 0.02),
        lag=0.0 if generator.random() < 0.4 else generator.uniform(0, 0.6),
    )


def drawn_display(generator: Generator) -> DisplaySettings:
    """Return a maker's display: linear or logarithmic, plain or flattened and sharpened."""
    return DisplaySettings(
        grey=generator.uniform(65, 160),
        gamma=0.0 if generator.random() < 0.35 else generator.uniform(0.3, 1.0),
        log_gain=generator.uniform(28, 75),
        flatten=0.0 if generator.random() < 0.5 else generator.uniform(0, 0.85),
        sharpen=0.0 if generator.random() < 0.45 else generator.uniform(0.2, 2.2),
        sharpen_px=int(generator.choice([3, 5, 7, 9])),
        inverted=bool(generator.random() < 0.04),
    )


def drawn_fluoroscopy(seed: int) -> FluoroscopyRoomSettings:
    """Return a room for judging on: any kind of target, C-arm, dose and needle; the same seed gives the same."""
    generator = np.random.default_rng(seed)
    first, second = generator.uniform(0.5, 1.0), generator.uniform(-1.0, -0.3)
    dose_gym2 = _log_uniform(generator, 1.5e-8, 4e-7)
    carm = CarmSettings(
        side_m=(0.16, 0.30),
        primary_rad=((first, first), (second, second)),
        secondary_rad=(-0.3, 0.3),
        middle_sigma_m=0.006,
        dose_gym2=(dose_gym2, dose_gym2),
        scatter_ratio=(0.1, 0.9),
        blur_px=(0.3, 1.0),
        lag=(0.0, 0.5),
        grain_px=(0.0, 0.9),
        grey=(70.0, 160.0),
        gamma=(0.35, 1.0),
        log_chance=0.35,
        flatten=(0.0, 0.85) if generator.random() < 0.5 else (0.0, 0.0),
        sharpen=(0.2, 2.2) if generator.random() < 0.55 else (0.0, 0.0),
        inverted=bool(generator.random() < 0.04),
    )
    targets = ("clip", "contrast", "ct_point")
    return FluoroscopyRoomSettings(
        interior=InteriorSettings(target=targets[generator.integers(3)]),
        needle=NeedleSettings(
            diameter_m=float(generator.choice(GAUGES_M[3:])), bevel_side="either"
        ),
        carm=carm,
        devices=int(generator.choice([0, 1, 2, 3, 5])),
    )


def _log_uniform(generator: Generator, low: float, high: float) -> float:
    return float(np.exp(generator.uniform(np.log(low), np.log(high))))
