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
from ir_guidance.geometry import carm_axes
from ir_guidance.room.xray.carm import CarmSettings
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


PLAIN = CarmSettings(collimator="open", log_chance=0.0, flatten=(0.0, 0.0))
"""A display that shows what it reads: seen_of() makes line integrals of it."""


def pictures(of, seed, settings=PLAIN):
    generator = np.random.default_rng(seed)
    return [beam.picture(generator, settings) for beam in of.beams()]


@pytest.fixture(scope="module")
def biplane():
    both = views(2)
    return both, [seen_of(picture) for picture in pictures(both, 0)]


def test_from_two_views_the_volume_comes_home(biplane):
    both, seen = biplane
    found = register(seen, both.line_integrals, START)
    assert target_errors_m(START, np.eye(4), TARGETS_M).mean() > 0.010
    assert target_errors_m(found.motion, np.eye(4), TARGETS_M).max() < 0.0015
    assert found.correlation > 0.9


@pytest.mark.parametrize("seed", [1, 2])
def test_from_one_view_it_comes_home_across_the_ray(seed):
    """Along the ray only the magnification tells, and of this small body hardly that."""
    one = views(1)
    seen = [seen_of(picture) for picture in pictures(one, seed)]
    off_m = register(seen, one.line_integrals, START).motion[:3, 3]
    ray = carm_axes(one.geometries[0])[2]
    assert np.linalg.norm(off_m - (off_m @ ray) * ray) < 0.0007


def test_a_display_that_took_the_log_is_told(biplane):
    both, _ = biplane
    shown = both.line_integrals(np.eye(4), SIDE_PX)
    grey = [(250 - 30 * picture).clip(1, 254).astype(np.uint8) for picture in shown]
    seen = [seen_of(picture, logarithmic=True) for picture in grey]
    found = register(seen, both.line_integrals, START)
    assert target_errors_m(found.motion, np.eye(4), TARGETS_M).max() < 0.0005


@pytest.mark.parametrize("seed", [3, 4])
def test_flattening_a_collimator_and_white_do_not_mislead(biplane, seed):
    both, _ = biplane
    settings = CarmSettings(log_chance=0.0, flatten=(0.4, 0.5), sharpen=(0.8, 1.2))
    seen = [seen_of(picture) for picture in pictures(both, seed, settings)]
    found = register(seen, both.line_integrals, START)
    assert target_errors_m(found.motion, np.eye(4), TARGETS_M).max() < 0.0015


def test_a_collimator_is_told_from_tissue_of_its_grey():
    picture = np.random.default_rng(0).normal(128, 8, (256, 256)).clip(1, 254).astype(np.uint8)
    picture[:40], picture[100:120, 200:] = 128, 255
    seen = seen_of(picture)
    assert not seen.uncovered[:38].any() and seen.uncovered[44:].all()
    assert not seen.unsaturated[100:120, 200:].any()


def test_an_image_that_shows_nothing_is_refused(biplane):
    both, _ = biplane
    with pytest.raises(CalibrationError, match="of an image shows tissue"):
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
