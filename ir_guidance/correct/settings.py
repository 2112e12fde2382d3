# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Settings of the correct stage."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from ir_guidance.correct.pulses import PulseSettings
from ir_guidance.settings import Settings

AlignRate = Annotated[float, Field(gt=0, le=0.5)]
Length = Annotated[float, Field(gt=0, le=0.1)]


class CorrectSettings(Settings):
    """How boldly the needle is moved."""

    advance_mps: float = Field(
        0.003, gt=0, le=0.02, description="Speed of advance far from the target."
    )
    slow_advance_mps: float = Field(
        0.0008, gt=0, le=0.02, description="Speed of advance at the target."
    )
    slow_within_m: float = Field(
        0.004, gt=0, le=0.05, description="Distance over which to slow down."
    )
    arrived_m: float = Field(
        0.00005, gt=0, le=0.005, description="Remaining path that counts as arrived."
    )
    align_gain_hz: float = Field(
        2.0, gt=0, le=10, description="Fraction of the guide's error removed per second."
    )
    align_rate: tuple[AlignRate, AlignRate, AlignRate, AlignRate] = Field(
        (0.010, 0.010, 0.10, 0.10),
        description="Fastest alignment: x, y in m/s, pitch, yaw in rad/s.",
    )
    aligned_m: float = Field(
        0.0001, gt=0, le=0.002, description="Guide position that counts as aligned."
    )
    aligned_rad: float = Field(
        0.001, gt=0, le=0.02, description="Guide angle that counts as aligned."
    )
    servo_sigma_m: float = Field(
        0.0010,
        gt=0,
        le=0.01,
        description="Tip's uncertainty below which an image of the needle corrects the guide's alignment.",
    )
    servo_within_m: float = Field(
        0.0015, ge=0, le=0.01, description="Farthest that an image may shift the guide's alignment."
    )
    steer_rate_radps: float = Field(
        0.03, gt=0, le=0.2, description="Fastest pivot with the needle in tissue."
    )
    steer_from_m: float = Field(
        0.005, gt=0, le=0.05, description="Depth below which the tip's position is used."
    )
    steer_within_rad: float = Field(
        0.17, gt=0, le=0.5, description="Largest pivot away from the plan."
    )
    horizon_step_s: float = Field(
        0.15, gt=0.02, le=1, description="Length of a step of the receding horizon."
    )
    pivot_weight: float = Field(
        2.0, gt=0, le=1e3, description="Cost of a step's pivot, per mm^2 at the target."
    )
    curve_weight: float = Field(
        0.2, gt=0, le=1e3, description="Cost of a step's whole curvature, in mm^2."
    )
    curvature_per_m: float = Field(
        2.1,
        ge=0,
        le=10,
        description="Of the path that the bevel cuts, as the controller believes, 1/m; 0: the needle is not turned.",
    )
    curve_most: float = Field(
        0.35, ge=0, le=0.7, description="Most of the curvature asked for, in each of two axes."
    )
    turn_m: float = Field(
        0.006, gt=0.001, le=0.05, description="Advance in which the needle turns once."
    )
    roll_limit_rad: float = Field(
        6.4, ge=6.29, le=6.5, description="Farthest roll to either side: a turn must fit in."
    )
    checkpoints_m: tuple[Length, ...] = Field(
        (0.030, 0.020, 0.010, 0.004),
        description="Where the advance waits until the needle is on course, as remaining path.",
    )
    checkpoint_miss_m: tuple[Length, ...] = Field(
        (0.0030, 0.0020, 0.0008, 0.0004),
        description="Largest predicted miss with which to go on from each.",
    )
    dash_mps: float = Field(
        0.0,
        ge=0,
        le=0.02,
        description="Speed from the last checkpoint on, which is left only as a rest of the breath begins, so that the "
        "needle never waits where what breathes would slide over it; 0: as before it, whenever the breath rests.",
    )
    dash_within_s: float = Field(
        0.25,
        gt=0,
        le=1,
        description="How long after its beginning a rest is young enough for that.",
    )
    arrived_miss_m: float = Field(
        0.0003,
        gt=0,
        le=0.005,
        description="Miss with which to arrive, if the pivot can bring it about.",
    )
    beside_m: float = Field(
        0.0010, gt=0, le=0.005, description="Miss beyond which the needle has not arrived."
    )
    sweep_sigma_m: float = Field(
        0.0004,
        ge=0,
        le=0.01,
        description="Tip's uncertainty out of the plane above which a checkpoint asks for a sweep of a tracked "
        "probe; 0: none does.",
    )
    sweep_from_m: float = Field(
        0.003,
        ge=0,
        le=0.1,
        description="Remaining path from which no checkpoint asks any more: too little is left to steer in.",
    )
    sweep_wait_s: float = Field(
        10.0, gt=1, le=60, description="Longest wait for such a sweep before going on without."
    )
    wait_s: float = Field(
        12.0, gt=1, le=60, description="Longest wait at a checkpoint and at the target."
    )
    lost_frames: int = Field(
        15, ge=1, le=300, description="Frames with the target out of reach before saying so."
    )
    breath: Literal["gate", "compensate"] = Field(
        "gate",
        description="Go the last part of the way at end-exhale alone, or follow the target's breath.",
    )
    lead_s: float = Field(
        0.08,
        ge=0,
        le=0.5,
        description="From image to motion: how far ahead the breath is followed.",
    )
    gate_from_m: float = Field(
        0.060,
        ge=0,
        le=0.2,
        description="Remaining path from which the breath is waited for; what is cut while the breath has moved the "
        "tissue bends the needle when it comes back.",
    )
    gate_window_m: float = Field(
        0.0008, gt=0, le=0.01, description="Breathing displacement in which to move."
    )
    gate_near_m: float = Field(
        0.010, ge=0, le=0.2, description="Remaining path from which the window is the near one."
    )
    gate_near_window_m: float = Field(
        0.0004,
        gt=0,
        le=0.01,
        description="Breathing displacement in which to move near the target: by so much an arrival may miss.",
    )
    gate_lookahead_s: float = Field(
        0.20, ge=0, le=1, description="The displacement is predicted this far ahead."
    )
    target_shift_m: float = Field(
        0.005, gt=0, le=0.02, description="Shift of the target that needs a new plan."
    )
    coast_frames: int = Field(
        3, ge=0, le=3, description="Frames without needle or target before resting."
    )
    target_lost_frames: int = Field(
        150,
        ge=1,
        le=600,
        description="Frames without the target, which breath takes out of the plane, before holding.",
    )
    across_sigma_m: float = Field(
        0.0020,
        gt=0,
        le=0.010,
        description="Uncertainty of tip to target across what the image shows, above which the needle is held.",
    )
    along_sigma_m: float = Field(
        0.0020,
        gt=0,
        le=0.010,
        description="The same along what it does not show: out of the plane, along the X-ray.",
    )
    pulses: PulseSettings = PulseSettings()
    expiry_ms: float = Field(
        150.0, gt=0, le=150, description="Oldest image, from acquisition, worth acting on."
    )

    @property
    def dash_from_m(self) -> float:
        """The remaining path that is gone within one rest of the breath, 0 where none is."""
        return self.checkpoints_m[-1] if self.dash_mps else 0.0

    @model_validator(mode="after")
    def _fits_together(self) -> CorrectSettings:
        places, misses = self.checkpoints_m, self.checkpoint_miss_m
        if len(places) != len(misses):
            raise ValueError(f"{len(places)} checkpoints_m, but {len(misses)} checkpoint_miss_m")
        if self.dash_mps and not places:
            raise ValueError("dash_mps needs a checkpoint in checkpoints_m to begin at")
        if list(places) != sorted(places, reverse=True):
            raise ValueError(f"checkpoints_m = {places} do not come ever nearer to the target")
        return self
