# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What a procedure is done for, and by how much of it a needle's last place achieves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ir_guidance.plan.ablation import Zone
from ir_guidance.plan.lesion import ellipsoid
from ir_guidance.plan.settings import AblationSettings
from ir_guidance.settings import Settings
from ir_guidance.values import Vector

Array = NDArray[np.float64]

STEP_M = 0.0002
"""Between the points of a line that are tried."""

LESION_STEP_M = 0.001
"""Between the points of a lesion and its margin that must be covered."""


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


class AblationSuccess(Settings):
    """Ablation: the zone that the plan counts on must cover lesion and margin, by ``plan.ablation``."""

    kind: Literal["ablation"] = "ablation"


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


Success = SampleSettings | AblationSuccess | DrainageSettings | AccessSettings


@dataclass(frozen=True, slots=True)
class Achieved:
    """Whether the purpose was met, and by what measure, in words and in a number with its unit in the name."""

    met: bool
    measure: str
    value: float


def achieved(
    success: Success,
    tip_m: Vector,
    direction: Vector,
    target: Ellipsoid,
    *,
    pierced: bool,
    ablation: AblationSettings | None = None,
) -> Achieved:
    """Return what a needle that stopped here achieves.

    Args:
        success: What the procedure is done for.
        tip_m: The tip (3,) in ``base_link``.
        direction: Unit vector (3,) of the needle at its tip, into the patient.
        target: Lesion, collection or lumen as it is now.
        pierced: Whether the tip has been beyond the target's far wall.
        ablation: What a zone destroys and must cover, as it was planned; by default as plans have it.
    """
    if isinstance(success, SampleSettings):
        begin_m, end_m = success.notch_m
        core_m = _inside_m(target, tip_m, direction, begin_m, end_m)
        return Achieved(core_m >= success.least_m, "lesion_in_core_mm", core_m * 1e3)
    if isinstance(success, AblationSuccess):
        wanted = ablation or AblationSettings()
        share = _covered(wanted, tip_m, direction, target)
        return Achieved(share >= wanted.covered, "lesion_and_margin_covered", share)
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
    wanted: AblationSettings, tip_m: Vector, direction: Vector, target: Ellipsoid
) -> float:
    """Return the share of lesion and margin that lies in the zone of a needle."""
    zone = Zone(tip_m - wanted.zone_behind_m * direction, direction, wanted.zone_m)
    lesion = ellipsoid(np.diag(target.radii_m), target.centre_m, wanted.margin_m, LESION_STEP_M)
    return float(zone.holds(lesion.points_m).mean())
