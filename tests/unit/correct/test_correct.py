# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""One fix, one bounded motion: when it aligns, advances, waits, holds, and has arrived."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest

from fixes import (
    ACROSS,
    ACROSS_Y,
    DIRECTION,
    LENGTH_M,
    ON_PLAN,
    PLAN,
    SETTINGS,
    STILL,
    TARGET_M,
    answer,
    fix_at,
    robot_at,
)
from ir_guidance.correct import CorrectSettings, Steering, correct
from ir_guidance.values import NS_PER_MS, Mode


def test_correction_carries_its_image_its_plan_and_its_expiry():
    correction = answer(fix_at(0.03))
    assert (correction.sequence, correction.stamp_ns, correction.acquired_steady_ns) == (
        7,
        111,
        222,
    )
    assert correction.plan_hash == "plan"
    assert correction.expires_steady_ns - 222 == SETTINGS.expiry_ms * NS_PER_MS
    assert (correction.across_sigma_m, correction.along_sigma_m) == pytest.approx((3e-4, 3e-4))
    assert correction.remaining_m == pytest.approx(LENGTH_M - 0.03)


@pytest.mark.parametrize(
    ("error", "rate"),
    [
        ((0.0010, 0.0, 0.0, 0.0), (0.0020, 0.0, 0.0, 0.0)),
        ((0.0200, -0.0200, 0.0, 0.0), (0.010, -0.010, 0.0, 0.0)),
        ((0.0, 0.0, 0.02, -0.01), (0.0, 0.0, 0.04, -0.02)),
        ((0.0, 0.0, -0.30, 0.30), (0.0, 0.0, -0.10, 0.10)),
    ],
)
def test_guide_is_aligned_above_the_skin_without_advance(error, rate):
    joints = ON_PLAN - np.array([*error, 0.01, 0.0])
    unseen = fix_at(-0.01, tip_covariance_m2=np.eye(3) * 1e-5)
    correction = answer(unseen, joints)
    assert correction.mode == Mode.ALIGN
    np.testing.assert_allclose(correction.guide_rate, rate, atol=1e-12)
    assert correction.advance_mps == correction.advance_limit_m == 0.0


def test_guide_is_not_aligned_below_the_skin():
    joints = ON_PLAN + np.array([0.001, 0.001, 0.0, 0.0, 0.001, 0.0])
    assert answer(fix_at(0.001), joints).mode == Mode.ADVANCE


def test_aligned_guide_advances():
    correction = answer(fix_at(-0.01), ON_PLAN + np.array([5e-5, 0.0, 5e-4, 0.0, -0.01, 0.0]))
    assert (correction.mode, correction.guide_rate) == (Mode.ADVANCE, STILL)
    assert correction.advance_mps == SETTINGS.advance_mps


@pytest.mark.parametrize("beyond_m", [0.0, 0.008])
def test_the_tip_goes_beyond_the_target_as_the_plan_says_and_still_through_it(beyond_m):
    plan = replace(PLAN, length_m=LENGTH_M + beyond_m, beyond_m=beyond_m)
    fix = fix_at(LENGTH_M - 0.001, 0.0005 * ACROSS_Y)
    found = correct(fix, plan, robot_at(ON_PLAN), SETTINGS, Steering(SETTINGS))
    off_m = fix.target_m - fix.tip_m
    assert found.remaining_m == pytest.approx(off_m @ fix.direction + beyond_m)
    aside_m = np.linalg.norm(off_m - (off_m @ fix.direction) * fix.direction)
    assert found.predicted_miss_m == pytest.approx(aside_m)


@pytest.mark.parametrize("insertion_m", [-0.01, 0.001, 0.02, 0.05, 0.0545, 0.0547])
def test_advance_is_bounded_by_what_remains_and_by_what_the_expiry_allows(insertion_m):
    correction = answer(fix_at(insertion_m))
    assert correction.mode == Mode.ADVANCE
    assert 0 < correction.advance_mps <= SETTINGS.advance_mps
    assert correction.advance_limit_m <= correction.remaining_m + 1e-12
    assert correction.advance_limit_m <= correction.advance_mps * SETTINGS.expiry_ms / 1e3 + 1e-12


@pytest.mark.parametrize(
    ("remaining_m", "speed_mps"),
    [(0.02, 0.003), (0.004, 0.003), (0.002, 0.0019), (0.001, 0.00135), (0.0003, 0.000965)],
)
def test_advance_slows_down_near_the_target(remaining_m, speed_mps):
    correction = answer(fix_at(LENGTH_M - remaining_m))
    assert correction.advance_mps == pytest.approx(speed_mps, rel=1e-6)


