# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What lies in the beam besides the body: metal, contrast agent and plastic, as metres along the rays."""

from __future__ import annotations

from enum import Enum

import cv2
import numpy as np
from numpy.typing import NDArray

from ir_guidance.room.xray.stroke import Point, Tip, stroke

Field32 = NDArray[np.float32]
Array = NDArray[np.float64]


ROUNDED = Tip(Point.ROUND)


class Material(Enum):
    """What a thing is of; other metals count as the thickness of steel that weakens alike."""

    PLASTIC = 0
    STEEL = 1
    CONTRAST = 2
    BONE = 3


class Canvas:
    """Images (rows, columns) of metres of plastic and bone beyond the body, steel, and contrast agent."""

    def __init__(self, shape: tuple[int, int], spacing_m: float) -> None:
        """Begin empty; ``spacing_m`` is a pixel's size where the things are."""
        self.shape, self.spacing_m = shape, spacing_m
        self.layers: dict[Material, Field32] = {}

    def layer(self, material: Material) -> Field32:
        """Return the image of a material, for drawing on."""
        if material not in self.layers:
            self.layers[material] = np.zeros(self.shape, np.float32)
        return self.layers[material]

    def wire(
        self,
        line_px: Array,
        radius_m: float | Array,
        material: Material = Material.STEEL,
        density: float = 1.0,
        wall_m: float | None = None,
        tip: Tip = ROUNDED,
    ) -> None:
        """Add a round wire along points (n, 2); hollow with a wall."""
        wall_px = None if wall_m is None else wall_m / self.spacing_m
        drawn = stroke(self.shape, line_px, np.asarray(radius_m) / self.spacing_m, tip, wall_px)
        if drawn is not None:
            length_m = drawn.length_px * np.float32(density * self.spacing_m)
            self.layer(material)[drawn.rows, drawn.columns] += length_m

    def ball(self, at_px: Array, radius_m: float) -> None:
        """Add a ball of steel at a pixel (2,)."""
        reach = np.array([radius_m / self.spacing_m, 0.0])
        self.wire(np.stack([at_px - reach, at_px + reach]), radius_m)

    def plate(
        self,
        polygon_px: Array,
        thickness_m: float,
        material: Material = Material.STEEL,
        soft_px: float = 0.7,
        holes_px: tuple[Array, ...] = (),
    ) -> None:
        """Add a flat piece with an outline (n, 2) and holes in it; its edges are ``soft_px`` wide."""
        reach = int(np.ceil(3 * soft_px)) + 2
        first = np.maximum(np.floor(polygon_px.min(axis=0)) - reach, 0).astype(int)
        last = np.ceil(polygon_px.max(axis=0)) + reach
        last = np.minimum(last, self.shape[::-1]).astype(int)
        if (first >= last).any():
            return
        mask = np.zeros((last[1] - first[1], last[0] - first[0]), np.uint8)
        outlines = [
            np.round((line - first) * 8).astype(np.int32) for line in (polygon_px, *holes_px)
        ]
        cv2.fillPoly(mask, outlines, 255, cv2.LINE_AA, 3)
        share = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), soft_px)
        part = self.layer(material)[first[1] : last[1], first[0] : last[0]]
        part += share * np.float32(thickness_m / 255)
