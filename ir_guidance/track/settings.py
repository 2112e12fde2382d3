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
    """How a shaft is followed along a straightened strip of the image; contrasts are fractions of full scale."""

    band_m: float = Field(
        0.008, gt=0.001, le=0.05, description="Half width of the search about the expected shaft."
    )
    beyond_m: float = Field(
        0.010, gt=0.001, le=0.05, description="Search this far beyond the expected tip."
    )
    layers_m: float = Field(
        0.008, gt=0.001, le=0.05, description="Length over which tissue layers are taken as level."
    )
    layers_share: float = Field(
        0.8, ge=0, le=1, description="How much of what a row has in common is taken off."
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
    aside_m: float = Field(
        0.00012, gt=5e-5, le=0.01, description="Step across the shaft of the coarse path."
    )
    contrast: float = Field(0.10, gt=0, le=1, description="Contrast expected of a shaft.")
    least_noise: float = Field(
        0.03, gt=0, le=1, description="Spread of the background that is always reckoned with."
    )
    towards: float = Field(
        4.0, gt=0, le=100, description="Most evidence that one step along can be for a shaft."
    )
    against: float = Field(
        3.0, gt=0, le=100, description="Most evidence that one step along can be against it."
    )
    bend_cost: float = Field(
        0.5, ge=0, le=10, description="Cost of bending by one step across per step along."
    )
    late_cost_per_m: float = Field(
        150.0, ge=0, le=1e4, description="Cost of beginning later than where the shaft comes in."
    )
    entry_sigma_m: float = Field(
        0.002, gt=0, le=0.05, description="How far aside the shaft may be where it comes in."
    )
    aside_sigma_m: float = Field(
        0.004, gt=0, le=0.05, description="How far aside it may be at the expected tip: it bends."
    )
    reach_sigma_m: float = Field(
        0.002, gt=0, le=0.05, description="How far along the tip may be from the expected one."
    )
    score: float = Field(
        12.0, gt=0, le=1000, description="Least evidence, summed along the shaft, to be a needle."
    )
    length_m: float = Field(
        0.005, gt=0, le=0.1, description="Least length of shaft that is a needle."
    )
    fit_m: float = Field(
        0.035, gt=0.002, le=0.2, description="Length of shaft that the course is fitted to."
    )
    bend_sigma_per_m: float = Field(
        0.7, gt=0, le=100, description="Curvature to expect of a needle in tissue."
    )
    end_search_m: float = Field(
        0.006, gt=2e-4, le=0.05, description="Where the tip is sought, either side of the coarse end."
    )
    level_m: float = Field(
        0.006, gt=2e-4, le=0.05, description="Length that tells the shaft's and background's levels."
    )
    edge_m: float = Field(
        0.0005, ge=0, le=0.01, description="Length on either side of the tip that tells neither."
    )
    least_contrast: float = Field(
        0.05, gt=0, le=1, description="Contrast of shaft to background that is always assumed."
    )
    end_noise: float = Field(
        0.085, gt=0, le=1, description="Spread of the level along shaft and background: speckle."
    )
    grain_m: float = Field(
        0.001, gt=1e-5, le=0.01, description="Length along the shaft over which speckle is the same."
    )
    bloom_m: float = Field(
        0.0002, ge=0, le=0.005, description="How far a tip's echo reaches beyond the tip."
    )
    end_sigma_m: float = Field(
        0.0002, gt=0, le=0.01, description="Error along the shaft that no image takes away."
    )
    row_sigma_m: float = Field(
        0.00015, gt=0, le=0.01, description="Error across the shaft that no image takes away."
    )
    direction_sigma_rad: float = Field(
        0.005, gt=0, le=0.5, description="Error of direction that no image takes away."
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
