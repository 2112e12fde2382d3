# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The processes of Gazebo beside the nodes, wherever Gazebo is installed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ir_guidance.settings import SettingsError

WORLD = Path(__file__).parent / "needle_room.sdf"
BRIDGE = Path(__file__).parent / "bridge.yaml"
BRIDGE_PROGRAM = Path("lib/ros_gz_bridge/parameter_bridge")


def gazebo_commands() -> dict[str, list[str]]:
    """Return the command lines of a headless server and its bridge, by name.

    Raises:
        SettingsError: One of them is not installed.
    """
    server, bridge = shutil.which("gz"), _bridge()
    missing = [
        what
        for what, found in (("gz (Gazebo Harmonic)", server), ("ros_gz_bridge", bridge))
        if found is None
    ]
    if server is None or bridge is None:
        raise SettingsError(
            f"--sim-level 1: {' and '.join(missing)} not found; install Gazebo Harmonic with "
            "ros-jazzy-ros-gz and source your ROS 2, or use --sim-level 0"
        )
    return {
        "gazebo": [server, "sim", "-s", "-r", str(WORLD)],
        "gazebo_bridge": [bridge, "--ros-args", "-p", f"config_file:={BRIDGE}"],
    }


def _bridge() -> str | None:
    """Return the bridge's program, from whatever ROS installs are sourced, or on the path."""
    prefixes = os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)
    found = [Path(prefix, BRIDGE_PROGRAM) for prefix in prefixes if prefix]
    runs = [str(path) for path in found if os.access(path, os.X_OK)]
    return runs[0] if runs else shutil.which(BRIDGE_PROGRAM.name)
