# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What must not be touched, as a field of distances to the labelled voxels of a volume."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ir_guidance.values import Matrix, Vector

Array = NDArray[np.float64]
Box = tuple[Vector, Vector]

REACH_M = 0.015
"""Distances are worked out up to this; what lies further off is said to lie this far."""


class NoGoError(ValueError):
    """Labels or a mesh that cannot be kept clear of; the message is one line: what, and why."""


@dataclass(frozen=True, slots=True, eq=False)
class NoGo:
    """Signed distance to the nearest structure on a grid, positive outside, and which structure that is.

    ``distance_m`` (i, j, k) is at the voxels' centres, ``nearest`` (i, j, k) counts in ``names``;
    ``base_from_index`` is 4x4, with axes square to each other. No distance is larger than the true one.
    ``digest`` names all of this; a plan carries it, so that consent binds to the anatomy too.
    """

    distance_m: NDArray[np.float32]
    nearest: NDArray[np.uint8]
    base_from_index: Matrix
    names: tuple[str, ...]
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        """Work out the digest, and let nobody change what it names.

        Raises:
            NoGoError: The arrays do not fit each other, or the volume is sheared.
        """
        if self.distance_m.ndim != 3 or self.nearest.shape != self.distance_m.shape:
            raise NoGoError(
                f"distances {self.distance_m.shape}, nearest {self.nearest.shape}: not one volume"
            )
        if not np.isfinite(self.distance_m).all():
            raise NoGoError("a distance is not finite")
        if int(self.nearest.max()) >= len(self.names):
            raise NoGoError(
                f"structure {int(self.nearest.max())} has no name among {len(self.names)}"
            )
        spacing_of(self.base_from_index)
        digest = hashlib.sha256(repr((self.names, self.distance_m.shape)).encode())
        for array in (self.distance_m, self.nearest, self.base_from_index):
            array.setflags(write=False)
            digest.update(np.ascontiguousarray(array).data)
        object.__setattr__(self, "digest", digest.hexdigest())

    def at(self, points_m: Array) -> tuple[Array, NDArray[np.uint8]]:
        """Return the distance (...) at points (..., 3) in ``base_link``, never too large, and which structure.

        A distance cannot grow faster than one goes, so the nearest voxel's less the way there is safe;
        so also what lies outside of the volume counts as nearer and nearer, for nobody knows what is there.
        """
        index_from_base = np.linalg.inv(self.base_from_index)
        index = points_m @ index_from_base[:3, :3].T + index_from_base[:3, 3]
        near = np.rint(np.clip(index, 0, np.array(self.distance_m.shape) - 1))
        way_m = (index - near) * spacing_of(self.base_from_index)
        _, rows, columns = self.distance_m.shape
        voxel = (near @ np.array([rows * columns, columns, 1.0])).astype(np.intp)
        distance_m = self.distance_m.ravel()[voxel] - np.sqrt(np.einsum("...i,...i", way_m, way_m))
        return distance_m, self.nearest.ravel()[voxel]


def spacing_of(base_from_index: Matrix) -> Vector:
    """Return the distance (3,) between voxels along each axis.

    Raises:
        NoGoError: The axes are not square to each other, or a number is not finite.
    """
    axes = base_from_index[:3, :3]
    spacing_m: Vector = np.linalg.norm(axes, axis=0)
    if not np.isfinite(base_from_index).all() or not (spacing_m > 0).all():
        raise NoGoError(
            "base_from_index holds a number that is not finite, or an axis of no length"
        )
    units = axes / spacing_m
    if not np.allclose(units.T @ units, np.eye(3), atol=1e-4):
        raise NoGoError(
            "base_from_index is sheared: resample the volume to axes square to each other"
        )
    return spacing_m


