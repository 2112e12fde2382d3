# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The path that a needle's tip has cut, in coordinates that move with the tissue."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class CutPath:
    """Lateral places in two planes over the tissue's arc length; the last point is where the cut ends."""

    def __init__(self, step_m: float, longest_m: float) -> None:
        """Begin straight at arc length 0, with a point kept every ``step_m``."""
        self._step_m = step_m
        self._arc = np.zeros(int(longest_m / step_m) + 2)
        self._place = np.zeros((2, len(self._arc)))
        self._count = 1

    @property
    def front_m(self) -> float:
        """The arc length in metres at which the cut ends."""
        return float(self._arc[self._count - 1])

    def at(self, arc_m: Array) -> Array:
        """Return the lateral places (n, 2) in metres at arc lengths (n,); beyond the ends, the ends."""
        arc = self._arc[: self._count]
        places = np.empty((len(arc_m), 2))
        for plane in (0, 1):
            places[:, plane] = np.interp(arc_m, arc, self._place[plane, : self._count])
        return places

    def extend(self, arc_m: float, place_m: Array) -> None:
        """Cut on to an arc length beyond the end, where the tip is at ``place_m`` (2,)."""
        before = self._arc[max(self._count - 2, 0)]
        if self._count == 1 or (arc_m - before > self._step_m and self._count < len(self._arc)):
            self._count += 1
        self._arc[self._count - 1] = arc_m
        self._place[:, self._count - 1] = place_m

    def cut_back(self, arc_m: float) -> None:
        """Forget the path beyond an arc length: what is cut there next may lie elsewhere."""
        if arc_m >= self.front_m:
            return
        place_m = self.at(np.array([arc_m]))[0]
        self._count = max(int(np.searchsorted(self._arc[: self._count], arc_m)), 1)
        self.extend(max(arc_m, self.front_m), place_m)
