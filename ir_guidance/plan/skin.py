# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Where a needle may enter: points of skin, each with the direction that points into the body."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ir_guidance.values import Matrix, Vector

SOLID_M = 0.010
"""A table, a coil or a sheet over the skin is thinner than this; the body is not."""
STEP_M = 5e-4
SMOOTH_M = 0.005
"""The normals are those of skin smoothed by this, 1 sigma: a voxel's edge is no slope."""

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Skin:
    """Points (n, 3) in metres in ``base_link`` where the needle may enter; ``inward`` (n, 3) are unit normals.

    One point is a fixed entry.
    """

    points_m: Array
    inward: Array

    def __post_init__(self) -> None:
        """Refuse what is no region.

        Raises:
            ValueError: Shapes differ, there are no points, a number is not finite, a normal is not a unit.
        """
        if self.points_m.ndim != 2 or self.points_m.shape[1] != 3 or not len(self.points_m):
            raise ValueError(f"skin points of shape {self.points_m.shape} are not (n, 3)")
        if self.inward.shape != self.points_m.shape:
            raise ValueError(f"{self.inward.shape} normals for {self.points_m.shape} skin points")
        if not np.isfinite(self.points_m).all():
            raise ValueError("a skin point is not finite")
        if not np.allclose(np.linalg.norm(self.inward, axis=1), 1.0, atol=1e-6):
            raise ValueError("a normal of the skin has not unit length")


def fixed_entry(point_m: Vector, inward: Vector) -> Skin:
    """Return the one entry that may be used, with the unit normal (3,) that points into the body."""
    return Skin(np.array([point_m], float), np.array([inward], float))


def flat_skin(x_m: Array, y_m: Array) -> Skin:
    """Return skin on z = 0 at every pair of some x and y."""
    x, y = (grid.ravel() for grid in np.meshgrid(x_m, y_m, indexing="ij"))
    return Skin(np.column_stack([x, y, np.zeros_like(x)]), np.tile([0.0, 0.0, -1.0], (len(x), 1)))


def skin_of_body(
    body: Mask,
    base_from_index: Matrix,
    x_m: Array,
    y_m: Array,
    z_m: tuple[float, float],
) -> Skin:
    """Return the skin that a needle from above meets first, on a grid of x and y.

    Args:
        body: Whether a voxel (i, j, k) lies in the body.
        base_from_index: 4x4, from the voxels' centres to metres in ``base_link``.
        x_m: Ascending, evenly spaced.
        y_m: The same.
        z_m: Lowest and highest place to look for skin; columns without any are left out.

    Raises:
        ValueError: There is no skin, or no room to look for it.
    """
    if z_m[1] - z_m[0] < 2 * SOLID_M:
        raise ValueError(f"between z = {z_m[0]} and {z_m[1]} m there is no room to look for skin")
    z = np.arange(z_m[1], z_m[0], -STEP_M)
    grid = np.stack(np.meshgrid(x_m, y_m, z, indexing="ij"), axis=-1)
    solid = _inside(body, base_from_index, grid)
    deep = round(SOLID_M / STEP_M)
    windows = np.lib.stride_tricks.sliding_window_view(solid, deep, axis=2)
    begins: Mask = np.asarray(windows.all(axis=-1))
    found: Mask = np.asarray(begins.any(axis=2))
    if not found.any():
        raise ValueError(f"no skin between z = {z_m[0]} and {z_m[1]} m over the region asked for")
    height_m = np.where(found, z[np.argmax(begins, axis=2)], np.nan)
    return _of_heights(x_m, y_m, height_m, found)


def _inside(body: Mask, base_from_index: Matrix, points_m: Array) -> Mask:
    """Return whether points (..., 3) lie in the body; outside of the volume there is none."""
    index_from_base = np.linalg.inv(base_from_index)
    index = np.rint(points_m @ index_from_base[:3, :3].T + index_from_base[:3, 3]).astype(int)
    held = ((index >= 0) & (index < body.shape)).all(axis=-1)
    i, j, k = np.moveaxis(np.clip(index, 0, np.array(body.shape) - 1), -1, 0)
    inside: Mask = held & body[i, j, k]
    return inside


def _of_heights(x_m: Array, y_m: Array, height_m: Array, found: Mask) -> Skin:
    """Return skin from its height (x, y) over z = 0, NaN where there is none."""
    filled = np.where(found, height_m, np.nanmean(height_m))
    sigma = [SMOOTH_M / (axis[1] - axis[0]) if len(axis) > 1 else 0.0 for axis in (x_m, y_m)]
    smooth = ndimage.gaussian_filter(filled, sigma, mode="nearest")
    slopes = [
        np.gradient(smooth, axis, axis=n) if len(axis) > 1 else np.zeros_like(smooth)
        for n, axis in enumerate((x_m, y_m))
    ]
    inward = np.stack([slopes[0], slopes[1], -np.ones_like(smooth)], axis=-1)
    inward /= np.linalg.norm(inward, axis=-1, keepdims=True)
    x, y = np.meshgrid(x_m, y_m, indexing="ij")
    return Skin(np.stack([x, y, height_m], axis=-1)[found], inward[found])
