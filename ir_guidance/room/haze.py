# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Sound that took the wrong way: bright columns under a needle, and its ghost beside it.

Steel rings, and tissue sends the strong echo to and fro: bright streaks along the scan lines below
the shaft (comet tail, ring-down). Lobes of the steered beams of a compounding scanner hit the shaft
from aside: a broad, smooth band, shallower than the needle and roughly parallel to it.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ir_guidance.room.draw import Range, uniform
from ir_guidance.room.needle_echo import SeenShaft
from ir_guidance.room.scan_lines import ScanLines
from ir_guidance.settings import Settings

Array = NDArray[np.float64]
Field32 = NDArray[np.float32]

GRAIN = 512
"""Rows and lines of the texture, repeated where more are needed."""

COARSE = 8
"""Samples to one of the coarse grid that haze is computed on: it is smooth."""


class HazeSettings(Settings):
    """Amplitudes are relative to the organ's mean speckle."""

    tail: Range = Field((0.0, 0.0), description="Bright columns below the shaft.")
    tail_m: Range = Field((0.004, 0.03), description="Range over which they fade, to 0.37.")
    ghost: Range = Field((0.0, 0.0), description="The shaft's ghost.")
    ghost_above_m: Range = Field((0.002, 0.010), description="How far above the shaft it is.")
    ghost_sigma_m: Range = Field((0.0005, 0.003), description="How broad it is, 1 sigma.")

    @property
    def any(self) -> bool:
        """Whether a needle can have haze at all."""
        return self.tail[1] > 0.0 or self.ghost[1] > 0.0


class Haze:
    """The haze of one needle; all but the needle's place is drawn once."""

    def __init__(
        self, settings: HazeSettings, lines: ScanLines, generator: np.random.Generator
    ) -> None:
        """Draw the haze's texture and strength."""
        self._lines = lines
        self._tail = uniform(generator, settings.tail)
        self._tail_rows = uniform(generator, settings.tail_m) / lines.row_m / COARSE
        self._ghost = uniform(generator, settings.ghost)
        self._ghost_rows = uniform(generator, settings.ghost_above_m) / lines.row_m / COARSE
        self._ghost_sigma = max(
            uniform(generator, settings.ghost_sigma_m) / lines.row_m / COARSE, 0.7
        )
        self._ghost_slope = float(generator.normal(0.0, 0.12))
        self._ghost_middle = float(generator.uniform(-0.2, 1.2))
        self._shape = -(-lines.rows // COARSE), -(-lines.count // COARSE)
        streaks = generator.standard_normal((1, 4 * self._shape[1])).astype(np.float32)
        self._streaks = np.exp(0.9 * cv2.GaussianBlur(streaks, (0, 0), 1.2)[0] / 0.48)
        first = generator.integers(GRAIN, size=2)
        rows, columns = (
            np.arange(start, start + count) % GRAIN
            for start, count in zip(first, lines.shape, strict=True)
        )
        self._grain = _grain()[:, rows[:, None], columns]

    def add(self, shaft: SeenShaft, field: Field32) -> None:
        """Add the haze of a shaft to complex samples (2, rows, lines) in place."""
        order = np.argsort(shaft.line)
        line, row = shaft.line[order] / COARSE, shaft.row[order] / COARSE
        if line[-1] - line[0] < 1.0:
            return
        level = self._tails(line, row, shaft.nearness[order] * shaft.strength[order])
        if self._ghost:
            level += self._band(shaft)
        rows, lines = field.shape[1:]
        full = cv2.resize(level, (self._shape[1] * COARSE, self._shape[0] * COARSE))[:rows, :lines]
        field += full * self._grain

    def _tails(self, line: Array, row: Array, strength: Array) -> Field32:
        columns = np.arange(self._shape[1])
        inside = (columns >= line[0] - 0.5) & (columns <= line[-1] + 0.5)
        top = np.interp(columns, line, row)
        bright = np.interp(columns, line, strength / (strength.mean() + 1e-9))
        bright = self._tail * np.minimum(bright, 3.0) * inside * self._streaks[: len(columns)]
        below = np.arange(self._shape[0])[:, None] - top
        tails = np.where(below > 0, np.exp(-np.maximum(below, 0.0) / self._tail_rows), 0.0)
        return np.asarray(tails * bright, dtype=np.float32)

    def _band(self, shaft: SeenShaft) -> Field32:
        """Return the ghost: a band along the shaft's straight line, which it may outrun on either side."""
        (l0, r0), (l1, r1) = (
            (shaft.line[end] / COARSE, shaft.row[end] / COARSE) for end in (-1, 0)
        )
        if abs(l1 - l0) < 1.0:
            return np.zeros(self._shape, np.float32)
        columns = np.arange(self._shape[1])
        share = (columns - l0) / (l1 - l0)
        middle = r0 + share * (r1 - r0) - self._ghost_rows + self._ghost_slope * (columns - l0)
        hump = np.exp(-0.5 * ((share - self._ghost_middle) / 0.45) ** 2)
        off = (np.arange(self._shape[0])[:, None] - middle) / self._ghost_sigma
        return np.asarray(self._ghost * hump * np.exp(-0.5 * off**2), dtype=np.float32)


@cache
def _grain() -> Field32:
    """Return unit-power complex texture (2, rows, lines), finer along the lines than across."""
    grain = np.random.default_rng(0).standard_normal((2, GRAIN, GRAIN), dtype=np.float32)
    for plane in grain:
        cv2.GaussianBlur(plane, (0, 0), dst=plane, sigmaX=2.5, sigmaY=0.8)
    return np.asarray(grain * np.float32(np.sqrt(0.5) / grain.std()), np.float32)
