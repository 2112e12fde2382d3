# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The gate before a joint trajectory controller in a process of its own: a stand-in, over real DDS."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory

from graph import active, node_command
from ir_guidance.kinematics import INSERTION, JOINTS
from ir_guidance.nodes import conversions, qos, topics
from ir_guidance.robot.model import URDF
from ir_guidance.values import NS_PER_MS, NS_PER_S
from rig import PROFILE, Rig, steady_ns

STANDIN = Path(__file__).with_name("standin_controller.py")
EXPIRY_NS = 100 * NS_PER_MS
TOLD_NS = 10 * NS_PER_MS  # between two joint states, and on their way
HARDWARE = ("-p", "sim_level:=2")
R4 = 4


@pytest.fixture
def controller(start, monkeypatch):
    """Run the stand-in."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, (STANDIN.parents[1], *sys.path))))
    return start([sys.executable, str(STANDIN)])


@pytest.fixture
def gate(controller, start):
    """Run a gate that drives hardware."""
    process = start(node_command("robot", *HARDWARE))
    active(process, "/robot")
    return process


class Heard:
    """What went to the controller and what it said of its joints."""

    def __init__(self, graph):
        topic = "needle_controller/joint_trajectory"
        self.trajectories = graph.heard(JointTrajectory, topic, qos.RECORDED)
        self.joints = graph.heard(JointState, "joint_states", qos.RECORDED)
        graph.until(lambda: self.joints, "joint states")

    def depths(self, since_ns=0):
        """Return (time on the wall, depth, speed of insertion) of every joint state since a moment."""
        rows = []
        for msg in self.joints:
            stamp_ns, at = conversions.stamp_from_msg(msg.header.stamp), msg.name.index("insertion")
            if stamp_ns >= since_ns:
                rows.append((stamp_ns, msg.position[at], msg.velocity[at]))
        return rows


def duration_ns(point):
    return point.time_from_start.sec * NS_PER_S + point.time_from_start.nanosec


def test_the_needle_advances_and_every_trajectory_ends_at_rest_within_the_expiry(gate, graph):
    heard = Heard(graph)
    rig = Rig(graph, drive=False)
    rig.moving()
    graph.until(lambda: len(heard.trajectories) > 60, "trajectories")
    for msg in heard.trajectories:
        assert tuple(msg.joint_names) == JOINTS
        assert not any(msg.points[-1].velocities)
        assert duration_ns(msg.points[-1]) <= EXPIRY_NS
        assert np.isfinite([p.positions for p in msg.points]).all()
    depths = [depth for _, depth, _ in heard.depths()]
    assert np.diff(depths).min() >= -1e-6, "but for how the arm settles, never drawn back"
    assert depths[-1] - depths[0] > 0.0005
    fastest = max(speed for _, _, speed in heard.depths())
    assert fastest <= PROFILE.gate.advance_mps * 1.05
    told = rig.told[-1]
    assert list(told.position) == pytest.approx(list(rig.commands[-1].position), abs=2e-4)
    assert told.accepted_steady_ns > 0 and rig.latencies


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_the_arm_of_a_dead_gate_comes_to_rest_within_the_expiry(gate, graph, number):
    heard = Heard(graph)
    rig = Rig(graph, drive=False)
    rig.moving()
    os.kill(gate.process.pid, number)
    dead_ns = time.time_ns()
    before_m = heard.depths()[-1][1]
    late_ns = dead_ns + EXPIRY_NS + TOLD_NS
    graph.until(lambda: time.time_ns() > dead_ns + NS_PER_S and heard.depths(late_ns))
    moving = [at_ns for at_ns, _, speed in heard.depths(dead_ns) if speed]
    assert moving, "it was in motion when the gate died"
    assert max(moving) - dead_ns <= EXPIRY_NS + TOLD_NS
    after = heard.depths(late_ns)
    assert len({depth for _, depth, _ in after}) == 1, "and stays there"
    assert after[0][1] - before_m <= PROFILE.gate.advance_mps * 0.1
    print(f"at rest {(max(moving) - dead_ns) / NS_PER_MS:.0f} ms after signal {number}")


def test_a_protective_stop_ends_what_is_sent(gate, graph):
    heard = Heard(graph)
    rig = Rig(graph, drive=False)
    rig.moving()
    asked_ns = time.time_ns()
    assert rig.stop().accepted
    rig.level(R4, "it looks wrong")
    graph.until(lambda: rig.told and rig.told[-1].brake, "trajectories are no longer sent")
    count = len(heard.trajectories)
    graph.until(lambda: time.time_ns() > asked_ns + NS_PER_S // 2)
    assert len(heard.trajectories) == count
    assert max(at_ns for at_ns, _, speed in heard.depths() if speed) <= asked_ns + 200 * NS_PER_MS


def test_a_controller_that_falls_silent_stops_the_gate(gate, controller, graph):
    rig = Rig(graph, drive=False)
    rig.moving()
    controller.process.kill()
    rig.level(R4, "robot state missing")


def test_joint_states_without_news_are_no_life(gate, controller, graph):
    """A frozen stamp, as of a relay that repeats the last message, does not calm the gate."""
    heard = Heard(graph)
    rig = Rig(graph, drive=False)
    rig.moving()
    last = heard.joints[-1]
    controller.process.kill()
    relay = graph.node.create_publisher(JointState, "joint_states", 10)
    graph.node.create_timer(0.01, lambda: relay.publish(last))
    rig.level(R4, "robot state missing")


def test_a_controller_that_reports_every_millisecond_is_not_heard_every_time(
    gate, controller, graph
):
    rig = Rig(graph, drive=False)
    heard = Heard(graph)
    controller.process.kill()
    relay = graph.node.create_publisher(JointState, "joint_states", 10)
    msg = heard.joints[-1]

    def tell():
        msg.header = conversions.header(time.time_ns(), "")
        relay.publish(msg)

    graph.node.create_timer(0.001, tell)
    graph.spin(1.0)
    told = np.array([state.steady_ns for state in rig.told[-50:]])
    assert np.median(np.diff(told)) >= 3.5 * NS_PER_MS
    assert np.diff(told).max() < 50 * NS_PER_MS, "and often enough"


def test_a_simulation_that_shadows_the_hardware_goes_along_and_is_compared_with_it(
    controller, start, graph
):
    shadow = start(node_command("room", "-p", "images:=false", "-p", "shadow:=true"))
    robot = start(node_command("robot", "-p", "sim_level:=3"))
    active(shadow, "/room")
    active(robot, "/robot")
    said = graph.heard(DiagnosticArray, topics.DIAGNOSTICS, qos.RECORDED)
    simulated = graph.heard(JointState, topics.SHADOW_JS, qos.RECORDED)
    rig = Rig(graph, drive=False)
    rig.moving()
    graph.until(lambda: simulated, "the shadow tells its joints")
    began_m = simulated[-1].position[INSERTION]
    graph.until(lambda: simulated[-1].position[INSERTION] > began_m + 0.003, "the shadow moves")
    assert list(simulated[-1].position) == pytest.approx(list(rig.told[-1].position), abs=5e-4)
    graph.until(
        lambda: any(s.name == "robot: shadow" for msg in said for s in msg.status),
        "the comparison is told",
    )
    found = [s for msg in said for s in msg.status if s.name == "robot: shadow"]
    assert found[-1].level == DiagnosticStatus.OK, found
    shadow.process.kill()
    graph.until(
        lambda: any(
            status.level == DiagnosticStatus.STALE for msg in said[-2:] for status in msg.status
        ),
        "a shadow that is gone is said to be",
    )
    assert rig.state.level < R4, "and stops nothing"


def test_without_the_hardwares_limits_it_does_not_start(start, graph):
    began_ns = steady_ns()
    process = start(node_command("robot", *HARDWARE, "-p", "controller.description_wait_s:=0.5"))
    assert process.process.wait(20) == 2
    assert "the hardware's limits are not known" in process.output
    assert len(process.output.splitlines()) == 1, process.output
    assert steady_ns() - began_ns > 0.5e9


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ('<limit lower="0.35" upper="1.40"', '<limit lower="2.0" upper="3.0"', "'pitch'"),
        ('velocity="0.010"', 'velocity="nan"', "'insertion'"),
        ('joint name="yaw"', 'joint name="jaw"', "no joint 'yaw'"),
    ],
)
def test_a_description_that_does_not_fit_is_refused_in_a_line(start, tmp_path, old, new, word):
    file = tmp_path / "robot.urdf"
    file.write_text(URDF.read_text("utf-8").replace(old, new))
    process = start(node_command("robot", *HARDWARE, "-p", f"controller.description_file:={file}"))
    assert process.process.wait(20) == 2
    assert word in process.output and len(process.output.splitlines()) == 1


def test_the_gate_keeps_to_what_the_hardware_can_do(controller, start, graph, tmp_path):
    """Hardware slower than the profile is driven no faster than it can go."""
    file = tmp_path / "robot.urdf"
    file.write_text(URDF.read_text("utf-8").replace('velocity="0.010"', 'velocity="0.001"'))
    slow = start(node_command("robot", *HARDWARE, "-p", f"controller.description_file:={file}"))
    active(slow, "/robot")
    heard = Heard(graph)
    rig = Rig(graph, drive=False)
    rig.approved()
    rig.consent = {"grant": 1}
    graph.until(lambda: len(heard.trajectories) > 60, "trajectories")
    speeds = [p.velocities[INSERTION] for msg in heard.trajectories for p in msg.points]
    assert 0.0009 < max(speeds) <= 0.001
