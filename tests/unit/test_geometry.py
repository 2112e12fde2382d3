# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Frames and transforms: there and back, and the conventions in words."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ir_guidance.geometry import (
    BASE_FROM_PROBE_DOWN,
    base_from_px,
    image_from_px,
    inverse,
    px_from_base,
    small_motion,
    transform,
)
from ir_guidance.values import ProbeGeometry


def geometry(seed: int) -> ProbeGeometry:
    generator = np.random.default_rng(seed)
    return ProbeGeometry(
        spacing_m=(1.1e-4, 1.4e-4),
        face_px=(250.0, 12.0),
        base_from_image=transform(
            Rotation.random(random_state=seed).as_matrix(), generator.normal(0, 0.1, 3)
        ),
    )


@pytest.mark.parametrize("seed", range(5))
def test_inverse_undoes_a_transform(seed):
    a_from_b = geometry(seed).base_from_image
    np.testing.assert_allclose(inverse(a_from_b) @ a_from_b, np.eye(4), atol=1e-12)
    np.testing.assert_allclose(inverse(a_from_b), np.linalg.inv(a_from_b), atol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_pixel_goes_to_the_base_and_comes_back(seed):
    px = np.array([301.5, 77.25])
    back, out_m = px_from_base(base_from_px(px, geometry(seed)), geometry(seed))
    np.testing.assert_allclose(back, px, atol=1e-9)
    assert out_m == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("out_m", [-0.003, 0.0, 0.004])
def test_distance_out_of_the_plane_is_signed_along_its_normal(out_m):
    probe = geometry(2)
    px = np.array([10.0, 20.0])
    point_m = base_from_px(px, probe) + out_m * probe.base_from_image[:3, 2]
    below, distance_m = px_from_base(point_m, probe)
    np.testing.assert_allclose(below, px, atol=1e-9)
    assert distance_m == pytest.approx(out_m)


def test_image_has_its_origin_on_the_face_with_x_along_it_and_y_into_depth():
    probe = geometry(0)
    np.testing.assert_allclose(image_from_px(np.array([250.0, 12.0]), probe), np.zeros(3))
    np.testing.assert_allclose(image_from_px(np.array([260.0, 32.0]), probe), [1.1e-3, 2.8e-3, 0])


def test_probe_that_looks_down_sees_depth_along_minus_z():
    np.testing.assert_array_equal(BASE_FROM_PROBE_DOWN @ [1, 0, 0], [1, 0, 0])
    np.testing.assert_array_equal(BASE_FROM_PROBE_DOWN @ [0, 1, 0], [0, 0, -1])
    assert np.linalg.det(BASE_FROM_PROBE_DOWN) == pytest.approx(1.0)


def test_small_motion_turns_and_shifts():
    moved = small_motion(np.array([0.0, 0.0, np.pi / 2]), np.array([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(moved @ [1, 0, 0, 1], [1, 3, 3, 1], atol=1e-12)
