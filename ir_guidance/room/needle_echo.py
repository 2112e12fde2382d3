# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The echo of a needle: points along the curved shaft, each blurred by the beam it is seen with.

A shaft mirrors sound away unless it lies across the beam: a specular lobe over a diffuse floor
(Fenster et al. 2001 describe the loss with angle). Echoes bounce inside the shaft and return late:
fainter copies below it. What lies behind is shaded a little.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ir_guidance.room.draw import Range, uniform
from ir_guidance.room.scanner import ScannerSettings, amplitude
from ir_guidance.settings import Settings

Array = NDArray[np.float64]
Field32 = NDArray[np.float32]

POINTS_APART_M = 0.00012
"""The first lies one and a half back from the tip: the beam's width and the logarithm make up for it."""
LONGEST_M = 0.12
"""Shaft that is drawn, from the tip back."""

BEAM_M = 0.0006
"""Shaft that the beam sees at once; the points in it share the echo's amplitude."""

PHASE_SPREAD_RAD = 0.9
"""Between neighbouring points: rough enough to glitter, smooth enough to be a line."""

TURN_SHARE = 0.25
"""Part of the echo's turn with depth that is kept; all of it would need points closer together."""

MARGIN_PX = 20.0
"""How far outside the image a point may lie and still reach in with its blur."""

BOUNCES = 3
"""Copies of the shaft below it; the next would be under the speckle."""

CHUNK = 40
"""Points drawn together, about 5 mm of shaft: small boxes, few calls."""


class NeedleEchoSettings(Settings):
    """How a needle looks; decibels are relative to the organ's mean speckle."""

    specular_db: Range = Field((26.0, 30.0), description="Echo of a shaft across the beam.")
    floor_db: Range = Field(
        (-12.0, -8.0), description="Echo at any angle, relative to that: rough steel."
    )
    lobe_rad: float = Field(
        0.28, gt=0.02, le=1, description="Angle at which the mirror's echo is down to 0.6."
    )
    tip_db: float = Field(4.0, ge=0, le=20, description="How much brighter the bevel's edge is.")
    roughness: float = Field(
        0.45, ge=0, le=2, description="Spread of the log amplitude along the shaft."
    )
    reverberation: Range = Field(
        (0.20, 0.34), description="Amplitude of each copy relative to the one above."
    )
    shade: Range = Field(
        (0.15, 0.35), description="Part of the amplitude that is lost behind the shaft."
    )
    bevel_m: float = Field(0.0020, ge=0, le=0.01, description="Length over which the tip tapers.")


@dataclass(frozen=True, slots=True, eq=False)
class SeenShaft:
    """A shaft in the image: pixels of its points from the tip back, and how much each returns."""

    u_px: Array
    v_px: Array
    strength: Array
    nearness: Array
    phase: Array


