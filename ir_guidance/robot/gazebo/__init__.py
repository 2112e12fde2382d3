# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The robot in Gazebo Harmonic: its world, its bridge to ROS, and how both are started."""

from ir_guidance.robot.gazebo.start import BRIDGE, WORLD, gazebo_commands

__all__ = ["BRIDGE", "WORLD", "gazebo_commands"]
