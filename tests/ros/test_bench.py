# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The benchmark's own nodes: a source that nothing slows down, and what is counted of the loop."""

from __future__ import annotations

import sys
from itertools import pairwise

import numpy as np
import pytest

from graph import active
from ir_guidance.bench.sequence import Sequence, save
from ir_guidance.nodes import qos, topics
from ir_guidance.nodes.bench.watch_node import WatchNode, Window, report
from ir_guidance.values import NS_PER_MS, Frame, Modality, ProbeGeometry
from ir_guidance_msgs.msg import FrameInfo, GateState, GroundTruth, LatencyReport

RATE_HZ = 50.0
GEOMETRY = ProbeGeometry((2e-4, 2e-4), (31.5, 0.0), np.eye(4))


@pytest.fixture
def file(tmp_path):
    """Return a file with a sequence of two small pictures."""
    frames = tuple(
        Frame(
            np.full((48, 64), grey, np.uint8), 0, 0, 0, Modality.ULTRASOUND, (2e-4, 2e-4), GEOMETRY
        )
        for grey in (50, 90)
    )
    sight = {"target_px": [1.0, 2.0], "marks_px": [], "at_rest": True}
    save(Sequence(frames, (sight, sight), (0.0,) * 6, RATE_HZ), tmp_path / "sequence")
    return tmp_path / "sequence"


def test_frames_are_stamped_with_when_they_were_due(graph, start, file):
    infos = graph.heard(FrameInfo, topics.FRAME_INFO, qos.RECORDED)
    truths = graph.heard(GroundTruth, topics.GROUND_TRUTH, qos.RECORDED)
    told = ["--ros-args", "-p", f"sequence:={file}", "-p", "size_px:=64"]
    process = start([sys.executable, "-m", "ir_guidance.nodes.bench.source_node", *told])
    active(process, "/source")
    graph.until(lambda: len(infos) > 20 and truths)
    for before, after in pairwise(infos):
        frames = after.sequence - before.sequence
        apart_ns = after.acquired_steady_ns - before.acquired_steady_ns
        assert apart_ns == pytest.approx(frames * 1e9 / RATE_HZ, abs=2)
        assert after.host_steady_ns >= after.acquired_steady_ns


def test_frames_without_a_command_are_counted_as_late(graph):
    answers = [
        (n, n * 33 * NS_PER_MS, (n * 33 + (70 if n == 4 else 12)) * NS_PER_MS) for n in (1, 2, 4, 5)
    ]
    found = report(Window(answers), budget_ms=60.0)
    assert (found["n"], found["frames"], found["dropped"]) == (4, 5, 1)
    assert found["deadline_misses"] == 2
    assert found["latency_ms"]["max"] == pytest.approx(70)
    assert report(Window(), 60.0)["n"] == 0


def test_a_new_window_forgets_what_came_before(graph):
    watch = graph.add(WatchNode)
    reports = graph.node.create_publisher(LatencyReport, topics.LATENCY, qos.STREAM)
    gates = graph.node.create_publisher(GateState, topics.GATE_STATE, qos.LATCHED)
    message = LatencyReport(correction_sequence=7, acquired_steady_ns=1, accepted_steady_ns=2)
    gates.publish(GateState(level=GateState.R1, refused_count=3))
    graph.until(lambda: watch.gate is not None)
    graph.until(lambda: reports.publish(message) or watch.window.answers)
    watch.restart()
    assert not watch.window.answers
    gates.publish(GateState(level=GateState.R2, refused_count=5))
    graph.until(lambda: watch.window.refused == 2)
    assert watch.window.levels == {"R2": 1}
