# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The needle robot's geometry: a guide slides on the skin, pivots about its remote centre, inserts and turns.

Joints, in order: ``guide_x``, ``guide_y`` [m] place the remote centre on the plane z = 0 of
``base_link``; ``pitch`` [rad] is the axis's angle below the horizontal, ``yaw`` [rad] its angle
out of the x-z plane, positive towards +y; ``insertion`` [m] runs from the remote centre to the tip;
``roll`` [rad] turns the needle, and with it its bevel, about its own axis, right-handed about the way in.
At roll 0 the bevel, as it is mounted, drives the tip along ``lateral_axes``'s first.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field, model_validator

from ir_guidance.settings import Settings
from ir_guidance.values import GuidePose, Vector

JOINTS = ("guide_x", "guide_y", "pitch", "yaw", "insertion", "roll")
INSERTION, ROLL = JOINTS.index("insertion"), JOINTS.index("roll")
Six = tuple[float, float, float, float, float, float]
Place = Annotated[
    float, Field(ge=-1.6, le=1.6)
]  # metres or radians: millimetres, degrees do not fit
Turn = Annotated[float, Field(ge=-6.6, le=6.6)]  # a little over one turn to either side
Speed = Annotated[float, Field(gt=0, le=1)]
TurnSpeed = Annotated[float, Field(gt=0, le=6.3)]
Acceleration = Annotated[float, Field(gt=0, le=20)]
TurnAcceleration = Annotated[float, Field(gt=0, le=100)]


class RobotLimits(Settings):
    """What the robot's joints can do, in the order of ``JOINTS``; metres, radians, seconds."""

    lower: tuple[Place, Place, Place, Place, Place, Turn] = Field(
        (-0.060, -0.030, 0.35, -0.35, -0.030, -6.5), description="Lowest joint positions."
    )
    upper: tuple[Place, Place, Place, Place, Place, Turn] = Field(
        (0.060, 0.030, 1.40, 0.35, 0.090, 6.5), description="Highest joint positions."
    )
    velocity: tuple[Speed, Speed, Speed, Speed, Speed, TurnSpeed] = Field(
        (0.020, 0.020, 0.20, 0.20, 0.010, 4.0), description="Largest joint speeds."
    )
    acceleration: tuple[
        Acceleration, Acceleration, Acceleration, Acceleration, Acceleration, TurnAcceleration
    ] = Field((0.20, 0.20, 2.0, 2.0, 0.05, 60.0), description="Largest accelerations.")

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


def lateral_axes(direction: Vector) -> Vector:
    """Return two unit vectors (2, 3) across a unit direction: in the upright plane, upwards, and level.

    A positive roll turns the first towards the second.
    """
    level = np.cross(direction, (0.0, 0.0, 1.0))
    length = float(np.linalg.norm(level))
    level = np.array([0.0, -1.0, 0.0]) if length < 1e-6 else level / length
    return np.stack((np.cross(level, direction), level))


def guide_pose(joints: Vector) -> GuidePose:
    """Return the pose of the guide at the joint positions (6,), or (5,) of one that does not turn the needle."""
    x, y, pitch, yaw, insertion, *roll = (float(value) for value in joints)
    return GuidePose(np.array([x, y, 0.0]), axis(pitch, yaw), insertion, *roll)


def straight_tip(pose: GuidePose) -> Vector:
    """Return the tip (3,) in metres of a needle that does not bend."""
    return pose.remote_centre_m + pose.insertion_m * pose.direction


def joints_for(entry_m: Vector, direction: Vector, insertion_m: float) -> Vector:
    """Return the joints (6,) that put the remote centre at an entry on z = 0 with the axis along a unit direction.

    The roll is 0, as after homing.
    """
    pitch = np.arctan2(-direction[2], direction[0])
    yaw = np.arcsin(np.clip(direction[1], -1.0, 1.0))
    return np.array([entry_m[0], entry_m[1], pitch, yaw, insertion_m, 0.0])
