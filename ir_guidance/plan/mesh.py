# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What must not be touched, as a field of distances to meshes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ir_guidance.plan.no_go import REACH_M, Box, NoGo, NoGoError, distances

Array = NDArray[np.float64]

MOST_VOXELS = 50_000_000


def no_go_from_meshes(meshes: Mapping[str, Array], box_m: Box, spacing_m: float = 0.001) -> NoGo:
    """Return the distance to meshes: what the surface touches, and what it encloses where it is closed.

    Args:
        meshes: Triangles (n, 3, 3) in metres in ``base_link`` by the name of what they are.
        box_m: Lowest and highest corner (3,) in ``base_link`` of the part that paths may use.
        spacing_m: Side of the voxels; a closed surface encloses what it does to that resolution.

    Raises:
        NoGoError: There are none or too many, one holds no triangles, or the voxels would be too many.
    """
    if not 0 < len(meshes) <= 255:
        raise NoGoError(f"{len(meshes)} meshes: between 1 and 255 can be kept clear of")
    for name, triangles_m in meshes.items():
        whole = triangles_m.ndim == 3 and triangles_m.shape[1:] == (3, 3) and len(triangles_m) > 0
        if not whole or not np.isfinite(triangles_m).all():
            raise NoGoError(
                f"mesh {name!r} of shape {triangles_m.shape} is not triangles (n, 3, 3)"
            )
    corners_m = np.concatenate([*box_m, *meshes.values()], axis=None).reshape(-1, 3)
    low_m = corners_m.min(axis=0) - REACH_M
    shape = tuple(
        int(n) for n in np.ceil((corners_m.max(axis=0) + REACH_M - low_m) / spacing_m) + 1
    )
    if np.prod(shape, dtype=float) > MOST_VOXELS:
        raise NoGoError(
            f"{shape} voxels are too many: give fewer meshes or a spacing over {spacing_m} m"
        )
    numbers = np.zeros(shape, np.uint8)
    for number, triangles_m in enumerate(meshes.values(), 1):
        touched = np.zeros(shape, bool)
        points = np.rint((_samples(triangles_m, spacing_m / 2) - low_m) / spacing_m).astype(int)
        touched[tuple(points.T)] = True
        numbers[ndimage.binary_fill_holes(touched)] = number
    base_from_index = np.diag([spacing_m] * 3 + [1.0])
    base_from_index[:3, 3] = low_m
    # From a centre to its voxel's corner, and from a sample to what of the surface lies between samples.
    slack_m = spacing_m * (np.sqrt(3) / 2 + 0.5 / np.sqrt(3))
    return NoGo(*distances(numbers, np.full(3, spacing_m), slack_m), base_from_index, tuple(meshes))


def _samples(triangles_m: Array, edge_m: float) -> Array:
    """Return points (n, 3) on triangles, the corners of parts whose edges are no longer than a length.

    No point of a triangle lies further than the longest edge over the root of 3 from a corner.
    """
    edges_m = np.linalg.norm(triangles_m - np.roll(triangles_m, 1, axis=1), axis=2).max(axis=1)
    parts = np.maximum(np.ceil(edges_m / edge_m), 1).astype(int)
    points = []
    for count in np.unique(parts):
        i, j = np.meshgrid(np.arange(count + 1), np.arange(count + 1), indexing="ij")
        within = i + j <= count
        shares = np.stack([i[within], j[within], count - i[within] - j[within]], axis=1) / count
        points.append(np.einsum("sc,tcx->tsx", shares, triangles_m[parts == count]).reshape(-1, 3))
    return np.concatenate(points)
