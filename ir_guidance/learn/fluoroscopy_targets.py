# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The targets of a training scene: where they are laid, what they take from the beam, and whether that shows."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ir_guidance.learn.fluoroscopy_layout import in_round
from ir_guidance.room.xray.beam import CONTRAST, STEEL
from ir_guidance.room.xray.canvas import Canvas, Material
from ir_guidance.room.xray.devices import heading
from ir_guidance.room.xray.display import Border
from ir_guidance.room.xray.imaging import Imaging
from ir_guidance.room.xray.instrument import Instrument
from ir_guidance.room.xray.targets import clip, filled_hollow

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Field32 = NDArray[np.float32]
Generator = np.random.Generator

ARRIVING_CHANCE = 0.35
"""Targets that the needle is about to reach, or has reached: where it matters most that both are seen."""

ARRIVING_M = (-0.002, 0.020)

NEIGHBOUR_CHANCE, NEIGHBOUR_M = 0.2, (0.004, 0.012)
"""Of a target that lies beside another, and how far off."""

POINT_CHANCE = 0.08
"""Of a point of a registered CT, which nothing shows: it is where it is pointed at."""

LEAST_SIGNAL = 8.0
"""Signal over noise of a target's pixels together, from which it is there to be seen."""

LEAST_LOST = 0.02
"""Share of the primary beam that a target must take on average, over its inner part."""

INNER, REACH_PX = 0.7, 1.5
"""Share of a target's radius that counts as its inner part, and pixels beyond, for a wire's width."""


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """Places (k, 2), (u, v), and radii (k,) in pixels; ``drawn`` (k,) are those that anything shows."""

    places_px: Array
    radii_px: Array
    drawn: NDArray[np.bool_]


def lay_targets(generator: Generator, canvas: Canvas, field: Border, wanted: Instrument) -> Targets:
    """Draw clips and filled hollows on a canvas of their own; add points that nothing shows."""
    places: list[Array] = []
    radii: list[float] = []
    for chance, most, draw in ((0.55, 5, clip), (0.35, 2, filled_hollow)):
        if generator.random() < chance:
            for _ in range(int(generator.integers(1, most + 1))):
                places.append(_place(generator, canvas, field, wanted, places))
                radii.append(draw(canvas, generator, places[-1]))
    drawn = np.ones(len(places), bool)
    if generator.random() < POINT_CHANCE:
        places.append(in_round(generator, field, 0.8))
        radii.append(4.0)
        drawn = np.append(drawn, False)
    return Targets(np.array(places).reshape(-1, 2), np.array(radii), drawn)


def _place(
    generator: Generator, canvas: Canvas, field: Border, wanted: Instrument, others: list[Array]
) -> Array:
    """Return where a target is, (u, v): anywhere in the field, beside another, or ahead of the needle's tip."""
    if others and generator.random() < NEIGHBOUR_CHANCE:
        off_px = generator.uniform(*NEIGHBOUR_M) / canvas.spacing_m
        beside: Array = others[-1] + off_px * heading(generator.uniform(0, 2 * np.pi))
        return beside
    if generator.random() >= ARRIVING_CHANCE:
        return in_round(generator, field, 0.9)
    start, tip = wanted.line_px[0], wanted.line_px[-1]
    ahead = (tip - start) / np.linalg.norm(tip - start)
    nearest_m, farthest_m = ARRIVING_M
    # As often as not within a fifth of the way: where needle and target touch.
    ahead_m = nearest_m + (farthest_m - nearest_m) * generator.random() ** 2.3
    off_m = np.array([ahead_m, generator.normal(0.0, 0.002)])
    place: Array = tip + off_m @ np.array([ahead, [-ahead[1], ahead[0]]]) / canvas.spacing_m
    return place


@dataclass(frozen=True, slots=True, eq=False)
class Shadow:
    """What targets take from the beam: at pixels, rows (n,) and columns (n,), the share that they leave (n,)."""

    rows: Index
    columns: Index
    share: Field32

    def moved(self, shape: tuple[int, int], shift_px: Array) -> Field32:
        """Return the share that is left (rows, columns), shifted by (2,)."""
        left = np.ones(shape, np.float32)
        left[self.rows, self.columns] = self.share
        move = np.array([[1, 0, shift_px[0]], [0, 1, shift_px[1]]])
        moved = cv2.warpAffine(
            left, move, shape[::-1], borderMode=cv2.BORDER_CONSTANT, borderValue=1
        )
        return np.asarray(moved, np.float32)


def cast(passed: Field32, spots: Canvas, steel_m: Field32) -> Shadow:
    """Let targets weaken a beam (3, rows, columns), add their metal to ``steel_m``, and return their shadow."""
    if not spots.layers:
        none = np.zeros(0, np.int64)
        return Shadow(none, none, np.zeros(0, np.float32))
    metal_m, filled_m = spots.layer(Material.STEEL), spots.layer(Material.CONTRAST)
    rows, columns = np.nonzero((metal_m > 0) | (filled_m > 0))
    metal, filled = metal_m[rows, columns], filled_m[rows, columns]
    before = passed[:, rows, columns]
    after = before * np.exp(-STEEL[:, None] * metal - CONTRAST[:, None] * filled)
    passed[:, rows, columns] = after
    steel_m[rows, columns] += metal
    share = after.sum(axis=0) / np.maximum(before.sum(axis=0), np.float32(1e-20))
    return Shadow(rows, columns, share)


def shown(
    targets: Targets, shadow: Shadow, without: Field32, imaging: Imaging
) -> NDArray[np.bool_]:
    """Return which targets (k,) noise, fine structure and metal leave to be seen, or are points that nothing shows.

    ``without`` (rows, columns) is the primary beam without targets.
    """
    seen = ~targets.drawn
    signal = imaging.signal_to_noise(without, shadow.rows, shadow.columns, shadow.share)
    for i in np.flatnonzero(targets.drawn):
        u, v = targets.places_px[i]
        away = np.hypot(shadow.columns - u, shadow.rows - v)
        inner = away < INNER * targets.radii_px[i] + REACH_PX
        together = float(np.sqrt((signal[inner] ** 2).sum()))
        lost = float(1 - shadow.share[inner].mean()) if inner.any() else 0.0
        seen[i] = together > LEAST_SIGNAL and lost > LEAST_LOST
    return seen
