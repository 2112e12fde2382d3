# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Points and poses from outside, with their axes and unit said; a mix-up of either is refused.

RAS, LPS and ROS axes differ by half and quarter turns only, so that no check of a matrix can tell
them apart: they are told apart by type. Metres and millimetres are told apart by name, and by what is possible.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum

import numpy as np

from ir_guidance.values import Matrix, Vector

FARTHEST_M = 5.0
"""No point in a procedure room is farther from any origin in it; in millimetres nearly every one is."""

NOT_SQUARE = 1e-2
"""How far a rotation read from a file may be from orthonormal: trackers write few digits."""


class MixUpError(ValueError):
    """Axes or units that do not go together; one line: which, and what to do."""


class Axes(StrEnum):
    """Which way x, y and z point in a patient: DICOM's, NIfTI's and Slicer's, REP 103's."""

    LPS = "left, posterior, superior"
    RAS = "right, anterior, superior"
    ROS = "anterior, left, superior"


class Unit(Enum):
    """A length, in metres."""

    METRE = 1.0
    MILLIMETRE = 1e-3


LPS_FROM = {
    Axes.LPS: np.eye(3),
    Axes.RAS: np.diag([-1.0, -1.0, 1.0]),
    Axes.ROS: np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]),
}
"""Rotations (3, 3) from each of the axes to DICOM's."""


@dataclass(frozen=True, slots=True, eq=False)
class PatientPoints:
    """Points (n, 3) in a patient's axes and a unit; they meet others only in the same."""

    values: Matrix
    axes: Axes
    unit: Unit

    def __post_init__(self) -> None:
        """Refuse what cannot be in that unit."""
        check_reach(self.values * self.unit.value, f"points in {self.unit.name.lower()}s")

    def to(self, axes: Axes, unit: Unit) -> PatientPoints:
        """Return the same points in other axes and another unit."""
        turn = LPS_FROM[axes].T @ LPS_FROM[self.axes]
        return PatientPoints(self.values @ turn.T * (self.unit.value / unit.value), axes, unit)

    def offsets_m(self, other: PatientPoints) -> Matrix:
        """Return what leads from other points to these (n, 3), in metres, in their common axes.

        Raises:
            MixUpError: The axes or the units differ.
        """
        if (self.axes, self.unit) != (other.axes, other.unit):
            raise MixUpError(
                f"points in {self.axes.name} {self.unit.name.lower()}s and in {other.axes.name} "
                f"{other.unit.name.lower()}s; bring both to one with to()"
            )
        offsets: Matrix = (self.values - other.values) * self.unit.value
        return offsets


def check_reach(points_m: Vector, what: str) -> None:
    """Refuse points (..., 3) that are too far away to be metres, or no numbers.

    Raises:
        MixUpError: One of them is.
    """
    if not np.isfinite(points_m).all():
        raise MixUpError(f"{what}: not all are numbers; read or export them again")
    farthest_m = float(np.abs(points_m).max(initial=0.0))
    if farthest_m > FARTHEST_M:
        raise MixUpError(
            f"{what}: {farthest_m:.4g} m away, {FARTHEST_M:g} m is the farthest; millimetres taken for metres?"
        )


def check_rigid(a_from_b: Matrix, what: str) -> None:
    """Refuse transforms (..., 4, 4) that are not rigid, mirror, or are not in metres.

    Raises:
        MixUpError: One of them does.
    """
    check_reach(a_from_b[..., :3, 3], what)
    turns = a_from_b[..., :3, :3]
    off = np.abs(turns @ np.swapaxes(turns, -1, -2) - np.eye(3)).max(initial=0.0)
    if not off <= NOT_SQUARE:  # so that what is no number is refused too
        raise MixUpError(f"{what}: not rigid, its axes are not of unit length and square")
    if (np.linalg.det(turns) < 0).any():
        raise MixUpError(f"{what}: mirrors, one axis points the wrong way (left-handed axes?)")
