# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Where the tip should be in the next frame: a Kalman filter that the robot's joints drive."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from ir_guidance.settings import Settings
from ir_guidance.values import NS_PER_S, Matrix, ShaftPrior, Vector


class MotionSettings(Settings):
    """How a tip may move between frames; metres, turned into pixels by the frame's spacing."""

    wander_mps: float = Field(
        0.004, gt=0, le=0.1, description="Growth of the uncertainty with time, per root second."
    )
    drift_per_m: float = Field(
        0.15, ge=0, le=2, description="Growth with what the robot moved since, 1 sigma."
    )
    start_sigma_m: float = Field(
        0.004, gt=0, le=0.05, description="Of the robot's own prediction before the first sighting."
    )
    jump_sigmas: float = Field(
        5.0, ge=3, le=20, description="Standard deviations from the prediction that are a jump."
    )
    jump_m: float = Field(
        0.003, gt=0, le=0.05, description="Distance from the prediction that is never a jump."
    )
    longest_s: float = Field(
        0.5, gt=0, le=5, description="Time without a sighting after which nothing is predicted."
    )


class TipMotion:
    """The tip's place in the image: the robot's prediction plus an offset, or alone where no robot is.

    A bent needle keeps its offset while it advances, so the filter's state is the offset; without
    a robot it is the place itself.
    """

    def __init__(self, settings: MotionSettings) -> None:
        """Start without knowledge."""
        self._settings = settings
        self.reset()

    def reset(self) -> None:
        """Forget the tip."""
        self._state: Vector = np.zeros(2)
        self._covariance: Matrix | None = None
        self._robot_px: Vector | None = None
        self._steady_ns = self._seen_ns = 0

    def predict(
        self, prior: ShaftPrior | None, steady_ns: int, spacing_m: float
    ) -> tuple[Vector, Matrix] | None:
        """Return the tip (u, v) expected at a moment and its covariance (px^2); None when nothing is."""
        robot_px = None if prior is None else np.asarray(prior.tip_px, float)
        if (robot_px is None) != (self._robot_px is None):
            self.reset()
        moved_px = 0.0
        if robot_px is not None and self._robot_px is not None:
            moved_px = float(np.linalg.norm(robot_px - self._robot_px))
        lost_s = (steady_ns - self._seen_ns) / NS_PER_S
        if self._covariance is not None and lost_s > self._settings.longest_s:
            self._covariance = None
            self._state = np.zeros(2)
        self._robot_px = robot_px
        if self._covariance is None:
            if robot_px is None:
                return None
            self._covariance = np.eye(2) * (self._settings.start_sigma_m / spacing_m) ** 2
            self._seen_ns = steady_ns
        else:
            elapsed_s = max(steady_ns - self._steady_ns, 0) / NS_PER_S
            grown = (self._settings.wander_mps / spacing_m) ** 2 * elapsed_s
            grown += (self._settings.drift_per_m * moved_px) ** 2
            self._covariance = self._covariance + np.eye(2) * grown
        self._steady_ns = steady_ns
        return self._place(), self._covariance

    def jumped(self, px: Vector, covariance: Matrix, spacing_m: float) -> bool:
        """Return whether a sighting is too far from the prediction to be the same tip."""
        if self._covariance is None:
            return False
        away = px - self._place()
        far = float(away @ np.linalg.solve(self._covariance + covariance, away))
        near = float(np.linalg.norm(away)) * spacing_m <= self._settings.jump_m
        return not near and far > self._settings.jump_sigmas**2

    def see(self, px: Vector, covariance: Matrix, steady_ns: int) -> None:
        """Take a sighting (u, v) with its covariance (px^2)."""
        if self._covariance is None:
            self._state, self._covariance = np.array(px, float), covariance
            if self._robot_px is not None:
                self._state = self._state - self._robot_px
        else:
            gain = self._covariance @ np.linalg.inv(self._covariance + covariance)
            self._state = self._state + gain @ (px - self._place())
            self._covariance = (np.eye(2) - gain) @ self._covariance
        self._steady_ns = self._seen_ns = steady_ns

    def _place(self) -> Vector:
        return self._state if self._robot_px is None else self._state + self._robot_px
