# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Where the scan lines of a linear or convex probe lie, and how their samples become an image.

Sound is computed line by line, as scanners do: a sample has a place along the face and a range from
it. A linear probe's lines are parallel; a convex one's spread from the centre of its round face. The
image is converted from them onto its regular grid of pixels.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ir_guidance.room.scanner import ScannerSettings

Array = NDArray[np.float64]


class ScanLines:
    """The samples (rows, lines): a row is a range from the face, a column a place along it."""

    def __init__(self, scanner: ScannerSettings) -> None:
        """Lay out the lines and prepare the conversion."""
        self._scanner = scanner
        self.count = scanner.lines
        self.row_m = scanner.spacing_m
        self.line_m = scanner.aperture_m / scanner.lines
        self.radius_m = scanner.face_radius_m if scanner.probe == "convex" else np.inf
        below_face = scanner.height_px - scanner.face_row_px
        self.rows = int(min(round(scanner.depth_m / self.row_m), np.ceil(below_face)))
        u: Array = (
            np.arange(scanner.width_px, dtype=np.float64) - scanner.middle_px
        ) * scanner.spacing_m
        v: Array = (
            np.arange(scanner.height_px, dtype=np.float64) - scanner.face_row_px
        ) * scanner.spacing_m
        lines, rows = self.places(u[None, :], v[:, None])
        shape = scanner.height_px, scanner.width_px
        self._maps = cv2.convertMaps(
            np.ascontiguousarray(np.broadcast_to(lines, shape), np.float32),
            np.ascontiguousarray(np.broadcast_to(rows, shape), np.float32),
            cv2.CV_16SC2,
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and lines."""
        return self.rows, self.count

    def ranges_m(self, below: int = 0) -> Array:
        """Return the range (rows + below,) of every row."""
        ranges: Array = np.arange(self.rows + below, dtype=np.float64) * self.row_m
        return ranges

    def faces_m(self, left: int = 0, right: int = 0) -> Array:
        """Return the place along the face (left + lines + right,) of every line, 0 in the middle."""
        numbers = np.arange(-left, self.count + right, dtype=np.float64)
        places: Array = (numbers - 0.5 * (self.count - 1)) * self.line_m
        return places

    def widening(self, range_m: Array | float) -> Array:
        """Return how much farther apart lines are at a range than at the face."""
        return 1.0 + np.asarray(range_m) / self.radius_m

    def points_m(self, face_m: Array, range_m: Array) -> tuple[Array, Array]:
        """Return lateral place and depth below the middle of the face, shapes broadcast if they must."""
        if self.radius_m == np.inf:
            return face_m, range_m
        angle = face_m / self.radius_m
        away = self.radius_m + range_m
        return away * np.sin(angle), away * np.cos(angle) - self.radius_m

    def polar_m(self, x_m: Array, depth_m: Array) -> tuple[Array, Array]:
        """Return place along the face and range of points: ``points_m`` backwards."""
        if self.radius_m == np.inf:
            return x_m, depth_m
        along = depth_m + self.radius_m
        face: Array = self.radius_m * np.arctan2(x_m, along)
        return face, np.hypot(x_m, along) - self.radius_m

    def places(self, x_m: Array, depth_m: Array) -> tuple[Array, Array]:
        """Return line and row, fractions included, of points."""
        face, range_m = self.polar_m(x_m, depth_m)
        return face / self.line_m + 0.5 * (self.count - 1), range_m / self.row_m

    def image(self, grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the image (height, width) of grey samples (rows, lines); black where no line goes."""
        return np.asarray(cv2.remap(grey, *self._maps, cv2.INTER_LINEAR), dtype=np.uint8)
