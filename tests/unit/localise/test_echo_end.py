# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Where an echo ends along the shaft: the robot is believed before it, and nothing across the shaft tells of it."""

from __future__ import annotations

import numpy as np
import pytest

from ir_guidance.geometry import px_from_base
from ir_guidance.kinematics import guide_pose, straight_tip
from ir_guidance.localise import Localiser, LocaliseSettings
from ir_guidance.localise.echo_end import growth, told_apart, way_in
from ir_guidance.profiles import load_profile
from ir_guidance.values import NS_PER_S, NeedleTrack, RobotState, Track, Vector
from under_probe import FRAME_NS, GEOMETRY, SPACING_M

APART = load_profile("vascular_access").localise
TOGETHER = load_profile("biopsy").localise
SURE_M, UNSURE_M = 0.0003, 0.0009


class Insertion:
    """A needle that lies where the joints have it, and images that show its echo to end elsewhere."""

    def __init__(self, settings: LocaliseSettings) -> None:
        self._localiser, self._frames = Localiser(settings), 0

    def along_m(
        self,
        insertion_m: float,
        ends_m: float,
        sigma_m: float,
        aside_m: float = 0.0,
        turned_rad: float = 0.0,
    ) -> float:
        """Return how far beyond the joints' word the tip is taken to be after one image.

        ``ends_m`` is how far beyond it the echo ends, known to ``sigma_m``; ``aside_m`` how far the needle is bent
        aside, and ``turned_rad`` how far its end is turned by that.
        """
        self._frames += 1
        now_ns = NS_PER_S + self._frames * FRAME_NS
        joints = np.array([-0.028, 0.0, 0.70, 0.0, insertion_m, 0.0])
        pose = guide_pose(joints)
        way = pose.direction
        side = np.array([-way[2], 0.0, way[0]])
        seen_m = straight_tip(pose) + ends_m * way + aside_m * side
        heading = np.cos(turned_rad) * way + np.sin(turned_rad) * side
        shaft = np.array([heading[0], -heading[2]])
        px, _ = px_from_base(seen_m, GEOMETRY)
        across = np.array([-shaft[1], shaft[0]])
        covariance = (sigma_m / SPACING_M) ** 2 * np.outer(shaft, shaft)
        covariance = covariance + np.outer(across, across)
        needle = NeedleTrack(px, covariance, shaft, 0.05, 0.9)
        track = Track(self._frames, now_ns, now_ns, needle, None)
        fix = self._localiser.step(track, GEOMETRY, RobotState(0, *[joints] * 3), (512, 512))
        assert fix is not None and fix.coasted == 0
        return float((fix.tip_m - straight_tip(pose)) @ way)


def advanced(settings: LocaliseSettings, short_m: float) -> float:
    """Return the error along the shaft after 15 s of good images and 2 s of advance with an echo that fades."""
    insertion = Insertion(settings)
    for frame in range(450):
        insertion.along_m(0.012 + 0.018 * frame / 450, 0.0, SURE_M)
    for frame in range(60):
        along_m = insertion.along_m(0.030 + 0.008 * frame / 60, -short_m, UNSURE_M)
    return along_m


def test_an_echo_that_fades_for_two_seconds_does_not_hold_the_tip_back():
    assert abs(advanced(APART, 0.0016)) < 0.0001
    assert advanced(TOGETHER, 0.0016) < -0.0003


def turned_m(settings: LocaliseSettings) -> float:
    """Return the error along the shaft after five seconds of images that see it turned, and the more aside for that."""
    insertion, generator = Insertion(settings), np.random.default_rng(7)
    for _ in range(30):
        insertion.along_m(0.040, 0.0, UNSURE_M)
    for _ in range(150):
        turned_rad = 0.06 + generator.normal(0.0, 0.05)
        along_m = insertion.along_m(0.040, 0.0, UNSURE_M, 0.006 * turned_rad, turned_rad)
    return along_m


def test_a_shaft_that_is_seen_turned_tells_nothing_along_it():
    """A line seen at another angle, and aside, crosses the expected one somewhere: that is not where the tip is."""
    assert abs(turned_m(APART)) < 0.0001
    assert abs(turned_m(TOGETHER)) > 0.0002


def test_images_that_are_sure_for_long_are_believed_along_the_shaft_too():
    insertion = Insertion(APART)
    for frame in range(600):
        along_m = insertion.along_m(0.012 + 0.028 * frame / 600, 0.0007, SURE_M)
    assert along_m == pytest.approx(0.0007, abs=0.00015)


def test_what_is_told_apart_stays_a_covariance_and_keeps_what_is_known_along_and_across():
    generator = np.random.default_rng(4)
    root = generator.normal(size=(6, 6))
    way = np.array([0.6, 0.0, -0.8])
    across = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0]])
    noise = np.array([[2e-8, 1e-8], [1e-8, 4e-8]])
    covariance, apart = told_apart(root @ root.T, noise, way, across, 1 / 30, APART)
    assert np.linalg.eigvalsh(covariance)[0] >= -1e-12 and np.linalg.eigvalsh(apart)[0] > 0
    assert way @ covariance[:3, :3] @ way == pytest.approx(way @ (root @ root.T)[:3, :3] @ way)
    side = np.array([-0.8, 0.6])
    assert side @ apart @ side == pytest.approx(side @ noise @ side)
    assert side @ apart @ np.array([0.6, 0.8]) == pytest.approx(0.0, abs=1e-12)


def test_without_a_way_in_nothing_is_told_apart():
    known, noise = np.eye(6), np.eye(2)
    assert told_apart(known, noise, None, np.eye(2, 3), 0.03, APART) == (known, noise)
    np.testing.assert_array_equal(growth(None, APART), np.eye(3))


def test_a_needle_in_the_air_has_no_way_in():
    pose = guide_pose(np.array([-0.028, 0.0, 0.70, 0.0, -0.010, 0.0]))
    assert way_in(straight_tip(pose), pose) is None


def test_uncertainty_along_the_shaft_grows_by_its_share():
    way: Vector = np.array([0.6, 0.0, -0.8])
    grows = growth(way, APART)
    assert way @ grows @ way == pytest.approx(APART.insertion_share**2)
    assert grows[1, 1] == 1.0
