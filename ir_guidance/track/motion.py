# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Where the tip should be in the next frame: what the robot's joints say, and how the needle bends aside."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from ir_guidance.settings import Settings
from ir_guidance.values import NS_PER_S, Matrix, ShaftPrior, Vector

Expected = tuple[Vector, Matrix]
"""A place (u, v) in pixels and its covariance (2, 2) in px^2."""


class MotionSettings(Settings):
    """How a tip may move between frames; metres, turned into pixels by the frame's spacing."""

    wander_mps: float = Field(
        0.004, gt=0, le=0.1, description="Growth of the uncertainty with time, per root second."
    )
    drift_per_m: float = Field(
        0.15, ge=0, le=2, description="Growth aside with what the robot moved since, 1 sigma."
    )
    along_sigma_m: float = Field(
        0.0006,
        gt=0,
        le=0.02,
        description="Of the robot's tip along the shaft: a needle bends, it does not stretch.",
    )
    along_sigma_by_xrays_m: float = Field(
        0.0010,
        gt=0,
        le=0.02,
        description="The same by X-rays, whose scale is that of one depth; there the image knows better.",
    )
    aside_sigma_m: float = Field(
        0.004, gt=0, le=0.05, description="Of it across the shaft, before the first sighting."
    )
    jump_sigmas: float = Field(
        5.0, ge=3, le=20, description="Standard deviations from the prediction that are a jump."
    )
    jump_m: float = Field(
        0.003, gt=0, le=0.05, description="Distance from the prediction that is never a jump."
    )
    longest_s: float = Field(
        0.5, gt=0, le=5, description="Time without a sighting after which nothing is remembered."
    )


class TipMotion:
    """The tip's place in the image: the robot's, moved aside by the bend seen so far; or what was seen last.

    A bent needle keeps its bend while it advances, so with a robot the state is how far the tip lies
    beside the straight needle. How far in it is, the joints say better than any image, afresh on every
    frame: nothing is remembered along the shaft, so that one wrong sighting cannot lead to the next.
    """

    def __init__(self, settings: MotionSettings, *, by_xrays: bool = False) -> None:
        """Start without knowledge."""
        self._settings = settings
        self._along_m = settings.along_sigma_by_xrays_m if by_xrays else settings.along_sigma_m
        self.reset()

    def reset(self) -> None:
        """Forget the tip."""
        self._state: Expected | None = None
        self._robot: ShaftPrior | None = None
        self._expected: Expected | None = None
        self._steady_ns = self._seen_ns = 0

    def predict(
        self, prior: ShaftPrior | None, steady_ns: int, spacing_m: float
    ) -> Expected | None:
        """Return the tip expected at a moment; None when nothing is known and there is no robot."""
        if (prior is None) != (self._robot is None):
            self.reset()
        if steady_ns - self._seen_ns > self._settings.longest_s * NS_PER_S:
            self._state = None
        if self._state is not None:
            place, covariance = self._state
            grown = self._grown_px2(prior, steady_ns, spacing_m)
            self._state = place, covariance + np.eye(2) * grown
        self._robot, self._steady_ns = prior, steady_ns
        self._expected = self._state if prior is None else self._by_robot(prior, spacing_m)
        return self._expected

    def _grown_px2(self, prior: ShaftPrior | None, steady_ns: int, spacing_m: float) -> float:
        elapsed_s = max(steady_ns - self._steady_ns, 0) / NS_PER_S
        grown = (self._settings.wander_mps / spacing_m) ** 2 * elapsed_s
        if prior is not None and self._robot is not None:
            moved_px = np.linalg.norm(prior.tip_px - self._robot.tip_px)
            grown += (self._settings.drift_per_m * float(moved_px)) ** 2
        return grown

    def _by_robot(self, prior: ShaftPrior, spacing_m: float) -> Expected:
        """Return the robot's tip, moved aside by what is known of the bend."""
        along = np.asarray(prior.tip_px - prior.entry_px, float)
        along /= max(float(np.linalg.norm(along)), 1e-9)
        aside = np.array([-along[1], along[0]])
        offset, variance = 0.0, (self._settings.aside_sigma_m / spacing_m) ** 2
        if self._state is not None:
            offset = float(self._state[0] @ aside)
            variance = min(float(aside @ self._state[1] @ aside), variance)
        sigma_px = self._along_m / spacing_m
        covariance = variance * np.outer(aside, aside) + sigma_px**2 * np.outer(along, along)
        return np.asarray(prior.tip_px + offset * aside), covariance

    def jumped(self, px: Vector, covariance: Matrix, spacing_m: float) -> bool:
        """Return whether what the image alone says is too far from the prediction to be the same tip."""
        if self._expected is None:
            return False
        place, expected = self._expected
        away = px - place
        far = float(away @ np.linalg.solve(expected + covariance, away))
        near = float(np.linalg.norm(away)) * spacing_m <= self._settings.jump_m
        return not near and far > self._settings.jump_sigmas**2

    def see(self, px: Vector, covariance: Matrix, steady_ns: int) -> None:
        """Take a sighting (u, v) that already heeds the prediction, with its covariance (px^2)."""
        origin = np.zeros(2) if self._robot is None else self._robot.tip_px
        self._state = np.asarray(px - origin, float), covariance
        self._steady_ns = self._seen_ns = steady_ns
