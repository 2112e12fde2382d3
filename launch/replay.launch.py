# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Recorded images through the guidance once more; there is no robot and nothing moves."""

from pathlib import Path

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction

from ir_guidance.nodes import launching
from ir_guidance.nodes.graph import replay

CONFIG = Path(__file__).parent / "config" / "replay.yaml"


def generate_launch_description() -> LaunchDescription:
    """Return the arguments and the processes."""
    return LaunchDescription(
        [
            launching.PROCEDURE,
            DeclareLaunchArgument("source", description="File or folder of recorded images."),
            DeclareLaunchArgument(
                "modality",
                default_value="",
                choices=["", "ultrasound", "fluoroscopy"],
                description="How the images were made, where the source does not say.",
            ),
            DeclareLaunchArgument(
                "sim_level", default_value="0", choices=["0"], description="0: no hardware."
            ),
            launching.params_file(str(CONFIG)),
            launching.BACKEND,
            launching.NAMESPACE,
            launching.USE_SIM_TIME,
            launching.LOG_LEVEL,
            launching.REALTIME,
            OpaqueFunction(
                function=lambda context: launching.processes(
                    replay(
                        launching.procedure(context),
                        launching.chosen(context, "source"),
                    ),
                    context,
                )
            ),
        ]
    )
