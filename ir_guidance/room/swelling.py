# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Vessels that change their size: arteries swell with each heartbeat, veins give way to the probe."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ir_guidance.room.anatomy import Vessel
from ir_guidance.room.scan_lines import ScanLines

Field32 = NDArray[np.float32]

REACH = 2.2
"""Distance, in radii, up to which the tissue round a vessel makes room."""

HAND_HZ = 0.3
"""How fast the pressure of the hand that holds the probe wavers."""


class Swelling:
    """Warps the tissue at one vessel; the area that a vein loses in height it gains in width."""

    def __init__(
        self, vessel: Vessel, lines: ScanLines, left: int, generator: np.random.Generator
    ) -> None:
        """Place a vessel among samples that begin ``left`` lines before the first one shown."""
        self._lines = lines
        x_m, _, z_m = vessel.centre_m.tolist()
        line, row = lines.places(np.array(x_m), np.array(-z_m))
        self._centre = float(line) + left, float(row)
        self._left = left
        line_m = lines.line_m * float(lines.widening(row * lines.row_m))
        self._radii = vessel.radius_m / line_m, vessel.radius_m * vessel.flatness / lines.row_m
        self._pulse, self._give = vessel.pulse, vessel.give
        self._heart_hz = float(generator.uniform(0.8, 1.8))
        self._phase = float(generator.uniform(0.0, 1.0))

    def _stretch(self, time_s: float) -> tuple[float, float]:
        """Return by what part the vessel is wider and higher than drawn.

        The pulse rises in a sixth of a beat and falls over the rest.
        """
        beat = (time_s * self._heart_hz + self._phase) % 1.0
        swell = self._pulse * min(beat * 6.0, (1.0 - beat) * 1.2)
        press = self._give * float(np.sin(2.0 * np.pi * (HAND_HZ * time_s + self._phase)))
        return swell - 0.7 * press, swell + press

    def apply(self, maps: Field32, time_s: float) -> None:
        """Change the maps (2, rows, lines) of where each sample's tissue lies at rest, in place."""
        (column, row), (wide, high) = self._centre, self._radii
        c, r = round(column) - self._left, round(row)
        rows, count = maps.shape[1:]
        if not (0 <= c < count and 0 <= r < rows):
            return
        c, r = round(2 * c + self._left - float(maps[0, r, c])), round(2 * r - float(maps[1, r, c]))
        box = (
            slice(max(int(r - REACH * high), 0), max(int(r + REACH * high) + 2, 0)),
            slice(max(int(c - REACH * wide), 0), max(int(c + REACH * wide) + 2, 0)),
        )
        across, down = maps[0][box] - np.float32(column), maps[1][box] - np.float32(row)
        away = np.sqrt((across / np.float32(wide)) ** 2 + (down / np.float32(high)) ** 2)
        fade = np.clip((REACH - away) / np.float32(REACH - 1.0), 0.0, 1.0)
        for plane, off, stretch in zip(maps, (across, down), self._stretch(time_s), strict=True):
            plane[box] -= off * fade * np.float32(stretch / (1.0 + stretch))
