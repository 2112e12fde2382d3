# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A simulated procedure: room, guidance, robot, recorder, and a script that operates."""

from pathlib import Path

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction

from ir_guidance.nodes import launching
from ir_guidance.nodes.graph import simulation

CONFIG = Path(__file__).parent / "config" / "sim.yaml"


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
                "sim_level", default_value="0", choices=["0"], description="0: embedded robot."
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
