# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The robot's axes as bodies in MuJoCo: mass, friction, gravity and the tissue's push, under servo drives."""

from __future__ import annotations

import mujoco
import numpy as np

from ir_guidance.kinematics import INSERTION, JOINTS, RobotLimits
from ir_guidance.robot.axes import STEP_S
from ir_guidance.robot.model import URDF, joint_limits
from ir_guidance.values import Vector

SERVO_HZ = 40.0  # each drive's own loop, five times as fast as the position loop round it
# Inertia of the rotors as the axes feel it through screws and gears (kg, kg m2); a URDF has no place for it.
ROTORS = (10.0, 10.0, 0.05, 0.05, 10.0, 1e-4)
RESOLUTION = np.array([1e-5, 1e-5, 1e-4, 1e-4, 1e-5, 2e-3])  # of measured speed: m/s, rad/s
FARTHEST = np.array([5e-4, 5e-4, 5e-3, 5e-3, 5e-4, 0.2])  # m, rad: ahead of a stalled body


class MujocoAxes:
    """Drives that follow a rate by torques within their limits; they know the robot's weight, not the tissue."""

    def __init__(self, limits: RobotLimits, home: Vector) -> None:
        """Rest at home (6,)."""
        urdf = URDF.read_text(encoding="utf-8")
        spec = mujoco.MjSpec.from_string(urdf)
        spec.option.timestep = STEP_S
        spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
        self._model = spec.compile()
        self._model.dof_armature[:] = ROTORS
        self._data = mujoco.MjData(self._model)
        self._data.qpos[:] = home
        self._effort = np.array([x.effort for x in joint_limits(urdf, JOINTS).values()])
        self._lower, self._upper = np.array(limits.lower), np.array(limits.upper)
        self._most = np.array(limits.acceleration) * STEP_S
        self._asked = np.array(home)
        self._rate = np.zeros(len(JOINTS))
        self._force_n = 0.0
        self._stiffness = (2 * np.pi * SERVO_HZ) ** 2
        self._damping = 2 * (2 * np.pi * SERVO_HZ)
        self._torque = np.zeros(len(JOINTS))
        mujoco.mj_forward(self._model, self._data)

    @property
    def position(self) -> Vector:
        """Joint positions (6,)."""
        return np.array(self._data.qpos)

    @property
    def velocity(self) -> Vector:
        """Joint velocities (6,) to the encoders' resolution."""
        speed: Vector = np.round(self._data.qvel / RESOLUTION) * RESOLUTION
        return speed

    def advance(self, wanted: Vector) -> None:
        """Ask the servos for the rates, no faster than the acceleration allows, and let the bodies move."""
        data, before = self._data, self._rate
        error = self._stiffness * (self._asked - data.qpos) + self._damping * (before - data.qvel)
        rate = before + np.clip(wanted - before, -self._most, self._most)
        asked = self._asked + rate * STEP_S
        near = np.clip(asked, data.qpos - FARTHEST, data.qpos + FARTHEST)
        self._asked = np.clip(near, self._lower, self._upper)
        self._rate = np.where(asked == self._asked, rate, 0.0)
        mujoco.mj_mulM(self._model, data, self._torque, error + (self._rate - before) / STEP_S)
        torque = self._torque + data.qfrc_bias
        data.qfrc_applied[:] = np.clip(torque, -self._effort, self._effort)
        data.qfrc_applied[INSERTION] -= self._force_n
        mujoco.mj_step(self._model, data)

    def load(self, force_n: float) -> None:
        """Push the needle, and with it the carriage, out of the patient."""
        self._force_n = force_n
