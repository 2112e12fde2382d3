# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""From the description of nodes to launch actions; the launch files and `ir-guidance demo` share it."""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import yaml
from launch import LaunchContext
from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from ir_guidance.nodes.graph import NodeSpec, Procedure, parameters_of
from ir_guidance.profiles import profile_names
from ir_guidance.track import BACKENDS

PROCEDURE = DeclareLaunchArgument(
    "procedure", default_value="biopsy", choices=profile_names(), description="Which profile."
)
BACKEND = DeclareLaunchArgument(
    "backend", default_value="auto", choices=list(BACKENDS), description="Which tracker."
)
VIEWS = DeclareLaunchArgument(
    "views", default_value="1", choices=["1", "2"], description="Planes of the simulated C-arm."
)
CT = DeclareLaunchArgument(
    "ct",
    default_value="",
    description="By X-rays: a CT as patient, NIfTI file or folder of DICOM slices.",
)
NAMESPACE = DeclareLaunchArgument(
    "namespace", default_value="", description="Put before every topic and node name."
)
USE_SIM_TIME = DeclareLaunchArgument(
    "use_sim_time",
    default_value="false",
    choices=["true", "false"],
    description="Stamps from /clock; ages and deadlines stay on the steady clock.",
)
LOG_LEVEL = DeclareLaunchArgument(
    "log_level",
    default_value="info",
    choices=["debug", "info", "warn", "error", "fatal"],
    description="The least severe message that is shown.",
)
REALTIME = DeclareLaunchArgument(
    "realtime",
    default_value="false",
    choices=["true", "false"],
    description="Real-time priority, locked memory and cores kept awake; the user must be allowed to.",
)
RECORD = DeclareLaunchArgument(
    "record",
    default_value=f"session_{time.strftime('%Y%m%d_%H%M%S')}.mcap",
    description="File to record to; an existing one is never written over.",
)


def chosen(context: LaunchContext, name: str) -> str:
    """Return what was chosen for an argument."""
    return LaunchConfiguration(name).perform(context)


def procedure(context: LaunchContext) -> Procedure:
    """Return what was chosen for all nodes."""
    name, modality, backend = (chosen(context, n) for n in ("procedure", "modality", "backend"))
    return Procedure(
        name,
        modality,
        backend,
        sim_level=int(chosen(context, "sim_level")),
        realtime=chosen(context, "realtime") == "true",
    )


def simulated(context: LaunchContext) -> Procedure:
    """Return the same with what was chosen for a simulated patient and its C-arm."""
    views = int(chosen(context, "views"))
    return replace(procedure(context), ct=chosen(context, "ct"), views=views)


def params_file(config: str) -> DeclareLaunchArgument:
    """Return the argument for a parameter file; ``config`` is the one that comes with the launch file."""
    return DeclareLaunchArgument(
        "params_file",
        default_value=config,
        description="Full path to the ROS 2 parameters file; it has the last word.",
    )


def processes(specs: list[NodeSpec], context: LaunchContext) -> list[Node]:
    """Return one process for each of the described."""
    with tempfile.NamedTemporaryFile(
        "w", suffix=".yaml", prefix="ir_guidance_", delete=False
    ) as file:
        yaml.safe_dump(parameters_of(specs), file)
    told = [
        str(Path(file.name)),
        {"use_sim_time": chosen(context, "use_sim_time") == "true"},
        chosen(context, "params_file"),
    ]
    return [
        Node(
            package="ir_guidance",
            executable=spec.executable,
            namespace=chosen(context, "namespace"),
            parameters=told,
            ros_arguments=["--log-level", chosen(context, "log_level")],
            output="screen",
            emulate_tty=True,
        )
        for spec in specs
    ]
