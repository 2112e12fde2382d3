# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The gate before a real Gazebo server and its bridge, wherever both are installed."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sensor_msgs.msg import JointState

from graph import active, node_command
from ir_guidance.gate import GateSettings
from ir_guidance.kinematics import INSERTION, JOINTS, ROLL
from ir_guidance.nodes import conversions, qos
from ir_guidance.nodes.graph import JOINT_STATES
from ir_guidance.robot import DriveSettings
from ir_guidance.robot.gazebo import gazebo_commands
from ir_guidance.robot.model import URDF
from ir_guidance.settings import SettingsError
from ir_guidance.values import NS_PER_MS, NS_PER_S
from rig import PROFILE, Rig, steady_ns

try:
    COMMANDS, MISSING = gazebo_commands(), ""
except SettingsError as error:
    COMMANDS, MISSING = {}, str(error)

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)

HOME = np.array(DriveSettings().home)
GATE = GateSettings()
FOLLOWING = np.full(len(JOINTS), GATE.following_m)
FOLLOWING[2:4] = GATE.following_rad
FOLLOWING[ROLL] = GATE.following_roll_rad
GAZEBO = ("-p", "sim_level:=1", "-p", f"controller.description_file:={URDF}")
REST_MPS = 1e-4
EXPIRY_NS = 100 * NS_PER_MS
WAY_NS = 20 * NS_PER_MS  # of a command to the server and of its joints back
R2, R4 = 2, 4


@pytest.fixture
def server(start, monkeypatch):
    """Run the server and its bridge, apart from every other."""
    monkeypatch.setenv("GZ_PARTITION", f"ir_guidance_test_{os.getpid()}")
    monkeypatch.setenv("GZ_IP", "127.0.0.1")
    started = {name: start(words) for name, words in COMMANDS.items()}
    return started["gazebo"]


@pytest.fixture
def joints(server, graph) -> Iterator[list[tuple[int, JointState]]]:
    """Give the joint states with the times at which they came, once the arm is at home."""
    heard: list[tuple[int, JointState]] = []

    def hear(msg: JointState) -> None:
        heard.append((steady_ns(), msg))

    graph.node.create_subscription(JointState, JOINT_STATES, hear, qos.RECORDED)
    graph.until(lambda: heard, "joint states", 30.0)
    graph.until(lambda: _at_home(heard[-1][1]), "the arm at home", 30.0)
    return heard


@pytest.fixture
def gate(joints, start):
    """Run a gate that drives Gazebo."""
    process = start(node_command("robot", *GAZEBO))
    active(process, "/robot")
    return process


def _positions(msg: JointState) -> np.ndarray:
    by_name = dict(zip(msg.name, msg.position, strict=True))
    return np.array([by_name[name] for name in JOINTS])


def _at_home(msg: JointState) -> bool:
    settled = np.abs(msg.velocity).max() < 1e-3
    return bool(settled and (np.abs(_positions(msg) - HOME) < 0.5 * FOLLOWING).all())


def _insertion_speeds(heard, since_ns):
    """Return (time of arrival, speed of insertion) since a moment."""
    return [
        (at_ns, msg.velocity[msg.name.index(JOINTS[INSERTION])])
        for at_ns, msg in heard
        if at_ns >= since_ns
    ]


def test_its_joints_come_home_by_name_at_the_worlds_rate_and_in_real_time(joints, graph):
    began = len(joints)
    graph.spin(3.0)
    seen = joints[began:]
    stamps = np.array([conversions.stamp_from_msg(msg.header.stamp) for _, msg in seen])
    assert all(sorted(msg.name) == sorted(JOINTS) for _, msg in seen), "no fixed joint among them"
    assert (np.diff(stamps) > 0).all(), "every stamp advances"
    assert np.median(np.diff(stamps)) == 8 * NS_PER_MS
    pace = (stamps[-1] - stamps[0]) / (seen[-1][0] - seen[0][0])
    print(f"simulated time runs {pace:.3f} times as fast as the wall's, {len(seen)} joint states")
    assert 0.8 < pace < 1.2


