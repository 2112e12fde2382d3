# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Steering, against needles that answer a pivot by a share of what a rigid one would: the answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from ir_guidance.correct import CorrectSettings, Steering, correct
from ir_guidance.kinematics import INSERTION, axis, joints_for
from ir_guidance.values import NS_PER_S, Correction, Fix, Mode, Plan, RobotState, Vector

SETTINGS = CorrectSettings(steer_rate_radps=0.03, steer_from_m=0.005)
FRAME_S = 1 / 30
ENTRY_M = np.array([-0.030, 0.0, 0.0])
LENGTH_M = 0.055
SIDES = [(0.02, 0.0), (-0.02, 0.0), (0.0, 0.02), (0.0, -0.02), (0.015, -0.015), (-0.01, 0.02)]


class Needle:
    """A straight needle of which the axis follows the guide by a share of its pivot from the plan.

    ``error_rad`` is how far off (pitch, yaw) the target lies.
    """

    def __init__(
        self,
        error_rad: tuple[float, float],
        pitch_rad: float = 0.70,
        share: float = 1.0,
        settings: CorrectSettings = SETTINGS,
        insertion_m: float = 0.010,
    ) -> None:
        self.plan, self.share, self.settings = plan(pitch_rad), share, settings
        self.target_m = ENTRY_M + LENGTH_M * axis(pitch_rad + error_rad[0], error_rad[1])
        self.planned = joints_for(ENTRY_M, self.plan.direction, 0.0)
        self.joints = joints_for(ENTRY_M, self.plan.direction, insertion_m)
        self.steering = Steering(settings)
        self.now_ns = 0

    @property
    def direction(self) -> Vector:
        turned = self.share * (self.joints - self.planned)[2:4]
        return axis(*(self.planned[2:4] + turned))

    def fix(self) -> Fix:
        return Fix(
            sequence=1,
            stamp_ns=0,
            acquired_steady_ns=self.now_ns,
            tip_m=ENTRY_M + self.joints[INSERTION] * self.direction,
            tip_covariance_m2=np.eye(3) * 1e-8,
            direction=self.direction,
            direction_covariance=np.eye(3) * 1e-6,
            target_m=self.target_m,
            target_covariance_m2=np.eye(3) * 1e-8,
            insertion_m=float(self.joints[INSERTION]),
            target_rest_m=self.target_m,
        )

    def answer(self) -> Correction:
        robot = RobotState(0, self.joints, np.zeros(6), self.joints)
        return correct(self.fix(), self.plan, robot, self.settings, self.steering)

    def follow(self, correction: Correction) -> None:
        rates = np.array([*correction.guide_rate, correction.advance_mps, correction.roll_radps])
        self.joints = self.joints + rates * FRAME_S
        self.now_ns += int(FRAME_S * NS_PER_S)

    def run(self, most: int = 1500) -> Correction:
        for _ in range(most):
            correction = self.answer()
            if correction.mode in (Mode.ARRIVED, Mode.HOLD):
                break
            assert max(abs(rate) for rate in correction.guide_rate) <= 0.03 + 1e-12
            assert correction.guide_rate[:2] == (0.0, 0.0)
            self.follow(correction)
        return correction

    def miss_m(self) -> float:
        """How far the needle would pass from the target, went it on straight."""
        towards: Vector = self.target_m - ENTRY_M
        return float(np.linalg.norm(towards - (towards @ self.direction) * self.direction))


def plan(pitch_rad: float) -> Plan:
    direction = axis(pitch_rad, 0.0)
    return Plan(
        entry_m=ENTRY_M,
        target_m=ENTRY_M + LENGTH_M * direction,
        direction=direction,
        length_m=LENGTH_M,
        clearance_m=1.0,
        geometry_epoch=0,
        obstacles=(),
        hash="plan",
    )


@pytest.mark.parametrize("error_rad", SIDES)
@pytest.mark.parametrize("pitch_rad", [0.5, 0.7, 1.0])
def test_predicted_miss_is_the_one_of_a_straight_needle(error_rad, pitch_rad):
    needle = Needle(error_rad, pitch_rad)
    assert needle.answer().predicted_miss_m == pytest.approx(needle.miss_m(), rel=1e-9)


