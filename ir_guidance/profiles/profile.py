# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""One profile gathers the settings of every stage and checks that they fit together."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, model_validator

from ir_guidance.correct import CorrectSettings
from ir_guidance.gate import GateSettings
from ir_guidance.kinematics import INSERTION, JOINTS, RobotLimits
from ir_guidance.localise import LocaliseSettings
from ir_guidance.plan import PlanSettings
from ir_guidance.profiles.success import SampleSettings, Success
from ir_guidance.robot import DriveSettings
from ir_guidance.settings import Settings, SettingsError, checked, load_yaml, merged
from ir_guidance.timing import Budget
from ir_guidance.track import TrackSettings
from ir_guidance.values import Modality

FOLDER = Path(__file__).parent
GUIDE_PLANE_M = 1e-4
"""How far off the guide's plane an entry may lie; at the flattest pitch it is met 0.2 mm aside."""


class Profile(Settings):
    """A procedure: limits, budgets and what counts as success."""

    name: str = Field(description="What the procedure is called on the command line.")
    modality: Modality = Field(Modality.ULTRASOUND, description="The images it is guided by.")
    views: int = Field(1, ge=1, le=2, description="Planes of the C-arm, by fluoroscopy.")
    tolerance_m: float = Field(
        0.002, gt=0, le=0.02, description="Tip-to-target distance that is a success."
    )
    success: Annotated[Success, Field(discriminator="kind")] = Field(
        SampleSettings(), description="What the procedure is done for, beyond the tip's tolerance."
    )
    longest_s: float = Field(
        240.0, gt=0, le=3600, description="Time after which the insertion is given up."
    )
    budget: Budget = Budget()
    track: TrackSettings = TrackSettings()
    localise: LocaliseSettings = LocaliseSettings()
    plan: PlanSettings = PlanSettings()
    correct: CorrectSettings = CorrectSettings()
    gate: GateSettings = GateSettings()
    limits: RobotLimits = RobotLimits()
    drive: DriveSettings = DriveSettings()

    @model_validator(mode="after")
    def _fits_together(self) -> Profile:
        if self.views > 1 and self.modality is not Modality.FLUOROSCOPY:
            raise ValueError(f"views = {self.views}: only fluoroscopy has a second plane")
        if self.gate.budget_ms != self.budget.total_ms:
            raise ValueError(
                f"gate.budget_ms = {self.gate.budget_ms} differs from budget.total_ms = {self.budget.total_ms}"
            )
        for speed in ("advance_mps", "dash_mps"):
            asked = getattr(self.correct, speed)
            if asked > self.gate.advance_mps:
                raise ValueError(
                    f"correct.{speed} = {asked} is faster than gate.advance_mps = "
                    f"{self.gate.advance_mps}: the gate would refuse every step"
                )
        for way in ("across_sigma_m", "along_sigma_m"):
            held, refused = getattr(self.correct, way), getattr(self.gate, way)
            if held > refused:
                raise ValueError(
                    f"correct.{way} = {held} is more than gate.{way} = {refused}: the gate would refuse without a word"
                )
        if self.gate.decelerate_mps2 > self.limits.acceleration[INSERTION]:
            raise ValueError(
                f"gate.decelerate_mps2 = {self.gate.decelerate_mps2} is more than the insertion joint can do "
                f"({self.limits.acceleration[INSERTION]})"
            )
        if self.correct.expiry_ms > self.gate.frame_age_ms:
            raise ValueError(
                f"correct.expiry_ms = {self.correct.expiry_ms} is longer than gate.frame_age_ms = "
                f"{self.gate.frame_age_ms}: the gate would refuse every step"
            )
        ranges = zip(JOINTS, self.limits.lower, self.drive.home, self.limits.upper, strict=True)
        for joint, low, home, high in ranges:
            if not low <= home <= high:
                raise ValueError(
                    f"drive.home: {joint} = {home} lies outside limits [{low}, {high}]"
                )
        return self

    @model_validator(mode="after")
    def _steers_what_it_plans(self) -> Profile:
        if self.plan.planner != "straight":
            raise ValueError(
                f"plan.planner = {self.plan.planner!r}: the needle is steered along straight plans only"
            )
        if max(map(abs, self.plan.entry_z_m)) > GUIDE_PLANE_M:
            raise ValueError(
                f"plan.entry_z_m = {self.plan.entry_z_m}: the guide pivots about points at z = 0, and would "
                "meet other skin elsewhere than planned"
            )
        return self


def profile_names() -> list[str]:
    """Return the names of the profiles that come with the package."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def load_profile(name: str, modality: str | None = None, views: int = 1) -> Profile:
    """Return a profile by its name, for its own modality or for another that it offers, for so many planes.

    Raises:
        SettingsError: There is none of that name or modality, or it does not hold together.
    """
    chosen: dict[str, Any] = {"modality": modality} if modality else {}
    return merged_profile(name, chosen | {"views": views}, f"profile {name}")


def merged_profile(name: str, overrides: dict[str, Any], where: str) -> Profile:
    """Return a profile with some of its values replaced, by group and key.

    What a profile has under ``by_modality`` replaces the rest of it where ``overrides`` choose that modality;
    under ``biplane`` there, or beside it, is what replaces that again where they choose two views.

    Raises:
        SettingsError: There is none of that name or modality, a key is unknown, or it does not hold
            together; the message is led by ``where``.
    """
    if name not in profile_names():
        known = ", ".join(profile_names())
        raise SettingsError(f"{where}: no procedure {name!r}, choose from {known}")
    base = load_yaml(FOLDER / f"{name}.yaml")
    others = base.pop("by_modality", {})
    modality = overrides.get("modality", base["modality"])
    if modality != base["modality"]:
        if modality not in others:
            known = ", ".join([base["modality"], *others])
            raise SettingsError(f"{where}: no {name} by modality {modality!r}, choose from {known}")
        base = merged(base, others[modality])
    biplane = base.pop("biplane", {})
    if overrides.get("views", 1) == 2:
        base = merged(base, biplane)
    return checked(Profile, merged(base, overrides), where)
