# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Robot: what obeys the gate's commands, in simulation or through a joint trajectory controller."""

from ir_guidance.robot.axes import Physics
from ir_guidance.robot.controlled import ControlledRobot
from ir_guidance.robot.embedded import DriveSettings, EmbeddedRobot
from ir_guidance.robot.heard import HeardRobot
from ir_guidance.robot.interface import Robot

__all__ = ["ControlledRobot", "DriveSettings", "EmbeddedRobot", "HeardRobot", "Physics", "Robot"]
