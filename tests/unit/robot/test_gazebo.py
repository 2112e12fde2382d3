# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Gazebo's world and bridge, without Gazebo: bodies as in the URDF, gains on the same bodies in MuJoCo."""

from __future__ import annotations

import shutil
import subprocess
from xml.etree import ElementTree

import mujoco
import numpy as np
import pytest
import yaml

from ir_guidance.gate import GateSettings
from ir_guidance.kinematics import INSERTION, JOINTS, ROLL
from ir_guidance.nodes.graph import JOINT_STATES
from ir_guidance.robot import DriveSettings
from ir_guidance.robot.gazebo import BRIDGE, WORLD
from ir_guidance.robot.model import URDF

HOME = np.array(DriveSettings().home)
GATE = GateSettings()
TEXT = URDF.read_text("utf-8")
ROBOT = ElementTree.fromstring(TEXT)
MODEL = ElementTree.parse(WORLD).getroot().find("world/model")
SETPOINT_S = 0.010
STEP_S = float(ElementTree.parse(WORLD).getroot().findtext("world/physics/max_step_size"))
needs_ign = pytest.mark.skipif(
    shutil.which("ign") is None, reason="no ign: apt install ignition-tools libsdformat-dev"
)


def numbers(text):
    return [float(word) for word in text.split()]


def plugin(name):
    (found,) = [each for each in MODEL.iter("plugin") if each.get("name").endswith(f"::{name}")]
    return found


def gains(what):
    return np.array([float(each.text) for each in plugin("JointTrajectoryController").iter(what)])


def test_joints_are_those_of_the_urdf():
    for joint in ROBOT.iter("joint"):
        twin = MODEL.find(f"joint[@name='{joint.get('name')}']")
        assert twin.get("type") == joint.get("type")
        for end in ("parent", "child"):
            assert twin.findtext(end) == joint.find(end).get("link")
        assert numbers(twin.findtext("axis/xyz")) == numbers(joint.find("axis").get("xyz"))
        for name, value in joint.find("dynamics").attrib.items():
            assert float(twin.findtext(f"axis/dynamics/{name}")) == float(value)
        for name, value in joint.find("limit").attrib.items():
            if (joint.get("name"), name) != ("pitch", "lower"):  # a simulator starts it at 0
                assert float(twin.findtext(f"axis/limit/{name}")) == float(value)
    assert float(MODEL.findtext("joint[@name='pitch']/axis/limit/lower")) == 0.0


def test_bodies_are_those_of_the_urdf():
    for link in ROBOT.iter("link"):
        twin, body = MODEL.find(f"link[@name='{link.get('name')}']"), link.find("inertial")
        assert float(twin.findtext("inertial/mass")) == float(body.find("mass").get("value"))
        for name, value in body.find("inertia").attrib.items():
            assert float(twin.findtext(f"inertial/inertia/{name}")) == float(value)
        origin = body.find("origin")
        place = numbers(origin.get("xyz")) if origin is not None else [0.0] * 3
        assert numbers(twin.findtext("inertial/pose", "0 0 0 0 0 0")) == [*place, 0, 0, 0]
    assert {link.get("name") for link in MODEL.iter("link")} == {
        link.get("name") for link in ROBOT.iter("link")
    }


def test_controller_and_publisher_have_every_joint_and_begin_at_home():
    for name in ("JointStatePublisher", "JointTrajectoryController"):
        assert tuple(each.text for each in plugin(name).iter("joint_name")) == JOINTS
    np.testing.assert_array_equal(gains("initial_position"), HOME)
    efforts = [float(joint.find("limit").get("effort")) for joint in ROBOT.iter("joint")]
    np.testing.assert_array_equal(gains("position_cmd_max"), efforts)
    np.testing.assert_array_equal(gains("position_cmd_min"), np.negative(efforts))


