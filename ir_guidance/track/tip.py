# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Where along its course a shaft ends."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ir_guidance.track.curve import Curve
from ir_guidance.track.shaft_settings import ShaftSettings
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
    core, flank = max(settings.core_m / spacing_m, 1.0), settings.flank_m / spacing_m
    level = _level(strip, curve, s, np.arange(-round(core), round(core) + 1))
    aside = np.arange(round(0.5 * flank + core), round(1.5 * flank) + 1)
    flanks = _smoothed(_level(strip, curve, s, np.concatenate((-aside, aside))), back)
    expected = np.where(np.abs(s - curve.middle) > reach, -np.inf, 0.0)
    if tip_s is not None:
        expected = expected - 0.5 * ((s - tip_s) * spacing_m / settings.reach_sigma_m) ** 2
    end = End(curve.middle, reach, 0.0)
    for _ in range(ROUNDS):
        end = _posterior(s, level, flanks, expected, end.s, settings, spacing_m)
    seen_s = end.s - settings.bloom_m / spacing_m
    return End(seen_s, float(np.hypot(end.sigma, settings.end_sigma_m / spacing_m)), end.contrast)


def _posterior(
    s: Vector,
    level: Vector,
    flanks: Vector,
    expected: Vector,
    end_s: float,
    settings: ShaftSettings,
    spacing_m: float,
) -> End:
    """Return mean and spread of the end, with the levels that hold for an end at ``end_s``.

    The background is half what lies beside each column, half what follows the end, unless that is
    darker than what lies beside: a vessel ahead is not where the needle has got to.
    """
    gap, length = settings.edge_m / spacing_m, settings.level_m / spacing_m
    shaft = level[(s < end_s - gap) & (s > end_s - gap - length)]
    beyond = level[(s > end_s + gap) & (s < end_s + gap + length)]
    high = float(shaft.mean()) if len(shaft) else float(level.max())
    after = float(beyond.mean()) if len(beyond) else float(level.min())
    low = 0.5 * (max(after, float(flanks.mean())) + flanks)
    contrast = max(high - float(np.interp(end_s, s, low)), settings.least_contrast)
    unit = contrast / settings.end_noise**2 / (settings.grain_m / spacing_m)
    bound = 0.5 * contrast
    ratio = np.clip(level - low - 0.5 * contrast, -bound, bound) * unit
    log_posterior = np.cumsum(ratio) + expected
    posterior = np.exp(log_posterior - log_posterior.max())
    posterior /= posterior.sum()
    middle = float(posterior @ (s + 0.5))
    return End(middle, float(np.sqrt(posterior @ (s + 0.5 - middle) ** 2)), high - after)


def _level(strip: Strip, curve: Curve, s: Vector, aside: NDArray[np.int64]) -> Vector:
    """Return the mean level at every column s over rows so far from the curve."""
    rows = np.round(curve.row(s)).astype(int)[:, None] + aside
    rows = np.clip(rows, 0, strip.values.shape[0] - 1)
    columns = np.clip(s.astype(int), 0, strip.values.shape[1] - 1)
    level: Vector = strip.values[rows, columns[:, None]].mean(axis=1).astype(float)
    return level


def _smoothed(level: Vector, length: float) -> Vector:
    """Return the running mean over about that many columns."""
    blurred: Vector = cv2.blur(level[None], (2 * int(0.5 * length) + 1, 1))[0]
    return blurred
