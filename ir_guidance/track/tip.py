# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Where along its course a shaft ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ir_guidance.track.curve import Curve
from ir_guidance.track.settings import ShaftSettings
from ir_guidance.track.strip import Strip
from ir_guidance.values import Vector

ROUNDS = 3
"""The levels of shaft and background depend on where the tip is; three rounds settle that."""


@dataclass(frozen=True, slots=True, eq=False)
class End:
    """The column at which the shaft ends, its standard deviation, and the shaft's contrast there."""

    s: float
    sigma: float
    contrast: float


def find_end(
    strip: Strip, curve: Curve, settings: ShaftSettings, spacing_m: float, tip_s: float | None
) -> End:
    """Return where the brightness along the curve falls from the shaft's level to the background's.

    The posterior of the end: every column before it is worth the log likelihood ratio of shaft to
    background, in which neighbours share their speckle, and the expected tip is a wide Gaussian.
    Its mean is the end, its spread the uncertainty.
    """
    reach, back = settings.end_search_m / spacing_m, settings.level_m / spacing_m
    last = strip.values.shape[1] - 1
    s = np.arange(max(curve.middle - reach - back, 0.0), min(curve.middle + 1.5 * reach, last) + 1)
    level = _level_along(strip, curve, s, settings.core_m / spacing_m)
    expected = np.where(np.abs(s - curve.middle) > reach, -np.inf, 0.0)
    if tip_s is not None:
        expected = expected - 0.5 * ((s - tip_s) * spacing_m / settings.reach_sigma_m) ** 2
    end = End(curve.middle, reach, 0.0)
    for _ in range(ROUNDS):
        end = _posterior(s, level, expected, end.s, settings, spacing_m)
    bloom = settings.bloom_m / spacing_m
    return End(end.s - bloom, float(np.hypot(end.sigma, settings.end_sigma_m / spacing_m)), end.contrast)


def _posterior(
    s: Vector, level: Vector, expected: Vector, end_s: float, settings: ShaftSettings, spacing_m: float
) -> End:
    """Return mean and spread of the end, with the levels that hold for an end at ``end_s``."""
    gap = settings.edge_m / spacing_m
    length = settings.level_m / spacing_m
    shaft = level[(s < end_s - gap) & (s > end_s - gap - length)]
    beyond = level[(s > end_s + gap) & (s < end_s + gap + length)]
    high = float(shaft.mean()) if len(shaft) else float(level.max())
    low = float(beyond.mean()) if len(beyond) else float(level.min())
    contrast = max(high - low, settings.least_contrast)
    shared = settings.grain_m / spacing_m
    unit = contrast / settings.end_noise**2 / shared
    ratio = np.clip(level - low - 0.5 * contrast, -0.6 * contrast, 0.6 * contrast) * unit
    log_posterior = np.cumsum(ratio) + expected
    posterior = np.exp(log_posterior - log_posterior.max())
    posterior /= posterior.sum()
    middle = float(posterior @ (s + 0.5))
    return End(middle, float(np.sqrt(posterior @ (s + 0.5 - middle) ** 2)), high - low)


def _level_along(strip: Strip, curve: Curve, s: Vector, core_px: float) -> Vector:
    """Return the mean level over the shaft's width at every column s."""
    half = max(round(core_px), 1)
    rows = np.round(curve.row(s)).astype(int)[:, None] + np.arange(-half, half + 1)
    rows = np.clip(rows, 0, strip.values.shape[0] - 1)
    columns = np.clip(s.astype(int), 0, strip.values.shape[1] - 1)
    level: Vector = strip.values[rows, columns[:, None]].mean(axis=1).astype(float)
    return level
