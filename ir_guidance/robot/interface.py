# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What every robot is to the gate, simulated or real."""

from __future__ import annotations

from typing import Protocol

from ir_guidance.values import Command, RobotState


class Robot(Protocol):
    """Takes commands that expire, and stops by itself where they cease; no setting changes that."""

    def send(self, command: Command, now_ns: int) -> Command | None:
        """Take a command and return what was sent to the axes; None when it was refused.

        Refused is what is stale, repeated, not finite or more than the axes can do.
        """

    def state(self) -> RobotState:
        """Return what was measured last."""
