# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""How breathing moves the tissue: a breath's course, its direction, and how deep it reaches.

The course of one breath is Lujan's x(t) = A cos^2n(pi t / T - phase) (Lujan et al., Med Phys
26:715, 1999), which rests at end-exhale; amplitude and period vary from breath to breath.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ir_guidance.room.draw import Range, sign, uniform
from ir_guidance.settings import Settings
from ir_guidance.values import Vector

T = TypeVar("T", float, NDArray[np.float64])


class BreathingSettings(Settings):
    """Breathing of a patient at rest; an amplitude and a period of zero spread are a machine's."""

    amplitude_m: Range = Field(
        (0.010, 0.010),
        description="Movement of the organ at full inhale; the liver moves 5 to 25 mm in free breathing "
        "(Keall et al., AAPM TG-76, 2006), the low end in gentle breathing.",
    )
    limit_m: float = Field(0.0115, gt=0, le=0.03, description="Movement that no breath exceeds.")
    period_s: Range = Field((3.6, 4.4), description="Length of a breath at rest; 4 s is 0.25 Hz.")
    exponent: int = Field(
        3, ge=1, le=6, description="Lujan's n; larger rests longer at end-exhale."
    )
    amplitude_spread: float = Field(
        0.05, ge=0, le=0.3, description="Relative spread between breaths, 1 sigma."
    )
    period_spread: float = Field(
        0.04, ge=0, le=0.2, description="Relative spread between breaths, 1 sigma."
    )
    out_of_plane_rad: Range = Field(
        (0.175, 0.436),
        description="Angle of the movement out of the image plane, 10 to 25 degrees.",
    )
    depth_rad: Range = Field(
        (0.15, 0.50),
        description="Angle of the movement in the plane from the lateral axis towards depth.",
    )
    organ_depth_m: float = Field(
        0.025,
        gt=0.005,
        le=0.06,
        description="Depth from which tissue moves as one; the skin does not move.",
    )


class Breathing:
    """The movement of the organ with time, zero at end-exhale, drawn from a seed."""

    def __init__(
        self, settings: BreathingSettings, generator: np.random.Generator, lateral_sign: float
    ) -> None:
        """Draw a patient's breathing; ``lateral_sign`` is the side to which inhaling moves the organ."""
        self._settings = settings
        self._generator = generator
        self._amplitude_m = min(uniform(generator, settings.amplitude_m), settings.limit_m)
        self._period_s = uniform(generator, settings.period_s)
        out_of_plane = sign(generator) * uniform(generator, settings.out_of_plane_rad)
        down = sign(generator) * uniform(generator, settings.depth_rad)
        in_plane = np.cos(out_of_plane)
        self.direction: Vector = np.array(
            [lateral_sign * in_plane * np.cos(down), np.sin(out_of_plane), -in_plane * np.sin(down)]
        )
        self._starts_s = [-self._period_s * float(generator.uniform(0.0, 1.0))]
        self._breaths: list[tuple[float, float]] = []
        self._extend(0.0)

    @property
    def limit_m(self) -> Vector:
        """The displacement (3,) in ``base_link`` that no breath exceeds."""
        return self._settings.limit_m * self.direction

    def _extend(self, time_s: float) -> None:
        while self._starts_s[-1] <= time_s:
            normal = np.clip(self._generator.standard_normal(2), -2.5, 2.5)
            amplitude_m = self._amplitude_m * (
                1.0 + self._settings.amplitude_spread * float(normal[0])
            )
            period_s = self._period_s * (1.0 + self._settings.period_spread * float(normal[1]))
            self._breaths.append((min(amplitude_m, self._settings.limit_m), period_s))
            self._starts_s.append(self._starts_s[-1] + period_s)

    def displacement_m(self, time_s: float) -> Vector:
        """Return the displacement (3,) in ``base_link`` of the organ from its place at end-exhale.

        The same time gives the same displacement, in whatever order times are asked for.

        Raises:
            ValueError: The time is negative; the room begins at zero.
        """
        if not time_s >= 0.0:
            raise ValueError(f"time_s = {time_s}, the room begins at 0")
        self._extend(time_s)
        breath = bisect_right(self._starts_s, time_s) - 1
        amplitude_m, period_s = self._breaths[breath]
        phase = np.pi * (time_s - self._starts_s[breath]) / period_s
        course = amplitude_m * np.sin(phase) ** (2 * self._settings.exponent)
        displacement: Vector = course * self.direction
        return displacement

    def share(self, depth_m: T) -> T:
        """Return what part of the organ's movement tissue at a rest depth shares, 0 at the skin to 1."""
        x = np.clip(depth_m / self._settings.organ_depth_m, 0.0, 1.0)
        part: T = x * x * (3.0 - 2.0 * x)
        return part

    def rest_depth(self, depth_m: T, displacement_m: Vector) -> T:
        """Return the depth at rest of tissue that lies at a depth while the organ is displaced.

        Solves rest + share(rest) * down = depth; the map contracts (slope below 0.4), so four
        rounds leave less than 0.1 mm and the error is the same in the image and in the mechanics.
        """
        down_m = -float(displacement_m[2])
        rest_m = depth_m
        for _ in range(4):
            rest_m = depth_m - self.share(rest_m) * down_m
        return rest_m
