# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The patient's speckle as slices at end-exhale, and how breathing, pulse and needle warp it into a frame."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from ir_guidance.room.anatomy import Anatomy
from ir_guidance.room.breathing import Breathing
from ir_guidance.room.mirrors import Mirrors, MirrorSettings
from ir_guidance.room.samples import Samples
from ir_guidance.room.scan_lines import ScanLines
from ir_guidance.room.scanner import ScannerSettings
from ir_guidance.room.speckle import slices
from ir_guidance.room.swelling import Swelling
from ir_guidance.room.tissue import Tissue, TissueSettings
from ir_guidance.values import Vector

Array = NDArray[np.float64]
Field32 = NDArray[np.float32]

SPARE = 6
PUSH_SIGMA_M = 0.006
"""How far from the target's border tissue shares what the needle pushed it by, 1 sigma.

Within the border all of it does: lesions are several times stiffer than what is round them (Krouskop et al.,
Ultrason Imaging 20:260, 1998), and move as one.
"""


class Volume:
    """Slices of complex speckle round the image plane that can be seen through any breath.

    A row of samples shows tissue of one range, which all moves alike; so a frame is a blend of two
    slices per row, a shift per row, and a stretch in depth.
    """

    def __init__(
        self,
        scanner: ScannerSettings,
        lines: ScanLines,
        tissue: TissueSettings,
        mirrors: MirrorSettings,
        anatomy: Anatomy,
        breathing: Breathing,
        generator: np.random.Generator,
        sweep_m: float = 0.0,
    ) -> None:
        """Make slices that cover every place from which breath, or a sweep of the probe, can bring tissue into view."""
        self._scanner, self._sweep_m = scanner, sweep_m
        self._lines = lines
        self._breathing = breathing
        reach_m = -breathing.limit_m / (lines.line_m, 1.0, lines.row_m)
        self._left = SPARE + int(np.ceil(max(-reach_m[0], 0.0)))
        right = SPARE + int(np.ceil(max(reach_m[0], 0.0)))
        below = SPARE + int(np.ceil(max(-reach_m[2], 0.0)))
        width = fft.next_fast_len(self._left + lines.count + right)
        faces_m = lines.faces_m(self._left, width - lines.count - self._left)
        ranges_m = lines.ranges_m(below)
        samples = Samples(lines, faces_m, ranges_m)
        self._make_slices(
            Tissue(anatomy, tissue, generator, samples),
            Mirrors(anatomy, mirrors, generator, samples, scanner.wavelength_m),
            generator,
        )
        self._swellings = [
            Swelling(vessel, lines, self._left, generator)
            for vessel in anatomy.vessels
            if vessel.pulse or vessel.give
        ]
        self._target_radius_m = float(anatomy.lesion.radii_m[[0, 2]].mean())
        self._shares = np.asarray(breathing.share(ranges_m))
        self._ranges_m = lines.ranges_m()
        self._columns = np.arange(lines.count, dtype=np.float32)
        angle = lines.faces_m() / lines.radius_m
        self._cos, self._sin = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
        self._maps = np.empty((2, *lines.shape), np.float32)
        self._warped = np.empty((*lines.shape, 2), np.float32)
        self._planes = np.empty((2, *lines.shape), np.float32)

    def _make_slices(
        self, tissue: Tissue, mirrors: Mirrors, generator: np.random.Generator
    ) -> None:
        step_m = self._scanner.slice_step_m
        reach_m = -float(self._breathing.limit_m[1])
        self._first_m = min(reach_m, 0.0) - self._sweep_m - 0.5 * step_m
        count = int(np.ceil((abs(reach_m) + 2.0 * self._sweep_m + step_m) / step_m)) + 1
        places_m = self._first_m + step_m * np.arange(count, dtype=np.float64)
        stack = slices(
            tissue.scattering, mirrors.reflection, places_m, generator, self._scanner, self._lines
        )
        self._stack = stack.view(np.float32).reshape(count, stack.shape[1], -1)
        self._blend = np.empty(self._stack.shape[1:], np.float32)
        self._spill = np.empty_like(self._blend)

    def seen(
        self,
        time_s: float,
        breath_m: Vector,
        target_m: Vector,
        push_m: Vector,
        probe_out_m: float = 0.0,
    ) -> Field32:
        """Return the complex samples as (2, rows, lines), valid until the next call.

        Args:
            time_s: When, for the pulse.
            breath_m: Displacement (3,) of the organ in ``base_link``.
            target_m: Where the needle pushes: lateral place and depth.
            push_m: How far, across and down; the tissue round it follows less with distance.
            probe_out_m: How far the probe is out of its first plane.
        """
        self._blend_slices(probe_out_m - self._shares * float(breath_m[1]))
        rest_m = self._breathing.rest_depth(self._ranges_m, breath_m)
        share = self._breathing.share(rest_m)
        across_m, down_m = share * float(breath_m[0]), share * -float(breath_m[2])
        if self._lines.radius_m == np.inf:
            shift = self._left - across_m / self._lines.line_m
            np.add(self._columns, shift.astype(np.float32)[:, None], out=self._maps[0])
            self._maps[1] = (rest_m / self._lines.row_m).astype(np.float32)[:, None]
        else:
            self._spread_maps(across_m, down_m)
        for swelling in self._swellings:
            swelling.apply(self._maps, time_s)
        if push_m.any():
            self._push(target_m, push_m)
        source = self._blend.reshape(len(self._blend), -1, 2)
        cv2.remap(
            source,
            self._maps[0],
            self._maps[1],
            cv2.INTER_LINEAR,
            dst=self._warped,
            borderMode=cv2.BORDER_REFLECT,
        )
        cv2.split(self._warped, list(self._planes))
        return self._planes

    def _spread_maps(self, across_m: Array, down_m: Array) -> None:
        """Fill the maps of a convex probe: where tissue that moved by (rows,) lay before, line by line.

        The turn about the face's centre is small, so that three terms of its arctangent do.
        """
        lines = self._lines
        across, down = (moved.astype(np.float32)[:, None] for moved in (across_m, down_m))
        away = (lines.radius_m + self._ranges_m).astype(np.float32)[:, None]
        aside = down * self._sin - across * self._cos
        along = away - (across * self._sin + down * self._cos)
        tangent = aside / along
        turn = tangent * (1.0 - tangent * tangent / 3.0)
        np.multiply(turn, np.float32(lines.radius_m / lines.line_m), out=self._maps[0])
        self._maps[0] += self._columns + np.float32(self._left)
        rest = along * (1.0 + 0.5 * tangent * tangent) - np.float32(lines.radius_m)
        np.divide(rest, np.float32(lines.row_m), out=self._maps[1])

    def _blend_slices(self, out_m: Array) -> None:
        """Blend, row by row, the two slices next to each row's place (rows,) out of the plane."""
        place = (out_m - self._first_m) / self._scanner.slice_step_m
        lower = np.clip(np.floor(place).astype(int), 0, len(self._stack) - 2)
        part = (place - lower).astype(np.float32)[:, None]
        cuts = np.flatnonzero(np.diff(lower)) + 1
        for first, last in zip((0, *cuts), (*cuts, len(lower)), strict=True):
            rows, below = slice(first, last), lower[first]
            np.multiply(self._stack[below, rows], 1.0 - part[rows], out=self._blend[rows])
            np.multiply(self._stack[below + 1, rows], part[rows], out=self._spill[rows])
        self._blend += self._spill

    def _push(self, target_m: Vector, push_m: Vector) -> None:
        lines = self._lines
        column, row = (float(place) for place in lines.places(*target_m))
        tilt = (column - 0.5 * (lines.count - 1)) * lines.line_m / lines.radius_m
        line_m = lines.line_m * float(lines.widening(row * lines.row_m))
        across_m = push_m[0] * np.cos(tilt) - push_m[1] * np.sin(tilt)
        along_m = push_m[0] * np.sin(tilt) + push_m[1] * np.cos(tilt)
        reach_m = self._target_radius_m + 2.5 * PUSH_SIGMA_M
        columns = np.arange(*_within(column, reach_m / line_m, lines.count))
        rows = np.arange(*_within(row, reach_m / lines.row_m, lines.rows))
        if not len(columns) or not len(rows):
            return
        aside_m = ((columns - column) * line_m).astype(np.float32)
        below_m = ((rows[:, None] - row) * lines.row_m).astype(np.float32)
        beyond_m = np.maximum(np.hypot(below_m, aside_m) - np.float32(self._target_radius_m), 0.0)
        fade = np.exp(np.float32(-0.5 / PUSH_SIGMA_M**2) * beyond_m**2)
        box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        self._maps[0][box] -= np.float32(across_m / line_m) * fade
        self._maps[1][box] -= np.float32(along_m / lines.row_m) * fade


def _within(middle: float, reach: float, count: int) -> tuple[int, int]:
    return max(int(middle - reach), 0), min(int(middle + reach) + 1, count)
