# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The estimator on simulated sightings: right where it can be, and honest about the rest."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import chi2

from ir_guidance.geometry import px_from_base
from ir_guidance.values import Fix, NeedleTrack
from under_probe import (
    DEPTH_M,
    GEOMETRY,
    NAN,
    OFFSET_M,
    SETTINGS,
    SIZE,
    SPACING_M,
    Run,
    robot_at,
    sighting,
    sigma_m,
    straight_m,
)


def test_known_offset_is_found_in_the_plane():
    run = Run()
    tip_m = straight_m(DEPTH_M) + OFFSET_M
    errors = []
    for _ in range(90):
        fix = run.step(DEPTH_M, sighting(tip_m))
        errors.append(float(np.linalg.norm(fix.tip_m - tip_m)))
    assert errors[0] < np.linalg.norm(OFFSET_M)
    assert errors[-1] < 0.0001
    assert (fix.sequence, fix.insertion_m, fix.geometry_epoch) == (90, DEPTH_M, 3)


def test_what_the_tracker_took_from_the_robot_does_not_count_again():
    seen, unseen = Run(), Run()
    wide = np.eye(2) * 200.0**2
    for _ in range(60):
        needle = sighting(straight_m(DEPTH_M) + OFFSET_M)
        told = replace(needle, image_tip_px=needle.tip_px, image_covariance_px2=wide)
        fix, alone = seen.step(DEPTH_M, told), unseen.step(DEPTH_M, None)
    assert fix.tip_covariance_m2[0, 0] > 0.5 * alone.tip_covariance_m2[0, 0]


def test_no_needle_bends_so_far_from_the_straight_one():
    run = Run()
    for step in range(90):  # creeps away, no step too large
        off_m = np.array([0.0003 * step, 0.0, 0.0])
        fix = run.step(DEPTH_M, sighting(straight_m(DEPTH_M) + off_m))
    assert fix.coasted > 0
    assert np.linalg.norm(fix.tip_m - straight_m(DEPTH_M)) <= SETTINGS.offset_limit_m


def test_before_anything_is_seen_the_fix_is_the_straight_needle_and_says_how_unsure_that_is():
    fix = Run().step(-0.01, None)
    np.testing.assert_allclose(fix.tip_m, straight_m(-0.01))
    np.testing.assert_allclose(sigma_m(fix), SETTINGS.registration_sigma_m)
    assert (fix.target_m, fix.target_rest_m, fix.coasted) == (None, None, 0)


def test_many_frames_do_not_average_away_what_lies_out_of_the_plane():
    """That a needle is seen says only that it lies within the beam; a hundred frames say no more."""
    run = Run()
    tip_m = straight_m(DEPTH_M) + OFFSET_M
    for _ in range(150):
        fix = run.step(DEPTH_M, sighting(tip_m))
    across_m, out_m, depth_m = sigma_m(fix)
    assert out_m > 0.5 * GEOMETRY.slice_sigma_m
    assert max(across_m, depth_m) < 0.5 * out_m


class World:
    """A needle that is off as the estimator believes needles are, and sightings as noisy as they say."""

    def __init__(self, seed: int) -> None:
        self.generator = np.random.default_rng(seed)
        sigma = np.full(3, SETTINGS.registration_sigma_m)
        slice_m = SETTINGS.slice_factor * GEOMETRY.slice_sigma_m
        sigma[1] = 1 / np.hypot(1 / sigma[1], 1 / slice_m)  # it is seen, so it lies in the beam
        self.offset_m = self.generator.normal(0, sigma)
        self.insertion_m = 0.005

    def step(self, advance_m: float, dt_s: float) -> None:
        grown = np.hypot(
            SETTINGS.bend_sigma_per_m * advance_m, SETTINGS.drift_sigma_mps * np.sqrt(dt_s)
        )
        self.offset_m = self.offset_m + self.generator.normal(0, grown, 3)
        self.insertion_m += advance_m

    def seen(self) -> NeedleTrack:
        covariance = np.array([[4.0, 1.5], [1.5, 2.0]])
        seen = sighting(straight_m(self.insertion_m) + self.offset_m)
        noise_px = self.generator.multivariate_normal(np.zeros(2), covariance)
        noise_px += self.generator.normal(0, SETTINGS.image_sigma_m / SPACING_M, 2)
        end_m = self.generator.normal(0, SETTINGS.tip_end_sigma_m)
        noise_px += end_m / SPACING_M * seen.direction
        return replace(seen, tip_px=seen.tip_px + noise_px, tip_covariance_px2=covariance)


def nees(fix: Fix, world: World, axes: list[int]) -> float:
    """Return the normalised estimation error squared of the tip along some axes of the base."""
    error = (fix.tip_m - straight_m(world.insertion_m) - world.offset_m)[axes]
    return float(error @ np.linalg.solve(fix.tip_covariance_m2[np.ix_(axes, axes)], error))


def test_covariance_is_honest():
    """Mean NEES over 50 needles: no higher than chance allows, and not absurdly low."""
    plane, space = [0, 2], [0, 1, 2]
    samples: dict[int, list[float]] = {2: [], 3: []}
    for run, world in ((Run(), World(seed)) for seed in range(50)):
        for frame in range(300):
            world.step(0.0001, 1 / 30)
            fix = run.step(world.insertion_m, world.seen())
            if frame in (100, 200, 299):
                samples[2].append(nees(fix, world, plane))
                samples[3].append(nees(fix, world, space))
    for dof, values in samples.items():
        n = len(values)
        assert 0.75 * dof < np.mean(values) < chi2.ppf(0.999, dof * n) / n


