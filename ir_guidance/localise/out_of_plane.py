# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""How far out of an ultrasound plane the needle is, and where it heads there: what sweeps have told, carried on."""

from __future__ import annotations

import numpy as np

from ir_guidance.localise.fusion import fused
from ir_guidance.localise.sweep import PARTS_M, Elevation
from ir_guidance.values import Matrix, Vector

SLOPE_SIGMA = 0.03
"""Of the tip's slope before a sweep: half a degree of mounting, a bevel that leans, and what tissue adds."""

CURVATURE_SIGMA_PER_M, CURVES_M = 1.0, 0.010
"""Curvature out of the plane, and the length of path over which it is alike: the room's needles bend by 2.1/m."""

DRIFT_MPS = 0.00005
"""Growth of the offset's uncertainty with time, m per root second: pivots to which the needle answers otherwise."""

UNFOUND_M = 0.001
"""How far off a needle may be that a sweep did not find, 1 sigma: about the beam's thickness."""


class OutOfPlane:
    """Offset and slope of the tip beside a needle that bends by the guide's pivot alone, along one unit vector."""

    def __init__(
        self, normal: Vector, offset_m: float, offset_sigma_m: float, slope: float
    ) -> None:
        """Begin with what is believed before the first sweep; ``normal`` (3,) is the plane's."""
        self.normal = normal
        self._state = np.array([offset_m, slope])
        self._covariance = np.diag([offset_sigma_m**2, SLOPE_SIGMA**2])

    def predict(self, advance_m: float, dt_s: float) -> None:
        """Let the needle go on along its slope, and knowledge age."""
        on = np.array([[1.0, advance_m], [0.0, 1.0]])
        self._state = on @ self._state
        grown = CURVATURE_SIGMA_PER_M**2 * abs(advance_m) * CURVES_M
        self._covariance = on @ self._covariance @ on.T + np.diag([DRIFT_MPS**2 * dt_s, grown])

    def tell(self, told: tuple[Elevation | None, ...], outlier_chi2: float) -> bool:
        """Take where a sweep saw each part of the shaft; what it adds to the error is the shaft's own curvature.

        What is farther off than ``outlier_chi2`` allows is another thing than this needle. Returns whether anything
        was taken.
        """
        taken = False
        for (first_m, last_m), part in zip(PARTS_M, told, strict=True):
            if part is None:
                continue
            back_m = 0.5 * (first_m + last_m)
            row = np.array([[1.0, -back_m]])
            bow_m = 0.5 * CURVATURE_SIGMA_PER_M * back_m**2
            residual = np.array([-part.place_m - float((row @ self._state)[0])])
            noise = np.array([[part.sigma_m**2 + bow_m**2]])
            variance_m2 = float((row @ self._covariance @ row.T + noise)[0, 0])
            if float(residual[0]) ** 2 > outlier_chi2 * variance_m2:
                continue
            self._state, self._covariance = fused(
                self._state, self._covariance, row, residual, noise
            )
            taken = True
        return taken

    def doubt(self) -> None:
        """Take that a sweep found no needle where it was thought to be: what was known of its offset is old."""
        self._covariance[0, 0] += UNFOUND_M**2

    def placed(self, offset_m: Vector, covariance_m2: Matrix) -> tuple[Vector, Matrix]:
        """Return an offset (3,) and its covariance (3, 3) with what is known here in place of their part along it."""
        return _with_part(
            offset_m, covariance_m2, self.normal, self._state[0], self._covariance[0, 0]
        )

    def turned(self, bend: Vector, covariance: Matrix) -> tuple[Vector, Matrix]:
        """Return a bend (3,) of the direction and its covariance (3, 3), likewise."""
        return _with_part(bend, covariance, self.normal, self._state[1], self._covariance[1, 1])


def _with_part(
    mean: Vector, covariance: Matrix, along: Vector, part: float, variance: float
) -> tuple[Vector, Matrix]:
    across = np.eye(3) - np.outer(along, along)
    return (
        across @ mean + part * along,
        across @ covariance @ across + variance * np.outer(along, along),
    )