class NeedleEcho:
    """Draws a needle into the complex image; the steel's roughness is fixed to the steel."""

    def __init__(
        self,
        settings: NeedleEchoSettings,
        scanner: ScannerSettings,
        generator: np.random.Generator,
        diameter_m: float,
    ) -> None:
        """Draw the needle's finish."""
        self._scanner = scanner
        self._settings = settings
        count = int(LONGEST_M / POINTS_APART_M)
        rough = np.convolve(generator.standard_normal(count), np.hanning(9), mode="same")
        self._rough = np.exp(settings.roughness * rough / rough.std())
        self._phase = PHASE_SPREAD_RAD * generator.standard_normal(count)
        back_m = (np.arange(count) + 1.5) * POINTS_APART_M
        taper = np.clip(back_m / max(settings.bevel_m, POINTS_APART_M), 0.0, 1.0)
        self._aside_m = 0.4 * diameter_m * taper * generator.uniform(-1.0, 1.0, count)
        self._back_m = back_m
        edge = np.exp(-0.5 * ((back_m - 0.0004) / 0.0004) ** 2)
        self._rough *= 1.0 + (amplitude(settings.tip_db) - 1.0) * edge
        self._peak = amplitude(uniform(generator, settings.specular_db))
        self._floor = amplitude(uniform(generator, settings.floor_db))
        self._bounce = uniform(generator, settings.reverberation)
        self._shade = uniform(generator, settings.shade)
        self._bounce_px = diameter_m / scanner.spacing_m

    def see(self, shaft_m: Array, image_from_base: Array) -> SeenShaft | None:
        """Return the shaft (n, 3), remote centre first, as the scanner sees it; None: nothing is in view."""
        scanner = self._scanner
        local = shaft_m @ image_from_base[:3, :3].T + image_from_base[:3, 3]
        arc = np.zeros(len(local))
        np.cumsum(np.linalg.norm(np.diff(local, axis=0), axis=1), out=arc[1:])
        count = min(int(arc[-1] / POINTS_APART_M), len(self._rough))
        at = arc[-1] - self._back_m[:count]
        x, depth, out = (np.interp(at, arc, local[:, axis]) for axis in range(3))
        run, fall = (np.interp(at, arc, np.gradient(local[:, axis])) for axis in range(2))
        heading = np.arctan2(fall, run)
        spread = scanner.elevation_sigma_m * scanner.spread(depth)
        nearness = np.exp(-0.5 * (out / spread) ** 2)
        u = (x + self._aside_m[:count] * np.sin(heading)) / scanner.spacing_m + scanner.middle_px
        v = (depth - self._aside_m[:count] * np.cos(heading)) / scanner.spacing_m
        v += scanner.face_row_px
        seen = (nearness > 0.01) & (depth > 0.0) & (v < scanner.height_px + MARGIN_PX)
        seen &= (u > -MARGIN_PX) & (u < scanner.width_px + MARGIN_PX)
        if not seen.any():
            return None
        strength = self._echo(heading) * nearness * self._rough[:count]
        phase = self._phase[:count] + TURN_SHARE * 4.0 * np.pi * depth / scanner.wavelength_m
        return SeenShaft(u[seen], v[seen], strength[seen], nearness[seen], phase[seen])

    def _echo(self, heading_rad: Array) -> Array:
        """Return the amplitude of each point of a shaft at angles from across the beam."""
        lobe = np.exp(-0.5 * (np.sin(heading_rad) / self._settings.lobe_rad) ** 2)
        echo: Array = self._peak * (self._floor + (1.0 - self._floor) * lobe)
        return echo * (POINTS_APART_M / BEAM_M)

    def add(self, shaft: SeenShaft, field: Field32, gain: Field32) -> None:
        """Add the echo to a complex image (2, rows, columns) in place, amplified by a gain (rows, columns)."""
        for first in range(0, len(shaft.u_px), CHUNK):
            self._add_chunk(shaft, slice(first, first + CHUNK), field, gain)

    def _add_chunk(self, shaft: SeenShaft, part: slice, field: Field32, gain: Field32) -> None:
        scanner = self._scanner
        u, v = shaft.u_px[part], shaft.v_px[part]
        depth_m = (v - scanner.face_row_px) * scanner.spacing_m
        sigma_u = scanner.lateral_sigma_m * scanner.spread(depth_m) / scanner.spacing_m
        sigma_v = scanner.axial_sigma_m / scanner.spacing_m
        wide = 3.2 * float(sigma_u.max())
        columns = np.arange(
            max(int(u.min() - wide), 0), min(int(u.max() + wide) + 1, gain.shape[1])
        )
        late = BOUNCES * self._bounce_px + 12.0
        rows = np.arange(
            max(int(v.min() - 3.5 * sigma_v), 0), min(int(v.max() + late) + 1, gain.shape[0])
        )
        if not len(columns) or not len(rows):
            return
        across = np.exp(-0.5 * ((columns - u[:, None]) / sigma_u[:, None]) ** 2, dtype=np.float32)
        down = self._with_bounces((rows - v[:, None]).astype(np.float32), sigma_v)
        down *= gain[rows, columns[len(columns) // 2]]
        turning = shaft.strength[part] * np.exp(1j * shaft.phase[part])
        box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        for plane, weight in zip(field, (turning.real, turning.imag), strict=True):
            plane[box] += (down * weight.astype(np.float32)[:, None]).T @ across

    def _with_bounces(self, off_px: Field32, sigma_px: float) -> Field32:
        """Return the pulse at distances below each point, with its late and fainter copies."""
        pulse: Field32 = np.exp(-0.5 * (off_px / np.float32(sigma_px)) ** 2)
        for bounce in range(1, BOUNCES + 1):
            late = (off_px - np.float32(bounce * self._bounce_px)) / np.float32(
                sigma_px * (1.0 + 0.3 * bounce)
            )
            pulse += np.float32(self._bounce**bounce) * np.exp(-0.5 * late**2)
        return pulse

    def shade(self, shaft: SeenShaft, gain: Field32) -> None:
        """Darken what lies behind the shaft in an amplitude gain (rows, columns), in place."""
        order = np.argsort(shaft.u_px)
        u = shaft.u_px[order]
        columns = np.arange(max(int(u[0]), 0), min(int(u[-1]) + 1, gain.shape[1]))
        if not len(columns):
            return
        v = np.interp(columns, u, shaft.v_px[order]).astype(np.float32)
        lost = np.interp(columns, u, self._shade * shaft.nearness[order]).astype(np.float32)
        first = max(int(v.min()), 0)
        rows = np.arange(first, gain.shape[0], dtype=np.float32)
        behind = np.clip((rows[:, None] - v) * np.float32(0.1), 0.0, 1.0)
        behind *= lost
        np.subtract(1.0, behind, out=behind)
        gain[first:, columns[0] : columns[-1] + 1] *= behind
