# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Settings of the gate. Every limit has a ceiling: no setting disables a watchdog."""

from __future__ import annotations

from pydantic import Field, model_validator

from ir_guidance.settings import Settings

BLIND_TRAVEL_M = 0.001
"""Needle advance commanded after the last accepted image: never more than this."""
REACTION_S = 0.200
"""From the first faulty datum to zero commanded velocity."""


class GateSettings(Settings):
    """What the gate insists on before the robot moves."""

    frame_age_ms: float = Field(
        150.0, gt=0, le=150, description="Oldest image worth moving on, from acquisition."
    )
    future_ms: float = Field(
        20.0, gt=0, le=20, description="How far in the future a stamp may lie."
    )
    consent_age_ms: float = Field(
        250.0,
        gt=0,
        le=250,
        description="Oldest consent, and oldest word of a hand on a motion key.",
    )
    command_expiry_ms: float = Field(
        100.0, gt=0, le=100, description="Life of a command at the robot."
    )
    state_hold_ms: float = Field(
        50.0, gt=0, le=50, description="Age of the robot's state that holds (R2)."
    )
    state_stop_ms: float = Field(
        200.0, gt=0, le=200, description="Age of the robot's state that stops (R4)."
    )
    budget_ms: float = Field(
        60.0, gt=0, le=150, description="From acquisition to the gate; longer is refused."
    )
    across_sigma_m: float = Field(
        0.0020,
        gt=0,
        le=0.010,
        description="Largest uncertainty of tip to target across what the image shows.",
    )
    along_sigma_m: float = Field(
        0.0020,
        gt=0,
        le=0.010,
        description="The same along what it does not show: out of the plane, along the X-ray.",
    )
    following_m: float = Field(
        0.001, gt=0, le=0.002, description="Largest following error of a sliding joint."
    )
    following_rad: float = Field(
        0.02, gt=0, le=0.05, description="Largest following error of a turning joint."
    )
    following_roll_rad: float = Field(
        1.0,
        gt=0,
        le=1.5,
        description="Largest following error of the needle's roll: as 1 mm of the advance, 0.3 s of its fastest.",
    )
    following_ms: float = Field(50.0, gt=0, le=50, description="How long it may last.")
    force_n: float = Field(15.0, gt=0, le=50, description="Largest axial force.")
    advance_mps: float = Field(0.003, gt=0, le=0.02, description="Fastest advance.")
    decelerate_mps2: float = Field(0.05, gt=0, le=1.0, description="Deceleration of the advance.")
    phantom_points: int = Field(
        0, ge=0, le=20, description="Points of a phantom to check before arming; 0: no check."
    )
    phantom_error_m: float = Field(
        0.001, gt=0, le=0.005, description="Farthest that the tip may be off such a point."
    )
    retract_mps: float = Field(
        0.004, gt=0, le=0.01, description="Speed of a retraction by the operator's hand."
    )
    jog_mps: float = Field(0.004, gt=0, le=0.01, description="Fastest slide by the hand.")
    jog_radps: float = Field(0.05, gt=0, le=0.1, description="Fastest turn by the hand.")
    pivot_rad: float = Field(
        0.20, gt=0, le=0.5, description="Largest angle from the plan below the skin."
    )
    slide_m: float = Field(
        0.002, gt=0, le=0.01, description="Largest slide from the plan below the skin."
    )
    overshoot_m: float = Field(0.003, ge=0, le=0.01, description="Depth allowed beyond the plan's.")

    @model_validator(mode="after")
    def _stops_in_time(self) -> GateSettings:
        stopping_s = self.advance_mps / self.decelerate_mps2
        if stopping_s >= REACTION_S:
            raise ValueError(
                f"advance_mps = {self.advance_mps} takes {stopping_s * 1e3:.0f} ms to stop with decelerate_mps2 = "
                f"{self.decelerate_mps2}, limit {REACTION_S * 1e3:.0f} ms: advance more slowly"
            )
        travel_m = self.advance_mps * REACTION_S + self.advance_mps**2 / (2 * self.decelerate_mps2)
        if travel_m > BLIND_TRAVEL_M:
            raise ValueError(
                f"advance_mps = {self.advance_mps} with decelerate_mps2 = {self.decelerate_mps2} travels "
                f"{travel_m * 1e3:.2f} mm blind, limit {BLIND_TRAVEL_M * 1e3:.2f} mm: advance more slowly"
            )
        return self
