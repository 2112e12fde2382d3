# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The smooth run of places that together are the best evidence of a shaft."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ir_guidance.track.ridge import evidence
from ir_guidance.track.shaft_settings import ShaftSettings
from ir_guidance.track.strip import Image
from ir_guidance.values import Vector

SLOPES = 3
"""Steepest slope of a run against its strip, in rows of the coarse grid per column."""
NEVER = np.float32(-1e6)


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A coarse shaft in a strip: its columns and rows in pixels, and the evidence for it."""

    columns: Vector
    rows: Vector
    score: float


def find_run(
    response: Image, settings: ShaftSettings, spacing_m: float, tip_s: float | None
) -> Run:
    """Return the best run in a ridge (across, along).

    With the column ``tip_s`` at which the tip is expected, the shaft is expected to come in at the
    left in the middle row and to end there; what is expected counts for the choice, not for the score.
    """
    pace = max(round(settings.pace_m / spacing_m), 1)
    aside = max(round(settings.aside_m / spacing_m), 1)
    gain = evidence(response[aside // 2 :: aside, pace // 2 :: pace], settings)
    start, end = np.zeros_like(gain), np.zeros(gain.shape[1], np.float32)
    if tip_s is not None:
        s_m = spacing_m * (np.arange(gain.shape[1], dtype=float) * pace + pace // 2)
        t_m = spacing_m * aside * (np.arange(gain.shape[0]) - 0.5 * (gain.shape[0] - 1))
        start, end = _expected(s_m, t_m, tip_s * spacing_m, settings)
    columns, rows = best_path(gain, start, end, settings.bend_cost)
    score = float(gain[rows, columns].sum())
    s, t = columns.astype(float), rows.astype(float)
    return Run(s * pace + pace // 2, t * aside + aside // 2, score)


def _expected(
    s_m: Vector, t_m: Vector, tip_m: float, settings: ShaftSettings
) -> tuple[Image, Image]:
    """Return what beginning at each place (across, along) and ending at each column is worth."""
    share = np.clip(s_m / max(tip_m, 1e-6), 0.0, 1.0)
    sigma_m = settings.entry_sigma_m + share * (settings.aside_sigma_m - settings.entry_sigma_m)
    late = settings.late_cost_per_m * s_m
    start = -0.5 * (t_m[:, None] / sigma_m) ** 2 - late
    end = -0.5 * ((s_m - tip_m) / settings.reach_sigma_m) ** 2
    return start.astype(np.float32), end.astype(np.float32)


def best_path(
    gain: Image, start: Image, end: Image, bend_cost: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return columns and rows of the path with the largest sum of gain (across, along).

    Dynamic programming over row and slope: from one column to the next the row moves by the slope,
    and the slope changes by one at most, at a cost. ``start`` (across, along) is what beginning
    at a place is worth, ``end`` (along,) what ending at a column is.
    """
    rows, columns = gain.shape
    width = rows + 2 * SLOPES
    slopes = np.arange(2 * SLOPES + 1)
    take = slopes[:, None] * width + np.arange(rows) - slopes[:, None] + 2 * SLOPES
    state = np.full((columns, len(slopes) + 2, width), NEVER, np.float32)
    inner = state[:, 1:-1, SLOPES:-SLOPES]
    inner[0] = start[:, 0] + gain[:, 0]
    for k in range(1, columns):
        before = state[k - 1]
        best = np.maximum(before[:-2], before[2:])
        best -= bend_cost
        np.maximum(best, before[1:-1], out=best)
        moved = best.ravel()[take]
        np.maximum(moved, start[:, k], out=moved)
        np.add(moved, gain[:, k], out=inner[k])
    value = inner.max(axis=(1, 2)) + end
    k = int(value.argmax())
    slope, row = np.unravel_index(int(inner[k].argmax()), inner[k].shape)
    return _walk_back(state, start, bend_cost, (k, int(slope), int(row)))


def _walk_back(
    state: Image, start: Image, bend_cost: float, last: tuple[int, int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the path that led to a column, slope and row."""
    k, slope, row = last
    path = [(k, row)]
    while k > 0:
        before = row - (slope - SLOPES)
        near = state[k - 1, slope : slope + 3, before + SLOPES].copy()
        near[[0, 2]] -= bend_cost
        step = int(near.argmax())
        if near[step] <= start[row, k]:
            break
        k, slope, row = k - 1, slope + step - 1, before
        path.append((k, row))
    columns, rows = np.array(path[::-1]).T
    return columns, rows
