# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""How far paths keep from what must not be touched."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ir_guidance.plan.no_go import NoGo
from ir_guidance.plan.paths import Paths
from ir_guidance.plan.request import PlanRequest

Array = NDArray[np.float64]

CHORDS = 16
"""Lines that stand for an arc when its distance from spheres is worked out."""
COARSE_M, FINE_M = 0.004, 0.0005
"""Distance of points along a path at which the field of distances is read: at first, and where that was free."""
MARKED = "a marked region"


def clearances(
    paths: Paths, request: PlanRequest, enough_m: float
) -> tuple[Array, NDArray[np.str_]]:
    """Return each path's distance (n,) in metres to the nearest no-go surface, and what that is (n,).

    It is never too large, but where it is below ``enough_m``: a path that is too near somewhere is not
    looked at any closer, and may elsewhere be nearer still.
    """
    least_m, what = np.full(len(paths), np.inf), np.full(len(paths), "nothing", dtype="U64")
    if request.obstacles:
        least_m, what = _from_spheres(paths, request), np.full(len(paths), MARKED, dtype="U64")
    if request.no_go is None or not len(paths):
        return least_m, what
    names = np.array(request.no_go.names, dtype="U64")
    for step_m in (COARSE_M, FINE_M):
        still = np.flatnonzero(least_m >= enough_m)
        if not len(still):
            break
        found_m, number = _from_field(paths.only(still), request.no_go, step_m)
        if step_m == FINE_M:
            found_m -= (
                0.5 * FINE_M
            )  # half way between two points it can be nearer by half their distance
        nearer = found_m < least_m[still]
        least_m[still[nearer]], what[still[nearer]] = found_m[nearer], names[number[nearer]]
    return least_m, what


def gaps(points_m: Array, request: PlanRequest) -> Array:
    """Return the distance (...) of points (..., 3) from the nearest no-go surface; inf where there is none."""
    least_m: Array = np.full(points_m.shape[:-1], np.inf)
    for sphere in request.obstacles:
        away_m = np.linalg.norm(points_m - np.array(sphere.centre_m), axis=-1) - sphere.radius_m
        least_m = np.minimum(least_m, away_m)
    if request.no_go is not None:
        least_m = np.minimum(least_m, request.no_go.at(points_m)[0])
    return least_m


def _from_field(paths: Paths, no_go: NoGo, step_m: float) -> tuple[Array, NDArray[np.uint8]]:
    """Return the least distance (n,) from labelled structures at points no further apart than a step, and which."""
    count = int(np.ceil(float(paths.lengths_m.max()) / step_m)) + 1
    distance_m, number = no_go.at(paths.at(np.linspace(0, 1, count)))
    lowest, row = np.argmin(distance_m, axis=1), np.arange(len(paths))
    return distance_m[row, lowest], number[row, lowest]


def _from_spheres(paths: Paths, request: PlanRequest) -> Array:
    """Return the least distance (n,) from the spheres: exact from lines, from arcs less their sagitta."""
    curvature = np.linalg.norm(paths.bends_per_m, axis=1)
    count = CHORDS if curvature.any() else 1
    corners_m = paths.at(np.linspace(0, 1, count + 1))
    starts_m, chords_m = corners_m[:, :-1], np.diff(corners_m, axis=1)
    squares = np.sum(chords_m * chords_m, axis=2)
    least_m = np.full(len(paths), np.inf)
    for sphere in request.obstacles:
        towards_m = np.array(sphere.centre_m) - starts_m
        share = np.clip(np.sum(towards_m * chords_m, axis=2) / squares, 0.0, 1.0)
        away_m = np.linalg.norm(towards_m - share[..., None] * chords_m, axis=2).min(axis=1)
        least_m = np.minimum(least_m, away_m - sphere.radius_m)
    sagitta_m: Array = curvature * (paths.lengths_m / count) ** 2 / 8
    return least_m - sagitta_m
