# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The needle robot's geometry: a guide that slides on the skin, pivots about its remote centre, and inserts.

Joints, in order: ``guide_x``, ``guide_y`` [m] place the remote centre on the plane z = 0 of
``base_link``; ``pitch`` [rad] is the axis's angle below the horizontal, ``yaw`` [rad] its angle
out of the x-z plane, positive towards +y; ``insertion`` [m] runs from the remote centre to the tip.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field, model_validator

from ir_guidance.settings import Settings
from ir_guidance.values import GuidePose, Vector

JOINTS = ("guide_x", "guide_y", "pitch", "yaw", "insertion")
INSERTION = JOINTS.index("insertion")
Five = tuple[float, float, float, float, float]
Place = Annotated[
    float, Field(ge=-1.6, le=1.6)
]  # metres or radians: millimetres, degrees do not fit
Speed = Annotated[float, Field(gt=0, le=1)]
Acceleration = Annotated[float, Field(gt=0, le=20)]


class RobotLimits(Settings):
    """What the robot's joints can do, in the order of ``JOINTS``; metres, radians, seconds."""

    lower: tuple[Place, Place, Place, Place, Place] = Field(
        (-0.060, -0.030, 0.35, -0.35, -0.030), description="Lowest joint positions."
    )
    upper: tuple[Place, Place, Place, Place, Place] = Field(
        (0.060, 0.030, 1.40, 0.35, 0.090), description="Highest joint positions."
    )
    velocity: tuple[Speed, Speed, Speed, Speed, Speed] = Field(
        (0.020, 0.020, 0.20, 0.20, 0.010), description="Largest joint speeds."
    )
    acceleration: tuple[Acceleration, Acceleration, Acceleration, Acceleration, Acceleration] = (
        Field((0.20, 0.20, 2.0, 2.0, 0.05), description="Largest accelerations.")
    )

    @model_validator(mode="after")
    def _ordered(self) -> RobotLimits:
        for name, low, high in zip(JOINTS, self.lower, self.upper, strict=True):
            if low >= high:
                raise ValueError(f"lower {name} = {low} is not below upper {name} = {high}")
        return self


def axis(pitch_rad: float, yaw_rad: float) -> Vector:
    """Return the unit axis (3,) of the guide in ``base_link``, pointing into the patient."""
    return np.array(
        [
            np.cos(yaw_rad) * np.cos(pitch_rad),
            np.sin(yaw_rad),
            -np.cos(yaw_rad) * np.sin(pitch_rad),
        ]
    )


def axis_rates(pitch_rad: float, yaw_rad: float) -> tuple[Vector, Vector]:
    """Return the derivatives (3,) of the axis by pitch and by yaw."""
    by_pitch = np.array(
        [
            -np.cos(yaw_rad) * np.sin(pitch_rad),
            0.0,
            -np.cos(yaw_rad) * np.cos(pitch_rad),
        ]
    )
    by_yaw = np.array(
        [
            -np.sin(yaw_rad) * np.cos(pitch_rad),
            np.cos(yaw_rad),
            np.sin(yaw_rad) * np.sin(pitch_rad),
        ]
    )
    return by_pitch, by_yaw


def guide_pose(joints: Vector) -> GuidePose:
    """Return the pose of the guide at the joint positions (5,)."""
    x, y, pitch, yaw, insertion = (float(value) for value in joints)
    return GuidePose(np.array([x, y, 0.0]), axis(pitch, yaw), insertion)


def straight_tip(pose: GuidePose) -> Vector:
    """Return the tip (3,) in metres of a needle that does not bend."""
    return pose.remote_centre_m + pose.insertion_m * pose.direction


def joints_for(entry_m: Vector, direction: Vector, insertion_m: float) -> Vector:
    """Return the joints (5,) that put the remote centre at an entry on z = 0 with the axis along a unit direction."""
    pitch = np.arctan2(-direction[2], direction[0])
    yaw = np.arcsin(np.clip(direction[1], -1.0, 1.0))
    return np.array([entry_m[0], entry_m[1], pitch, yaw, insertion_m])
