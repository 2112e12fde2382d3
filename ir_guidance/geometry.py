# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Frames and transforms; ``a_from_b`` takes b's coordinates to a."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from ir_guidance.values import CarmGeometry, Matrix, ProbeGeometry, Vector

SIDE_BY_SIDE = 0.17  # sine of ten degrees: two views nearer to each other tell no depth


def transform(rotation: Matrix, translation_m: Vector) -> Matrix:
    """Return the 4x4 rigid transform of a 3x3 rotation and a translation in metres."""
    a_from_b = np.eye(4)
    a_from_b[:3, :3] = rotation
    a_from_b[:3, 3] = translation_m
    return a_from_b


def inverse(a_from_b: Matrix) -> Matrix:
    """Return ``b_from_a`` of a rigid 4x4 transform."""
    rotation = a_from_b[:3, :3].T
    return transform(rotation, -rotation @ a_from_b[:3, 3])


def small_motion(rotation_rad: Vector, translation_m: Vector) -> Matrix:
    """Return the 4x4 transform of a rotation vector and a translation: a calibration error, a drift."""
    return transform(Rotation.from_rotvec(rotation_rad).as_matrix(), translation_m)


def across_and_along(vector: Vector, direction: Vector) -> tuple[float, float]:
    """Return the length of a vector (3,) across a unit direction (3,), and its length along it."""
    along = float(vector @ direction)
    return float(np.linalg.norm(vector - along * direction)), abs(along)


def arc_points(start_m: Vector, direction: Vector, bend_per_m: Vector, along_m: Vector) -> Vector:
    """Return the points (..., 3) at lengths (...) along circular arcs; without a bend they are lines.

    ``direction`` (..., 3) is the unit direction at the start, ``bend_per_m`` (..., 3) is square to it, points to
    the arc's centre and is one over the radius long.
    """
    turn = (
        np.linalg.norm(bend_per_m, axis=-1) * along_m / np.pi
    )  # np.sinc is of pi times its argument
    ahead_m, aside_m2 = along_m * np.sinc(turn), 0.5 * (along_m * np.sinc(turn / 2)) ** 2
    points: Vector = start_m + ahead_m[..., None] * direction + aside_m2[..., None] * bend_per_m
    return points


def sigma_across_and_along(covariance: Matrix, direction: Vector) -> tuple[float, float]:
    """Return the largest standard deviation across a unit direction (3,) and that along it; covariance (3, 3)."""
    across = np.eye(3) - np.outer(direction, direction)
    largest = float(np.linalg.eigvalsh(across @ covariance @ across)[-1])
    return float(np.sqrt(max(largest, 0.0))), float(np.sqrt(direction @ covariance @ direction))


def nearest_to_rays(sources_m: tuple[Vector, Vector], rays: tuple[Vector, Vector]) -> Vector | None:
    """Return the point (3,) nearest to two rays, in metres; None where they run almost side by side.

    Each ray has a source (3,) and a unit direction (3,), in one frame. The point is the middle of the
    rays' common perpendicular (Hartley and Sturm, Triangulation, CVIU 68:146, 1997).
    """
    first, second = rays
    if float(np.linalg.norm(np.cross(first, second))) < SIDE_BY_SIDE:
        return None
    planes = [np.eye(3) - np.outer(ray, ray) for ray in rays]
    toward = [plane @ source for plane, source in zip(planes, sources_m, strict=True)]
    return np.asarray(np.linalg.solve(planes[0] + planes[1], toward[0] + toward[1]), np.float64)


def image_from_px(px: Vector, geometry: ProbeGeometry) -> Vector:
    """Return the point (3,) in metres in ``us_image_optical`` of a pixel (u, v)."""
    x = (px[0] - geometry.face_px[0]) * geometry.spacing_m[0]
    y = (px[1] - geometry.face_px[1]) * geometry.spacing_m[1]
    return np.array([x, y, 0.0])


def base_from_px(px: Vector, geometry: ProbeGeometry) -> Vector:
    """Return the point (3,) in metres in ``base_link`` of a pixel (u, v) of the image plane."""
    base = geometry.base_from_image
    point: Vector = base[:3, :3] @ image_from_px(px, geometry) + base[:3, 3]
    return point


def px_from_base(point_m: Vector, geometry: ProbeGeometry) -> tuple[Vector, float]:
    """Return the pixel (u, v) below a point in ``base_link`` and its distance out of the plane in metres."""
    base = geometry.base_from_image
    x, y, z = base[:3, :3].T @ (point_m - base[:3, 3])
    u = x / geometry.spacing_m[0] + geometry.face_px[0]
    v = y / geometry.spacing_m[1] + geometry.face_px[1]
    return np.array([u, v]), float(z)


