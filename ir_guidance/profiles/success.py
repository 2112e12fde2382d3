# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What a procedure is done for, and by how much of it a needle's last place achieves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ir_guidance.settings import Settings
from ir_guidance.values import Vector

Array = NDArray[np.float64]

STEP_M = 0.0002
"""Between the points of a line that are tried."""

SHELL_POINTS = 400
"""Points of a margin's surface that are tried: about 1 mm apart on a lesion of 10 mm."""


@dataclass(frozen=True, slots=True, eq=False)
class Ellipsoid:
    """What is to be reached: centre (3,) in ``base_link`` and half axes (3,) along its x, y, z, metres."""

    centre_m: Vector
    radii_m: Vector

    def holds(self, points_m: Array) -> NDArray[np.bool_]:
        """Return which points (n, 3) lie inside."""
        return np.asarray((((points_m - self.centre_m) / self.radii_m) ** 2).sum(axis=1) <= 1.0)

    def grown(self, by_m: float) -> Ellipsoid:
        """Return it with a margin all round."""
        return Ellipsoid(self.centre_m, self.radii_m + by_m)


class SampleSettings(Settings):
    """Biopsy: a notch thrown forward from the tip cuts a core; enough of it must be lesion.

    A short-throw core gun: 11 mm, of which the notch is the part behind a solid point.
    """

    kind: Literal["sample"] = "sample"
    notch_m: tuple[float, float] = Field(
        (0.0, 0.008), description="Where the notch begins and ends, ahead of the tip before firing."
    )
    least_m: float = Field(0.003, gt=0, le=0.03, description="Least length of lesion in the core.")


class AblationSettings(Settings):
    """Ablation: the zone about the active tip must cover the lesion and its margin.

    Half axes of the zone as a microwave antenna's maker states them for liver, without perfusion;
    a margin of 5 mm is the least that is asked for (Ahmed et al., Radiology 273:241, 2014: 5 to 10 mm).
    """

    kind: Literal["ablation"] = "ablation"
    zone_m: tuple[float, float] = Field(
        (0.019, 0.016), description="Half length and radius of the zone about its centre."
    )
    back_m: float = Field(
        0.004, ge=-0.02, le=0.03, description="The zone's centre lies so far behind the tip."
    )
    margin_m: float = Field(0.005, ge=0, le=0.02, description="Margin to be covered all round.")
    least_share: float = Field(0.98, gt=0, le=1, description="Least share of the margin covered.")


class DrainageSettings(Settings):
    """Drainage: the catheter's last stretch must lie in the collection, its end not against the far wall."""

    kind: Literal["drainage"] = "drainage"
    inside_m: float = Field(
        0.008, gt=0, le=0.1, description="Least length of the path in the collection."
    )
    wall_m: float = Field(0.002, ge=0, le=0.02, description="Least distance of the tip from it.")


class AccessSettings(Settings):
    """Vascular access: the tip must be in the lumen, and must never have been through its far wall."""

    kind: Literal["access"] = "access"
    wall_m: float = Field(
        0.0005, ge=0, le=0.01, description="Least distance of the tip from the wall."
    )


Success = SampleSettings | AblationSettings | DrainageSettings | AccessSettings


@dataclass(frozen=True, slots=True)
class Achieved:
    """Whether the purpose was met, and by what measure, in words and in a number with its unit in the name."""

    met: bool
    measure: str
    value: float


def achieved(
    success: Success, tip_m: Vector, direction: Vector, target: Ellipsoid, *, pierced: bool
) -> Achieved:
    """Return what a needle that stopped here achieves.

    Args:
        success: What the procedure is done for.
        tip_m: The tip (3,) in ``base_link``.
        direction: Unit vector (3,) of the needle at its tip, into the patient.
        target: Lesion, collection or lumen as it is now.
        pierced: Whether the tip has been beyond the target's far wall.
    """
    if isinstance(success, SampleSettings):
        begin_m, end_m = success.notch_m
        core_m = _inside_m(target, tip_m, direction, begin_m, end_m)
        return Achieved(core_m >= success.least_m, "lesion_in_core_mm", core_m * 1e3)
    if isinstance(success, AblationSettings):
        share = _covered(success, tip_m, direction, target)
        return Achieved(share >= success.least_share, "margin_covered", share)
    if isinstance(success, DrainageSettings):
        path_m = _inside_m(target, tip_m, direction, -2 * float(target.radii_m.max()), 0.0)
        free = bool(target.grown(-success.wall_m).holds(tip_m[None])[0])
        return Achieved(free and path_m >= success.inside_m, "path_in_collection_mm", path_m * 1e3)
    in_lumen = bool(target.grown(-success.wall_m).holds(tip_m[None])[0])
    return Achieved(
        in_lumen and not pierced, "in_lumen_not_through", float(in_lumen and not pierced)
    )


def is_through(tip_m: Vector, direction: Vector, target: Ellipsoid) -> bool:
    """Return whether the tip lies beyond the far wall of a target that its shaft runs through."""
    if target.holds(tip_m[None])[0] or float((tip_m - target.centre_m) @ direction) <= 0:
        return False
    return _inside_m(target, tip_m, direction, -4 * float(target.radii_m.max()), 0.0) > 0


def _inside_m(
    target: Ellipsoid, tip_m: Vector, direction: Vector, begin_m: float, end_m: float
) -> float:
    """Return how much of a stretch of the needle's line, counted ahead of the tip, lies in the target."""
    count = max(int(np.ceil((end_m - begin_m) / STEP_M)), 1)
    along_m = begin_m + (np.arange(count) + 0.5) * (end_m - begin_m) / count
    inside = target.holds(tip_m + along_m[:, None] * direction)
    return float(inside.mean()) * (end_m - begin_m)


def _covered(
    success: AblationSettings, tip_m: Vector, direction: Vector, target: Ellipsoid
) -> float:
    """Return the share of the margin's surface that lies in the zone."""
    shell_m = target.centre_m + _sphere() * (target.radii_m + success.margin_m)
    away_m = shell_m - (tip_m - success.back_m * direction)
    along_m = away_m @ direction
    aside2_m2 = (away_m * away_m).sum(axis=1) - along_m**2
    half_m, radius_m = success.zone_m
    return float(((along_m / half_m) ** 2 + aside2_m2 / radius_m**2 <= 1.0).mean())


def _sphere() -> Array:
    """Return points (n, 3) spread evenly on the unit sphere, by the golden angle (Fibonacci lattice)."""
    number = np.arange(SHELL_POINTS) + 0.5
    height = 1 - 2 * number / SHELL_POINTS
    turn = np.pi * (1 + 5**0.5) * number
    round_ = np.sqrt(1 - height**2)
    return np.stack([round_ * np.cos(turn), round_ * np.sin(turn), height], axis=1)
