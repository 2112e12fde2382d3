# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What bodies do that ideal servos do not: they weigh, give way to the tissue and stall."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from ir_guidance.kinematics import INSERTION, RobotLimits
from ir_guidance.robot import DriveSettings, Physics
from ir_guidance.robot.axes import STEP_S, make_axes
from ir_guidance.robot.mujoco_axes import MujocoAxes
from ir_guidance.settings import SettingsError

HOME = np.array(DriveSettings().home)
STILL = np.zeros(6)


def axes():
    return MujocoAxes(RobotLimits(), HOME)


def advance(moved, rate, seconds):
    for _ in range(round(seconds / STEP_S)):
        moved.advance(np.asarray(rate, dtype=float))
    return moved.position


def test_the_arm_does_not_sag_under_its_weight():
    np.testing.assert_allclose(advance(axes(), STILL, 2.0), HOME, atol=1e-6)


@pytest.mark.parametrize("force_n", [2.0, 8.0, -8.0])
def test_the_tissue_pushes_the_needle_back_a_little(force_n):
    pushed = axes()
    pushed.load(force_n)
    given_m = (HOME - advance(pushed, STILL, 1.0))[INSERTION]
    assert np.sign(given_m) == np.sign(force_n)
    assert abs(given_m) < 5e-6 * abs(force_n)
    assert not pushed.velocity.any()
    pushed.load(0.0)
    np.testing.assert_allclose(advance(pushed, STILL, 1.0), HOME, atol=2e-6)


def test_a_force_beyond_the_drive_stalls_the_insertion_and_what_was_asked_does_not_pile_up():
    stalled = axes()
    stalled.load(60.0)
    rate = [0, 0, 0, 0, 0.003, 0]
    assert advance(stalled, rate, 1.0)[INSERTION] < HOME[INSERTION]
    stalled.load(0.0)
    advance(stalled, STILL, 0.2)
    driven_back = stalled.position[INSERTION]
    assert abs(advance(stalled, STILL, 1.0)[INSERTION] - driven_back) < 6e-4


def test_the_same_commands_give_the_same_numbers_to_the_last_bit():
    rate = [0.005, -0.005, 0.05, -0.05, 0.003, 3.0]
    first, second = axes(), axes()
    np.testing.assert_array_equal(advance(first, rate, 0.5), advance(second, rate, 0.5))


def test_without_mujoco_one_line_says_what_to_do(monkeypatch):
    monkeypatch.delitem(sys.modules, "ir_guidance.robot.mujoco_axes", raising=False)
    monkeypatch.setitem(sys.modules, "mujoco", None)
    with pytest.raises(SettingsError, match=r"pip install mujoco.*'kinematic'"):
        make_axes(Physics.MUJOCO, RobotLimits(), HOME)
    assert make_axes(Physics.KINEMATIC, RobotLimits(), HOME) is not None