def no_go_from_labels(
    labels: NDArray[np.integer],
    base_from_index: Matrix,
    names: Mapping[int, str],
    box_m: Box | None = None,
) -> NoGo:
    """Return the distance to the voxels that carry certain labels, each voxel taken as a whole box.

    Args:
        labels: What each voxel (i, j, k) is.
        base_from_index: 4x4, from the voxels' centres to metres in ``base_link``.
        names: The labels to keep clear of, and what to call them.
        box_m: Lowest and highest corner (3,) in ``base_link`` of the part that paths may use; what lies
            outside of it still counts. None: all of the volume.

    Raises:
        NoGoError: A label is not in the volume, there are none or too many, or the box misses the volume.
    """
    if not 0 < len(names) <= 255:
        raise NoGoError(f"{len(names)} structures: between 1 and 255 can be kept clear of")
    spacing_m = spacing_of(base_from_index)
    table = _numbered(labels, names)
    inner, outer = _parts(labels.shape, base_from_index, spacing_m, box_m)
    finer = np.maximum(np.floor(spacing_m / spacing_m.min() + 1e-6), 1).astype(int)
    numbers = table[labels[outer]]
    for axis, times in enumerate(finer):
        numbers = np.repeat(numbers, times, axis=axis)
    half_m = 0.5 * float(np.linalg.norm(spacing_m / finer))  # from a voxel's centre to its corner
    distance_m, nearest = distances(numbers, spacing_m / finer, half_m)
    kept = tuple(
        slice((i.start - o.start) * n, (i.stop - o.start) * n)
        for i, o, n in zip(inner, outer, finer, strict=True)
    )
    start = np.array([part.start for part in inner])
    index_from_finer = np.diag([*(1.0 / finer), 1.0])
    index_from_finer[:3, 3] = start + 0.5 / finer - 0.5
    return NoGo(
        np.ascontiguousarray(distance_m[kept]),
        np.ascontiguousarray(nearest[kept]),
        base_from_index @ index_from_finer,
        tuple(names.values()),
    )


def _numbered(labels: NDArray[np.integer], names: Mapping[int, str]) -> NDArray[np.uint8]:
    """Return a table from labels to 1, 2, ... in the order of the names, 0 for all others."""
    if labels.ndim != 3 or labels.size == 0 or int(labels.min()) < 0:
        raise NoGoError(f"labels of shape {labels.shape}: expected a volume of numbers from 0 up")
    counts = np.bincount(labels.ravel())
    missing = [
        name for label, name in names.items() if not (0 < label < len(counts) and counts[label])
    ]
    if missing:
        raise NoGoError(f"not in the volume, so they cannot be kept clear of: {', '.join(missing)}")
    table = np.zeros(len(counts), np.uint8)
    table[list(names)] = np.arange(1, len(names) + 1)
    return table


def _parts(
    shape: tuple[int, ...], base_from_index: Matrix, spacing_m: Vector, box_m: Box | None
) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Return the voxels of a box, and those from which a structure could reach into it."""
    whole = tuple(slice(0, size) for size in shape)
    if box_m is None:
        return whole, whole
    corners = np.array(np.meshgrid(*zip(*box_m, strict=True))).reshape(3, 8)
    index_from_base = np.linalg.inv(base_from_index)
    index = index_from_base[:3, :3] @ corners + index_from_base[:3, 3:]
    found = []
    for spare in (np.zeros(3), np.ceil(REACH_M / spacing_m) + 1):
        low = np.maximum(np.floor(index.min(axis=1)) - spare, 0).astype(int)
        high = np.minimum(np.ceil(index.max(axis=1)) + spare + 1, shape).astype(int)
        if (low >= high).any():
            raise NoGoError("the box lies outside of the volume")
        found.append(tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True)))
    return found[0], found[1]


def distances(
    numbers: NDArray[np.uint8], spacing_m: Vector, slack_m: float
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Return the signed distance (i, j, k) to numbered voxels, and which number less one is nearest.

    ``slack_m`` is how far from a voxel's centre what it stands for may reach.
    """
    free = numbers == 0
    if free.all():
        return np.full(numbers.shape, REACH_M, np.float32), np.zeros(numbers.shape, np.uint8)
    outside_m, place = ndimage.distance_transform_edt(free, sampling=spacing_m, return_indices=True)
    nearest = numbers[tuple(place)] - np.uint8(1)
    inside_m = ndimage.distance_transform_edt(~free, sampling=spacing_m)
    distance_m = np.minimum(outside_m - inside_m - slack_m, REACH_M)
    return distance_m.astype(np.float32), nearest
