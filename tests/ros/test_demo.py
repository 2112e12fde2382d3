# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The demo from the outside: one command, its exit status, its files, and what others see meanwhile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import cv2
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseWithCovarianceStamped
from mcap.reader import make_reader
from rosbags.highlevel import AnyReader
from rosbags.typesys import Stores, get_typestore
from sensor_msgs.msg import CameraInfo, Image, JointState
from visualization_msgs.msg import MarkerArray

from ir_guidance.nodes import qos, topics
from ir_guidance.values import Modality
from ir_guidance_msgs.msg import FluoroscopyFrame

ROOT = Path(__file__).resolve().parents[2]
DEMO = (sys.executable, "-m", "ir_guidance.cli", "demo")
PROCEDURE_S = 260.0  # a minute on two quiet cores; the demo itself gives up sooner
SEEN_BY_OTHERS = {
    topics.NEEDLE_POSE: PoseWithCovarianceStamped,
    topics.TARGET_POSE: PoseWithCovarianceStamped,
    topics.MEASURED_JS: JointState,
    topics.DIAGNOSTICS: DiagnosticArray,
    topics.MARKERS: MarkerArray,
    topics.OVERLAY: Image,
    topics.HEAT: Image,
}
BY_X_RAYS = {
    topics.CAMERA_INFO: CameraInfo,
    topics.FLUOROSCOPY_FRAME: FluoroscopyFrame,
}
OF_IMAGES = (Image, FluoroscopyFrame)


@pytest.mark.timeout(320)
@pytest.mark.parametrize("modality", [Modality.ULTRASOUND])
def test_a_headless_demo_arrives_and_leaves_its_files(
    modality: Modality, start, graph, tmp_path: Path
) -> None:
    out = tmp_path / "demo"
    seen: Counter[str] = Counter()
    topics_seen = SEEN_BY_OTHERS | (BY_X_RAYS if modality is Modality.FLUOROSCOPY else {})
    for topic, kind in topics_seen.items():
        wanted = qos.IMAGES_WANTED if kind in OF_IMAGES else qos.STREAM
        graph.node.create_subscription(
            kind, topic, lambda _, topic=topic: seen.update([topic]), wanted
        )
    chosen = ("--modality", str(modality), "--seed", "4")
    demo = start([*DEMO, "--headless", *chosen, "--out", str(out)])
    graph.until(lambda: demo.process.poll() is not None, "the demo to end", PROCEDURE_S)
    assert demo.process.returncode == 0, demo.output
    assert not demo.family()
    assert seen.keys() == topics_seen.keys()
    _check_summary(json.loads((out / "summary.json").read_text()), modality)
    assert cv2.imread(str(out / "trajectory.png")) is not None
    _check_recording(out / "session.mcap")


def _check_summary(found: dict, modality: Modality) -> None:
    assert (found["outcome"], found["operator"], found["seed"]) == ("arrived", "scripted", 4)
    assert (found["modality"], bool(found["backend"])) == (str(modality), True)
    assert found["tip_error_mm"] <= found["tolerance_mm"]
    assert found["across_view_mm"] <= 2.0
    assert found["blind_travel_mm_max"] <= 1.0
    assert "R4" not in found["gate_levels"]
    assert found["frames"] > 500
    assert found["latency_ms"]["n"] > 300
    assert found["latency_ms"]["p50"] <= found["latency_ms"]["max"]
    assert {"source", "track", "localise", "correct", "gate"} <= found["stage_latency_ms"].keys()


def _check_recording(path: Path) -> None:
    """Read it with two independent readers."""
    with path.open("rb") as stream:
        statistics = make_reader(stream).get_summary().statistics
    counts: Counter[str] = Counter()
    with AnyReader([path], default_typestore=get_typestore(Stores.ROS2_JAZZY)) as reader:
        for connection, _, raw in reader.messages():
            counts[connection.topic] += 1
            if counts[connection.topic] == 1:
                reader.deserialize(raw, connection.msgtype)
    assert counts.total() == statistics.message_count
    for topic in (topics.IMAGE, topics.CORRECTION, topics.COMMAND, topics.GROUND_TRUTH):
        assert counts[f"/{topic}"] > 300, topic


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_whatever_ends_the_demo_leaves_no_process(start, graph, tmp_path: Path, number) -> None:
    demo = start([*DEMO, "--headless", "--out", str(tmp_path / "demo")])
    graph.until(lambda: graph.node.count_publishers(topics.GATE_STATE) > 0, "a gate", 40.0)
    os.kill(demo.process.pid, number)
    graph.until(lambda: demo.process.poll() is not None and not demo.family(), "nothing left", 15.0)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--headless", "--procedure", "heart"], "heart"),
        (["--headless", "--modality", "telepathy"], "telepathy"),
        (["--headless", "--sim-level", "7"], "7"),
        (["--headless", "--sim-level", "1"], "gz (Gazebo Harmonic) and ros_gz_bridge not found"),
        (["--headless", "--views", "2"], "--views 2"),
        (["--headless", "--backend", "oracle"], "oracle"),
        ([], "--headless"),
    ],
)
def test_bad_input_is_one_line_and_status_2(
    arguments: list[str], word: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        [*DEMO, *arguments, "--out", str(tmp_path / "demo")],
        stdin=subprocess.DEVNULL,
        env=os.environ | {"PATH": "/usr/bin:/bin", "AMENT_PREFIX_PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert word in done.stderr and done.stderr.count("\n") == 1
    assert not (tmp_path / "demo").exists()


def test_a_folder_with_files_is_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    done = subprocess.run(
        [*DEMO, "--headless", "--out", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and "already holds files" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.timeout(320)
def test_the_loop_closes_through_images_by_the_joints_of_a_robot_elsewhere(
    start, graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No Gazebo: in its place a process that plays trajectories; the needle in the images goes with its joints."""
    standin = Path(__file__).with_name("standin_controller.py")
    for name, words in {
        "gz": "exec sleep 600",
        "parameter_bridge": f'PYTHONPATH="{ROOT}:{ROOT}/tests" exec "{sys.executable}" "{standin}"',
    }.items():
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{words}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    monkeypatch.delenv("AMENT_PREFIX_PATH", raising=False)
    out = tmp_path / "demo"
    demo = start([*DEMO, "--headless", "--sim-level", "1", "--seed", "4", "--out", str(out)])
    graph.until(lambda: demo.process.poll() is not None, "the demo to end", PROCEDURE_S)
    assert demo.process.returncode == 0, demo.output
    assert not demo.family()
    _check_summary(json.loads((out / "summary.json").read_text()), Modality.ULTRASOUND)
