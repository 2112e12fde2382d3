# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Biplane triangulation: a point seen by two C-arm views or more, in metres in ``base_link``, with covariance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ir_guidance.calibrate import CalibrationError
from ir_guidance.geometry import (
    base_ray_from_px_carm,
    carm_axes,
    inverse,
    px_from_base_carm,
    source_from_isocentre,
)
from ir_guidance.values import CarmGeometry, Matrix, Vector

LEAST_ANGLE_RAD = np.radians(10.0)
ROUNDS = 10
SETTLED_M = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """A pixel (u, v) of one view with its covariance (2, 2) in px^2; ``shape`` is (rows, columns) of the image."""

    px: Vector
    covariance_px2: Matrix
    geometry: CarmGeometry
    shape: tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Triangulated:
    """A point (3,) in metres and its covariance (3, 3); ``chi2`` weighs the residual, by 2 n - 3 degrees of freedom."""

    point_m: Vector
    covariance_m2: Matrix
    chi2: float
    residual_px: Matrix


def triangulate(sightings: Sequence[Sighting]) -> Triangulated:
    """Return the point that fits the pixels best, each weighed by its covariance: the maximum likelihood.

    Gauss-Newton on the reprojection error from the rays' nearest point (Hartley and Zisserman,
    Multiple View Geometry, 2nd ed., 12.5 and 5.2.3 for the covariance).

    Raises:
        CalibrationError: There are fewer than two views, or they look along nearly one line.
    """
    if len(sightings) < 2:
        raise CalibrationError(f"{len(sightings)} view sees the point; two are needed")
    rays = [base_ray_from_px_carm(each.px, each.geometry, each.shape) for each in sightings]
    directions = np.stack([direction for _, direction in rays])
    _check_angle(directions)
    weights = [np.linalg.inv(each.covariance_px2) for each in sightings]
    point_m = _nearest_m(np.stack([source for source, _ in rays]), directions)
    for _ in range(ROUNDS):
        residual, slopes = _residuals(sightings, point_m)
        information = sum(
            (slope.T @ weight @ slope for slope, weight in zip(slopes, weights, strict=True)),
            start=np.zeros((3, 3)),
        )
        pull = sum(
            (s.T @ w @ r for s, w, r in zip(slopes, weights, residual, strict=True)),
            start=np.zeros(3),
        )
        step_m = np.linalg.solve(information, pull)
        point_m = point_m + step_m
        if float(np.linalg.norm(step_m)) < SETTLED_M:
            break
    residual, _ = _residuals(sightings, point_m)
    chi2 = sum(float(r @ w @ r) for r, w in zip(residual, weights, strict=True))
    return Triangulated(point_m, np.linalg.inv(information), chi2, residual)


def nees(found: Triangulated, true_m: Vector) -> float:
    """Return the squared error of the point over its covariance: 3 on average where the covariance is honest."""
    off = found.point_m - true_m
    return float(off @ np.linalg.solve(found.covariance_m2, off))


def _residuals(sightings: Sequence[Sighting], point_m: Vector) -> tuple[Matrix, Matrix]:
    """Return seen minus predicted pixels (n, 2), and the slopes (n, 2, 3) of the predicted in px/m."""
    residual = np.stack(
        [each.px - px_from_base_carm(point_m, each.geometry, each.shape) for each in sightings]
    )
    return residual, np.stack([_slope_px_m(point_m, each.geometry) for each in sightings])


def _slope_px_m(point_m: Vector, geometry: CarmGeometry) -> Matrix:
    """Return how the pixel moves with the point (2, 3): the derivative of the pinhole projection."""
    if geometry.base_from_isocentre is None:
        raise ValueError("it is not known where the C-arm stands: base_from_isocentre is missing")
    iso = inverse(geometry.base_from_isocentre)
    turn = carm_axes(geometry) @ iso[:3, :3]
    across, down, along = turn @ point_m + carm_axes(geometry) @ (
        iso[:3, 3] - source_from_isocentre(geometry)
    )
    scale = geometry.sdd_m / along / np.array(geometry.imager_spacing_m)
    lateral = np.array([across, down]) / along
    slope: Matrix = scale[:, None] * (turn[:2] - lateral[:, None] * turn[2])
    return slope


def _nearest_m(sources_m: Matrix, directions: Matrix) -> Vector:
    """Return the point (3,) with the least squared distance from all rays (n, 3)."""
    across = np.eye(3) - directions[:, :, None] * directions[:, None, :]
    nearest: Vector = np.linalg.solve(across.sum(axis=0), np.einsum("nij,nj->i", across, sources_m))
    return nearest


def _check_angle(directions: Matrix) -> None:
    cosines = np.abs(directions @ directions.T)
    angle = float(np.arccos(np.clip(cosines.min(), -1.0, 1.0)))
    if angle < LEAST_ANGLE_RAD:
        raise CalibrationError(
            f"the views are {np.degrees(angle):.1f} degrees apart, {np.degrees(LEAST_ANGLE_RAD):.0f} are needed; "
            "turn the C-arm"
        )
