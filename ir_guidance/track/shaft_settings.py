# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Thresholds of finding and measuring a shaft; lengths in metres, contrasts in fractions of full scale."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from ir_guidance.settings import Settings


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
    layers_share: float = Field(
        0.8, ge=0, le=1, description="How much of what a row has in common is taken off."
    )
    core_m: float = Field(0.0003, gt=1e-4, le=0.01, description="Half width of the shaft's echo.")
    flank_m: float = Field(
        0.0016, gt=2e-4, le=0.03, description="Distance of the background compared on either side."
    )
    late_echo: float = Field(
        0.03, ge=0, le=1, description="How much brighter the deeper flank may be: reverberation."
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
    most_noise: float = Field(
        0.2, gt=0, le=1, description="Spread of the background that evidence is still reckoned by."
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
        0.0025, gt=0, le=0.05, description="How far along the tip may be from the expected one."
    )
    score: float = Field(
        14.0, gt=0, le=1000, description="Least evidence, summed along the shaft, to be a needle."
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
        0.006,
        gt=2e-4,
        le=0.05,
        description="Where the tip is sought, either side of the coarse end.",
    )
    level_m: float = Field(
        0.004,
        gt=2e-4,
        le=0.05,
        description="Length that tells the shaft's and background's levels.",
    )
    edge_m: float = Field(
        0.0005, ge=0, le=0.01, description="Length on either side of the tip that tells neither."
    )
    least_contrast: float = Field(
        0.05, gt=0, le=1, description="Contrast of shaft to background that is always assumed."
    )
    end_noise: float = Field(
        0.075, gt=0, le=1, description="Spread of the level along shaft and background: speckle."
    )
    grain_m: float = Field(
        0.0006,
        gt=1e-5,
        le=0.01,
        description="Length along the shaft over which speckle is the same.",
    )
    bloom_m: float = Field(
        0.00025,
        ge=-0.005,
        le=0.005,
        description="How far a tip is seen beyond its point: an echo is wider; a thin point is lost to X-rays.",
    )
    end_sigma_m: float = Field(
        0.00015, gt=0, le=0.01, description="Error along the shaft that no image takes away."
    )
    row_sigma_m: float = Field(
        0.00012, gt=0, le=0.01, description="Error across the shaft that no image takes away."
    )
    direction_sigma_rad: float = Field(
        0.005, gt=0, le=0.5, description="Error of direction that no image takes away."
    )

    @model_validator(mode="after")
    def _noise_is_a_range(self) -> Self:
        if self.least_noise > self.most_noise:
            raise ValueError(
                f"least_noise = {self.least_noise} is more than most_noise = {self.most_noise}"
            )
        return self


class SearchSettings(Settings):
    """How a needle is found where nothing is known of it."""

    work_px: int = Field(
        384, ge=64, le=4096, description="Longer side of the decimated image that is searched."
    )
    sigmas_m: tuple[float, ...] = Field(
        (0.00025, 0.0005), description="Half widths of the ridges that vote."
    )
    ridge: float = Field(0.02, gt=0, le=1, description="Least strength of a ridge that votes.")
    most_weight: float = Field(
        5.0, ge=1, le=100, description="Most votes of a ridge, in units of the least strength."
    )
    voters: int = Field(4000, ge=100, le=10**6, description="Most pixels that vote.")
    lines: int = Field(6, ge=1, le=100, description="Lines that are looked at closely.")
    apart_px: int = Field(12, ge=0, le=100, description="Lines closer than this are one.")
    angle_rad: tuple[float, float] = Field(
        (0.26, 1.31), description="Angles to the rows at which a needle is looked for."
    )
    band_m: float = Field(
        0.008, gt=1e-4, le=0.05, description="Half width of the strip along a line."
    )
    tip_is_deep: bool = Field(True, description="Whether the tip is the lower end, as from a skin.")
    score: float = Field(
        24.0, gt=0, le=1000, description="Least evidence, summed along the shaft, to be a needle."
    )
    length_m: float = Field(
        0.008, gt=0, le=0.1, description="Least length of shaft that is a needle."
    )
    bow_m: float = Field(
        0.0005, gt=0, le=0.05, description="Most deviation from a straight line, root mean square."
    )
    drop: float = Field(
        0.3, ge=-1, le=1, description="Least part of the shaft's contrast that is lost at a tip."
    )
    root_drop: float = Field(
        10.0,
        ge=-1,
        le=10,
        description="Most of it that is lost at the other end, inside the image.",
    )
    unexposed: float = Field(
        0.001, ge=0, le=0.5, description="Levels up to this are outside what was exposed."
    )
    collimator_m: float = Field(
        0.006,
        gt=1e-4,
        le=0.1,
        description="What is not exposed and narrower is a thing, no border.",
    )
    border_m: float = Field(
        0.002, ge=0, le=0.05, description="A tip is at least this far inside the image."
    )

    @model_validator(mode="after")
    def _angles_are_a_range(self) -> Self:
        least, most = self.angle_rad
        if not 0 <= least < most <= 1.58:
            raise ValueError(f"angle_rad = {self.angle_rad} must rise and be within 0 to 1.58")
        return self