BASE_FROM_PROBE_DOWN = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
"""Rotation of a probe that looks straight down: u along base x, depth along -z, out of the plane along y."""


def carm_axes(geometry: CarmGeometry) -> Matrix:
    """Return the view's unit axes (3, 3) in the isocentre's axes: rows u (right), v (down), towards the detector.

    At 0, 0 the detector is in front of the patient; LAO turns it to the patient's left, cranial to
    the head (DICOM PS3.3 C.8.7.5.1.2). The image is seen from the detector: left is on the right.
    """
    turn, tilt = geometry.primary_angle_rad, geometry.secondary_angle_rad
    sin_turn, cos_turn = np.sin(turn), np.cos(turn)
    sin_tilt, cos_tilt = np.sin(tilt), np.cos(tilt)
    return np.array(
        [
            [cos_turn, sin_turn, 0.0],
            [sin_turn * sin_tilt, -cos_turn * sin_tilt, -cos_tilt],
            [sin_turn * cos_tilt, -cos_turn * cos_tilt, sin_tilt],
        ]
    )


def source_from_isocentre(geometry: CarmGeometry) -> Vector:
    """Return the X-ray source (3,) in metres in the isocentre's axes."""
    source: Vector = -geometry.sid_m * carm_axes(geometry)[2]
    return source


def isocentre_px(geometry: CarmGeometry, shape: tuple[int, int]) -> Vector:
    """Return the pixel (u, v) of the ray through the isocentre in an image of (rows, columns)."""
    if geometry.centre_px is not None:
        return np.array(geometry.centre_px)
    return np.array([(shape[1] - 1) / 2, (shape[0] - 1) / 2])


def px_from_base_carm(point_m: Vector, geometry: CarmGeometry, shape: tuple[int, int]) -> Vector:
    """Return the pixels (..., 2), (u, v), where points (..., 3) in ``base_link`` are projected.

    ``shape`` is (rows, columns). The detector is flat and square to the ray through the isocentre.

    Raises:
        ValueError: It is not known where the C-arm stands, or a point is not in front of the source.
    """
    iso = inverse(_base_from_isocentre(geometry))
    rays = point_m @ iso[:3, :3].T + iso[:3, 3] - source_from_isocentre(geometry)
    across, down, along = np.moveaxis(rays @ carm_axes(geometry).T, -1, 0)
    if not (along > 0).all():
        raise ValueError("a point lies beside or behind the X-ray source: no pixel shows it")
    at_detector = np.stack([across, down], axis=-1) * (geometry.sdd_m / along)[..., None]
    px: Vector = at_detector / np.array(geometry.imager_spacing_m) + isocentre_px(geometry, shape)
    return px


def base_ray_from_px_carm(
    px: Vector, geometry: CarmGeometry, shape: tuple[int, int]
) -> tuple[Vector, Vector]:
    """Return the source (3,) in ``base_link`` and unit directions (..., 3) from it through pixels (..., 2).

    Raises:
        ValueError: It is not known where the C-arm stands.
    """
    base = _base_from_isocentre(geometry)
    at_detector = (px - isocentre_px(geometry, shape)) * np.array(geometry.imager_spacing_m)
    depth = np.full((*at_detector.shape[:-1], 1), geometry.sdd_m)
    rays = np.concatenate([at_detector, depth], axis=-1) @ carm_axes(geometry) @ base[:3, :3].T
    source: Vector = base[:3, :3] @ source_from_isocentre(geometry) + base[:3, 3]
    return source, rays / np.linalg.norm(rays, axis=-1, keepdims=True)


def carm_spacing_m(point_m: Vector, geometry: CarmGeometry) -> tuple[float, float]:
    """Return the pixel spacing (across, down) in the plane through a point (3,) in ``base_link``.

    Raises:
        ValueError: It is not known where the C-arm stands.
    """
    iso = inverse(_base_from_isocentre(geometry))
    offset = iso[:3, :3] @ point_m + iso[:3, 3]
    share = (geometry.sid_m + float(carm_axes(geometry)[2] @ offset)) / geometry.sdd_m
    return geometry.imager_spacing_m[0] * share, geometry.imager_spacing_m[1] * share


def _base_from_isocentre(geometry: CarmGeometry) -> Matrix:
    if geometry.base_from_isocentre is None:
        raise ValueError("it is not known where the C-arm stands: base_from_isocentre is missing")
    return geometry.base_from_isocentre