@pytest.mark.parametrize("error_rad", SIDES)
@pytest.mark.parametrize("share", [0.45, 0.7, 1.0])
def test_steering_brings_any_needle_onto_a_displaced_target(error_rad, share):
    needle = Needle(error_rad, share=share)
    assert needle.miss_m() > 0.001
    assert needle.run().mode == Mode.ARRIVED
    assert np.linalg.norm(needle.fix().tip_m - needle.target_m) < 0.0004


@pytest.mark.parametrize("share", [0.45, 0.9])
def test_answer_of_the_needle_is_learned(share):
    needle = Needle((0.05, 0.0), share=share)
    needle.run(400)
    learned = np.linalg.eigvalsh(needle.steering.share)
    assert np.abs(learned - share).min() < 0.1
    assert learned.min() >= 0.3 and learned.max() <= 1.1


@pytest.mark.parametrize("error_rad", [(0.08, 0.0), (0.0, -0.08)])
def test_pivot_is_bounded(error_rad):
    rates = Needle(error_rad).answer().guide_rate
    assert max(abs(rate) for rate in rates) == pytest.approx(SETTINGS.steer_rate_radps)


@pytest.mark.parametrize("side", [1, -1])
def test_pivot_stops_at_its_largest_angle_from_the_plan_and_may_come_back(side):
    needle = Needle((side * 0.02, 0.0))
    needle.joints[2] += side * 0.2
    assert needle.answer().guide_rate[2] * side < 0, "back towards the plan"
    tight = CorrectSettings(steer_within_rad=0.02)
    needle = Needle((side * 0.03, 0.0), settings=tight)
    needle.joints[2] += side * 0.021
    assert needle.answer().guide_rate[2] * side <= 0.0


def test_target_that_no_pivot_reaches_is_said_and_not_pushed_on_to():
    tight = CorrectSettings(steer_within_rad=0.01, lost_frames=5)
    needle = Needle((0.06, 0.0), settings=tight, insertion_m=0.030)
    correction = needle.run()
    assert correction.mode == Mode.HOLD
    assert "out of reach" in correction.reason and "retract and re-plan" in correction.reason
    assert correction.advance_mps == 0.0
    assert needle.joints[INSERTION] < 0.033


def test_tip_just_below_the_skin_is_not_steered_by():
    needle = Needle((0.02, 0.0), insertion_m=SETTINGS.steer_from_m * 0.9)
    correction = needle.answer()
    assert (correction.mode, correction.guide_rate) == (Mode.ADVANCE, (0.0,) * 4)


def test_needle_waits_at_a_checkpoint_until_it_is_on_course_and_then_goes_on():
    needle = Needle((0.04, 0.0), insertion_m=LENGTH_M - 0.0099)
    correction = needle.answer()
    assert correction.predicted_miss_m > SETTINGS.checkpoint_miss_m[1]
    assert correction.advance_mps == 0.0 and correction.guide_rate[2] > 0
    assert correction.roll_radps == 0.0, "nothing turns while the needle stands"
    assert Needle((0.04, 0.0)).answer().advance_mps > 0
    assert needle.run().mode == Mode.ARRIVED


def test_needle_that_no_waiting_brings_on_course_is_not_pushed_on():
    needle = Needle((0.02, 0.0), share=0.0, insertion_m=LENGTH_M - 0.0099)
    correction = needle.run()
    assert correction.mode == Mode.HOLD and "retract and re-plan" in correction.reason
    assert needle.joints[INSERTION] == pytest.approx(LENGTH_M - 0.0099)
    assert needle.now_ns / NS_PER_S <= SETTINGS.wait_s + 0.1


def test_reset_forgets():
    needle = Needle((0.05, 0.0), share=0.45)
    first = needle.answer()
    needle.run(400)
    needle.steering.reset()
    fresh = Needle((0.05, 0.0), share=0.45)
    np.testing.assert_array_equal(needle.steering.share, fresh.steering.share)
    fresh.steering = needle.steering
    assert fresh.answer().guide_rate == first.guide_rate