@pytest.mark.parametrize(
    ("breath", "mode"),
    [
        ({}, Mode.ADVANCE),
        ({"breath_m": 0.0007}, Mode.ADVANCE),
        ({"breath_m": 0.0009}, Mode.WAIT_FOR_BREATH),
        ({"breath_m": 0.0005, "breath_rate_mps": 0.002}, Mode.WAIT_FOR_BREATH),
        ({"breath_m": 0.0005, "breath_rate_mps": -0.002}, Mode.ADVANCE),
        ({"target_coasted": 1}, Mode.WAIT_FOR_BREATH),
    ],
)
def test_last_part_of_the_way_is_gone_at_end_exhale_alone(breath, mode):
    correction = answer(fix_at(LENGTH_M - 0.01, **breath))
    assert correction.mode == mode
    if mode == Mode.WAIT_FOR_BREATH:
        assert (correction.advance_mps, correction.guide_rate) == (0.0, STILL)


@pytest.mark.parametrize("left_m", [0.0049, 0.0])
def test_near_the_target_it_goes_on_and_arrives_only_as_near_to_rest_as_it_is_to_be(left_m):
    """A needle that arrived while the breath had the target 0.8 mm aside was 0.8 mm off when it came back."""
    moving = answer(fix_at(LENGTH_M - left_m, breath_m=0.0005))
    assert moving.mode == Mode.WAIT_FOR_BREATH and moving.advance_mps == 0.0
    resting = answer(fix_at(LENGTH_M - left_m, breath_m=0.0003))
    assert resting.mode == (Mode.ADVANCE if left_m else Mode.ARRIVED)


def test_first_part_of_the_way_does_not_wait_for_the_breath():
    far = fix_at(LENGTH_M - 0.03, breath_m=0.008, breath_rate_mps=0.01)
    assert answer(far).mode == Mode.ADVANCE


def test_target_that_breath_took_out_of_the_plane_is_waited_for():
    coasted = SETTINGS.coast_frames + 1
    assert answer(fix_at(0.01, target_coasted=coasted)).mode == Mode.WAIT_FOR_BREATH


@pytest.mark.parametrize(
    ("changes", "mode"),
    [
        ({}, Mode.ARRIVED),
        ({"breath_m": 0.002}, Mode.WAIT_FOR_BREATH),
        ({"breath_rate_mps": 0.01}, Mode.WAIT_FOR_BREATH),
        ({"target_coasted": 2}, Mode.WAIT_FOR_BREATH),
        ({"coasted": 4}, Mode.HOLD),
    ],
)
@pytest.mark.parametrize("past_m", [-0.0001, 0.0, 0.0005])
def test_arrival_is_said_only_at_rest(changes, mode, past_m):
    correction = answer(fix_at(LENGTH_M + past_m, **changes))
    assert correction.mode == mode
    assert correction.advance_limit_m == correction.advance_mps == 0.0
    assert correction.guide_rate == STILL and correction.roll_radps == 0.0


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"geometry_epoch": 5}, "the probe's geometry changed"),
        (
            {"target_rest_m": TARGET_M + 0.0051 * ACROSS},
            "the target has left its place: retract and re-plan",
        ),
        ({"coasted": 4}, "needle not seen for 4 frames"),
        ({"target_coasted": 151}, "target not seen for 151 frames"),
    ],
)
@pytest.mark.parametrize("insertion_m", [-0.01, 0.03])
def test_hold_asks_for_no_motion_and_says_why(changes, why, insertion_m):
    correction = answer(fix_at(insertion_m, **changes))
    assert correction.mode == Mode.HOLD
    assert correction.reason.startswith(why)
    assert (correction.advance_mps, correction.guide_rate) == (0.0, STILL)


@pytest.mark.parametrize(
    "changes",
    [{"coasted": 3}, {"target_rest_m": TARGET_M + 0.0049 * ACROSS}, {"target_rest_m": None}],
)
def test_a_short_gap_and_a_small_shift_hold_nothing(changes):
    assert answer(fix_at(0.03, **changes)).mode == Mode.ADVANCE


