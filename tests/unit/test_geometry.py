# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Frames and transforms: there and back, and the conventions in words."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ir_guidance.geometry import (
    BASE_FROM_PROBE_DOWN,
    base_from_px,
    base_ray_from_px_carm,
    carm_axes,
    carm_spacing_m,
    image_from_px,
    inverse,
    isocentre_px,
    px_from_base,
    px_from_base_carm,
    small_motion,
    source_from_isocentre,
    transform,
)
from ir_guidance.values import CarmGeometry, ProbeGeometry


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


SHAPE = (512, 512)
DEGREE = np.pi / 180


def carm(primary: float = 0.0, secondary: float = 0.0, **values: object) -> CarmGeometry:
    plain = {"base_from_isocentre": np.eye(4)} | values
    return CarmGeometry(1.2, 0.8, primary * DEGREE, secondary * DEGREE, (0.0004, 0.0004), **plain)


def test_isocentre_is_seen_in_the_middle_or_where_the_header_says():
    assert px_from_base_carm(np.zeros(3), carm(30, -20), SHAPE) == pytest.approx([255.5, 255.5])
    assert isocentre_px(carm(), (480, 640)) == pytest.approx([319.5, 239.5])
    moved = carm(30, -20, centre_px=(100.0, 200.0))
    assert px_from_base_carm(np.zeros(3), moved, SHAPE) == pytest.approx([100, 200])


@pytest.mark.parametrize(
    ("angles", "point_m", "shift_px"),
    [
        ((0, 0), (0.01, 0, 0), (37.5, 0)),  # from the front, left is on the right,
        ((0, 0), (0, 0, 0.01), (0, -37.5)),  # and the head above
        ((90, 0), (0, 0.01, 0), (37.5, 0)),  # from the left, the back is on the right
        ((0, 90), (0, 0.01, 0), (0, -37.5)),  # from the head, the back is above
        ((-90, 0), (0, 0.01, 0), (-37.5, 0)),
    ],
)
def test_known_points_of_known_views_appear_where_they_should(angles, point_m, shift_px):
    px = px_from_base_carm(np.array(point_m), carm(*angles), SHAPE)
    assert px - 255.5 == pytest.approx(shift_px, abs=1e-9)


@pytest.mark.parametrize(
    ("angles", "source_m"),
    [((0, 0), (0, 0.8, 0)), ((90, 0), (-0.8, 0, 0)), ((0, 90), (0, 0, -0.8))],
)
def test_source_is_opposite_the_detector(angles, source_m):
    assert source_from_isocentre(carm(*angles)) == pytest.approx(source_m, abs=1e-12)


def test_what_lies_nearer_the_source_is_larger():
    near, far = (px_from_base_carm(np.array([0.01, y, 0]), carm(), SHAPE)[0] for y in (0.1, -0.1))
    assert near - 255.5 == pytest.approx(0.01 * 1.2 / 0.7 / 0.0004)
    assert far - 255.5 == pytest.approx(0.01 * 1.2 / 0.9 / 0.0004)
    assert carm_spacing_m(np.array([0, 0.1, 0]), carm())[0] == pytest.approx(0.0004 * 0.7 / 1.2)


@pytest.mark.parametrize("seed", range(4))
def test_ray_through_a_pixel_meets_the_point_seen_there(seed):
    generator = np.random.default_rng(seed)
    base = small_motion(generator.normal(0, 1, 3), generator.normal(0, 0.3, 3))
    view = carm(*generator.uniform(-60, 60, 2), base_from_isocentre=base, centre_px=(250.0, 260.0))
    points_m = base[:3, 3] + generator.uniform(-0.1, 0.1, (5, 3))
    source_m, rays = base_ray_from_px_carm(px_from_base_carm(points_m, view, SHAPE), view, SHAPE)
    assert np.linalg.norm(rays, axis=1) == pytest.approx(1)
    beside_m = np.cross(points_m - source_m, rays)
    assert np.abs(beside_m).max() < 1e-12
    assert ((points_m - source_m) * rays).sum(axis=1).min() > 0


def test_axes_of_a_view_are_square_and_seen_from_the_detector():
    axes = carm_axes(carm(37, -21))
    assert axes @ axes.T == pytest.approx(np.eye(3))
    assert np.cross(axes[0], axes[1]) == pytest.approx(-axes[2])


def test_point_behind_the_source_and_a_carm_of_unknown_place_are_refused():
    with pytest.raises(ValueError, match="behind the X-ray source"):
        px_from_base_carm(np.array([0, 0.9, 0]), carm(), SHAPE)
    with pytest.raises(ValueError, match="base_from_isocentre is missing"):
        px_from_base_carm(np.zeros(3), carm(base_from_isocentre=None), SHAPE)
