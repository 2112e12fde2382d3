# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""How far paths keep from what must not be touched."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ir_guidance.plan.no_go import NoGo
from ir_guidance.plan.paths import Paths
from ir_guidance.plan.request import PlanRequest
from ir_guidance.values import Sphere

Array = NDArray[np.float64]
Index = NDArray[np.intp]

AT_ONCE = 64
"""Spheres whose distances from all arcs are worked out together."""
COARSE_M, FINE_M = 0.016, 0.0005
"""Longest pieces of a path that are looked at first, and those that are not divided any more."""
ENOUGH_M = 0.010
"""Beyond a centimetre more clearance is worth nothing, and from labelled structures is not worked out."""
NOTHING, MARKED = 0, 1


def names_of(request: PlanRequest) -> tuple[str, ...]:
    """Return what a path can be near to, in the order that ``clearances`` counts in."""
    return ("nothing", "a marked region", *(request.no_go.names if request.no_go else ()))


def clearances(paths: Paths, request: PlanRequest, least_m: float) -> tuple[Array, Index]:
    """Return each path's distance (n,) in metres to the nearest no-go surface, and what that is (n,).

    It is never too large, but where it is below ``least_m``: a path that is too near somewhere is not
    looked at any closer, and may elsewhere be nearer still.
    """
    found_m, what = np.full(len(paths), np.inf), np.full(len(paths), NOTHING)
    if request.obstacles:
        found_m, what = _from_spheres(paths, request.obstacles), np.full(len(paths), MARKED)
    still = np.flatnonzero(found_m >= least_m)
    if request.no_go is not None and len(still):
        field_m, number = _from_field(paths.only(still), request.no_go, least_m)
        nearer = field_m < found_m[still]
        found_m[still[nearer]], what[still[nearer]] = field_m[nearer], number[nearer] + MARKED + 1
    return found_m, what


def gaps(points_m: Array, request: PlanRequest) -> Array:
    """Return the distance (...) of points (..., 3) from the nearest no-go surface; inf where there is none."""
    least_m: Array = np.full(points_m.shape[:-1], np.inf)
    for sphere in request.obstacles:
        away_m = np.linalg.norm(points_m - np.array(sphere.centre_m), axis=-1) - sphere.radius_m
        least_m = np.minimum(least_m, away_m)
    if request.no_go is not None:
        least_m = np.minimum(least_m, request.no_go.at(points_m)[0])
    return least_m


def _from_field(paths: Paths, no_go: NoGo, least_m: float) -> tuple[Array, NDArray[np.uint8]]:
    """Return the distance (n,) from labelled structures, at most ``ENOUGH_M``, and from which.

    Between two points of a path, a way w apart, the distance is no less than half of what the distances at
    both exceed w by. Pieces that cannot hold a path's least distance are left, the others are halved.
    """
    count = int(np.ceil(float(paths.lengths_m.max()) / COARSE_M))
    shares = np.linspace(0, 1, count + 1)
    at_m, numbers = no_go.at(paths.at(shares))
    lowest, row = np.argmin(at_m, axis=1), np.arange(len(paths))
    found_m, what = np.minimum(at_m[row, lowest], ENOUGH_M), numbers[row, lowest]
    path, begin = np.repeat(row, count), np.tile(shares[:-1], len(paths))
    first_m, last_m, width = at_m[:, :-1].ravel(), at_m[:, 1:].ravel(), 1.0 / count
    while len(path):
        ways_m = width * paths.lengths_m[path]
        bound_m = 0.5 * (first_m + last_m - ways_m)
        open_ = (bound_m < found_m[path]) & (found_m[path] >= least_m)
        path, begin, first_m, last_m = path[open_], begin[open_], first_m[open_], last_m[open_]
        if width * paths.lengths_m.max() <= FINE_M:
            np.minimum.at(found_m, path, bound_m[open_])
            break
        width *= 0.5
        middle_m, number = no_go.at(paths.points(path, begin + width))
        np.minimum.at(found_m, path, middle_m)
        lowest = np.flatnonzero(middle_m == found_m[path])
        what[path[lowest]] = number[lowest]
        path, begin = np.tile(path, 2), np.concatenate([begin, begin + width])
        first_m, last_m = np.concatenate([first_m, middle_m]), np.concatenate([middle_m, last_m])
    return found_m, what


def _from_spheres(paths: Paths, spheres: tuple[Sphere, ...]) -> Array:
    """Return the exact distance (n,) from the nearest of some spheres' surfaces."""
    bent = np.any(paths.bends_per_m != 0, axis=1)
    found_m = np.empty(len(paths))
    found_m[~bent] = _from_lines(paths.only(~bent), spheres)
    found_m[bent] = _from_arcs(paths.only(bent), spheres)
    return found_m


def _from_lines(paths: Paths, spheres: tuple[Sphere, ...]) -> Array:
    found_m = np.full(len(paths), np.inf)
    for sphere in spheres:
        towards_m = np.array(sphere.centre_m) - paths.entries_m
        along_m = np.clip(np.sum(towards_m * paths.directions, axis=1), 0.0, paths.lengths_m)
        off_m = np.linalg.norm(towards_m - along_m[:, None] * paths.directions, axis=1)
        found_m = np.minimum(found_m, off_m - sphere.radius_m)
    return found_m


def _from_arcs(paths: Paths, spheres: tuple[Sphere, ...]) -> Array:
    """Return the same for arcs: beside an arc its circle is nearest, past its ends the nearer end is.

    A sphere's centre lies ``ahead_m`` along the direction at the skin, and ``out_m`` from the circle's centre
    towards the entry; seen from there the arc spans the angles from 0 to ``turns_rad``.
    """
    curvature = np.linalg.norm(paths.bends_per_m, axis=1)
    radii_m, turns_rad = 1 / curvature, curvature * paths.lengths_m
    inward = paths.bends_per_m * radii_m[:, None]
    centres_m = paths.entries_m + radii_m[:, None] * inward
    found_m = np.full(len(paths), np.inf)
    for first in range(0, len(spheres), AT_ONCE):
        some = spheres[first : first + AT_ONCE]
        points_m = np.array([sphere.centre_m for sphere in some])
        ahead_m = points_m @ paths.directions.T - np.sum(centres_m * paths.directions, axis=1)
        out_m = np.sum(centres_m * inward, axis=1) - points_m @ inward.T
        in_plane_m2 = ahead_m**2 + out_m**2
        aside_m2 = np.maximum(_squares(points_m, centres_m) - in_plane_m2, 0.0)
        circle_m2 = (np.sqrt(in_plane_m2) - radii_m) ** 2 + aside_m2
        ends_m2 = np.minimum(
            _squares(points_m, paths.entries_m), _squares(points_m, paths.targets_m)
        )
        angles_rad = np.arctan2(ahead_m, out_m)
        beside = (angles_rad >= 0) & (angles_rad <= turns_rad)
        off_m = np.sqrt(np.maximum(np.where(beside, circle_m2, ends_m2), 0.0))
        off_m -= np.array([[sphere.radius_m] for sphere in some])
        found_m = np.minimum(found_m, off_m.min(axis=0))
    return found_m


def _squares(points_m: Array, others_m: Array) -> Array:
    """Return the squared distances (m, n) between points (m, 3) and (n, 3); its rounding is under a nanometre's."""
    squares_m2: Array = np.sum(points_m**2, axis=1)[:, None] + np.sum(others_m**2, axis=1)
    squares_m2 -= 2 * points_m @ others_m.T
    return squares_m2
