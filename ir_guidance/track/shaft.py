# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The needle in a strip: run, course, end."""

from __future__ import annotations

import numpy as np

from ir_guidance.track.curve import fit_curve
from ir_guidance.track.ridge import ridge
from ir_guidance.track.run import Run, find_run
from ir_guidance.track.shaft_settings import ShaftSettings
from ir_guidance.track.strip import Image, Strip
from ir_guidance.track.tip import find_end
from ir_guidance.values import NeedleTrack


def find_needle(
    strip: Strip, settings: ShaftSettings, spacing_m: float, tip_s: float | None = None
) -> tuple[NeedleTrack | None, Image]:
    """Return the needle that runs along a strip towards its right end, None where there is none, and the ridge.

    ``tip_s`` is the column at which the tip is expected, None where nothing is known.
    """
    response = ridge(strip, settings, spacing_m)
    if response.shape[1] * spacing_m < settings.length_m:
        return None, response
    run = find_run(response, settings, spacing_m, tip_s)
    length_m = float(np.ptp(run.columns)) * spacing_m
    if run.score < settings.score or length_m < settings.length_m:
        return None, response
    return measure(strip, response, run, settings, spacing_m, tip_s), response


def measure(
    strip: Strip,
    response: Image,
    run: Run,
    settings: ShaftSettings,
    spacing_m: float,
    tip_s: float | None,
) -> NeedleTrack:
    """Return tip and direction, sub-pixel and with covariance, of the shaft that a run found."""
    curve = fit_curve(response, run, settings, spacing_m)
    end = find_end(strip, curve, settings, spacing_m, tip_s)
    slope, slope_sigma = curve.slope(end.s)
    direction = strip.along + slope * strip.across
    direction /= np.linalg.norm(direction)
    normal = np.array([-direction[1], direction[0]])
    row_sigma = np.hypot(curve.row_sigma(end.s), settings.row_sigma_m / spacing_m)
    covariance = end.sigma**2 * np.outer(direction, direction)
    covariance += row_sigma**2 * np.outer(normal, normal)
    return NeedleTrack(
        tip_px=strip.px(end.s, float(curve.row(end.s))),
        tip_covariance_px2=covariance,
        direction=direction,
        direction_sigma_rad=float(np.hypot(slope_sigma, settings.direction_sigma_rad)),
        confidence=confidence(run.score, settings.score),
    )


def confidence(score: float, least: float) -> float:
    """Return 0.5 for evidence that only just suffices, towards 1 the more there is."""
    return float(1.0 - 0.5 ** (score / least))
