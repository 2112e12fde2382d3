# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The echo of a needle: points along the curved shaft, each blurred by the beam it is seen with.

A shaft mirrors sound away unless it lies across the beam: a specular lobe over a diffuse floor
(Fenster et al. 2001 describe the loss with angle). Echoes bounce inside the shaft and return late:
fainter copies below it. Side lobes smear strong points along the face. What lies behind is shaded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy import ndimage

from ir_guidance.room.draw import Range, uniform
from ir_guidance.room.scan_lines import ScanLines
from ir_guidance.room.scanner import ScannerSettings, amplitude
from ir_guidance.settings import Settings

Array = NDArray[np.float64]
Field32 = NDArray[np.float32]

FINEST_M = 0.00012
"""Least distance of the points; the first lies one and a half of it back from the tip, for the beam's
width and the logarithm make up for it."""

LONGEST_M = 0.12
"""Shaft that is drawn, from the tip back."""

BEAM_SIGMAS = 1.875
"""Shaft that the beam sees at once, in its standard deviations; the points in it share the echo."""

PHASE_SPREAD_RAD = 0.9
"""Between neighbouring points: rough enough to glitter, smooth enough to be a line."""

TURN_SHARE = 0.25
"""Part of the echo's turn with depth that is kept; all of it would need points closer together."""

MARGIN = 20.0
"""How many samples outside the image a point may lie and still reach in with its blur."""

BOUNCES = 3
"""Copies of the shaft below it; the next would be under the speckle."""

CHUNK = 40
"""Points drawn together, about 5 mm of shaft: small boxes, few calls."""

EVERY = 6
"""One point in so many has its side lobes drawn, with the strength of all."""


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
    notch_db: Range = Field(
        (0.0, 0.0), description="How much brighter the distal part is: bevel, specimen notch."
    )
    notch_m: Range = Field((0.002, 0.010), description="Length of that part.")
    roughness: float = Field(
        0.45, ge=0, le=2, description="Spread of the log amplitude along the shaft."
    )
    patch_db: float = Field(
        0.0, ge=0, le=20, description="Spread of the echo over parts of 2 to 8 mm of shaft."
    )
    reverberation: Range = Field(
        (0.20, 0.34), description="Amplitude of each copy relative to the one above."
    )
    bounce_spread: float = Field(
        0.0, ge=0, le=2, description="How unlike the shaft its copies are: log amplitude, 1 sigma."
    )
    shade: Range = Field(
        (0.15, 0.35), description="Part of the amplitude that is lost behind the shaft."
    )
    bevel_m: float = Field(0.0020, ge=0, le=0.01, description="Length over which the tip tapers.")
    side_lobe_db: Range = Field(
        (-90.0, -90.0), description="Side lobes relative to the main; under -60 none are drawn."
    )
    side_lobe_m: Range = Field((0.001, 0.004), description="How far along the face they reach.")


@dataclass(frozen=True, slots=True, eq=False)
class SeenShaft:
    """A shaft among the samples: lines and rows of its points from the tip back, and what each returns.

    ``bounces`` (n, points) is the amplitude of its late copies relative to its own.
    """

    line: Array
    row: Array
    strength: Array
    nearness: Array
    phase: Array
    bounces: Array


