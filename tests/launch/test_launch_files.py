# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The launch files under a real launch, wherever launch_ros is; it is on no package index."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path

import cv2
import numpy as np
import pytest

LAUNCH = Path(__file__).parents[2] / "launch"
FILES = sorted(LAUNCH.glob("*.launch.py"))
COMMON = {"procedure", "modality", "sim_level", "params_file", "namespace", "use_sim_time"}
OF_A_PATIENT = {"seed", "views", "ct"}
START_S, END_S = 40.0, 10.0

needs_launch = pytest.mark.skipif(
    find_spec("launch_ros") is None, reason="launch_ros is not installed"
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_launch_file_is_one_screen(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 80


def test_the_launch_files_are_there() -> None:
    names = {path.name.split(".")[0] for path in FILES}
    assert names >= {"sim", "gazebo", "procedure_room", "replay"}


@needs_launch
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_argument_is_described(path: Path) -> None:
    spec = spec_from_file_location(path.name, path)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    arguments = module.generate_launch_description().get_launch_arguments()
    wanted = COMMON | (OF_A_PATIENT if path.name.startswith(("sim", "gazebo")) else set())
    assert {argument.name for argument in arguments} >= wanted | {"log_level"}
    assert all(len(argument.description) > 5 for argument in arguments)


@needs_launch
def test_without_gazebo_its_launch_ends_with_a_line_before_a_node_starts() -> None:
    command = [Path(sys.executable).with_name("ros2"), "launch", LAUNCH / "gazebo.launch.py"]
    done = subprocess.run(
        [*map(str, command)],
        env=os.environ | {"PATH": "/usr/bin:/bin", "AMENT_PREFIX_PATH": sys.prefix},
        capture_output=True,
        text=True,
        timeout=START_S,
    )
    assert done.returncode == 1
    assert "ros_gz_bridge not found" in done.stderr and "Traceback" not in done.stderr
    assert "process started" not in done.stdout + done.stderr


@needs_launch
def test_replay_tracks_a_video_and_ends_cleanly(tmp_path: Path) -> None:
    video = tmp_path / "sweep.mp4"
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter_fourcc(*"mp4v"), 10, (128, 96))
    for _ in range(10):
        writer.write(np.full((96, 128, 3), 60, np.uint8))
    writer.release()
    environment = os.environ | {"ROS_DOMAIN_ID": "93", "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}
    command = [Path(sys.executable).with_name("ros2"), "launch", LAUNCH / "replay.launch.py"]
    log = tmp_path / "launch.log"
    with log.open("wb") as stream:
        launched = subprocess.Popen(
            [*map(str, command), f"source:={video}"],
            stdout=stream,
            stderr=subprocess.STDOUT,
            env=environment,
        )
    try:
        assert _first_track(environment), log.read_text()
        launched.send_signal(signal.SIGINT)
        launched.wait(END_S)
    finally:
        if launched.poll() is None:
            launched.send_signal(signal.SIGINT)
            launched.wait(END_S)
    assert log.read_text().count("process has finished cleanly") == 2, log.read_text()


def _first_track(environment: dict[str, str]) -> bool:
    """Return whether a track was seen, by a node in a process of its own."""
    program = (
        "import rclpy, sys, time\n"
        "from ir_guidance_msgs.msg import Track\n"
        "rclpy.init(); node = rclpy.create_node('listener'); seen = []\n"
        "node.create_subscription(Track, 'guidance/track', seen.append, 1)\n"
        f"end = time.monotonic() + {START_S}\n"
        "while not seen and time.monotonic() < end: rclpy.spin_once(node, timeout_sec=0.1)\n"
        "sys.exit(not seen)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], env=environment, timeout=START_S + END_S)
    return done.returncode == 0
