# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Pivot calibration: where a tool's tip lies on its marker, from the marker's poses while the tip stays put."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from ir_guidance.calibrate import CalibrationError
from ir_guidance.values import Matrix, Vector

FEWEST_POSES = 10
LEAST_TURN_RAD = np.radians(20.0)
OUTLIER_SIGMA = 3.0
ROUNDS = 20
WORST_M = 0.002
"""A residual at which the tip has not stayed put."""


@dataclass(frozen=True, slots=True, eq=False)
class PivotCalibration:
    """The tip in the marker's axes and the point it stood on in the tracker's, (3,), metres.

    ``tip_covariance_m2`` (3, 3) follows from the residual; ``rms_m`` is the root mean square distance of
    the tips from the pivot, over the poses ``used`` (n,).
    """

    tip_m: Vector
    pivot_m: Vector
    tip_covariance_m2: Matrix
    rms_m: float
    used: NDArray[np.bool_]


def calibrate_pivot(tracker_from_marker: Matrix) -> PivotCalibration:
    """Return the tip that stays nearest to one point over all poses (n, 4, 4), metres.

    Algebraic one-step least squares: R tip + t = pivot for every pose (Yaniv, Proc. SPIE 9415, 2015);
    poses beyond three sigma are left out.

    Raises:
        CalibrationError: There are too few poses, or the tool was turned too little or about one axis, or its
            tip moved.
    """
    count = len(tracker_from_marker)
    if count < FEWEST_POSES:
        raise CalibrationError(f"only {count} poses, {FEWEST_POSES} are needed; record more")
    turns, places_m = tracker_from_marker[:, :3, :3], tracker_from_marker[:, :3, 3]
    _check_turns(turns)
    design = np.concatenate([turns, np.broadcast_to(-np.eye(3), turns.shape)], axis=2)
    used = np.ones(count, bool)
    for _ in range(ROUNDS):
        rows = design[used].reshape(-1, 6)
        found = np.linalg.lstsq(rows, -places_m[used].ravel(), rcond=None)[0]
        off_m = np.linalg.norm(design @ found + places_m, axis=1)
        now = off_m <= off_m[used].mean() + OUTLIER_SIGMA * off_m[used].std() + 1e-12
        if (now == used).all():
            break
        used = now
    rms_m = float(np.sqrt((off_m[used] ** 2).mean()))
    if rms_m > WORST_M:
        raise CalibrationError(
            f"the tip did not stay put: residual {rms_m * 1e3:.1f} mm, {WORST_M * 1e3:g} mm at most; record again"
        )
    variance_m2 = float((off_m[used] ** 2).sum()) / (len(rows) - 6)
    return PivotCalibration(
        tip_m=found[:3],
        pivot_m=found[3:],
        tip_covariance_m2=variance_m2 * np.linalg.inv(rows.T @ rows)[:3, :3],
        rms_m=rms_m,
        used=used,
    )


def _check_turns(turns: Matrix) -> None:
    """Refuse poses that leave the tip undetermined: every turn about the same axis, or hardly any."""
    middle = Rotation.from_matrix(turns).mean()
    vectors = (middle.inv() * Rotation.from_matrix(turns)).as_rotvec()
    spread = np.linalg.svd(vectors, compute_uv=False)[1] / np.sqrt(len(turns))
    # An even swing through an angle from end to end has a standard deviation of its 12th root.
    if spread * np.sqrt(12.0) < LEAST_TURN_RAD:
        raise CalibrationError(
            f"the tool was swung through {np.degrees(spread * np.sqrt(12.0)):.0f} degrees about its second axis, "
            f"{np.degrees(LEAST_TURN_RAD):.0f} are needed; swing it both ways"
        )
