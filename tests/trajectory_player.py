# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A stand-in for ros2_control's joint trajectory controller: the documented way it plays a trajectory.

A new trajectory replaces the old one at once; between where the arm is and the first point, and between
points with velocities, it goes along cubic splines; after the last point it holds. The arm follows exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicHermiteSpline

from ir_guidance.values import NS_PER_S, Vector


@dataclass(frozen=True, slots=True)
class _Way:
    start_ns: int
    spline: CubicHermiteSpline
    end_s: float


class TrajectoryPlayer:
    """Where the arm is at a moment, by the newest trajectory."""

    def __init__(self, position: Vector) -> None:
        self._rest = np.array(position, dtype=float)
        self._way: _Way | None = None

    def play(
        self, points: list[tuple[float, Vector, Vector]], now_ns: int, start_ns: int | None = None
    ) -> None:
        """Take points (seconds from start, position, velocity); they start now or at a stamp.

        One that would have ended already is ignored, as the controller does.
        """
        start_ns = now_ns if start_ns is None else start_ns
        since_s = (now_ns - start_ns) / NS_PER_S
        if points[-1][0] <= since_s:
            return
        ahead = [point for point in points if point[0] > since_s]
        position, velocity = self.at(now_ns)
        times = [since_s, *(time_s for time_s, _, _ in ahead)]
        positions = np.array([position, *(at for _, at, _ in ahead)])
        velocities = np.array([velocity, *(speed for _, _, speed in ahead)])
        spline = CubicHermiteSpline(times, positions, velocities)
        self._way, self._rest = _Way(start_ns, spline, times[-1]), positions[-1]

    def at(self, now_ns: int) -> tuple[Vector, Vector]:
        """Return position and velocity at a moment."""
        way = self._way
        if way is None or (passed_s := (now_ns - way.start_ns) / NS_PER_S) >= way.end_s:
            return self._rest.copy(), np.zeros_like(self._rest)
        return way.spline(passed_s), way.spline(passed_s, 1)
