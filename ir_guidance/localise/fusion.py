# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""One Kalman update, and what makes a sighting fit for it."""

from __future__ import annotations

import numpy as np

from ir_guidance.values import Matrix, Vector


def fused(
    mean: Vector,
    covariance: Matrix,
    rows: Matrix,
    residual: Vector,
    noise: Matrix,
    considered: Matrix | None = None,
) -> tuple[Vector, Matrix]:
    """Return mean (k,) and covariance (k, k) after a measurement ``rows`` (n, k) of it, in Joseph's form.

    ``residual`` (n,) is measured less expected, ``noise`` (n, n) the measurement's covariance. What lies in
    ``considered``, a projector (k, k), keeps its mean: its uncertainty counts, but nothing is learned of it
    (the consider filter of Schmidt; Woodbury and Junkins, AIAA 2010-7752).
    """
    gain = covariance @ rows.T @ np.linalg.inv(rows @ covariance @ rows.T + noise)
    if considered is not None:
        gain = gain - considered @ gain
    keep = np.eye(len(mean)) - gain @ rows
    return mean + gain @ residual, keep @ covariance @ keep.T + gain @ noise @ gain.T


def independent(noise: Matrix, variance: float) -> Matrix:
    """Return the covariance (n + 1, n + 1) of a measurement and one more number that errs by itself."""
    both = np.zeros((len(noise) + 1, len(noise) + 1))
    both[:-1, :-1], both[-1, -1] = noise, variance
    return both


def is_sound(px: Vector, covariance_px2: Matrix, *others: float) -> bool:
    """Return whether a sighting can be fused at all: finite, with a covariance that is one."""
    numbers = (*px, *covariance_px2.flat, *others)
    return bool(np.isfinite(numbers).all() and np.linalg.eigvalsh(covariance_px2)[0] > 0)
