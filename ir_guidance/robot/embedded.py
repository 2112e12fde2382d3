# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A simulated needle robot: six servo axes with limits, a tracking error and their own drive watchdog."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from ir_guidance.kinematics import INSERTION, ROLL, RobotLimits, Six
from ir_guidance.robot.axes import STEP_S, Physics, make_axes
from ir_guidance.settings import Settings
from ir_guidance.values import NS_PER_MS, NS_PER_S, Command, RobotState, Vector


class DriveSettings(Settings):
    """How well the simulated axes follow."""

    physics: Physics = Field(
        Physics.MUJOCO, description="mujoco: axes with mass and friction; kinematic: ideal servos."
    )
    home: Six = Field((-0.030, 0.0, 0.75, 0.0, -0.010, 0.0), description="Joints at power-on.")
    bandwidth_hz: float = Field(
        8.0, gt=0.5, le=100, description="Of the position loop of each axis."
    )
    watchdog_ms: float = Field(
        50.0, gt=0, le=50, description="Silence after which the drives stop."
    )
    offset_sigma_m: float = Field(
        0.0002, ge=0, le=0.005, description="Mounting error of sliding axes, by seed."
    )
    offset_sigma_rad: float = Field(
        0.004, ge=0, le=0.05, description="Mounting error of turning axes, by seed."
    )
    roll_offset_sigma_rad: float = Field(
        0.05, ge=0, le=0.5, description="How well the bevel's mark is set on mounting, by seed."
    )
    force_sigma_n: float = Field(0.05, ge=0, le=1, description="Noise of the force sensor.")
    encoder_step_m: float = Field(5e-6, gt=0, le=1e-3, description="Resolution of sliding axes.")
    encoder_step_rad: float = Field(5e-5, gt=0, le=1e-2, description="Resolution of turning axes.")


SLIDES = np.array([True, True, False, False, True, False])
"""Which joints slide; the others turn."""


def mounting_error(settings: DriveSettings, generator: np.random.Generator) -> Vector:
    """Draw by how much the joints (6,) are elsewhere than the encoders say."""
    sigma = np.where(SLIDES, settings.offset_sigma_m, settings.offset_sigma_rad)
    sigma[INSERTION] = 0.0  # the needle's length is measured before it is mounted
    sigma[ROLL] = settings.roll_offset_sigma_rad
    return generator.normal(0.0, sigma)


class EmbeddedRobot:
    """Axes that move to the last set point within their limits; silence stops them where they are."""

    def __init__(
        self, settings: DriveSettings, limits: RobotLimits, seed: int, now_ns: int
    ) -> None:
        """Start at rest at home; the seed draws the mounting error that encoders do not see.

        Raises:
            SettingsError: The physics that was chosen is not installed.
        """
        self._settings, self._limits = settings, limits
        self._generator = np.random.default_rng([seed, 5])
        self._offset = mounting_error(settings, self._generator)
        self._resolution = np.where(SLIDES, settings.encoder_step_m, settings.encoder_step_rad)
        self._fastest = np.array(limits.velocity)
        self._axes = make_axes(settings.physics, limits, np.array(settings.home))
        self._setpoint = np.array(settings.home)
        self._feed = np.zeros(len(settings.home))
        self._now_ns = now_ns
        self._heard: Command | None = None
        self._heard_ns = now_ns
        self._answered_ns = 0
        self._enabled = True
        self._force_n = 0.0
        self.estop = False

    @property
    def true_joints(self) -> Vector:
        """The joints (6,) as they are, mounting error included: what moves the needle in the room."""
        return self._axes.position + self._offset

    def feel(self, force_n: float) -> None:
        """Take the force in newtons with which the tissue pushes back along the needle."""
        noise_n = float(self._generator.normal(0.0, self._settings.force_sigma_n))
        self._force_n = force_n + noise_n
        self._axes.load(force_n)

    def send(self, command: Command, now_ns: int) -> Command | None:
        """Take a command and return it as it will be obeyed; None when it is stale, repeated or not finite."""
        values = np.array([*command.position, *command.velocity])
        stale = now_ns >= command.expires_steady_ns or (
            self._heard is not None
            and command.session == self._heard.session
            and command.sequence <= self._heard.sequence
        )
        if stale or not np.isfinite(values).all():
            return None
        if self._heard is None or command.stamp_ns != self._heard.stamp_ns:
            self._answered_ns = now_ns
        self._heard, self._heard_ns = command, now_ns
        self._enabled = command.enable and not self.estop
        self._setpoint = np.clip(command.position, self._limits.lower, self._limits.upper)
        self._feed = np.clip(command.velocity, -self._fastest, self._fastest)
        return command

    def step(self, now_ns: int) -> None:
        """Move on to a moment on the steady clock."""
        while now_ns - self._now_ns >= STEP_S * NS_PER_S:
            self._now_ns += int(STEP_S * NS_PER_S)
            silent_ms = (self._now_ns - self._heard_ns) / NS_PER_MS
            live = self._enabled and self._heard is not None and not self.estop
            if live and silent_ms <= self._settings.watchdog_ms:
                error = self._setpoint - self._axes.position
                wanted = self._feed + 2 * np.pi * self._settings.bandwidth_hz * error
            else:
                wanted = np.zeros_like(self._feed)
            self._axes.advance(np.clip(wanted, -self._fastest, self._fastest))

    def state(self) -> RobotState:
        """Return what the encoders and the drives report now."""
        silent_ms = (self._now_ns - self._heard_ns) / NS_PER_MS
        return RobotState(
            steady_ns=self._now_ns,
            position=np.round(self._axes.position / self._resolution) * self._resolution,
            velocity=self._axes.velocity.copy(),
            setpoint=self._setpoint.copy(),
            enabled=self._enabled and not self.estop,
            estop=self.estop,
            brake=not self._enabled or self.estop,
            force_n=self._force_n,
            fault="",
            watchdog_tripped=self._heard is not None and silent_ms > self._settings.watchdog_ms,
            accepted_stamp_ns=self._heard.stamp_ns if self._heard else 0,
            accepted_steady_ns=self._answered_ns,
        )
