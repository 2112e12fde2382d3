# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The URDF is the one description: it has the joints, limits and geometry that the code computes with."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest
import yourdfpy

from ir_guidance.kinematics import JOINTS, ROLL, RobotLimits, guide_pose, straight_tip
from ir_guidance.robot.model import URDF, ModelError, joint_limits

LIMITS = RobotLimits()
TEXT = URDF.read_text("utf-8")
POSES = np.random.default_rng(0).uniform(LIMITS.lower, LIMITS.upper, (50, len(JOINTS)))


def by_yourdfpy(joints):
    """Return where the needle is (4x4) in base_link, by a library that only reads URDF."""
    robot = yourdfpy.URDF.load(str(URDF), load_meshes=False)
    robot.update_cfg(dict(zip(JOINTS, joints, strict=True)))
    return robot.get_transform("needle", "base_link")


def by_mujoco(joints):
    model = mujoco.MjModel.from_xml_string(TEXT)
    data = mujoco.MjData(model)
    data.qpos[:] = joints
    mujoco.mj_kinematics(model, data)
    pose = np.eye(4)
    pose[:3, :3] = data.body("needle").xmat.reshape(3, 3)
    pose[:3, 3] = data.body("needle").xpos
    return pose


def test_joints_and_limits_are_those_of_the_default_profile():
    found = joint_limits(TEXT, JOINTS)
    assert tuple(found) == JOINTS
    assert tuple(limit.lower for limit in found.values()) == LIMITS.lower
    assert tuple(limit.upper for limit in found.values()) == LIMITS.upper
    assert tuple(limit.velocity for limit in found.values()) == LIMITS.velocity
    assert tuple(yourdfpy.URDF.load(str(URDF), load_meshes=False).actuated_joint_names) == JOINTS


@pytest.mark.parametrize("forward", [by_yourdfpy, by_mujoco])
def test_forward_kinematics_are_those_of_the_code(forward):
    for joints in POSES:
        pose, base_from_needle = guide_pose(joints), forward(joints)
        np.testing.assert_allclose(base_from_needle[:3, 3], straight_tip(pose), atol=1e-9)
        np.testing.assert_allclose(base_from_needle[:3, 0], pose.direction, atol=1e-9)


@pytest.mark.parametrize("forward", [by_yourdfpy, by_mujoco])
def test_roll_turns_right_handed_about_the_way_in_and_starts_upwards(forward):
    joints = np.array([0.01, 0.0, 0.75, 0.0, 0.02, 0.0])
    turned = joints.copy()
    turned[ROLL] = 0.3
    before, after = forward(joints)[:3, :3], forward(turned)[:3, :3]
    np.testing.assert_allclose(before[:, 2], [np.sin(0.75), 0, np.cos(0.75)], atol=1e-9)
    way_in = np.cross(before[:, 2], after[:, 2])
    np.testing.assert_allclose(way_in, np.sin(0.3) * before[:, 0], atol=1e-9)


def test_every_moving_body_has_a_mass():
    model = mujoco.MjModel.from_xml_string(TEXT)
    assert (model.body_mass[1:] > 0).all() and (model.body_inertia[1:] > 0).all()
    assert model.nq == model.nv == len(JOINTS)


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("<robot", "<<robot", "not XML"),
        ('joint name="yaw"', 'joint name="jaw"', "no joint 'yaw'"),
        ('<joint name="roll" type="revolute">', '<joint name="roll" type="continuous">', "'roll'"),
        ('lower="0.35"', 'lower="nan"', "'pitch' are not numbers"),
        ('lower="0.35"', 'lower="steep"', "'pitch' are not numbers"),
        ('velocity="0.010" ', "", "'insertion' are not numbers"),
        ('velocity="0.010"', 'velocity="0"', "'insertion' allow no motion"),
        ('lower="-0.35"', 'lower="0.5"', "'yaw' allow no motion"),
    ],
)
def test_a_description_that_does_not_say_what_a_joint_can_do_is_refused_by_its_name(old, new, word):
    with pytest.raises(ModelError, match=word) as refused:
        joint_limits(TEXT.replace(old, new), JOINTS)
    assert "\n" not in str(refused.value)