def test_open_loop_ignores_what_the_image_would_correct():
    off = fix_at(0.03, miss_m=np.array([0.0, 0.003, 0.0]), coasted=100)
    correction = answer(off, open_loop=True)
    assert (correction.mode, correction.guide_rate) == (Mode.ADVANCE, STILL)
    assert correction.roll_radps == 0.0
    assert correction.predicted_miss_m == 0.0
    assert correction.remaining_m == pytest.approx(LENGTH_M - 0.03)


@pytest.mark.parametrize("insertion_m", np.linspace(-0.01, 0.056, 12))
def test_open_loop_never_steers(insertion_m):
    generator = np.random.default_rng(int(insertion_m * 1e6) + 10**6)
    for _ in range(20):
        off = fix_at(insertion_m, miss_m=generator.normal(0, 0.003, 3))
        assert answer(off, open_loop=True).guide_rate == STILL


def test_open_loop_waits_for_the_breath_as_closed_loop_does():
    breathing = fix_at(LENGTH_M - 0.01, breath_m=0.005)
    assert answer(breathing, open_loop=True).mode == Mode.WAIT_FOR_BREATH


def test_open_loop_goes_to_the_planned_target_by_the_robots_depth():
    moved = fix_at(LENGTH_M, target_rest_m=TARGET_M + 0.003 * DIRECTION)
    assert answer(moved, open_loop=True).mode == Mode.ARRIVED
    assert answer(moved).mode == Mode.ADVANCE


def test_correct_remembers_in_its_steering_alone_and_changes_nothing():
    fix, robot = fix_at(0.03, miss_m=0.001 * ACROSS), robot_at(ON_PLAN.copy())
    steering = Steering(SETTINGS)
    first = correct(fix, PLAN, robot, SETTINGS, steering)
    steering.reset()
    second = correct(fix, PLAN, robot, SETTINGS, steering)
    assert asdict(first) == asdict(second)
    np.testing.assert_array_equal(robot.setpoint, ON_PLAN)


def test_needle_turns_as_it_advances_in_tissue_and_not_in_air():
    assert answer(fix_at(-0.01)).roll_radps == 0.0
    shallow = answer(fix_at(0.002))
    turns_per_m = abs(shallow.roll_radps) / (2 * np.pi) / shallow.advance_mps
    assert turns_per_m == pytest.approx(1 / SETTINGS.turn_m)
    rigid = CorrectSettings(curvature_per_m=0.0)
    assert answer(fix_at(0.002), settings=rigid).roll_radps == 0.0


@pytest.mark.parametrize("miss_m", [0.001, -0.001, 0.004])
def test_guide_is_shifted_to_the_other_side_of_where_an_image_shows_the_needle(miss_m):
    up = np.array([0.0, 1.0, 0.0])
    beside = fix_at(-0.01, miss_m=miss_m * up)
    at = ON_PLAN - np.array([0, 0, 0, 0, 0.01, 0.0])
    correction = answer(beside, at)
    assert correction.mode == Mode.ALIGN
    assert np.sign(correction.guide_rate[1]) == -np.sign(miss_m)
    unsure = replace(beside, tip_covariance_m2=np.eye(3) * (2 * SETTINGS.servo_sigma_m) ** 2)
    assert answer(unsure, at).mode == Mode.ADVANCE, "an image that says little moves nothing"
    shifted = at - np.array([0, np.clip(miss_m, -0.0015, 0.0015), 0, 0, 0, 0])
    there = answer(replace(beside, tip_m=beside.tip_m + (shifted[1] - at[1]) * up), shifted)
    assert abs(there.guide_rate[1]) < 0.0003, "and no farther than it may"


def test_breath_is_followed_where_the_profile_says_so():
    following = CorrectSettings(breath="compensate", lead_s=0.1)
    moved_m = 0.004 * np.array([0.0, 1.0, 0.0])
    inhaling = fix_at(
        LENGTH_M - 0.01, breath_m=0.004, breath_rate_mps=0.005, target_m=TARGET_M + moved_m
    )
    assert answer(inhaling).mode == Mode.WAIT_FOR_BREATH
    correction = answer(inhaling, settings=following)
    assert correction.mode == Mode.ADVANCE
    across = 0.0045 * (ACROSS_Y - (ACROSS_Y @ DIRECTION) * DIRECTION)
    assert correction.predicted_miss_m == pytest.approx(np.linalg.norm(across), rel=1e-6)
    assert correction.guide_rate[3] > 0
    assert answer(replace(inhaling, target_coasted=4), settings=following).mode == (
        Mode.WAIT_FOR_BREATH
    )
