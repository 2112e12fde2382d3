# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Follow a shaft along a strip and find where it ends."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ir_guidance.track.settings import ShaftSettings
from ir_guidance.track.strip import Strip
from ir_guidance.values import NeedleTrack, Vector

Image = NDArray[np.float32]
LOW = np.float32(-1e6)


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """The best run of shaft in a strip: its columns and rows, pixel by pixel, and its score."""

    columns: Vector
    rows: Vector
    score: float


def ridge(strip: Strip, settings: ShaftSettings, spacing_m: float) -> Image:
    """Return how much brighter each place is than both flanks, averaged along the shaft."""
    core = 2 * max(round(settings.core_m / spacing_m), 1) + 1
    flank = max(round(settings.flank_m / spacing_m), core)
    smooth = max(round(settings.smooth_m / spacing_m), 1)
    mean = cv2.blur(strip.values, (smooth, core), borderType=cv2.BORDER_REPLICATE)
    padded = cv2.copyMakeBorder(mean, flank, flank, 0, 0, cv2.BORDER_REPLICATE)
    rows = mean.shape[0]
    response: Image = mean - np.maximum(padded[:rows], padded[2 * flank : 2 * flank + rows])
    response[~strip.valid] = 0.0
    return response


def evidence(coarse: Image, settings: ShaftSettings) -> Image:
    """Return the log likelihood ratio of shaft to none for a ridge (across, along) of independent places.

    Either way the ridge is Gaussian, about the contrast expected of a shaft or about zero, with the
    spread that its column and the neighbouring ones show.
    """
    contrast = settings.contrast
    spread = 1.4826 * np.median(np.abs(coarse), axis=0)
    spread = cv2.blur(spread[None], (9, 1), borderType=cv2.BORDER_REPLICATE)
    spread = np.maximum(spread, settings.least_noise)
    clipped = np.clip(coarse, -contrast, 3.0 * contrast)
    gain: Image = (contrast * (clipped - 0.5 * contrast) / spread**2).astype(np.float32)
    return np.clip(gain, -3.0, 4.0)


def best_run(
    gain: Image, start: Image, end: Image, bend_cost: float, slopes: int = 3
) -> tuple[NDArray[np.int64], NDArray[np.int64], float]:
    """Return columns and rows of the smooth run with the largest sum of evidence, and that sum.

    Dynamic programming over row and slope: from one column to the next the row moves by the slope,
    and the slope changes by one at most, at a cost. ``start`` (across, along) is what beginning
    at a place is worth, ``end`` (along,) what ending at a column is.
    """
    rows, columns = gain.shape
    steps = np.arange(-slopes, slopes + 1)
    pad = slopes
    width = rows + 2 * pad
    take = (np.arange(len(steps)) + 1)[:, None] * width + pad + np.arange(rows) - steps[:, None]
    state = np.full((columns, len(steps) + 2, width), LOW, np.float32)
    state[0, 1:-1, pad:-pad] = start[:, 0] + gain[:, 0]
    for k in range(1, columns):
        before = state[k - 1]
        best = np.maximum(before[:-2], before[2:])
        best -= bend_cost
        np.maximum(best, before[1:-1], out=best)
        moved = best.ravel()[take - width]
        np.maximum(moved, start[:, k], out=moved)
        moved += gain[:, k]
        state[k, 1:-1, pad:-pad] = moved
    value = state[:, 1:-1, pad:-pad].max(axis=(1, 2)) + end
    k = int(value.argmax())
    slope, row = np.unravel_index(int(state[k, 1:-1, pad:-pad].argmax()), (len(steps), rows))
    return _walk_back(state, gain, start, bend_cost, (k, int(slope), int(row)))


def _walk_back(
    state: Image, gain: Image, start: Image, bend_cost: float, last: tuple[int, int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64], float]:
    slopes = (state.shape[1] - 3) // 2
    k, slope, row = last
    path = [(k, row)]
    while k > 0:
        row = row - (slope - slopes)
        place = row + slopes
        near = state[k - 1, slope : slope + 3, place].copy()
        near[[0, 2]] -= bend_cost
        step = int(near.argmax())
        if near[step] <= start[path[-1][1], k]:
            break
        k, slope = k - 1, slope + step - 1
        path.append((k, row))
    columns, rows = np.array(path[::-1]).T
    return columns, rows, float(gain[rows, columns].sum())


def find_needle(
    strip: Strip, settings: ShaftSettings, spacing_m: float, tip_s: float
) -> tuple[NeedleTrack | None, Image]:
    """Return the needle that runs along a strip towards its right end, None where there is none, and the ridge."""
    response = ridge(strip, settings, spacing_m)
    run = find_run(response, settings, spacing_m, tip_s)
    if run.score < settings.score:
        return None, response
    if np.ptp(run.columns) * spacing_m < settings.length_m:
        return None, response
    return measure(strip, response, run, settings, spacing_m), response


