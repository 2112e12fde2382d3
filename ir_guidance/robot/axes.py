# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What the embedded robot's drives turn: six axes as ideal servos, or as bodies with mass and friction."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

import numpy as np

from ir_guidance.kinematics import RobotLimits
from ir_guidance.settings import SettingsError
from ir_guidance.values import Vector

STEP_S = 0.002


class Physics(StrEnum):
    """How the embedded robot's axes move."""

    MUJOCO = "mujoco"
    KINEMATIC = "kinematic"


class Axes(Protocol):
    """Six joints in metres and radians that obey rates within their limits."""

    @property
    def position(self) -> Vector:
        """Joint positions (6,)."""

    @property
    def velocity(self) -> Vector:
        """Joint velocities (6,) as the drives report them: exactly zero at rest."""

    def advance(self, wanted: Vector) -> None:
        """Move on by ``STEP_S`` towards joint rates (6,), none beyond its largest speed."""

    def load(self, force_n: float) -> None:
        """Push the needle out of the patient with a force in newtons from now on."""


def make_axes(physics: Physics, limits: RobotLimits, home: Vector) -> Axes:
    """Return axes at rest at home (6,); only the chosen physics is imported.

    Raises:
        SettingsError: MuJoCo was chosen and is not installed.
    """
    if physics is Physics.KINEMATIC:
        return KinematicAxes(limits, home)
    try:
        from ir_guidance.robot.mujoco_axes import MujocoAxes
    except ModuleNotFoundError:
        raise SettingsError(
            "drive.physics = 'mujoco': not installed; pip install mujoco, or choose 'kinematic'"
        ) from None
    return MujocoAxes(limits, home)


class KinematicAxes:
    """Servos that reach any rate as fast as their acceleration allows and feel no load."""

    def __init__(self, limits: RobotLimits, home: Vector) -> None:
        """Rest at home (6,)."""
        self._lower, self._upper = np.array(limits.lower), np.array(limits.upper)
        self._most = np.array(limits.acceleration) * STEP_S
        self.position = np.array(home)
        self.velocity = np.zeros(len(home))

    def advance(self, wanted: Vector) -> None:
        """Change speed no faster than the acceleration allows, and stop at the joint limits."""
        change = np.clip(wanted - self.velocity, -self._most, self._most)
        self.velocity = self.velocity + change
        moved = self.position + self.velocity * STEP_S
        self.position = np.clip(moved, self._lower, self._upper)
        self.velocity = np.where(moved == self.position, self.velocity, 0.0)

    def load(self, force_n: float) -> None:
        """Feel nothing: an ideal servo is stiff."""
