# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The room's truth stays in the room: guidance and robot can neither hear it nor import it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from graph import ROOT, active, node_command
from ir_guidance.nodes import qos, topics
from ir_guidance_msgs.msg import GateState, GroundTruth, Track

OF_THE_TRUTH = ("ir_guidance.room", "ir_guidance.nodes.room_node", "ir_guidance.lockstep")
BLIND = ("tracker", "planner", "robot")
# A process in which an attempt to import the room, at any time, fails.
WITHOUT_A_ROOM = """
import importlib, sys
sys.modules.update(dict.fromkeys({hidden!r}))
sys.argv = [{name!r}]
importlib.import_module("ir_guidance.nodes.{name}_node").main()
"""


@pytest.fixture
def running(start):
    """Run room, guidance and robot; the latter two in processes that have no room."""
    started = {"room": start(node_command("room"))}
    for name in ("guidance", "robot"):
        script = WITHOUT_A_ROOM.format(hidden=OF_THE_TRUTH, name=name)
        started[name] = start([sys.executable, "-c", script])
    active(started["room"], "/room")
    active(started["guidance"], "/tracker", "/planner")
    active(started["robot"], "/robot")
    return started


def test_guidance_and_robot_work_without_the_truth(running, graph):
    truths = graph.heard(GroundTruth, topics.GROUND_TRUTH, qos.STREAM)
    tracks = graph.heard(Track, topics.TRACK, qos.STREAM)
    states = graph.heard(GateState, topics.GATE_STATE, qos.LATCHED)
    graph.until(lambda: len(tracks) > 20 and len(truths) > 20 and len(states) > 20, "all at work")
    assert_only_the_test_listens_to_the_truth(graph.node, graph)
    assert_the_room_says_what_a_scanner_and_a_robot_say_and_the_truth(graph.node)
    for name in ("guidance", "robot"):
        assert running[name].process.poll() is None, running[name].output
        assert "Error" not in running[name].output


def assert_only_the_test_listens_to_the_truth(node, graph):
    def listeners(topic):
        found = {info.node_name for info in node.get_subscriptions_info_by_topic(topic)}
        return found - {node.get_name()}

    for topic, heard_by in {  # as long as these are not known, the next says nothing
        topics.IMAGE: {"tracker"},
        topics.CORRECTION: {"robot"},
        topics.COMMAND: {"room"},
        topics.GATE_STATE: {"planner"},
    }.items():
        graph.waited(lambda t=topic, h=heard_by: listeners(t) == h, 20.0)
        assert listeners(topic) == heard_by
    assert listeners(topics.GROUND_TRUTH) == set()
    for blind in BLIND:
        heard = dict(node.get_subscriber_names_and_types_by_node(blind, "/"))
        assert f"/{topics.ROBOT_STATE}" in heard
        assert not [topic for topic in heard if "truth" in topic or topic.startswith("/room")]


def assert_the_room_says_what_a_scanner_and_a_robot_say_and_the_truth(node):
    said = dict(node.get_publisher_names_and_types_by_node("room", "/"))
    of_every_node = {"/rosout", "/parameter_events", "/room/transition_event"}
    assert set(said) - of_every_node == {
        f"/{topic}"
        for topic in (
            topics.IMAGE,
            topics.FRAME_INFO,
            topics.PROBE_GEOMETRY,
            topics.CARM_GEOMETRY,
            topics.CAMERA_INFO,
            topics.FLUOROSCOPY_FRAME,
            topics.ROBOT_STATE,
            topics.MEASURED_JS,
            topics.GROUND_TRUTH,
        )
    }
    truth = "ir_guidance_msgs/msg/GroundTruth"
    assert [topic for topic, kinds in said.items() if truth in kinds] == [f"/{topics.GROUND_TRUTH}"]
    served = {name for name, _ in node.get_service_names_and_types_by_node("room", "/")}
    # What a sonographer is asked for tells nothing of the truth: success, and why not.
    assert {name for name in served if not name.startswith("/room/")} == {f"/{topics.SWEEP_PROBE}"}


@pytest.mark.parametrize("name", ["guidance", "robot", "source"])
def test_importing_a_node_loads_nothing_of_the_room(name):
    script = f"import sys, ir_guidance.nodes.{name}_node; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert f"ir_guidance.nodes.{name}_node" in loaded
    assert not {module for module in loaded if module.startswith(OF_THE_TRUTH)}
