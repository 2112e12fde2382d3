# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""How an image shows a point in space, made by a probe or a C-arm: where, and what of it not at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ir_guidance.geometry import (
    base_ray_from_px_carm,
    carm_axes,
    carm_spacing_m,
    px_from_base,
    px_from_base_carm,
)
from ir_guidance.values import CarmGeometry, Matrix, ProbeGeometry, Vector

ImageGeometry = ProbeGeometry | CarmGeometry
Size = tuple[int, int]
"""Of an image: (u, v)."""


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A point in an image, and how small displacements of it show; metres, ``base_link``.

    Attributes:
        px: (u, v) of the point.
        across: (2, 3); takes a displacement to what shows of it, along u and v at the point's depth.
        unseen: (3,) unit vector of which nothing shows, out of the plane or along the ray; u turns to v about it.
        spacing_m: Of pixels at the point's depth (across, down).
        off_plane_m: How far out of the image's plane it lies; None for X-rays, which have none.
        slice_sigma_m: What is seen at all lies so near that plane; None for X-rays.
    """

    px: Vector
    across: Matrix
    unseen: Vector
    spacing_m: tuple[float, float]
    off_plane_m: float | None = None
    slice_sigma_m: float | None = None


def shown(point_m: Vector, geometry: ImageGeometry, size: Size) -> Shown:
    """Return how an image shows a point (3,).

    Raises:
        ValueError: It is not known where the C-arm stands, or the point is not in front of its source.
    """
    if isinstance(geometry, ProbeGeometry):
        px, off_m = px_from_base(point_m, geometry)
        axes = geometry.base_from_image[:3, :3].T
        spacing_m, sigma_m = geometry.spacing_m, geometry.slice_sigma_m
        return Shown(px, axes[:2], axes[2], spacing_m, off_m, sigma_m)
    px = px_from_base_carm(point_m, geometry, size[::-1])
    _, ray = base_ray_from_px_carm(px, geometry, size[::-1])
    axes = _detector_axes(geometry)
    # A displacement is seen as its shadow on the plane through the point that is parallel to the detector.
    across = axes[:2] - np.outer(axes[:2] @ ray, axes[2]) / (axes[2] @ ray)
    return Shown(px, across, -ray, carm_spacing_m(point_m, geometry))


def can_show(point_m: Vector, geometry: ImageGeometry) -> bool:
    """Return whether such an image can show a point (3,): by X-rays one between source and detector."""
    if isinstance(geometry, ProbeGeometry):
        return True
    if geometry.base_from_isocentre is None:
        return False
    off_m = point_m - geometry.base_from_isocentre[:3, 3]
    return bool(0 < geometry.sid_m + _detector_axes(geometry)[2] @ off_m < geometry.sdd_m)


def _detector_axes(geometry: CarmGeometry) -> Matrix:
    """Return u, v and the way to the detector as rows (3, 3) in ``base_link``."""
    assert geometry.base_from_isocentre is not None
    axes: Matrix = carm_axes(geometry) @ geometry.base_from_isocentre[:3, :3].T
    return axes
