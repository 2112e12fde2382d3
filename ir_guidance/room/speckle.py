# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Speckle: random scatterers seen through the beam, as complex slices stacked out of the plane.

Fully developed speckle is a circular complex Gaussian field filtered by the point spread function
(Goodman 2007); the lateral filter varies with range and is applied row by row in the frequency domain.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from ir_guidance.room.scan_lines import ScanLines
from ir_guidance.room.scanner import ScannerSettings

Array = NDArray[np.float64]
Complex = NDArray[np.complex64]
Field32 = NDArray[np.float32]


def scatterers(generator: np.random.Generator, shape: tuple[int, int]) -> Complex:
    """Return circular complex Gaussian scatterers (rows, lines) of unit mean power."""
    parts = generator.standard_normal((*shape, 2), dtype=np.float32)
    parts *= np.float32(np.sqrt(0.5))
    field: Complex = parts.view(np.complex64)[..., 0]
    return field


def blurred(field: Complex, scanner: ScannerSettings, lines: ScanLines) -> Complex:
    """Return the field (rows, lines) seen through pulse and beam, mean speckle power unchanged."""
    ranges_m: Array = lines.row_m * np.arange(field.shape[0], dtype=np.float64)
    axial = _unit_power(scanner.axial_sigma_m / lines.row_m)
    planes = np.empty((*field.shape, 2), np.float32)
    source = field.view(np.float32).reshape(planes.shape)
    cv2.filter2D(source, -1, axial[:, None], dst=planes, borderType=cv2.BORDER_REFLECT)
    waves = fft.fft(planes.view(np.complex64)[..., 0], axis=1, overwrite_x=True)
    sigma_lines = scanner.lateral_sigma_m * scanner.spread(ranges_m)
    sigma_lines /= lines.line_m * lines.widening(ranges_m)
    turn = 2.0 * np.pi * fft.fftfreq(field.shape[1])
    lateral = np.exp(-0.5 * (sigma_lines[:, None] * turn) ** 2)
    lateral /= np.sqrt((lateral**2).mean(axis=1, keepdims=True))
    waves *= lateral.astype(np.float32)
    seen: Complex = fft.ifft(waves, axis=1, overwrite_x=True)
    return seen


def slices(
    scattering: Callable[[float], Field32],
    reflection: Callable[[float], Complex],
    places_m: Array,
    generator: np.random.Generator,
    scanner: ScannerSettings,
    lines: ScanLines,
) -> Complex:
    """Return slices (n, rows, lines) as the beam sees them at ``places_m`` (n,), ``slice_step_m`` apart.

    Each gathers the scatterers of thin planes round it, weighted by the beam's thickness, so that
    neighbours are correlated as they are in a patient; borders reflect as one.
    """
    count, step_m = len(places_m), scanner.slice_step_m
    amplitudes = [scattering(float(place)) for place in places_m]
    shape = amplitudes[0].shape
    ranges_m: Array = lines.row_m * np.arange(shape[0], dtype=np.float64)
    sigma_m = scanner.elevation_sigma_m * scanner.spread(ranges_m)
    reach = int(np.ceil(2.5 * scanner.elevation_sigma_m / step_m))
    offsets = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * (offsets[:, None] * step_m / sigma_m) ** 2)
    weights = (weights / np.sqrt((weights**2).sum(axis=0))).astype(np.float32)[..., None]
    stack = np.zeros((count, *shape), np.complex64)
    for thin in range(-reach, count + reach):
        plane = scatterers(generator, shape)
        for kept in range(max(thin - reach, 0), min(thin + reach + 1, count)):
            stack[kept] += weights[thin - kept + reach] * plane
    for kept in range(count):
        stack[kept] *= amplitudes[kept]
        stack[kept] += reflection(float(places_m[kept]))
        stack[kept] = blurred(stack[kept], scanner, lines)
    return stack


def _unit_power(sigma_px: float) -> Field32:
    reach = max(2.0, np.ceil(3.5 * sigma_px))
    offsets = np.arange(-reach, reach + 1.0)
    kernel = np.exp(-0.5 * (offsets / sigma_px) ** 2)
    unit: Field32 = (kernel / np.sqrt((kernel**2).sum())).astype(np.float32)
    return unit
