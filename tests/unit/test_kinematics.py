# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The needle robot's geometry."""

import numpy as np
import pytest

from ir_guidance.kinematics import (
    JOINTS,
    RobotLimits,
    axis,
    axis_rates,
    guide_pose,
    joints_for,
    straight_tip,
)

ANGLES = [(0.4, -0.3), (0.75, 0.0), (1.0, 0.2), (1.39, -0.1)]


@pytest.mark.parametrize(("pitch_rad", "yaw_rad"), ANGLES)
def test_axis_is_a_unit_vector_into_the_patient(pitch_rad, yaw_rad):
    direction = axis(pitch_rad, yaw_rad)
    assert np.linalg.norm(direction) == pytest.approx(1.0)
    assert direction[2] < 0
    assert np.sign(direction[1]) == np.sign(yaw_rad)


@pytest.mark.parametrize(("pitch_rad", "yaw_rad"), ANGLES)
def test_rates_are_the_derivatives_of_the_axis(pitch_rad, yaw_rad):
    step = 1e-6
    by_pitch, by_yaw = axis_rates(pitch_rad, yaw_rad)
    numeric = (axis(pitch_rad + step, yaw_rad) - axis(pitch_rad - step, yaw_rad)) / (2 * step)
    np.testing.assert_allclose(by_pitch, numeric, atol=1e-9)
    numeric = (axis(pitch_rad, yaw_rad + step) - axis(pitch_rad, yaw_rad - step)) / (2 * step)
    np.testing.assert_allclose(by_yaw, numeric, atol=1e-9)


@pytest.mark.parametrize(("pitch_rad", "yaw_rad"), ANGLES)
def test_joints_go_to_a_pose_and_come_back(pitch_rad, yaw_rad):
    joints = np.array([0.01, -0.02, pitch_rad, yaw_rad, 0.03, 0.0])
    pose = guide_pose(joints)
    back = joints_for(pose.remote_centre_m, pose.direction, pose.insertion_m)
    np.testing.assert_allclose(back, joints, atol=1e-12)


def test_straight_needle_ends_its_insertion_beyond_the_remote_centre():
    pose = guide_pose(np.array([0.01, 0.002, 0.7, 0.1, 0.05]))
    np.testing.assert_allclose(straight_tip(pose) - pose.remote_centre_m, 0.05 * pose.direction)
    assert pose.remote_centre_m[2] == 0.0


def test_every_joint_has_limits_that_make_sense():
    limits = RobotLimits()
    for values in (limits.lower, limits.upper, limits.velocity, limits.acceleration):
        assert len(values) == len(JOINTS)
    assert all(low < high for low, high in zip(limits.lower, limits.upper, strict=True))
    assert min(limits.velocity) > 0 and min(limits.acceleration) > 0