def find_run(response: Image, settings: ShaftSettings, spacing_m: float, tip_s: float) -> Run:
    """Return the best run of shaft in a ridge whose middle row is where the shaft is expected."""
    pace = max(round(settings.pace_m / spacing_m), 1)
    aside = max(round(settings.aside_m / spacing_m), 1)
    gain = evidence(response[aside // 2 :: aside, pace // 2 :: pace], settings)
    rows, columns = gain.shape
    s_m = (np.arange(columns) * pace + pace // 2) * spacing_m
    t_m = (np.arange(rows) - 0.5 * (rows - 1)) * aside * spacing_m
    sigma_m = settings.entry_sigma_m + (settings.tip_sigma_m - settings.entry_sigma_m) * np.minimum(
        s_m / max(tip_s * spacing_m, 1e-6), 1.0
    )
    start = -0.5 * (t_m[:, None] / sigma_m) ** 2 - settings.late_cost * np.arange(columns)
    end = -0.5 * ((s_m - tip_s * spacing_m) / settings.tip_sigma_m) ** 2
    k, row, score = best_run(
        gain, start.astype(np.float32), end.astype(np.float32), settings.bend_cost
    )
    return Run(k * float(pace) + pace // 2, row * float(aside) + aside // 2, score)


def measure(
    strip: Strip, response: Image, run: Run, settings: ShaftSettings, spacing_m: float
) -> NeedleTrack:
    """Return sub-pixel tip and direction of the run."""
    start = max(run.columns[0], run.columns[-1] - settings.bend_over_m / spacing_m)
    s = np.arange(start, run.columns[-1] + 1, 2.0)
    t = centroids(response, s, np.interp(s, run.columns, run.rows))
    middle = s[-1]
    degree = 2 if np.ptp(s) * spacing_m > 0.012 else 1
    curve, sigma = robust_fit(s - middle, t, degree)
    tip_s = find_tip(strip.values, curve, middle, settings, spacing_m)
    tip_t = float(np.polyval(curve, tip_s - middle))
    slope = float(np.polyval(np.polyder(curve), tip_s - middle))
    direction = strip.along + slope * strip.across
    direction /= np.linalg.norm(direction)
    across = np.array([-direction[1], direction[0]])
    along_sigma = 0.0004 / spacing_m
    across_sigma = max(0.5 * sigma, 0.5)
    covariance = along_sigma**2 * np.outer(direction, direction)
    covariance += across_sigma**2 * np.outer(across, across)
    confidence = 1.0 - float(np.exp(-run.score / (2.0 * settings.score)))
    return NeedleTrack(
        tip_px=strip.px(tip_s, tip_t),
        tip_covariance_px2=covariance,
        direction=direction,
        direction_sigma_rad=0.02,
        confidence=confidence,
    )


def centroids(response: Image, s: Vector, t: Vector) -> Vector:
    """Return the sub-pixel row of the ridge at each column near a rough row."""
    reach = 5
    columns = np.clip(np.round(s).astype(int), 0, response.shape[1] - 1)
    rows = np.round(t).astype(int)[:, None] + np.arange(-reach, reach + 1)
    inside = np.clip(rows, 0, response.shape[0] - 1)
    weight = np.maximum(response[inside, columns[:, None]], 0.0) ** 2 + 1e-9
    refined: Vector = (weight * rows).sum(axis=1) / weight.sum(axis=1)
    return refined


def robust_fit(s: Vector, t: Vector, degree: int) -> tuple[Vector, float]:
    """Return polynomial coefficients, highest first, and the residuals' sigma; outliers count less."""
    weight = np.ones_like(s)
    for _ in range(3):
        curve = np.polyfit(s, t, degree, w=weight)
        residual = t - np.polyval(curve, s)
        sigma = 1.4826 * float(np.median(np.abs(residual))) + 0.05
        weight = 1.0 / np.maximum(1.0, np.abs(residual) / (1.5 * sigma))
    return curve, sigma


def find_tip(
    values: Image, curve: Vector, middle: float, settings: ShaftSettings, spacing_m: float
) -> float:
    """Return the column at which the shaft's brightness steps down to the background's."""
    reach = settings.tip_search_m / spacing_m
    s = np.arange(max(middle - 2 * reach, 0), min(middle + 2 * reach, values.shape[1] - 1))
    t = np.polyval(curve, s - middle)
    rows = np.round(t).astype(int)[:, None] + np.arange(-2, 3)
    level = values[np.clip(rows, 0, values.shape[0] - 1), s.astype(int)[:, None]].mean(axis=1)
    if len(level) < 8:
        return middle
    sums = np.concatenate(([0.0], np.cumsum(level)))
    cut = np.arange(3, len(level) - 3)
    left, right = sums[cut] / cut, (sums[-1] - sums[cut]) / (len(level) - cut)
    power = (left - right) * np.sqrt(cut * (len(level) - cut) / len(level))
    power[np.abs(s[cut] - middle) > reach] = -np.inf
    return float(s[cut[int(np.argmax(power))]] - 0.5)
