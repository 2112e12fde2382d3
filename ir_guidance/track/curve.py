# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The sub-pixel course of a shaft in its strip: a parabola with covariance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ir_guidance.track.run import Run
from ir_guidance.track.shaft_settings import ShaftSettings
from ir_guidance.track.strip import Image
from ir_guidance.values import Matrix, Vector

FIT_STEP_PX = 2.0
FITS = 3
"""Rounds of reweighting; outliers no longer move the fit after the second."""


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Row t = c . (1, x, x^2) with x = (s - middle) / scale; ``covariance`` (3, 3) is that of c."""

    coefficients: Vector
    covariance: Matrix
    middle: float
    scale: float

    def row(self, s: Vector | float) -> Vector:
        """Return the row of the shaft at a column."""
        x = (np.asarray(s, dtype=float) - self.middle) / self.scale
        a, b, c = self.coefficients
        row: Vector = a + x * (b + x * c)
        return row

    def slope(self, s: float) -> tuple[float, float]:
        """Return rows per column at a column, and its standard deviation."""
        x = (s - self.middle) / self.scale
        by = np.array([0.0, 1.0, 2.0 * x]) / self.scale
        return float(by @ self.coefficients), float(np.sqrt(by @ self.covariance @ by))

    def row_sigma(self, s: float) -> float:
        """Return the standard deviation of the row at a column."""
        x = (s - self.middle) / self.scale
        by = np.array([1.0, x, x * x])
        return float(np.sqrt(by @ self.covariance @ by))


def fit_curve(response: Image, run: Run, settings: ShaftSettings, spacing_m: float) -> Curve:
    """Return the course of the last part of a run, through the ridge's sub-pixel middle.

    Neighbouring columns share what they were averaged from, so they count as one sample. A stiff
    needle in tissue is nearly straight: the curvature is drawn from a Gaussian about zero.
    """
    end = run.columns[-1]
    s = np.arange(max(run.columns[0], end - settings.fit_m / spacing_m), end + 1, FIT_STEP_PX)
    rough = np.interp(s, run.columns, run.rows)
    scale = settings.fit_m / spacing_m
    x = (s - end) / scale
    powers = np.stack((np.ones_like(x), x, x * x), axis=1)
    curvature_px = 0.5 * settings.bend_sigma_per_m * settings.fit_m * scale
    shared = max(settings.smooth_m / spacing_m / FIT_STEP_PX, 1.0)
    for _ in range(FITS):
        t, strength = ridge_middle(response, s, rough, settings.core_m / spacing_m)
        coefficients, covariance = _fit(powers, t, strength, shared, curvature_px)
        rough = powers @ coefficients
    return Curve(coefficients, covariance, float(end), scale)


def _fit(
    powers: Matrix, t: Vector, strength: Vector, shared: float, curvature_px: float
) -> tuple[Vector, Matrix]:
    """Return coefficients and covariance of one weighted fit with a prior on the last coefficient."""
    weight = strength
    prior = np.diag([1e-9, 1e-9, 1.0 / curvature_px**2])
    sigma = 1.0
    for _ in range(FITS):
        information = (powers.T * weight) @ powers / (shared * sigma**2) + prior
        right = powers.T @ (weight * t) / (shared * sigma**2)
        coefficients: Vector = np.asarray(np.linalg.solve(information, right), float)
        miss = np.abs(t - powers @ coefficients)
        sigma = 1.4826 * float(np.median(miss)) + 0.2
        weight = strength / np.maximum(1.0, miss / (1.5 * sigma))
    return coefficients, np.asarray(np.linalg.inv(information), float)


def ridge_middle(
    response: Image, s: Vector, rough: Vector, core_px: float
) -> tuple[Vector, Vector]:
    """Return the sub-pixel row of the ridge at columns s near rough rows, and its strength up to 1."""
    reach = max(round(2.0 * core_px), 2)
    columns = np.clip(np.round(s).astype(int), 0, response.shape[1] - 1)
    rows = np.round(rough).astype(int)[:, None] + np.arange(-reach, reach + 1)
    inside = np.clip(rows, 0, response.shape[0] - 1)
    weight = np.maximum(response[inside, columns[:, None]], 0.0).astype(float) ** 2 + 1e-9
    total = weight.sum(axis=1)
    middle: Vector = (weight * rows).sum(axis=1) / total
    return middle, np.sqrt(total / total.max())