class NeedleEcho:
    """Draws a needle into the complex samples; the steel's roughness is fixed to the steel."""

    def __init__(
        self,
        settings: NeedleEchoSettings,
        scanner: ScannerSettings,
        lines: ScanLines,
        generator: np.random.Generator,
        diameter_m: float,
    ) -> None:
        """Draw the needle's finish."""
        self._scanner = scanner
        self._settings = settings
        self._lines = lines
        self._apart_m = max(FINEST_M, scanner.spacing_m)
        count = int(LONGEST_M / self._apart_m)
        self._rough = np.exp(settings.roughness * _smooth(generator, (count,)))
        self._phase = PHASE_SPREAD_RAD * generator.standard_normal(count)
        back_m = (np.arange(count) + 1.5) * self._apart_m
        taper = np.clip(back_m / max(settings.bevel_m, self._apart_m), 0.0, 1.0)
        self._aside_m = 0.4 * diameter_m * taper * generator.uniform(-1.0, 1.0, count)
        self._back_m = back_m
        edge = np.exp(-0.5 * ((back_m - 0.0004) / 0.0004) ** 2)
        self._rough *= 1.0 + (amplitude(settings.tip_db) - 1.0) * edge
        self._peak = amplitude(uniform(generator, settings.specular_db))
        self._floor = amplitude(uniform(generator, settings.floor_db))
        bounce = uniform(generator, settings.reverberation)
        self._bounces: Array = bounce ** np.arange(1.0, BOUNCES + 1)[:, None] * np.exp(
            settings.bounce_spread * _smooth(generator, (BOUNCES, count))
        )
        self._shade = uniform(generator, settings.shade)
        self._bounce_rows = diameter_m / lines.row_m
        self._finish(generator, diameter_m)

    def _finish(self, generator: np.random.Generator, diameter_m: float) -> None:
        """Draw the patches, the notch and the side lobes, where the needle has such."""
        settings, back_m = self._settings, self._back_m
        if settings.patch_db:
            steps = np.cumsum(generator.uniform(0.002, 0.008, 60))
            levels = settings.patch_db * generator.standard_normal(60)
            self._rough *= 10.0 ** (np.interp(back_m, steps, levels) / 20.0)
        if settings.notch_db[1]:
            end = back_m < uniform(generator, settings.notch_m)
            self._rough[end] *= amplitude(uniform(generator, settings.notch_db))
            self._aside_m[end] -= 0.5 * diameter_m * generator.uniform(0.0, 1.0, int(end.sum()))
        level_db = uniform(generator, settings.side_lobe_db)
        self._side = amplitude(level_db) if level_db > -60.0 else 0.0
        self._side_lines = uniform(generator, settings.side_lobe_m) / self._lines.line_m

    def see(self, shaft_m: Array, image_from_base: Array) -> SeenShaft | None:
        """Return the shaft (n, 3), remote centre first, as the scanner sees it; None: nothing is in view."""
        scanner, lines = self._scanner, self._lines
        local = shaft_m @ image_from_base[:3, :3].T + image_from_base[:3, 3]
        arc = np.zeros(len(local))
        np.cumsum(np.linalg.norm(np.diff(local, axis=0), axis=1), out=arc[1:])
        count = min(int(arc[-1] / self._apart_m), len(self._rough))
        at = arc[-1] - self._back_m[:count]
        x, depth, out = (np.interp(at, arc, local[:, axis]) for axis in range(3))
        run, fall = (np.interp(at, arc, np.gradient(local[:, axis])) for axis in range(2))
        face, range_m = lines.polar_m(x, depth)
        heading = np.arctan2(fall, run) + face / lines.radius_m
        nearness = np.exp(-0.5 * (out / (scanner.elevation_sigma_m * scanner.spread(range_m))) ** 2)
        aside = self._aside_m[:count]
        line = face + aside * np.sin(heading) / lines.widening(range_m)
        line = line / lines.line_m + 0.5 * (lines.count - 1)
        row = (range_m - aside * np.cos(heading)) / lines.row_m
        seen = (nearness > 0.01) & (range_m > 0.0) & (row < lines.rows + MARGIN)
        seen &= (line > -MARGIN) & (line < lines.count + MARGIN)
        if not seen.any():
            return None
        strength = self._echo(heading) * nearness * self._rough[:count]
        phase = self._phase[:count] + TURN_SHARE * 4.0 * np.pi * range_m / scanner.wavelength_m
        return SeenShaft(
            line[seen],
            row[seen],
            strength[seen],
            nearness[seen],
            phase[seen],
            self._bounces[:, :count][:, seen],
        )

    def _echo(self, heading_rad: Array) -> Array:
        """Return the amplitude of each point of a shaft at angles from across the beam."""
        lobe = np.exp(-0.5 * (np.sin(heading_rad) / self._settings.lobe_rad) ** 2)
        echo: Array = self._peak * (self._floor + (1.0 - self._floor) * lobe)
        return echo * (self._apart_m / (BEAM_SIGMAS * self._scanner.lateral_sigma_m))

    def add(self, shaft: SeenShaft, field: Field32, gain: Field32) -> None:
        """Add the echo to complex samples (2, rows, lines) in place, amplified by a gain (rows, lines)."""
        for first in range(0, len(shaft.line), CHUNK):
            self._add_chunk(shaft, slice(first, first + CHUNK), field, gain, lobes=False)
        if self._side:
            for first in range(0, len(shaft.line), CHUNK * EVERY):
                part = slice(first, first + CHUNK * EVERY, EVERY)
                self._add_chunk(shaft, part, field, gain, lobes=True)

    def _add_chunk(
        self, shaft: SeenShaft, part: slice, field: Field32, gain: Field32, *, lobes: bool
    ) -> None:
        scanner, lines = self._scanner, self._lines
        line, row = shaft.line[part], shaft.row[part]
        range_m = row * lines.row_m
        sigma_line = scanner.lateral_sigma_m * scanner.spread(range_m)
        sigma_line /= lines.line_m * lines.widening(range_m)
        sigma_row = max(scanner.axial_sigma_m / lines.row_m, 0.5)
        wide = 3.0 * self._side_lines if lobes else 3.2 * float(sigma_line.max())
        late = 0.0 if lobes else BOUNCES * self._bounce_rows + 12.0
        columns = _whole(line, wide, wide, gain.shape[1])
        rows = _whole(row, 3.5 * sigma_row, late + 3.5 * sigma_row, gain.shape[0])
        if not len(columns) or not len(rows):
            return
        off = columns - line[:, None]
        weight = shaft.strength[part] * np.exp(1j * shaft.phase[part])
        if lobes:
            weight *= EVERY * self._side
            across = np.exp(-np.abs(off) / self._side_lines, dtype=np.float32)
            down = np.exp(-0.5 * ((rows - row[:, None]) / sigma_row) ** 2, dtype=np.float32)
        else:
            across = np.exp(-0.5 * (off / sigma_line[:, None]) ** 2, dtype=np.float32)
            off_rows = (rows - row[:, None]).astype(np.float32)
            down = self._with_bounces(off_rows, sigma_row, shaft.bounces[:, part])
        down *= gain[rows, columns[len(columns) // 2]]
        box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        for plane, turned in zip(field, (weight.real, weight.imag), strict=True):
            plane[box] += (down * turned.astype(np.float32)[:, None]).T @ across

    def _with_bounces(self, off: Field32, sigma: float, strength: Array) -> Field32:
        """Return the pulse at rows below each point, with its late and fainter copies."""
        pulse: Field32 = np.exp(-0.5 * (off / np.float32(sigma)) ** 2)
        for bounce in range(1, BOUNCES + 1):
            late = (off - np.float32(bounce * self._bounce_rows)) / np.float32(
                sigma * (1.0 + 0.3 * bounce)
            )
            pulse += strength[bounce - 1, :, None].astype(np.float32) * np.exp(-0.5 * late**2)
        return pulse

    def shade(self, shaft: SeenShaft, gain: Field32) -> None:
        """Darken what lies behind the shaft in an amplitude gain (rows, lines), in place."""
        order = np.argsort(shaft.line)
        line = shaft.line[order]
        columns = np.arange(max(int(line[0]), 0), min(int(line[-1]) + 1, gain.shape[1]))
        if not len(columns):
            return
        row = np.interp(columns, line, shaft.row[order]).astype(np.float32)
        lost = np.interp(columns, line, self._shade * shaft.nearness[order]).astype(np.float32)
        first = min(max(int(row.min()), 0), gain.shape[0])
        rows = np.arange(first, gain.shape[0], dtype=np.float32)
        behind = np.clip((rows[:, None] - row) * np.float32(0.1), 0.0, 1.0)
        behind *= lost
        np.subtract(1.0, behind, out=behind)
        gain[first:, columns[0] : columns[-1] + 1] *= behind


def _smooth(generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Return unit-variance noise, smooth over about 5 points of the last axis."""
    noise = ndimage.convolve1d(generator.standard_normal(shape), np.hanning(9), mode="constant")
    smooth: Array = noise / noise.std()
    return smooth


def _whole(places: Array, before: float, after: float, count: int) -> NDArray[np.int64]:
    """Return the whole numbers round places, that far before and after, within 0 to count."""
    return np.arange(max(int(places.min() - before), 0), min(int(places.max() + after) + 1, count))