class Played:
    """The controller's gains on the URDF's bodies, in Gazebo's time step; in MuJoCo, so no proof of Gazebo."""

    def __init__(self):
        self.model = mujoco.MjModel.from_xml_string(TEXT)
        self.model.opt.timestep = STEP_S
        self.model.jnt_range[2, 0] = 0.0
        self.data = mujoco.MjData(self.model)
        self.p, self.d = gains("position_p_gain"), gains("position_d_gain")
        self.most = gains("position_cmd_max")
        self.error = None

    def advance(self, target, seconds):
        for _ in range(round(seconds / STEP_S)):
            error = target - self.data.qpos
            change = np.zeros(6) if self.error is None else (error - self.error) / STEP_S
            self.error = error
            torque = self.p * error + self.d * change
            self.data.qfrc_applied[:] = np.clip(torque, -self.most, self.most)
            mujoco.mj_step(self.model, self.data)
        return self.data.qpos.copy()


def test_from_all_joints_at_zero_the_arm_comes_to_home_and_stays():
    played = Played()
    played.advance(HOME, 3.0)
    error = np.abs(played.advance(HOME, 1.0) - HOME)
    assert error[[0, 1, INSERTION]].max() < 0.5 * GATE.following_m
    assert error[2:4].max() < 0.5 * GATE.following_rad
    assert error[ROLL] < 0.01
    assert np.abs(played.data.qvel).max() < 1e-3


def test_set_points_every_ten_milliseconds_are_followed_as_the_gate_insists():
    played = Played()
    played.advance(HOME, 4.0)
    rate = np.array([0.010, -0.005, 0.1, -0.1, 0.003, 3.0])
    worst = np.zeros(6)
    for tick in range(100):
        target = HOME + rate * SETPOINT_S * tick
        worst = np.maximum(worst, np.abs(played.advance(target, SETPOINT_S) - target))
    assert worst[[0, 1, INSERTION]].max() < 0.5 * GATE.following_m
    assert worst[2:4].max() < 0.5 * GATE.following_rad
    assert worst[ROLL] < 0.5 * GATE.following_roll_rad


def test_the_bridge_joins_what_the_world_and_the_nodes_call_these():
    crossings = yaml.safe_load(BRIDGE.read_text("utf-8"))
    keys = {"ros_topic_name", "gz_topic_name", "ros_type_name", "gz_type_name", "direction"}
    assert all(set(each) - {"lazy"} == keys for each in crossings)
    by_ros = {each["ros_topic_name"]: each for each in crossings}
    commands = by_ros["needle_controller/joint_trajectory"]
    assert commands["gz_topic_name"] == plugin("JointTrajectoryController").findtext("topic")
    assert commands["direction"] == "ROS_TO_GZ"
    joints = by_ros[JOINT_STATES]
    assert joints["gz_topic_name"] == plugin("JointStatePublisher").findtext("topic")
    assert joints["direction"] == by_ros["/clock"]["direction"] == "GZ_TO_ROS"
    assert [name for name, each in by_ros.items() if each.get("lazy")] == ["/clock"]


def test_joint_states_come_as_often_as_the_gate_decides_in_whole_steps():
    """The publisher rounds up to whole steps."""
    period_s = 1 / float(plugin("JointStatePublisher").findtext("update_rate"))
    assert period_s <= SETPOINT_S
    assert period_s / STEP_S == pytest.approx(round(period_s / STEP_S))


@needs_ign
def test_debians_sdformat_finds_the_world_valid():
    """It says "Valid." of what it cannot read: its errors are what counts."""
    done = subprocess.run(["ign", "sdf", "--check", WORLD], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, "Valid.")
    assert "Error" not in done.stderr, done.stderr
    assert ElementTree.parse(WORLD).getroot().get("version") == "1.9"


@needs_ign
def test_debians_sdformat_finds_the_same_robot_in_the_urdf():
    done = subprocess.run(["ign", "sdf", "-p", URDF], capture_output=True, text=True)
    assert done.returncode == 0 and "Error" not in done.stderr, done.stderr
    model = ElementTree.fromstring(done.stdout[: done.stdout.index("</sdf>") + 6]).find("model")
    assert tuple(joint.get("name") for joint in model.iter("joint")) == JOINTS
