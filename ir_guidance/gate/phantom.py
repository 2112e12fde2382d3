# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The check on a phantom before arming: known points, and how far off the needle's tip came to be."""

from __future__ import annotations

from ir_guidance.gate.settings import GateSettings


class PhantomCheck:
    """Keeps the errors of one session; a bad point is not outweighed by good ones."""

    def __init__(self, settings: GateSettings) -> None:
        """Start with nothing checked."""
        self._needed, self._limit_m = settings.phantom_points, settings.phantom_error_m
        self.points = 0
        self.worst_m = 0.0

    def note(self, error_m: float) -> None:
        """Record by how many metres the tip missed a known point."""
        self.points += 1
        self.worst_m = max(self.worst_m, error_m)

    def fault(self) -> str:
        """Return why the robot may not be armed, empty where it may, or where the profile asks for no check."""
        if self._needed == 0:
            return ""
        if self.worst_m > self._limit_m:
            return (
                f"the phantom check failed: {self.worst_m * 1e3:.2f} mm off, limit "
                f"{self._limit_m * 1e3:.2f} mm; find the cause and configure the robot anew"
            )
        if self.points < self._needed:
            return f"the phantom check wants {self._needed} points, {self.points} were driven to"
        return ""
