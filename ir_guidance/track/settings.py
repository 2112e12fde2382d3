# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Every threshold of the trackers; lengths in metres, turned into pixels by the frame's spacing."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from ir_guidance.settings import Settings
from ir_guidance.track.learned_settings import LearnedSettings
from ir_guidance.track.shaft_settings import SearchSettings, ShaftSettings
from ir_guidance.values import Modality


class QualitySettings(Settings):
    """When an image is not worth searching; levels are fractions of what the pixel type can hold."""

    black_level: float = Field(
        0.02, ge=0, le=0.5, description="An image with almost no pixel above this is black."
    )
    saturated_share: float = Field(
        0.6, gt=0, le=1, description="Share of pixels at full scale that makes it saturated."
    )
    contrast: float = Field(
        0.01, ge=0, le=0.5, description="Least standard deviation of the image's levels."
    )
    frozen_frames: int = Field(
        3, ge=2, le=100, description="Identical images in a row that make the stream frozen."
    )


class TargetSettings(Settings):
    """How the target is learnt and followed."""

    spacing_m: float = Field(
        0.0004, gt=5e-5, le=2e-3, description="Pixel spacing of the decimated image."
    )
    template_m: float = Field(0.007, gt=0.001, le=0.05, description="Half size of the template.")
    told_m: float = Field(
        0.0,
        ge=0,
        le=0.02,
        description="The same as click_m where a network has told the target's centre; 0: it is not asked first.",
    )
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
    cap_share: float = Field(
        0.75,
        gt=0,
        le=1,
        description="Share of the template's levels that are not cut off as bright.",
    )
    least_texture: float = Field(
        0.005, ge=0, le=1, description="Least spread of a template's levels to be told from others."
    )
    match_noise: float = Field(
        0.05,
        gt=0,
        le=10,
        description="Variance of a match, by its lack of correlation and its peak.",
    )
    centre_sigma_m: float = Field(
        0.00025, gt=0, le=0.01, description="Error of the lesion's centre when it was learnt."
    )
    found: float = Field(0.55, gt=0, le=1, description="Least correlation to be the target.")
    alone: float = Field(
        0.55,
        gt=0,
        le=1,
        description="Correlation from which a look is believed without the network's word.",
    )
    speed_mps: float = Field(0.03, gt=0, le=1, description="Fastest that a target moves.")
    jump_m: float = Field(
        0.002, ge=0, le=0.05, description="Step that is always believed, whatever the time."
    )

    @model_validator(mode="after")
    def _radii_are_a_range(self) -> Self:
        least, most = self.radius_m
        if not 0 < least < most:
            raise ValueError(f"radius_m = {self.radius_m} must be positive and rise")
        return self


class ModalitySettings(Settings):
    """What is different from one kind of image to another."""

    shaft: ShaftSettings
    search: SearchSettings
    target: TargetSettings = TargetSettings()
    field_m: float = Field(
        gt=0.005, le=1, description="Assumed longer side of an image without pixel spacing."
    )


ULTRASOUND = ModalitySettings(shaft=ShaftSettings(), search=SearchSettings(), field_m=0.05)

FLUOROSCOPY = ModalitySettings(
    shaft=ShaftSettings(
        band_m=0.010,
        layers_share=0.0,
        late_echo=0.0,
        core_m=0.0005,
        flank_m=0.0022,
        smooth_m=0.003,
        pace_m=0.0025,
        aside_m=0.0003,
        contrast=0.08,
        towards=20.0,
        bend_cost=2.0,
        least_noise=0.012,
        most_noise=0.03,
        length_m=0.004,
        least_contrast=0.02,
        end_noise=0.02,
        bloom_m=-0.0006,
    ),
    search=SearchSettings(
        sigmas_m=(0.0005, 0.0010),
        ridge=0.01,
        most_weight=10.0,
        angle_rad=(0.0, 1.571),
        unexposed=0.012,
        tip_is_deep=False,
        score=24.0,
        length_m=0.004,
        drop=0.6,
        root_drop=0.4,
        border_m=0.006,
    ),
    # A mark of a few millimetres, before ribs that do not move with it.
    target=TargetSettings(
        spacing_m=0.00025,
        template_m=0.003,
        told_m=0.002,
        radius_m=(0.002, 0.003),
        click_m=0.006,
        contrast=0.01,
        cap_share=1.0,
        centre_sigma_m=0.0005,
        found=0.6,
        alone=0.8,
    ),
    field_m=0.16,
)


class TrackSettings(Settings):
    """Every threshold of the trackers.

    Where a frame has no pixel spacing, the longer side of the image is taken to be ``field_m`` long,
    which makes every length a fraction of the image.
    """

    quality: QualitySettings = QualitySettings()
    ultrasound: ModalitySettings = ULTRASOUND
    fluoroscopy: ModalitySettings = FLUOROSCOPY
    learned: LearnedSettings = LearnedSettings()

    @field_validator("ultrasound", "fluoroscopy", mode="before")
    @classmethod
    def _over_its_own_defaults(cls, value: Any, info: ValidationInfo) -> Any:
        """Let a profile name only what it changes, group by group."""
        if not isinstance(value, dict) or info.field_name is None:
            return value
        default = cls.model_fields[info.field_name].default.model_dump()
        groups = {
            key: default[key] | group
            for key, group in value.items()
            if isinstance(default.get(key), dict) and isinstance(group, dict)
        }
        return default | value | groups

    def of(self, modality: Modality) -> ModalitySettings:
        """Return the settings for one kind of image."""
        return self.ultrasound if modality is Modality.ULTRASOUND else self.fluoroscopy
