# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Every threshold of the trackers; lengths in metres, turned into pixels by the frame's spacing."""

from __future__ import annotations

from pydantic import Field

from ir_guidance.settings import Settings


class QualitySettings(Settings):
    """When an image is not worth searching; levels are fractions of what the pixel type can hold."""

    black_level: float = Field(
        0.02, ge=0, le=0.5, description="An image with almost no pixel above this is black."
    )
    saturated_share: float = Field(
        0.6, gt=0, le=1, description="Share of pixels at the highest value that makes it saturated."
    )
    contrast: float = Field(
        0.01, ge=0, le=0.5, description="Least standard deviation of the image's levels."
    )
    frozen_frames: int = Field(
        3, ge=2, le=100, description="Identical images in a row that make the stream frozen."
    )


class ShaftSettings(Settings):
    """How a shaft is followed along a straightened strip of the image."""

    band_m: float = Field(
        0.008, gt=0.001, le=0.05, description="Half width of the search about the expected shaft."
    )
    beyond_m: float = Field(
        0.010, gt=0.001, le=0.05, description="Search this far beyond the expected tip."
    )
    layers_m: float = Field(
        0.008, gt=0.001, le=0.05, description="Length over which tissue layers are taken as level."
    )
    core_m: float = Field(0.0003, gt=1e-4, le=0.01, description="Half width of the shaft's echo.")
    flank_m: float = Field(
        0.0016, gt=2e-4, le=0.03, description="Distance of the background compared on either side."
    )
    smooth_m: float = Field(
        0.0025, gt=1e-4, le=0.02, description="Averaging length along the shaft."
    )
    pace_m: float = Field(
        0.002, gt=1e-4, le=0.01, description="Step along the shaft of the coarse path."
    )
    contrast: float = Field(
        0.10, gt=0, le=1, description="Contrast expected of a shaft, as a fraction of full scale."
    )
    least_noise: float = Field(
        0.03,
        gt=0,
        le=1,
        description="Spread of the background's ridge that is always reckoned with.",
    )
    aside_m: float = Field(
        0.00012, gt=5e-5, le=0.01, description="Step across the shaft of the coarse path."
    )
    bend_cost: float = Field(
        0.5, ge=0, le=10, description="Cost of bending by one step across per step along."
    )
    late_cost: float = Field(
        0.3, ge=0, le=10, description="Cost of each step along before the shaft begins."
    )
    entry_sigma_m: float = Field(
        0.002, gt=0, le=0.05, description="How far aside the shaft may be where it enters."
    )
    tip_sigma_m: float = Field(
        0.004, gt=0, le=0.05, description="How far the tip may be from where it is expected."
    )
    score: float = Field(
        12.0,
        gt=0,
        le=1000,
        description="Least sum of ridge over the shaft's length to be a needle.",
    )
    length_m: float = Field(
        0.005, gt=0, le=0.1, description="Least length of shaft that is a needle."
    )
    bend_over_m: float = Field(
        0.025,
        gt=0.002,
        le=0.2,
        description="Length of shaft before the tip that the curve is fitted to.",
    )
    tip_search_m: float = Field(
        0.003,
        gt=2e-4,
        le=0.05,
        description="Where the tip is refined, either side of the coarse end.",
    )


class TargetSettings(Settings):
    """How the target is learnt and followed."""

    spacing_m: float = Field(
        0.0004, gt=5e-5, le=2e-3, description="Pixel spacing of the decimated image."
    )
    template_m: float = Field(0.010, gt=0.001, le=0.05, description="Half size of the template.")
    search_m: float = Field(
        0.014, gt=0.001, le=0.05, description="Largest travel from where the target was learnt."
    )
    radius_m: tuple[float, float] = Field(
        (0.004, 0.009), description="Smallest and largest radius of a dark lesion."
    )
    click_m: float = Field(
        0.004, ge=0, le=0.02, description="Farthest that the click is moved to the lesion's centre."
    )
    contrast: float = Field(
        0.04,
        ge=0,
        le=1,
        description="Least darkness of a lesion against its ring to refine the click.",
    )
    found: float = Field(0.5, gt=0, le=1, description="Least correlation to be the target.")
    speed_mps: float = Field(0.05, gt=0, le=1, description="Fastest that a target moves.")
    jump_m: float = Field(
        0.003, ge=0, le=0.05, description="Step that is always believed, whatever the time."
    )


class TrackSettings(Settings):
    """Every threshold of the classical tracker.

    Where a frame has no pixel spacing, the longer side of the image is taken to be ``field_m`` long,
    which makes every length a fraction of the image.
    """

    quality: QualitySettings = QualitySettings()
    shaft: ShaftSettings = ShaftSettings()
    target: TargetSettings = TargetSettings()
    field_m: float = Field(
        0.05, gt=0.005, le=1, description="Assumed longer side of an image without pixel spacing."
    )
