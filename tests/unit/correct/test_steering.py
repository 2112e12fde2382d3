# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Steering, against a rigid needle that pivots about its entry: there the answer is known in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from ir_guidance.correct import CorrectSettings, correct
from ir_guidance.kinematics import INSERTION, axis, joints_for
from ir_guidance.values import Correction, Fix, Mode, Plan, RobotState, Vector

SETTINGS = CorrectSettings(
    steer_gain_hz=1.0, steer_rate_radps=0.03, steer_from_m=0.005, steer_first_m=0.0005
)
FRAME_S = 1 / 30
ENTRY_M = np.array([-0.030, 0.0, 0.0])
LENGTH_M = 0.055
SIDES = [(0.02, 0.0), (-0.02, 0.0), (0.0, 0.02), (0.0, -0.02), (0.015, -0.015), (-0.01, 0.02)]


class RigidNeedle:
    """A needle that follows the guide; ``error_rad`` is how far off (pitch, yaw) the target lies."""

    def __init__(self, error_rad: tuple[float, float], pitch_rad: float = 0.70) -> None:
        self.plan = plan(pitch_rad)
        self.target_m = ENTRY_M + LENGTH_M * axis(pitch_rad + error_rad[0], error_rad[1])
        self.joints = joints_for(ENTRY_M, self.plan.direction, 0.020)

    def fix(self) -> Fix:
        direction = axis(*self.joints[2:4])
        return Fix(
            sequence=1,
            stamp_ns=0,
            acquired_steady_ns=0,
            tip_m=ENTRY_M + self.joints[INSERTION] * direction,
            tip_covariance_m2=np.eye(3) * 1e-8,
            direction=direction,
            direction_covariance=np.eye(3) * 1e-6,
            target_m=self.target_m,
            target_covariance_m2=np.eye(3) * 1e-8,
            insertion_m=float(self.joints[INSERTION]),
            target_rest_m=self.target_m,
        )

    def answer(self, settings: CorrectSettings = SETTINGS) -> Correction:
        robot = RobotState(0, self.joints, np.zeros(5), self.joints)
        return correct(self.fix(), self.plan, robot, settings)

    def follow(self, correction: Correction) -> None:
        rates = np.array([*correction.guide_rate, correction.advance_mps])
        self.joints = self.joints + rates * FRAME_S

    def miss_m(self) -> float:
        """How far the needle would pass from the target, went it on straight."""
        towards: Vector = self.target_m - ENTRY_M
        direction = axis(*self.joints[2:4])
        return float(np.linalg.norm(towards - (towards @ direction) * direction))


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
def test_predicted_miss_is_the_one_of_a_rigid_needle(error_rad, pitch_rad):
    needle = RigidNeedle(error_rad, pitch_rad)
    assert needle.answer().predicted_miss_m == pytest.approx(needle.miss_m(), rel=1e-9)


@pytest.mark.parametrize("error_rad", SIDES)
@pytest.mark.parametrize("pitch_rad", [0.5, 0.7, 1.0])
def test_one_pivot_removes_the_gains_share_of_the_miss(error_rad, pitch_rad):
    """A rigid needle's angular error falls by gain * dt; the miss is its sine times the distance."""
    needle = RigidNeedle(error_rad, pitch_rad)
    before_rad = np.arcsin(needle.miss_m() / LENGTH_M)
    correction = needle.answer()
    assert correction.guide_rate[:2] == (0.0, 0.0)
    needle.follow(correction)
    after_rad = np.arcsin(needle.miss_m() / LENGTH_M)
    expected = before_rad * (1 - SETTINGS.steer_gain_hz * FRAME_S)
    assert after_rad == pytest.approx(expected, rel=0.002)


@pytest.mark.parametrize("error_rad", SIDES)
def test_steering_brings_the_needle_onto_a_displaced_target(error_rad):
    needle = RigidNeedle(error_rad)
    misses = [needle.miss_m()]
    for _ in range(900):
        correction = needle.answer()
        if correction.mode == Mode.ARRIVED:
            break
        needle.follow(correction)
        misses.append(needle.miss_m())
    assert correction.mode == Mode.ARRIVED
    assert (np.diff(misses) <= 1e-9).all(), "no pivot may make it worse"
    tip_m = needle.fix().tip_m
    assert misses[0] > 0.001
    assert np.linalg.norm(tip_m - needle.target_m) < 0.0005


@pytest.mark.parametrize("error_rad", [(0.08, 0.0), (0.0, -0.08)])
def test_pivot_is_bounded(error_rad):
    fast = CorrectSettings(steer_gain_hz=10.0)
    rates = RigidNeedle(error_rad).answer(fast).guide_rate
    assert max(abs(rate) for rate in rates) == pytest.approx(fast.steer_rate_radps)


@pytest.mark.parametrize("side", [1, -1])
def test_pivot_stops_at_its_largest_angle_from_the_plan_and_may_come_back(side):
    needle = RigidNeedle((side * 0.02, 0.0))
    needle.joints[2] += side * 0.2
    assert needle.answer().guide_rate[2] * side < 0, "back towards the plan"
    tight = CorrectSettings(steer_within_rad=0.01)
    needle = RigidNeedle((side * 0.03, 0.0))
    needle.joints[2] += side * 0.011
    assert needle.answer(tight).guide_rate[2] == 0.0


def test_tip_just_below_the_skin_is_not_steered_by():
    needle = RigidNeedle((0.02, 0.0))
    needle.joints[INSERTION] = SETTINGS.steer_from_m * 0.9
    correction = needle.answer()
    assert (correction.mode, correction.guide_rate) == (Mode.ADVANCE, (0.0,) * 4)


def test_near_the_target_the_pivot_comes_before_the_advance():
    needle = RigidNeedle((0.04, 0.0))
    needle.joints[INSERTION] = LENGTH_M - 0.005
    correction = needle.answer()
    assert correction.predicted_miss_m > SETTINGS.steer_first_m
    assert correction.advance_mps == 0.0
    assert correction.guide_rate[2] > 0
    far = RigidNeedle((0.04, 0.0))
    assert far.answer().advance_mps > 0
