# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A procedure room: real images from a live or recorded source, guidance, gate, robot and recorder.

With ``advisory:=true`` a person holds the needle, and is shown what would help: no robot, no gate.
"""

from pathlib import Path

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction

from ir_guidance.nodes import launching
from ir_guidance.nodes.graph import procedure_room

CONFIG = Path(__file__).parent / "config" / "procedure_room.yaml"


def generate_launch_description() -> LaunchDescription:
    """Return the arguments and the processes."""
    return LaunchDescription(
        [
            launching.PROCEDURE,
            DeclareLaunchArgument(
                "source", description="File, folder, device or address of the images."
            ),
            DeclareLaunchArgument(
                "modality",
                default_value="",
                choices=["", "ultrasound", "fluoroscopy"],
                description="How the images are made, where the source does not say.",
            ),
            DeclareLaunchArgument(
                "sim_level",
                default_value="0",
                choices=["0", "2", "3"],
                description="0: embedded robot, 2: hardware, 3: hardware shadowed by simulation.",
            ),
            DeclareLaunchArgument(
                "advisory",
                default_value="false",
                choices=["true", "false"],
                description="No robot: corrections are shown to the person who holds the needle.",
            ),
            launching.params_file(str(CONFIG)),
            launching.BACKEND,
            launching.NAMESPACE,
            launching.USE_SIM_TIME,
            launching.LOG_LEVEL,
            launching.REALTIME,
            launching.RECORD,
            OpaqueFunction(
                function=lambda context: launching.processes(
                    procedure_room(
                        launching.procedure(context),
                        launching.chosen(context, "source"),
                        bag=launching.chosen(context, "record"),
                        advisory=launching.chosen(context, "advisory") == "true",
                    ),
                    context,
                )
            ),
        ]
    )
