# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What an ablation must destroy: points that fill a lesion and the margin round it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ir_guidance.plan.no_go import spacing_of
from ir_guidance.values import Matrix, Vector

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Lesion:
    """Points (n, 3) in metres in ``base_link`` at end-exhale, evenly spread.

    ``inside`` (n,) tells those of the lesion from those of the margin round it.
    """

    points_m: Array
    inside: NDArray[np.bool_]

    @property
    def centre_m(self) -> Vector:
        """The middle (3,) of the lesion."""
        middle: Vector = self.points_m[self.inside].mean(axis=0)
        return middle


def lesion_of_mask(mask: NDArray[np.bool_], base_from_index: Matrix, margin_m: float) -> Lesion:
    """Return a lesion from its voxels (i, j, k) and a margin in metres; the margin ends where the volume does.

    Raises:
        ValueError: The mask is empty; the volume is sheared.
    """
    if mask.ndim != 3 or not mask.any():
        raise ValueError("the lesion's mask is not a volume, or nothing in it is marked")
    away_m = ndimage.distance_transform_edt(~mask, sampling=spacing_of(base_from_index))
    wanted = away_m <= margin_m
    index = np.argwhere(wanted)
    points_m = index @ base_from_index[:3, :3].T + base_from_index[:3, 3]
    return Lesion(points_m, mask[wanted])


def ellipsoid(half_axes_m: Array, centre_m: Vector, margin_m: float, spacing_m: float) -> Lesion:
    """Return an ellipsoidal lesion: rows of ``half_axes_m`` (3, 3) are its half axes, square to each other."""
    reach_m = float(np.linalg.norm(half_axes_m, axis=1).max()) + margin_m + spacing_m
    steps = np.arange(-np.ceil(reach_m / spacing_m), np.ceil(reach_m / spacing_m) + 1) * spacing_m
    grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1)
    unit = grid @ (half_axes_m / (half_axes_m**2).sum(axis=1, keepdims=True)).T
    base_from_index = np.diag([spacing_m] * 3 + [1.0])
    base_from_index[:3, 3] = centre_m + steps[0]
    return lesion_of_mask((unit * unit).sum(axis=-1) <= 1.0, base_from_index, margin_m)
