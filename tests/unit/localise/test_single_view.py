# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""One X-ray view: sure across the rays, along them no surer than the robot and a registered CT."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2

import under_probe
from ir_guidance.geometry import px_from_base_carm, transform
from ir_guidance.kinematics import guide_pose, straight_tip
from ir_guidance.localise import LocaliseSettings, Place, shown
from ir_guidance.localise.ageing import CURVES_M
from ir_guidance.values import (
    NS_PER_S,
    CarmGeometry,
    NeedleTrack,
    RobotState,
    TargetTrack,
    Vector,
)

SETTINGS = LocaliseSettings(
    tip_end_sigma_m=0.0003, curvature_sigma_per_m=2.0, pivot_sigma=0.5, drift_sigma_mps=0.0001
)
SIZE, SHAPE = (512, 512), (512, 512)
STANDS = np.column_stack([[0.0, -1.0, 0.0], [0.0, 0.0, -1.0], [1.0, 0.0, 0.0]])
CARM = CarmGeometry(
    sdd_m=1.1,
    sid_m=0.75,
    primary_angle_rad=0.75,
    secondary_angle_rad=0.0,
    imager_spacing_m=(3e-4, 3e-4),
    base_from_isocentre=transform(STANDS, np.array([0.0, 0.0, -0.03])),
    epoch=2,
)
FRAME_NS = NS_PER_S // 15
TARGET_M = np.array([0.012, 0.004, -0.042])
PLACE = Place(TARGET_M + 0.001, 0.0015)
RAY = -shown(TARGET_M, CARM, SIZE).unseen
SIGMA_PX = 0.8


def robot_at(insertion_m: float) -> RobotState:
    joints = np.array([-0.040, 0.0, 0.70, 0.0, insertion_m])
    return RobotState(0, joints, np.zeros(5), joints)


def straight_m(insertion_m: float) -> Vector:
    return straight_tip(guide_pose(robot_at(insertion_m).position))


def px_of(point_m: Vector) -> Vector:
    return px_from_base_carm(point_m, CARM, SHAPE)


def seen_needle(tip_m: Vector, generator: np.random.Generator | None = None) -> NeedleTrack:
    direction = guide_pose(robot_at(0.01).position).direction
    tip_px = px_of(tip_m)
    along = tip_px - px_of(tip_m - 0.004 * direction)
    if generator is not None:
        tip_px = tip_px + generator.normal(0, SIGMA_PX, 2)
    return NeedleTrack(tip_px, np.eye(2) * SIGMA_PX**2, along / np.linalg.norm(along), 0.01, 0.9)


def spot(at_m: Vector) -> TargetTrack:
    return TargetTrack(px_of(at_m), np.eye(2) * SIGMA_PX**2, 0.9)


class Run(under_probe.Run):
    """One localiser, fed frame by frame at 15 per second."""

    def __init__(self, place: Place | None = PLACE) -> None:
        super().__init__(SETTINGS, CARM, FRAME_NS, robot_at)
        self.localiser.select_target(place)


def sigma_m(covariance_m2, direction) -> float:
    return float(np.sqrt(direction @ covariance_m2 @ direction))


def across(vector: Vector, direction: Vector = RAY) -> Vector:
    return vector - (vector @ direction) * direction


def test_target_is_where_the_image_shows_it_as_far_along_the_ray_as_the_ct_has_it():
    run = Run()
    for _ in range(30):
        fix = run.step(-0.01, None, spot(TARGET_M))
    assert fix.target_m is not None and fix.target_covariance_m2 is not None
    assert np.linalg.norm(across(fix.target_m - TARGET_M)) < 2e-5
    assert RAY @ (fix.target_m - PLACE.point_m) == pytest.approx(0, abs=2e-5)
    along = np.hypot(PLACE.sigma_m, SETTINGS.hidden_push_m)
    assert sigma_m(fix.target_covariance_m2, RAY) == pytest.approx(along, rel=0.02)
    side = np.cross(RAY, [1.0, 0.0, 0.0])
    side /= np.linalg.norm(side)
    assert sigma_m(fix.target_covariance_m2, side) < 0.0004


def test_hundreds_of_images_say_no_more_about_how_far_along_the_ray_the_target_is():
    run = Run()
    first = run.step(-0.01, None, spot(TARGET_M))
    for _ in range(300):
        last = run.step(-0.01, None, spot(TARGET_M))
    before, after = (sigma_m(fix.target_covariance_m2, RAY) for fix in (first, last))
    assert after == pytest.approx(before, rel=0.02)


def test_without_its_place_the_target_is_not_placed_and_counts_as_unseen():
    run = Run(place=None)
    for missed in range(1, 6):
        fix = run.step(-0.01, None, spot(TARGET_M))
        assert (fix.target_m, fix.target_coasted) == (None, missed)


