# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""N-wire phantoms: where the image plane cuts the slanting wire says where along the phantom it lies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ir_guidance.calibrate import CalibrationError
from ir_guidance.values import Matrix, Vector

PARALLEL = 1e-3
SIDES = (0, 2)


@dataclass(frozen=True, slots=True, eq=False)
class NWire:
    """Three wires in one plane of the phantom: side, middle (slanting), side; the sides are parallel.

    ``ends_m`` is (3, 2, 3): wire, front and back, metres in the phantom's axes.
    """

    names: tuple[str, str, str]
    ends_m: Matrix

    def __post_init__(self) -> None:
        """Refuse wires that make no N."""
        first, middle, last = (self.ends_m[:, 1] - self.ends_m[:, 0]) / np.linalg.norm(
            self.ends_m[:, 1] - self.ends_m[:, 0], axis=1, keepdims=True
        )
        name = ", ".join(self.names)
        if np.linalg.norm(np.cross(first, last)) > PARALLEL:
            raise CalibrationError(
                f"N-wire {name}: its side wires are not parallel; correct the file"
            )
        if np.linalg.norm(np.cross(first, middle)) < 10 * PARALLEL:
            raise CalibrationError(
                f"N-wire {name}: its middle wire does not slant; correct the file"
            )

    @property
    def direction(self) -> Vector:
        """Return the unit direction (3,) of the side wires."""
        along = self.ends_m[0, 1] - self.ends_m[0, 0]
        unit: Vector = along / np.linalg.norm(along)
        return unit

    @property
    def width_m(self) -> float:
        """Return the distance between the side wires."""
        across = self.ends_m[2, 0] - self.ends_m[0, 0]
        return float(np.linalg.norm(across - (across @ self.direction) * self.direction))

    def middle_m(self, share: Vector) -> Matrix:
        """Return where the middle wire is cut (n, 3), by the share of the way from the first to the last wire (n,).

        Three wires in one plane are cut in a straight line, and similar triangles make the share in the
        image that in the phantom (Comeau et al., Med. Phys. 1998; Chen et al., UMB 2009).
        """
        first, last = (_meeting_m(self.ends_m[side], self.ends_m[1]) for side in SIDES)
        middle: Matrix = first + np.asarray(share)[..., None] * (last - first)
        return middle


def shares(points_px: Matrix) -> Vector:
    """Return the share of the way (n,) of the middle of three spots (n, 3, 2) from the first to the last."""
    along = np.linalg.norm(points_px[:, 1] - points_px[:, 0], axis=1)
    whole = np.linalg.norm(points_px[:, 2] - points_px[:, 0], axis=1)
    share: Vector = along / whole
    return share


def _meeting_m(line_m: Matrix, other_m: Matrix) -> Vector:
    """Return the point (3,) of a line that is nearest to another."""
    along, across = line_m[1] - line_m[0], other_m[1] - other_m[0]
    way, *_ = np.linalg.lstsq(
        np.stack([along, -across], axis=1), other_m[0] - line_m[0], rcond=None
    )
    point: Vector = line_m[0] + way[0] * along
    return point
