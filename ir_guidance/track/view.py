# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What the network looks at: a square part of an image, resampled to the network's size."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ir_guidance.track.backends import SIDE_PX
from ir_guidance.values import Vector

FINE = 512
"""A fine view has the resolution of the image scaled to this longer side."""


@dataclass(frozen=True, slots=True)
class View:
    """A square of the image: its first pixel (u, v), and how many image pixels wide it is."""

    first_px: tuple[int, int]
    side_px: int

    @property
    def scale(self) -> float:
        """Image pixels to one pixel of the view."""
        return self.side_px / SIDE_PX

    def px_of(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return image pixels (..., 2) of places in the view."""
        px: NDArray[np.float64] = (places + 0.5) * self.scale - 0.5 + np.array(self.first_px)
        return px

    def place_of(self, px: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return places in the view (..., 2) of image pixels."""
        places: NDArray[np.float64] = (px - np.array(self.first_px) + 0.5) / self.scale - 0.5
        return places

    def holds(self, px: Vector, margin: float) -> bool:
        """Return whether an image pixel (u, v) is in the view, and not within that share of it from its edges."""
        edge, place = margin * SIDE_PX, self.place_of(px)
        return bool((place > edge).all() and (place < SIDE_PX - edge).all())

    def take(self, pixels: NDArray[np.uint8], out: NDArray[np.uint8]) -> None:
        """Resample an image (rows, columns) into ``out`` (256, 256); what lies outside the image is black."""
        (left, top), side = self.first_px, self.side_px
        part = pixels[max(top, 0) : max(top + side, 0), max(left, 0) : max(left + side, 0)]
        if part.shape != (side, side):
            if not part.size:
                out[:] = 0
                return
            above, before = max(-top, 0), max(-left, 0)
            below = side - part.shape[0] - above
            after = side - part.shape[1] - before
            part = np.pad(part, ((above, below), (before, after)))
        if side == SIDE_PX:
            out[:] = part
            return
        how = cv2.INTER_AREA if side > SIDE_PX else cv2.INTER_LINEAR
        cv2.resize(part, (SIDE_PX, SIDE_PX), dst=out, interpolation=how)


def whole(shape: tuple[int, int]) -> View:
    """Return the view of a whole image (rows, columns)."""
    side = max(shape)
    return View(((shape[1] - side) // 2, (shape[0] - side) // 2), side)


def behind(
    tip_px: Vector, along_px: Vector, shape: tuple[int, int], share: float
) -> NDArray[np.float64]:
    """Return the middle (u, v) of a fine view that has a tip and some of its shaft, so much of its side back along it.

    The shaft is ``along_px`` (u, v) from its root to its tip; the middle is never beyond its root.
    """
    length = float(np.linalg.norm(along_px))
    if length == 0:
        return tip_px
    back = share * fine(shape, tip_px).side_px
    return np.asarray(tip_px - min(back / length, 1.0) * along_px)


def fine(shape: tuple[int, int], centre_px: Vector, zoom: float = 1.0) -> View:
    """Return the fine view of an image (rows, columns) round a pixel (u, v), kept inside it where it can be."""
    side = round(max(shape) * SIDE_PX / FINE / zoom)
    room = np.array([shape[1] - side, shape[0] - side])
    first = np.clip(np.asarray(centre_px) - side / 2, np.minimum(room, 0), np.maximum(room, 0))
    return View((round(float(first[0])), round(float(first[1]))), side)
