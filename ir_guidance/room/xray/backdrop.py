# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What lies behind the needle: a body's thickness, made less smooth than simple solids are."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ir_guidance.room.xray.parts import Part, thickness
from ir_guidance.room.xray.phantom import Generator
from ir_guidance.room.xray.solids import Field32, Rays


@dataclass(frozen=True, slots=True, eq=False)
class Backdrop:
    """Metres of water and of cortical bone (rows, columns); ``spacing_m`` is that at the isocentre."""

    water_m: Field32
    bone_m: Field32
    spacing_m: float


def fractal(
    generator: Generator, shape: tuple[int, int], coarse: int, fine: int, fall: float
) -> Field32:
    """Return noise of about unit spread with cells from ``coarse`` to ``fine`` an image side.

    Each octave is ``2**-fall`` as strong as the one before: 0.5 and more for tissue, whose power falls
    with the third power of frequency or faster (Burgess et al., Med Phys 28:419, 2001); less for grain.
    """
    image, cells, strength, square = np.zeros(shape, np.float32), coarse, 1.0, 0.0
    while cells <= fine:
        grid = generator.standard_normal((cells + 3, cells + 3), np.float32) * np.float32(strength)
        image += cv2.resize(grid, shape[::-1], interpolation=cv2.INTER_CUBIC)
        square += strength**2
        cells, strength = cells * 2, strength * 2.0**-fall
    image /= square**0.5
    return image


def backdrop(generator: Generator, parts: list[Part], rays: Rays) -> Backdrop:
    """Return a body as a view sees it (rows, columns), with uneven borders, grain and folds of tissue."""
    shape = rays.shape
    water_m, bone_m = thickness(parts, rays)
    water_m, bone_m = _wavy(generator, water_m, bone_m)
    inside = np.minimum(water_m / np.float32(0.03), 1)
    mottle_m = np.exp(generator.uniform(np.log(0.001), np.log(0.007)))
    water_m += np.float32(mottle_m) * inside * fractal(generator, shape, 4, 128, 1.1)
    grain = generator.uniform(0.05, 0.3)
    bone_m *= np.maximum(1 + np.float32(grain) * fractal(generator, shape, 16, 256, 0.35), 0)
    for _ in range(int(generator.integers(0, 5))):
        water_m += inside * _fold(generator, shape)
    return Backdrop(np.maximum(water_m, 0), bone_m, rays.spacing_m)


def _wavy(generator: Generator, *images: Field32) -> list[Field32]:
    rows, columns = images[0].shape
    size = rows * np.array([generator.uniform(0, 0.016), generator.uniform(0, 0.0015)])
    u, v = (grid.astype(np.float32) for grid in np.meshgrid(np.arange(columns), np.arange(rows)))
    for moved in (u, v):
        for cells, amplitude in zip((5, 24), size, strict=True):
            moved += np.float32(amplitude) * fractal(generator, (rows, columns), cells, cells, 0)
    edge = cv2.BORDER_REPLICATE
    return [
        cv2.remap(image, u, v, cv2.INTER_LINEAR, borderMode=edge).astype(np.float32, copy=False)
        for image in images
    ]


def _fold(generator: Generator, shape: tuple[int, int]) -> Field32:
    """Return a step of thickness along a gently bent line: a skin fold, a pad, a drape, a muscle's edge."""
    rows, columns = shape
    angle = generator.uniform(0, 2 * np.pi)
    normal = np.array([np.cos(angle), np.sin(angle)])
    along = np.array([-normal[1], normal[0]]) / rows
    middle = generator.uniform(0.1, 0.9, 2) * (columns, rows)
    bow = rows * generator.normal(0, 0.08)
    u = np.arange(columns, dtype=np.float32)[None, :] - np.float32(middle[0])
    v = np.arange(rows, dtype=np.float32)[:, None] - np.float32(middle[1])
    run = u * np.float32(along[0]) + v * np.float32(along[1])
    away = u * np.float32(normal[0]) + v * np.float32(normal[1]) - np.float32(bow) * run * run
    soft = np.float32(np.exp(generator.uniform(np.log(0.7), np.log(12))))
    step_m = np.float32(generator.normal(0, 0.012))
    share: Field32 = np.clip(away / soft + np.float32(0.5), 0, 1)
    return share * step_m
