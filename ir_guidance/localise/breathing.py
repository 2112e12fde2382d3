# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The breath, learned from where the target is seen: its rest at end-exhale, and how far from rest it is."""

from __future__ import annotations

from collections import deque

import numpy as np

from ir_guidance.localise.settings import BreathingSettings
from ir_guidance.values import NS_PER_S, Vector

MOTIONLESS_M = 0.0005  # a target that moves less than this does not breathe


class Breath:
    """Learns the rest position of a target that dwells at end-exhale (Lujan 1999) and follows it."""

    def __init__(self, settings: BreathingSettings) -> None:
        """Start without knowledge."""
        self._settings = settings
        self._seen: deque[tuple[int, Vector]] = deque(maxlen=4096)
        self._last: tuple[int, float, float] | None = None
        # The way the target goes; of one that does not breathe none.
        self._inhaling: Vector = np.zeros(3)
        self._speed_mps = 0.0
        self._settled_s = 0.0
        self.rest_m: Vector | None = None
        self.displacement_m = 0.0
        self.rate_mps = 0.0
        self.period_s = 0.0

    def update(self, steady_ns: int, target_m: Vector, *, sure: bool = True) -> None:
        """Take one sighting of the target (3,) in metres; rest does not follow one that is not ``sure``."""
        if self.rest_m is None:
            self._seen.append((steady_ns, target_m))
            if steady_ns - self._seen[0][0] >= self._settings.observe_s * NS_PER_S:
                self._learn()
        if self.rest_m is not None:
            self._follow(steady_ns, target_m, sure=sure)

    def _learn(self) -> None:
        """Find rest as the end of the main axis of motion where the target dwells."""
        times_s = np.array([steady_ns for steady_ns, _ in self._seen]) / NS_PER_S
        points = np.array([point for _, point in self._seen])
        median = np.median(points, axis=0)
        _, _, axes = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)
        along = (points - median) @ axes[0]
        low, high = np.percentile(along, [2, 98])
        if high - low < MOTIONLESS_M:
            self.rest_m = median
            return
        if abs(high) < abs(low):  # the dwell is on the short side of the median
            along, low, high, axes = -along, -high, -low, -axes
        self._inhaling = axes[0]
        dwelling = along < np.percentile(along, 5) + self._settings.dwell_m
        self.rest_m = np.median(points[dwelling], axis=0)
        self.period_s = _period_s(times_s, (along - low) / (high - low))

    def _follow(self, steady_ns: int, target_m: Vector, *, sure: bool) -> None:
        assert self.rest_m is not None
        displacement = float(np.linalg.norm(target_m - self.rest_m))
        inhaled_m = float(self._inhaling @ target_m)
        if self._last is not None and steady_ns > self._last[0]:
            before_ns, before_m, before_inhaled_m = self._last
            dt_s = (steady_ns - before_ns) / NS_PER_S
            share = min(1.0, dt_s / self._settings.rate_s)
            self.rate_mps += share * ((displacement - before_m) / dt_s - self.rate_mps)
            self._speed_mps += share * ((inhaled_m - before_inhaled_m) / dt_s - self._speed_mps)
            # Not while it moves: rest would go along with each breath's first and last millimetre.
            speed_mps = self._speed_mps if self._inhaling.any() else self.rate_mps
            settled = abs(speed_mps) < self._settings.settled_mps
            self._settled_s = self._settled_s + dt_s if settled else 0.0
            near = displacement < self._settings.dwell_m
            if sure and settled and (near or self._settled_s > self._settings.dwell_s):
                self.rest_m = self.rest_m + min(1.0, dt_s / self._settings.follow_s) * (
                    target_m - self.rest_m
                )
        self._last = (steady_ns, displacement, inhaled_m)
        self.displacement_m = displacement


def _period_s(times_s: Vector, inhaled: Vector) -> float:
    """Return the median length of a breath, 0 where none was seen whole; ``inhaled`` runs from 0 to 1."""
    sure = np.abs(inhaled - 0.5) > 0.2  # noise at a single threshold would make double edges
    times_s, up = times_s[sure], inhaled[sure] > 0.5
    edges = np.flatnonzero(up[1:] != up[:-1]) + 1
    gaps = np.concatenate([np.diff(times_s[edges[up[edges] == way]]) for way in (True, False)])
    gaps = gaps[gaps > 1.0]  # nobody breathes faster
    return float(np.median(gaps)) if len(gaps) else 0.0