def test_target_that_comes_back_elsewhere_is_taken_there_at_the_same_depth():
    run = Run()
    run.step(-0.01, None, spot(TARGET_M))
    for _ in range(10):
        run.step(-0.01, None)
    elsewhere_m = TARGET_M + across(np.array([0.006, 0.002, 0.0]))
    fix = run.step(-0.01, None, spot(elsewhere_m))
    assert np.linalg.norm(across(fix.target_m - elsewhere_m)) < 1e-4
    assert RAY @ (fix.target_m - PLACE.point_m) == pytest.approx(0, abs=2e-4)


def test_breath_is_learned_across_the_ray_and_rest_keeps_the_depth_of_the_ct():
    run = Run()
    way = across(np.array([0.9, 0.1, -0.3]))
    for frame in range(15 * 14):
        inhaled = 0.008 * np.sin(np.pi * frame / 15 / 4.0) ** 6
        fix = run.step(-0.01, None, spot(TARGET_M + inhaled * way))
    assert fix.target_rest_m is not None
    assert np.linalg.norm(across(fix.target_rest_m - TARGET_M)) < 0.0007
    assert RAY @ (fix.target_rest_m - PLACE.point_m) == pytest.approx(0, abs=2e-4)
    assert fix.breath_period_s == pytest.approx(4.0, abs=0.3)


def test_while_the_target_breathes_its_depth_is_said_to_be_less_sure():
    run = Run()
    for _ in range(15 * 10):
        rest = run.step(-0.01, None, spot(TARGET_M))
    for share in np.linspace(0, 1, 15):
        moved = run.step(-0.01, None, spot(TARGET_M + across(np.array([0.006 * share, 0, 0]))))
    before, after = (sigma_m(fix.target_covariance_m2, RAY) for fix in (rest, moved))
    hidden_m = SETTINGS.hidden_breath * moved.breath_m
    assert after**2 - before**2 == pytest.approx(hidden_m**2, rel=0.01)
    assert moved.breath_m > 0.004


class Bow:
    """A needle that is off as the estimator believes: registered and mounted with an error, bowed by its path.

    Its curvature is alike over millimetres of path, and what has bowed the needle stays.
    """

    def __init__(self, seed: int) -> None:
        self.generator = np.random.default_rng(seed)
        ray = -shown(straight_m(0.0), CARM, SIZE).unseen
        registered = across(self.generator.normal(0, SETTINGS.registration_sigma_m, 3), ray)
        mounted = self.generator.normal(0, SETTINGS.robot_sigma_m) * ray
        self._off_m = registered + mounted
        self._shaft = guide_pose(robot_at(0.01).position).direction
        self._curvature = self._across_shaft()
        self.insertion_m = 0.0

    def _across_shaft(self) -> Vector:
        drawn = self.generator.normal(0, 1.0, 3)
        return np.asarray(drawn - (drawn @ self._shaft) * self._shaft)

    def step(self, advance_m: float) -> None:
        self.insertion_m += advance_m
        kept = np.exp(-2 * advance_m / CURVES_M)
        self._curvature = kept * self._curvature + np.sqrt(1 - kept**2) * self._across_shaft()
        slope = SETTINGS.curvature_sigma_per_m * self.insertion_m * self._curvature
        self._off_m = self._off_m + slope * advance_m

    @property
    def tip_m(self) -> Vector:
        return straight_m(self.insertion_m) + self._off_m


def test_tip_covariance_is_honest_across_the_ray_and_along_it():
    """Mean NEES over 30 needles: no higher than chance allows, and not absurdly low.

    Across the rays the estimator allows for a bow that comes and goes, which these needles have not.
    """
    along, space, depths = [], [], []
    for seed in range(30):
        run, bow = Run(), Bow(seed)
        for frame in range(120):
            bow.step(0.0004)
            fix = run.step(bow.insertion_m, seen_needle(bow.tip_m, bow.generator))
            if frame == 119:
                error = fix.tip_m - bow.tip_m
                ray = -shown(bow.tip_m, CARM, SIZE).unseen
                depths.append(sigma_m(fix.tip_covariance_m2, ray))
                along.append((ray @ error / depths[-1]) ** 2)
                space.append(error @ np.linalg.solve(fix.tip_covariance_m2, error))
    for dof, values in ((1, along), (3, space)):
        n = len(values)
        assert 0.35 * dof < np.mean(values) < chi2.ppf(0.999, dof * n) / n
    assert max(depths) < 0.0015, "half of the bow shows, since the robot knows how deep it is"


def test_bow_shows_along_the_ray_as_far_as_the_advance_tells():
    """A needle bowed in its upright plane is found in depth; the image alone could not."""
    run = Run()
    shaft = guide_pose(robot_at(0.01).position).direction
    up = np.array([-shaft[2], 0.0, shaft[0]])
    for frame in range(300):
        depth_m = 0.0002 * frame
        tip_m = straight_m(depth_m) + 0.8 * depth_m**2 * up
        fix = run.step(depth_m, seen_needle(tip_m))
    for _ in range(150):
        fix = run.step(depth_m, seen_needle(tip_m))
    off_m = tip_m - straight_m(depth_m)
    assert RAY @ off_m > 0.0015
    # Not more: where along the shaft the tip is seen is one error for half a second, and is believed so.
    assert abs(RAY @ (fix.tip_m - tip_m)) < 0.6 * (RAY @ off_m)
    assert np.linalg.norm(across(fix.tip_m - tip_m)) < 0.0002


