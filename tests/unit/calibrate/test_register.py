# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Registration of a volume whose place is known: home from afar, and refusals."""

from dataclasses import replace

import numpy as np
import pytest

from calibration_cases import ct_body
from ir_guidance.calibrate import CalibrationError
from ir_guidance.calibrate.register import (
    capture_range_m,
    moved_about_isocentre,
    register,
    seen_of,
    target_errors_m,
)
from ir_guidance.room.xray.ct_views import CtViews, coarser
from ir_guidance.values import CarmGeometry

SIDE_PX = 256
TARGETS_M = np.stack(np.meshgrid(*[np.array([-0.03, 0.03])] * 3), axis=-1).reshape(-1, 3)
START = moved_about_isocentre(np.array([0.004, -0.006, 0.005, 0.006, -0.005, 0.007]))


def views(count):
    spacing_m = 0.2 / SIDE_PX
    geometries = [
        CarmGeometry(1.05, 0.72, primary, 0.05, (spacing_m, spacing_m)) for primary in (0.8, -0.6)
    ]
    return CtViews(ct_body(), np.zeros(3), geometries[:count], SIDE_PX)


@pytest.fixture(scope="module")
def biplane():
    both = views(2)
    return both, [seen_of(picture) for picture in both.pictures(np.random.default_rng(0))]


def test_from_two_views_the_volume_comes_home(biplane):
    both, seen = biplane
    found = register(seen, both.line_integrals, START)
    assert target_errors_m(START, np.eye(4), TARGETS_M).mean() > 0.010
    assert target_errors_m(found.motion, np.eye(4), TARGETS_M).max() < 0.0005
    assert found.correlation > 0.9


def test_from_one_view_it_comes_home_across_the_ray():
    one = views(1)
    seen = [seen_of(picture) for picture in one.pictures(np.random.default_rng(1))]
    off_m = register(seen, one.line_integrals, START).motion[:3, 3]
    ray = np.array([np.sin(0.8), -np.cos(0.8), 0.05])
    ray /= np.linalg.norm(ray)
    along_m = off_m @ ray
    assert np.linalg.norm(off_m - along_m * ray) < 0.0005
    assert abs(along_m) < 0.010  # what little a wrong magnification changes


def test_a_display_that_took_the_log_is_told(biplane):
    both, _ = biplane
    pictures = both.line_integrals(np.eye(4), SIDE_PX)
    grey = [(250 - 30 * picture).clip(1, 254).astype(np.uint8) for picture in pictures]
    seen = [seen_of(picture, logarithmic=True) for picture in grey]
    found = register(seen, both.line_integrals, START)
    assert target_errors_m(found.motion, np.eye(4), TARGETS_M).max() < 0.0005


def test_white_and_collimated_parts_do_not_mislead(biplane):
    both, _ = biplane
    pictures = both.pictures(np.random.default_rng(2))
    for picture in pictures:
        picture[:40], picture[:, -30:] = 0, 0
        picture[picture > 200] = 255
    found = register([seen_of(picture) for picture in pictures], both.line_integrals, START)
    assert target_errors_m(found.motion, np.eye(4), TARGETS_M).max() < 0.001


def test_an_image_that_shows_nothing_is_refused(biplane):
    both, _ = biplane
    with pytest.raises(CalibrationError, match="neither black nor white"):
        register([seen_of(np.full((256, 256), 9, np.uint8))] * 2, both.line_integrals, START)


def test_a_motion_moves_the_views_as_it_says():
    """A shift along u of 5 mm at the isocentre is 5 mm times the magnification at the detector."""
    hounsfield = np.full((64, 64, 64), -1000.0, np.float32)
    hounsfield[28:36, 28:36, 28:36] = 800
    ball = replace(views(1), ct=replace(ct_body(), hounsfield=hounsfield))
    u = np.array([np.cos(0.8), np.sin(0.8), 0.0])
    motions = (moved_about_isocentre(np.array([0, 0, 0, *(0.005 * u)])), np.eye(4))
    images = [ball.line_integrals(motion, 128)[0] for motion in motions]
    shifted, plain = (float((i.sum(axis=0) @ np.arange(128)) / i.sum()) for i in images)
    assert shifted - plain == pytest.approx(0.005 * 1.05 / 0.72 / (0.2 / 128), rel=0.01)


def test_a_coarser_ct_is_the_same_body_in_the_same_place():
    fine = ct_body()
    coarse = coarser(fine, 0.006)
    assert coarse.hounsfield.shape == (32, 32, 32)
    masses = []
    for each in (fine, coarse):
        weight = each.hounsfield + 1000
        index = np.stack(np.indices(weight.shape)).reshape(3, -1)
        at_m = each.lps_from_index[:3, :3] @ index + each.lps_from_index[:3, 3:]
        masses.append((at_m * weight.ravel()).sum(axis=1) / weight.sum())
    np.testing.assert_allclose(masses[1], masses[0], atol=1e-6)


@pytest.mark.parametrize(
    ("errors_mm", "expected_mm"),
    [((1, 1, 1, 1), 20.0), ((1, 1, 9, 1), 10.0), ((9, 1, 1, 1), 0.0)],
)
def test_capture_range_ends_at_the_first_bin_that_fails(errors_mm, expected_mm):
    starts_m = np.array([2.5, 7.5, 12.5, 17.5]) / 1e3
    reached_m = capture_range_m(starts_m, np.array(errors_mm) / 1e3, success_m=0.002)
    assert reached_m * 1e3 == pytest.approx(expected_mm)