def test_the_needle_advances_as_it_is_told(gate, joints, graph):
    rig = Rig(graph, drive=False)
    rig.moving()
    began = len(rig.told)
    graph.until(lambda: len(rig.told) > began + 300, "robot states")
    errors = np.array([np.subtract(msg.setpoint, msg.position) for msg in rig.told[began:]])
    worst = np.abs(errors).max(axis=0)
    print("worst following error:", dict(zip(JOINTS, worst.round(6).tolist(), strict=True)))
    assert (worst < 0.5 * FOLLOWING).all()
    depths = [msg.position[INSERTION] for msg in rig.told[began:]]
    assert depths[-1] - depths[0] > 0.002
    assert rig.latencies and rig.state.level < R4


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_the_arm_of_a_dead_gate_comes_to_rest_within_the_expiry(gate, joints, graph, number):
    rig = Rig(graph, drive=False)
    rig.moving()
    os.kill(gate.process.pid, number)
    dead_ns = steady_ns()
    graph.until(lambda: joints[-1][0] > dead_ns + NS_PER_S)
    speeds = _insertion_speeds(joints, dead_ns)
    moving = [at_ns for at_ns, speed in speeds if abs(speed) > REST_MPS]
    assert moving, "it was in motion when the gate died"
    print(f"at rest {(max(moving) - dead_ns) / NS_PER_MS:.0f} ms after signal {number}")
    assert max(moving) - dead_ns <= EXPIRY_NS + WAY_NS


def test_a_server_that_is_killed_stops_the_gate_which_says_so(gate, server, joints, graph):
    rig = Rig(graph, drive=False)
    rig.moving()
    server.kill()
    rig.level(R4, "robot state missing")
    dead_ns = joints[-1][0]
    since = [each for each in rig.states if each.steady_ns >= dead_ns]
    held = next(each.steady_ns for each in since if each.level >= R2)
    stopped = next(each.steady_ns for each in since if each.level == R4)
    print(
        f"the gate holds {(held - dead_ns) / NS_PER_MS:.0f} ms after the last joint state and stops "
        f"after {(stopped - dead_ns) / NS_PER_MS:.0f} ms"
    )
    assert held - dead_ns <= (PROFILE.gate.state_hold_ms + 30) * NS_PER_MS
    assert stopped - dead_ns <= (PROFILE.gate.state_stop_ms + 30) * NS_PER_MS


@pytest.mark.timeout(240)
def test_a_biopsy_on_gazebos_robot_arrives(start, graph, tmp_path: Path):
    out = tmp_path / "demo"
    told = ("demo", "--headless", "--sim-level", "1", "--seed", "4", "--out", str(out))
    demo = start([sys.executable, "-m", "ir_guidance.cli", *told])
    graph.until(lambda: demo.process.poll() is not None, "the demo to end", 180.0)
    assert demo.process.returncode == 0, demo.output
    assert not demo.family()
    found = json.loads((out / "summary.json").read_text())
    assert (found["outcome"], found["success"]) == ("arrived", True)
    assert found["tip_error_mm"] <= found["tolerance_mm"]
    assert found["blind_travel_mm_max"] <= 1.0


@pytest.mark.timeout(120)
def test_a_server_that_dies_in_a_demo_ends_it_with_a_line(start, graph, tmp_path: Path):
    out = tmp_path / "demo"
    told = ("demo", "--headless", "--sim-level", "1", "--seed", "4", "--out", str(out))
    demo = start([sys.executable, "-m", "ir_guidance.cli", *told])
    server = graph.until(lambda: _server(demo), "the server", 40.0)
    os.kill(server, signal.SIGKILL)
    graph.until(lambda: demo.process.poll() is not None and not demo.family(), "the end", 30.0)
    assert demo.process.returncode == 1
    assert "gazebo ended: by SIGKILL" in " ".join(demo.output.split())


def _server(demo) -> int | None:
    """Return the number of the server's process, whatever `gz` is written in."""
    return next((pid for pid, words in demo.family().items() if "sim -s -r" in words), None)
