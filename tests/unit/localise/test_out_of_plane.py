# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The needle out of the plane: what sweeps tell is carried on as it advances, and what a pivot does to it."""

from __future__ import annotations

import numpy as np
import pytest

from ir_guidance.correct import CorrectSettings
from ir_guidance.kinematics import axis
from ir_guidance.localise import LocaliseSettings
from ir_guidance.localise.flex import flexed, pivot_shares
from ir_guidance.localise.needle import NeedleFilter
from ir_guidance.localise.out_of_plane import OutOfPlane
from ir_guidance.localise.sweep import PARTS_M, Elevation
from ir_guidance.values import GuidePose, Vector

NORMAL = np.array([0.0, 1.0, 0.0])
CHI2 = 18.4
KNOWN = np.zeros(3), np.diag([1e-8, 1e-6, 1e-8])
ENTRY_M = np.zeros(3)


def seen(offset_m: float, slope: float, sigma_m: float = 0.00013) -> tuple[Elevation, ...]:
    """Return what a sweep says of a straight needle at that offset and slope, part by part."""
    return tuple(Elevation(-(offset_m - slope * float(np.mean(part))), sigma_m) for part in PARTS_M)


def begun() -> OutOfPlane:
    return OutOfPlane(NORMAL, 0.0, 0.001, 0.0)


def state(out: OutOfPlane) -> tuple[float, float, float]:
    """Return offset, its sigma, and slope."""
    offset_m, covariance = out.placed(*KNOWN)
    bend, _ = out.turned(np.zeros(3), np.zeros((3, 3)))
    return float(offset_m[1]), float(np.sqrt(covariance[1, 1])), float(bend[1])


def test_a_sweep_tells_offset_and_slope():
    out = begun()
    before_m = state(out)[1]
    out.tell(seen(0.0006, 0.02), CHI2)
    offset_m, sigma_m, slope = state(out)
    assert offset_m == pytest.approx(0.0006, abs=0.0001)
    assert slope == pytest.approx(0.02, abs=0.01)
    assert sigma_m < 0.3 * before_m


def test_the_needle_goes_on_along_its_slope_and_grows_unsure():
    out = begun()
    out.tell(seen(0.0006, 0.02), CHI2)
    offset_m, sigma_m, slope = state(out)
    for _ in range(100):
        out.predict(0.0001, 1 / 30)
    later_m, later_sigma_m, _ = state(out)
    assert later_m == pytest.approx(offset_m + 0.010 * slope, abs=1e-9)
    assert 1.5 * sigma_m < later_sigma_m < 0.001


def test_a_second_sweep_corrects_the_slope_by_where_the_needle_went():
    out = begun()
    out.tell((seen(0.0, 0.0)[0], None), CHI2)
    for _ in range(100):
        out.predict(0.0001, 1 / 30)
    out.tell((seen(0.0003, 0.0)[0], None), CHI2)
    assert state(out)[2] > 0.01


def test_a_line_that_is_too_far_off_is_no_needle():
    out = begun()
    out.tell(seen(0.0, 0.0), CHI2)
    before = state(out)
    out.tell(seen(0.004, 0.0), CHI2)
    assert state(out) == before


def filtered() -> NeedleFilter:
    """Return the filter of a needle 40 mm in that a sweep has found."""
    needle = NeedleFilter(LocaliseSettings(), 1)
    needle.puncture(pose(0.04, 0.0))
    needle.tell(seen(0.0, 0.0), NORMAL)
    return needle


def sigma_m(needle: NeedleFilter) -> float:
    return float(np.sqrt(NORMAL @ needle.tip_covariance_m2 @ NORMAL))


@pytest.mark.parametrize("told", [(None, None), seen(0.02, 0.0)])
def test_a_sweep_that_does_not_find_the_needle_makes_what_was_known_of_it_doubtful(told):
    needle = filtered()
    enough_m = CorrectSettings().sweep_sigma_m
    assert sigma_m(needle) < enough_m
    needle.tell((), NORMAL)  # no sweep is over
    assert sigma_m(needle) < enough_m
    needle.tell(told, NORMAL)
    assert sigma_m(needle) > enough_m
    needle.tell(seen(0.0, 0.0), NORMAL)
    assert sigma_m(needle) < enough_m


def test_nothing_in_the_plane_is_touched():
    out = begun()
    out.tell(seen(0.0006, 0.02), CHI2)
    offset_m, covariance = out.placed(np.array([0.001, 0.002, -0.003]), np.diag([1e-8, 1e-6, 2e-8]))
    assert offset_m[[0, 2]] == pytest.approx([0.001, -0.003])
    assert covariance[[0, 2], [0, 2]] == pytest.approx([1e-8, 2e-8])
    assert np.linalg.eigvalsh(covariance)[0] > 0


def pose(insertion_m: float, yaw_rad: float) -> GuidePose:
    return GuidePose(ENTRY_M, axis(0.8, yaw_rad), insertion_m)


def test_a_rigid_needle_and_one_in_the_air_follow_the_guide():
    turned = pose(0.05, 0.02)
    for punctured, flex_m in ((None, 0.046), (axis(0.8, 0.0), 0.0)):
        tip_m, direction = flexed(turned, punctured, flex_m)
        np.testing.assert_allclose(tip_m, 0.05 * turned.direction)
        np.testing.assert_allclose(direction, turned.direction)


def test_a_needle_that_was_not_pivoted_is_straight():
    tip_m, direction = flexed(pose(0.06, 0.0), axis(0.8, 0.0), 0.046)
    np.testing.assert_allclose(tip_m, 0.06 * axis(0.8, 0.0))
    np.testing.assert_allclose(direction, axis(0.8, 0.0))


def tip_aside(insertion_m: float) -> Vector:
    return flexed(pose(insertion_m, 0.02), axis(0.8, 0.0), 0.046)[0]


@pytest.mark.parametrize("flex_m", [0.043, 0.046, 0.049])
def test_tissue_holds_a_needle_the_more_the_deeper_it_is(flex_m):
    shares = np.array([pivot_shares(0.005 * step, flex_m) for step in range(1, 14)])
    assert (np.diff(shares, axis=0)[:, :2] < 0).all()
    assert (shares[:, 0] > shares[:, 1]).all() and (shares[1:, 1] > shares[1:, 2]).all()
    assert shares[0] == pytest.approx([1.0, 1.0, 1.0], abs=0.01)
    assert abs(tip_aside(0.06)[1]) < 0.06 * 0.02