def overlain(tip_m: Vector, short_m: float) -> NeedleTrack:
    """Return a sighting of a tip that lies over metal: seen too short by that much, and known to be unsure of it."""
    seen = seen_needle(tip_m)
    view = shown(tip_m, CARM, SIZE)
    short_px = short_m / view.spacing_m[0] * seen.direction
    blur_px2 = (0.003 / view.spacing_m[0]) ** 2 * np.outer(seen.direction, seen.direction)
    return replace(
        seen, tip_px=seen.tip_px - short_px, tip_covariance_px2=seen.tip_covariance_px2 + blur_px2
    )


def test_where_the_tip_cannot_be_told_from_its_target_the_image_says_nothing_of_its_depth():
    """Ten seconds of a tip seen 3 mm short moved it 7 mm along the ray, when each image was taken for a new one."""
    run = Run()
    for _ in range(60):
        before = run.step(0.06, seen_needle(straight_m(0.06)), spot(TARGET_M))
    for _ in range(150):
        after = run.step(0.06, overlain(straight_m(0.06), 0.003), spot(TARGET_M))
    assert after.coasted == 0
    np.testing.assert_allclose(after.tip_m, before.tip_m, atol=1e-4)


def test_across_the_shaft_an_overlain_tip_is_followed_all_the_same():
    run, tip_m = Run(), straight_m(0.06)
    side = np.cross(RAY, guide_pose(robot_at(0.01).position).direction)
    side /= np.linalg.norm(side)
    for _ in range(90):
        fix = run.step(0.06, overlain(tip_m + 0.001 * side, 0.003), spot(TARGET_M))
    assert side @ (fix.tip_m - tip_m) == pytest.approx(0.001, abs=1e-4)


def test_advance_and_pivot_that_are_not_seen_make_its_depth_unsure():
    run = Run()
    for _ in range(60):
        seen = run.step(0.05, seen_needle(straight_m(0.05)))
    for frame in range(50):
        depth_m = 0.05 + 0.0002 * (frame + 1)
        hidden = run.step(depth_m, overlain(straight_m(depth_m), 0.003))
    ray = -shown(hidden.tip_m, CARM, SIZE).unseen
    before, after = (sigma_m(fix.tip_covariance_m2, ray) for fix in (seen, hidden))
    blind_m = np.sqrt(0.010 * CURVES_M) * SETTINGS.curvature_sigma_per_m * 0.055
    hides = np.linalg.norm(np.cross(ray, guide_pose(robot_at(0.01).position).direction))
    assert after**2 - before**2 == pytest.approx((blind_m * hides) ** 2, rel=0.25)


def test_fix_says_which_way_its_image_shows_nothing():
    fix = Run().step(0.04, seen_needle(straight_m(0.04)))
    np.testing.assert_allclose(fix.unseen, shown(fix.tip_m, CARM, SIZE).unseen, atol=1e-3)


def test_covariance_is_long_along_the_ray():
    run = Run()
    for frame in range(200):
        fix = run.step(0.0002 * frame, seen_needle(straight_m(0.0002 * frame)))
    ray = -shown(fix.tip_m, CARM, SIZE).unseen
    values, vectors = np.linalg.eigh(fix.tip_covariance_m2)
    assert abs(vectors[:, -1] @ ray) > 0.9
    assert values[-1] > 4 * values[-2]


def test_prior_is_where_the_shaft_is_expected():
    prior = Run().localiser.prior(CARM, robot_at(0.04), SIZE)
    np.testing.assert_allclose(prior.entry_px, px_of(straight_m(0.0)))
    np.testing.assert_allclose(prior.tip_px, px_of(straight_m(0.04)))


@pytest.mark.parametrize("turn_rad", [-0.06, 0.06])
def test_direction_follows_the_shaft_in_the_image(turn_rad):
    run = Run()
    cos, sin = np.cos(turn_rad), np.sin(turn_rad)
    for _ in range(60):
        seen = seen_needle(straight_m(0.04))
        turned = np.array([[cos, -sin], [sin, cos]]) @ seen.direction
        fix = run.step(
            0.04,
            NeedleTrack(seen.tip_px, seen.tip_covariance_px2, turned, 0.01, 0.9),
        )
    view = shown(fix.tip_m, CARM, SIZE)
    looks = view.across @ fix.direction
    assert looks[0] * turned[1] - looks[1] * turned[0] == pytest.approx(0, abs=0.004)
    seen_way = np.cross(view.unseen, fix.direction)
    seen_way /= np.linalg.norm(seen_way)
    hidden_way = np.cross(seen_way, fix.direction)
    shows, hidden = (sigma_m(fix.direction_covariance, way) for way in (seen_way, hidden_way))
    assert shows < 0.3 * hidden