def test_uncertainty_grows_with_advance_and_time_while_nothing_is_seen():
    run = Run()
    for _ in range(30):
        fix = run.step(DEPTH_M, sighting(straight_m(DEPTH_M)))
    before = sigma_m(fix)
    resting = sigma_m(run.step(DEPTH_M, None))
    assert (resting > before).all()
    assert (sigma_m(run.step(DEPTH_M + 0.01, None)) > resting + 0.0001).all()


def test_needle_that_is_not_seen_is_coasted_and_counted():
    run = Run()
    tip_m = straight_m(DEPTH_M) + OFFSET_M
    for _ in range(90):
        run.step(DEPTH_M, sighting(tip_m))
    for missed in range(1, 6):
        fix = run.step(DEPTH_M + missed * 1e-4, None)
        assert fix.coasted == missed
        expected_m = straight_m(DEPTH_M + missed * 1e-4) + OFFSET_M
        assert np.linalg.norm(fix.tip_m - expected_m) < 0.0002
    assert run.step(DEPTH_M, sighting(tip_m)).coasted == 0


@pytest.mark.parametrize("insertion_m", [-0.01, 0.0, 0.005, SETTINGS.view_margin_m - 0.001])
def test_needle_that_cannot_be_in_view_is_not_lost(insertion_m):
    run = Run()
    for _ in range(10):
        assert run.step(insertion_m, None).coasted == 0


@pytest.mark.parametrize("off_m", [[0.02, 0, 0], [0, 0, 0.015], [-0.01, 0, -0.01]])
def test_outlier_is_refused_and_counted_as_not_seen(off_m):
    run = Run()
    tip_m = straight_m(DEPTH_M)
    for _ in range(60):
        before = run.step(DEPTH_M, sighting(tip_m))
    after = run.step(DEPTH_M, sighting(tip_m + np.array(off_m)))
    np.testing.assert_allclose(after.tip_m, before.tip_m)
    assert after.coasted == 1
    assert (sigma_m(after) >= sigma_m(before)).all()


@pytest.mark.parametrize("turn_rad", [0.5, -1.2, np.pi])
def test_what_lies_across_the_shaft_is_not_the_needle(turn_rad):
    """A rib, a border, or a needle found the wrong way round, with its end where the tip is expected."""
    run = Run()
    tip_m = straight_m(DEPTH_M)
    before = run.step(DEPTH_M, sighting(tip_m))
    seen = sighting(tip_m)
    cos, sin = np.cos(turn_rad), np.sin(turn_rad)
    turned = np.array([[cos, -sin], [sin, cos]]) @ seen.direction
    after = run.step(DEPTH_M, replace(seen, direction=turned))
    assert after.coasted == 1
    np.testing.assert_allclose(after.direction, before.direction, atol=1e-3)


UNSOUND: list[dict[str, Any]] = [
    {"tip_px": np.array([NAN, 200.0])},
    {"tip_px": np.array([200.0, np.inf])},
    {"tip_covariance_px2": np.diag([NAN, 1.0])},
    {"tip_covariance_px2": np.diag([1.0, -1.0])},
    {"tip_covariance_px2": np.zeros((2, 2))},
    {"direction": np.array([NAN, 0.0])},
    {"direction_sigma_rad": NAN},
]


@pytest.mark.parametrize("changes", UNSOUND)
def test_unsound_sighting_leaves_no_trace(changes):
    run = Run()
    tip_m = straight_m(DEPTH_M)
    for _ in range(20):
        run.step(DEPTH_M, sighting(tip_m))
    fix = run.step(DEPTH_M, sighting(tip_m, **changes))
    assert fix.coasted == 1
    fix = run.step(DEPTH_M, sighting(tip_m))
    assert np.isfinite([*fix.tip_m, *fix.tip_covariance_m2.flat, *fix.direction]).all()
    assert np.linalg.norm(fix.tip_m - tip_m) < 0.0002
    assert fix.coasted == 0


def test_direction_follows_the_shaft_in_the_plane():
    run = Run()
    bend_rad = 0.05
    cos, sin = np.cos(bend_rad), np.sin(bend_rad)
    for _ in range(60):
        seen = sighting(straight_m(DEPTH_M))
        turned = np.array([[cos, -sin], [sin, cos]]) @ seen.direction
        fix = run.step(DEPTH_M, replace(seen, direction=turned))
    np.testing.assert_allclose(fix.direction, [turned[0], 0.0, -turned[1]], atol=0.002)


def test_prior_is_where_the_shaft_is_expected():
    run = Run()
    for _ in range(60):
        run.step(DEPTH_M, sighting(straight_m(DEPTH_M) + OFFSET_M))
    prior = run.localiser.prior(GEOMETRY, robot_at(DEPTH_M), SIZE)
    tip_px, _ = px_from_base(straight_m(DEPTH_M) + OFFSET_M, GEOMETRY)
    assert np.linalg.norm(prior.tip_px - tip_px) < 2
    np.testing.assert_allclose(prior.entry_px, px_from_base(straight_m(0.0), GEOMETRY)[0])
