# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Echoes that belong to the probe and not to the tissue: they stay where they are when tissue moves.

Sound runs to and fro between the face and the skin: bands parallel to the face, each fainter than
the one above. The transducer itself rings: a bright zone at the face. Off-axis echoes of the near
tissue hang over the first centimetres.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ir_guidance.room.draw import Range, uniform
from ir_guidance.room.scan_lines import ScanLines
from ir_guidance.settings import Settings

Field32 = NDArray[np.float32]


class ClutterSettings(Settings):
    """Amplitudes are relative to the organ's mean speckle."""

    bands: Range = Field((0.0, 0.0), description="The first band parallel to the face.")
    band_m: Range = Field((0.002, 0.010), description="From one band to the next.")
    band_loss: Range = Field((0.4, 0.8), description="A band relative to the one above.")
    ring: Range = Field((0.0, 0.0), description="The transducer's ringing at the face.")
    ring_m: Range = Field((0.0006, 0.004), description="Range over which it fades, to 0.37.")
    fog: Range = Field((0.0, 0.0), description="Off-axis echoes of the near tissue.")
    fog_m: Range = Field((0.005, 0.03), description="Range over which they fade, to 0.37.")


def drawn_clutter(
    settings: ClutterSettings, lines: ScanLines, generator: np.random.Generator
) -> Field32 | None:
    """Return complex samples (2, rows, lines) to add to every frame; None where there are none."""
    bands, ring, fog = (
        uniform(generator, limits) for limits in (settings.bands, settings.ring, settings.fog)
    )
    if bands == ring == fog == 0.0:
        return None
    ranges_m = lines.ranges_m()
    field = np.zeros((2, *lines.shape), np.float32)
    if bands:
        field += _bands(settings, lines, generator) * np.float32(bands)
    grain = generator.standard_normal(field.shape, dtype=np.float32)
    for plane in grain:
        cv2.GaussianBlur(plane, (0, 0), dst=plane, sigmaX=5.0, sigmaY=0.9)
    grain *= np.float32(np.sqrt(0.5) / grain.std())
    level = ring * np.exp(-ranges_m / uniform(generator, settings.ring_m))
    level += fog * np.exp(-ranges_m / uniform(generator, settings.fog_m))
    field += grain * level.astype(np.float32)[:, None]
    return field


def _bands(settings: ClutterSettings, lines: ScanLines, generator: np.random.Generator) -> Field32:
    step_m = uniform(generator, settings.band_m)
    loss = uniform(generator, settings.band_loss)
    sigma_m = max(uniform(generator, (6e-5, 2.5e-4)), 0.6 * lines.row_m)
    ranges_m = lines.ranges_m()[:, None]
    field = np.zeros((2, *lines.shape), np.float32)
    for number in range(1, 10):
        patches = generator.standard_normal((3, lines.count)).astype(np.float32)
        cv2.GaussianBlur(patches, (0, 0), dst=patches, sigmaX=0.08 * lines.count, sigmaY=0.01)
        patches *= np.float32(1.0 / patches.std())
        off = (ranges_m - number * step_m - 4e-5 * patches[2]) / sigma_m
        line = loss ** (number - 1) * np.exp(-0.5 * off**2 + 0.4 * patches[0])
        field[0] += line * np.cos(patches[1])
        field[1] += line * np.sin(patches[1])
    return field
