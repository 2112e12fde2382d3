# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Frames and transforms; ``a_from_b`` takes b's coordinates to a."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from ir_guidance.values import Matrix, ProbeGeometry, Vector


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
