# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A simulated procedure on Gazebo's robot: its server and bridge beside the nodes, images by its joints."""

from pathlib import Path

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess, OpaqueFunction
from launch_ros.actions import Node

from ir_guidance.nodes import launching
from ir_guidance.nodes.graph import simulation
from ir_guidance.robot.gazebo import BRIDGE, gazebo_commands

CONFIG = Path(__file__).parent / "config" / "sim.yaml"


def _gazebo(context: LaunchContext) -> list[ExecuteProcess]:
    """Return server and bridge; where they are not installed the launch ends with a line, before any node starts."""
    return [
        ExecuteProcess(cmd=gazebo_commands()["gazebo"], output="screen"),
        Node(
            package="ros_gz_bridge",
            executable="parameter_bridge",
            namespace=launching.chosen(context, "namespace"),
            parameters=[{"config_file": str(BRIDGE)}],
        ),
    ]


def generate_launch_description() -> LaunchDescription:
    """Return the arguments and the processes."""
    return LaunchDescription(
        [
            launching.PROCEDURE,
            DeclareLaunchArgument(
                "modality",
                default_value="ultrasound",
                choices=["ultrasound", "fluoroscopy"],
                description="How the simulated images are made.",
            ),
            DeclareLaunchArgument(
                "sim_level", default_value="1", choices=["1"], description="1: Gazebo's robot."
            ),
            DeclareLaunchArgument(
                "seed", default_value="0", description="Draws patient, breath, needle and errors."
            ),
            launching.params_file(str(CONFIG)),
            launching.VIEWS,
            launching.CT,
            launching.BACKEND,
            launching.NAMESPACE,
            launching.USE_SIM_TIME,
            launching.LOG_LEVEL,
            launching.REALTIME,
            launching.RECORD,
            OpaqueFunction(function=_gazebo),
            OpaqueFunction(
                function=lambda context: launching.processes(
                    simulation(
                        launching.simulated(context),
                        int(launching.chosen(context, "seed")),
                        bag=launching.chosen(context, "record"),
                    ),
                    context,
                )
            ),
        ]
    )
