# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What the planner may propose: limits on a path, where to stop and look, and how lesions are ablated."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from ir_guidance.settings import Settings

Place = Annotated[float, Field(ge=-0.2, le=0.2)]
Angle = Annotated[float, Field(gt=0, lt=1.57)]
HalfAxis = Annotated[float, Field(gt=0.001, le=0.05)]


class CheckpointSettings(Settings):
    """Where along the path the needle is to stop until an image has confirmed it."""

    first_m: float = Field(0.005, gt=0, le=0.05, description="Depth of the first, after the skin.")
    every_m: float = Field(0.020, gt=0.002, le=0.1, description="Furthest from one to the next.")
    narrow_m: float = Field(
        0.006, gt=0, le=0.03, description="Distance from a no-go region that counts as narrow."
    )
    before_narrow_m: float = Field(
        0.003, ge=0, le=0.02, description="How far ahead of a narrow part to stop."
    )
    before_target_m: float = Field(
        0.010, gt=0, le=0.05, description="How far ahead of the target the last one lies."
    )
    apart_m: float = Field(
        0.003, gt=0, le=0.02, description="Those that lie nearer to the one before are left out."
    )


class AblationSettings(Settings):
    """What one ablation needle destroys, and what of a lesion must be."""

    zone_m: tuple[HalfAxis, HalfAxis] = Field(
        (0.018, 0.015),
        description="Half axes of the zone that is destroyed: along, across the needle.",
    )
    zone_behind_m: float = Field(
        0.008, ge=-0.02, le=0.04, description="How far behind the tip the zone's centre lies."
    )
    margin_m: float = Field(
        0.005, ge=0, le=0.02, description="Tissue round the lesion to be destroyed too."
    )
    covered: float = Field(
        0.99, gt=0, le=1, description="Least share of lesion and margin that the zones cover."
    )
    most_needles: int = Field(4, ge=1, le=8, description="Most needles to use.")
    apart_m: float = Field(
        0.005, gt=0, le=0.05, description="Least distance between two needles, axis to axis."
    )
    spare_m: float = Field(
        0.003, ge=0, le=0.02, description="Least distance of a zone from a no-go region."
    )
    grid_m: float = Field(
        0.005, ge=0.002, le=0.02, description="Spacing of the places tried for a zone's centre."
    )


class PlanSettings(Settings):
    """Which paths are worth considering."""

    planner: Literal["straight", "arc"] = Field(
        "straight", description="A straight needle, or one whose bevel bends its path."
    )
    entry_x_m: tuple[Place, Place] = Field(
        (-0.045, -0.020), description="Where on the skin the needle may enter, along base x."
    )
    entry_y_m: tuple[Place, Place] = Field((-0.030, 0.030), description="The same along base y.")
    entry_z_m: tuple[Place, Place] = Field(
        (-1e-6, 1e-6),
        description="The same along base z; the robot's guide pivots about points at z = 0.",
    )
    entry_step_m: float = Field(0.0005, gt=0, le=0.01, description="Spacing of the entries tried.")
    plane_m: float = Field(
        0.0005, gt=0, le=0.01, description="Furthest that an entry may lie out of the image plane."
    )
    pitch_rad: tuple[Angle, Angle] = Field(
        (0.50, 1.00), description="Shallowest and steepest angle below the horizontal."
    )
    yaw_rad: float = Field(
        0.35, gt=0, lt=1.57, description="Furthest that a path may turn out of the base x-z plane."
    )
    skin_angle_rad: float = Field(
        0.35, ge=0, lt=1.57, description="Least angle between path and skin; a flat needle slips."
    )
    beyond_m: float = Field(
        0.0, ge=0, le=0.05, description="How far beyond the target's centre the path ends."
    )
    longest_m: float = Field(
        0.075, gt=0, le=0.2, description="Longest path; the needle must reach."
    )
    curvature_per_m: float = Field(
        4.0, gt=0, le=20, description="Strongest bend of an arc: one over its radius."
    )
    clearance_m: float = Field(
        0.003,
        gt=0,
        le=0.02,
        description="Least distance from a no-go region, from the path's axis.",
    )
    best_pitch_rad: float = Field(
        0.62,
        gt=0,
        lt=1.57,
        description="Angle at which the needle is seen well and still goes deep.",
    )
    checkpoints: CheckpointSettings = CheckpointSettings()
    ablation: AblationSettings = AblationSettings()

    @model_validator(mode="after")
    def _ordered(self) -> PlanSettings:
        for name in ("entry_x_m", "entry_y_m", "entry_z_m", "pitch_rad"):
            low, high = getattr(self, name)
            if low >= high:
                raise ValueError(f"{name}: the lower end {low} is not below the upper end {high}")
        return self
