# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Speckle: random scatterers seen through the beam, as complex slices stacked out of the plane.

Fully developed speckle is a circular complex Gaussian field filtered by the point spread function
(Goodman 2007); the lateral filter varies with depth and is applied row by row in the frequency domain.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from ir_guidance.room.scanner import ScannerSettings

Complex = NDArray[np.complex64]
Field32 = NDArray[np.float32]
Plane = Callable[[float], Complex]
"""A field (rows, columns) of the plane at a place out of the image plane, in metres."""


def scatterers(generator: np.random.Generator, amplitude: Field32) -> Complex:
    """Return circular complex Gaussian scatterers whose mean power is the amplitude's square."""
    parts = generator.standard_normal((*amplitude.shape, 2), dtype=np.float32)
    field: Complex = parts.view(np.complex64)[..., 0] * (amplitude * np.float32(np.sqrt(0.5)))
    return field


def blurred(field: Complex, depths_m: NDArray[np.float64], scanner: ScannerSettings) -> Complex:
    """Return the field (rows, columns) seen through pulse and beam, mean speckle power unchanged."""
    axial = _unit_power(scanner.axial_sigma_m / scanner.spacing_m)
    planes = np.empty((*field.shape, 2), np.float32)
    source = field.view(np.float32).reshape(planes.shape)
    cv2.filter2D(source, -1, axial[:, None], dst=planes, borderType=cv2.BORDER_REFLECT)
    waves = fft.fft(planes.view(np.complex64)[..., 0], axis=1, overwrite_x=True)
    sigma_px = scanner.lateral_sigma_m * scanner.spread(depths_m) / scanner.spacing_m
    turn = 2.0 * np.pi * fft.fftfreq(field.shape[1])
    lateral = np.exp(-0.5 * (sigma_px[:, None] * turn) ** 2)
    lateral /= np.sqrt((lateral**2).mean(axis=1, keepdims=True))
    waves *= lateral.astype(np.float32)
    seen: Complex = fft.ifft(waves, axis=1, overwrite_x=True)
    return seen


def slices(
    scattering: Plane,
    reflection: Plane,
    places_m: NDArray[np.float64],
    depths_m: NDArray[np.float64],
    scanner: ScannerSettings,
) -> Complex:
    """Return slices (n, rows, columns) as the beam sees them at ``places_m`` (n,), ``slice_step_m`` apart.

    Each gathers the scatterers of thin planes round it, weighted by the beam's thickness, so that
    neighbours are correlated as they are in a patient; borders reflect as one.
    """
    count = len(places_m)
    step_m = scanner.slice_step_m
    sigma_m = scanner.elevation_sigma_m * scanner.spread(depths_m)
    reach = int(np.ceil(2.5 * scanner.elevation_sigma_m / step_m))
    offsets = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * (offsets[:, None] * step_m / sigma_m) ** 2)
    weights = (weights / np.sqrt((weights**2).sum(axis=0))).astype(np.float32)[..., None]
    stack: Complex | None = None
    for thin in range(-reach, count + reach):
        field = scattering(float(places_m[0]) + thin * step_m)
        if stack is None:
            stack = np.zeros((count, *field.shape), np.complex64)
        for kept in range(max(thin - reach, 0), min(thin + reach + 1, count)):
            stack[kept] += weights[thin - kept + reach] * field
    assert stack is not None
    for kept in range(count):
        stack[kept] = blurred(stack[kept] + reflection(float(places_m[kept])), depths_m, scanner)
    return stack


def _unit_power(sigma_px: float) -> Field32:
    offsets = np.arange(-6.0, 7.0)
    kernel = np.exp(-0.5 * (offsets / sigma_px) ** 2)
    unit: Field32 = (kernel / np.sqrt((kernel**2).sum())).astype(np.float32)
    return unit
