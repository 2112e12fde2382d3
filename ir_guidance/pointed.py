# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What an operator points at in images: where marked regions lie, and whether a pointed target can be the one meant."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ir_guidance.geometry import base_from_px, base_ray_from_px_carm, nearest_to_rays
from ir_guidance.localise import Place, can_show, shown
from ir_guidance.values import CarmGeometry, Frame, ProbeGeometry, Sphere, Vector

Mark = tuple[float, float, float]
LARGEST_BREATH_M = 0.010


def marked(marks_px: Iterable[Mark], geometry: ProbeGeometry) -> tuple[Sphere, ...]:
    """Return no-go regions from circles (u, v, radius) marked in an ultrasound image, in pixels."""
    spheres = []
    for u, v, radius_px in marks_px:
        x, y, z = base_from_px(np.array([u, v]), geometry).tolist()
        spheres.append(Sphere((x, y, z), radius_px * geometry.spacing_m[0]))
    return tuple(spheres)


def misplaced_m(px: Vector, place: Place, frame: Frame) -> float:
    """Return how far off the place of a target the ray through a pixel (u, v) passes, beyond what is likely.

    Likely are three sigma, and a breath; more means another target, or a CT that is not registered.
    0 where the image's geometry does not say.
    """
    geometry = frame.geometry
    if not isinstance(geometry, CarmGeometry) or not can_show(place.point_m, geometry):
        return 0.0
    rows, columns = frame.pixels.shape[:2]
    view = shown(place.point_m, geometry, (columns, rows))
    off_m = float(np.linalg.norm((px - view.px) * view.spacing_m))
    return max(0.0, off_m - 3 * place.sigma_m - LARGEST_BREATH_M)


def rays_apart_m(px: Vector, frame: Frame, second_px: Vector, second: Frame) -> float:
    """Return how far two rays pass each other, through a pixel (u, v) of either view, beyond a breath.

    More than 0 means that two different things were pointed at; infinite where the views tell no depth.
    """
    rays = []
    for at_px, image in ((px, frame), (second_px, second)):
        if (
            not isinstance(image.geometry, CarmGeometry)
            or image.geometry.base_from_isocentre is None
        ):
            return float("inf")
        rows, columns = image.pixels.shape[:2]
        rays.append(base_ray_from_px_carm(at_px, image.geometry, (rows, columns)))
    (source_m, ray), (other_m, other) = rays
    point_m = nearest_to_rays((source_m, other_m), (ray, other))
    if point_m is None:
        return float("inf")
    off_m = point_m - source_m
    return max(0.0, 2 * float(np.linalg.norm(off_m - (off_m @ ray) * ray)) - LARGEST_BREATH_M)
