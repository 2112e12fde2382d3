# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A robot that moves elsewhere, as the room sees it: its joints are heard, its mounting error is drawn."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ir_guidance.kinematics import JOINTS
from ir_guidance.robot.embedded import DriveSettings, mounting_error
from ir_guidance.values import Vector


class HeardRobot:
    """The needle is where the newest joints say; before the first it is at home."""

    def __init__(self, settings: DriveSettings, seed: int) -> None:
        """Draw the mounting error that encoders do not see."""
        self._offset = mounting_error(settings, np.random.default_rng([seed, 5]))
        self._joints = np.array(settings.home)

    @property
    def true_joints(self) -> Vector:
        """The joints (6,) as they are, mounting error included: what moves the needle in the room."""
        return self._joints + self._offset

    def hear(self, position: Mapping[str, float]) -> bool:
        """Take joint positions by name; False when one is missing or not finite, and none was taken."""
        values = np.array([position.get(name, np.nan) for name in JOINTS])
        if not np.isfinite(values).all():
            return False
        self._joints = values
        return True

    def step(self, now_ns: int) -> None:
        """Stay where it was heard to be: it moves elsewhere."""

    def feel(self, force_n: float) -> None:
        """Feel nothing: the tissue's push does not reach it."""
