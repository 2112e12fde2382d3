# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The samples that tissue is computed on: more of them than are shown, for breathing moves it about."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ir_guidance.room.scan_lines import ScanLines

Array = NDArray[np.float64]
Field32 = NDArray[np.float32]
Box = tuple[slice, slice]


class Samples:
    """A grid (rows, lines) of ranges and places along the face, and where things lie in it."""

    def __init__(self, lines: ScanLines, faces_m: Array, ranges_m: Array) -> None:
        """Lay it out over lines at ``faces_m`` (lines,) and ``ranges_m`` (rows,)."""
        self.lines = lines
        self.faces_m, self.ranges_m = faces_m, ranges_m
        self.across = faces_m.astype(np.float32)[None, :]
        self.down = ranges_m.astype(np.float32)[:, None]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and lines."""
        return len(self.ranges_m), len(self.faces_m)

    def course(self, points_m: Array) -> tuple[slice, Field32]:
        """Return the lines that a polyline (n, 2) crosses, and the range where each does."""
        face, range_m = self.lines.polar_m(*points_m.T)
        order = np.argsort(face)
        columns = slice(*np.searchsorted(self.faces_m, face[order][[0, -1]]).tolist())
        at = self.faces_m[columns]
        return columns, np.interp(at, face[order], range_m[order]).astype(np.float32)

    def box(self, x_m: float, depth_m: float, reach_m: float) -> tuple[Box, Field32, Field32]:
        """Return the samples within reach of a point, and their lateral places and depths."""
        face, range_m = (
            float(place) for place in self.lines.polar_m(np.array(x_m), np.array(depth_m))
        )
        aside = reach_m / float(self.lines.widening(max(range_m - reach_m, 0.0)))
        rows = slice(
            *np.searchsorted(self.ranges_m, [range_m - reach_m, range_m + reach_m]).tolist()
        )
        columns = slice(*np.searchsorted(self.faces_m, [face - aside, face + aside]).tolist())
        x, depth = self.lines.points_m(self.faces_m[None, columns], self.ranges_m[rows, None])
        return (rows, columns), x.astype(np.float32), depth.astype(np.float32)


def pattern(
    generator: np.random.Generator, shape: tuple[int, int], across: float, down: float
) -> Field32:
    """Return two smooth patterns (2, *shape), made coarse where they can be; widths in samples."""
    step_across, step_down = max(int(across / 2), 1), max(int(down / 2), 1)
    coarse = -(-shape[0] // step_down) + 1, -(-shape[1] // step_across) + 1
    planes = np.empty((2, *shape), np.float32)
    for plane in planes:
        noise = generator.standard_normal(coarse, dtype=np.float32)
        smooth = cv2.GaussianBlur(
            noise, (0, 0), sigmaX=across / step_across, sigmaY=down / step_down
        )
        smooth = (smooth - smooth.mean()) / smooth.std()
        cv2.resize(smooth, shape[::-1], dst=plane, interpolation=cv2.INTER_LINEAR)
    return planes
