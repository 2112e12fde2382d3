# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Robot: what obeys the gate's commands, in simulation or through a joint trajectory controller."""

from ir_guidance.robot.axes import Physics
from ir_guidance.robot.embedded import DriveSettings, EmbeddedRobot

__all__ = ["DriveSettings", "EmbeddedRobot", "Physics"]
