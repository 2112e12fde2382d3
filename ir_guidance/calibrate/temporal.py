# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Temporal calibration: how much later one stream's stamps are than another's, from a motion that both show.

As in PLUS (Lasso et al., IEEE Trans. Biomed. Eng. 61, 2014): a signal from each stream, one of them moved
in time and interpolated at the other's stamps, the shift with the highest correlation, then finer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from ir_guidance.calibrate import CalibrationError
from ir_guidance.values import Matrix, Pixels, Vector

LARGEST_LAG_S = 0.5
STEP_S = 0.005
FEWEST_SAMPLES = 20
LEAST_CORRELATION = 0.95
"""A water bath gave 0.98 with the right lag; half a period off, upside down, a like motion gives 0.84."""
RESOLUTION_S = 1e-5
LINE_SHARE = 0.5
FEWEST_COLUMNS = 20


@dataclass(frozen=True, slots=True, eq=False)
class TemporalCalibration:
    """``lag_s``: add it to the image stream's stamps to have them on the pose stream's clock.

    ``correlation`` is that of the signals at the lag; ``lags_s`` and ``correlations`` (n,) are the whole search.
    ``sigma_s`` is the lag's standard deviation, from the residual and how fast the signal moves.
    """

    lag_s: float
    sigma_s: float
    correlation: float
    lags_s: Vector
    correlations: Vector


def calibrate_lag(
    image_s: Vector,
    image_signal: Vector,
    pose_s: Vector,
    pose_signal: Vector,
    largest_lag_s: float = LARGEST_LAG_S,
) -> TemporalCalibration:
    """Return the lag between two signals of one motion, each with its stamps (n,) and (m,) in seconds.

    The sign of a signal does not matter. Only stamps that stay inside the pose stream at every lag count.

    Raises:
        CalibrationError: Stamps go backwards, the streams share too little time, nothing moves, the
            signals do not match, or the best lag lies at the end of the search.
    """
    inside = _inside(image_s, pose_s, largest_lag_s)
    stamps_s, signal = image_s[inside], image_signal[inside]
    if signal.std() == 0 or pose_signal.std() == 0:
        raise CalibrationError("one of the streams does not move; move the probe up and down")

    def correlation(lag_s: float) -> float:
        moved = np.interp(stamps_s + lag_s, pose_s, pose_signal)
        return 0.0 if moved.std() == 0 else float(np.corrcoef(signal, moved)[0, 1])

    lags_s = np.arange(-largest_lag_s, largest_lag_s + STEP_S / 2, STEP_S)
    found = np.array([correlation(float(lag)) for lag in lags_s])
    sign, best = float(np.sign(found[np.argmax(np.abs(found))])), int(np.argmax(np.abs(found)))
    if best in (0, len(lags_s) - 1):
        raise CalibrationError(
            f"the best lag lies at the end of the search, {lags_s[best]:+.3f} s; allow a larger one"
        )
    fine = minimize_scalar(
        lambda lag: -sign * correlation(lag),
        bounds=(lags_s[best - 1], lags_s[best + 1]),
        method="bounded",
        options={"xatol": RESOLUTION_S},
    )
    lag_s, peak = float(fine.x), -float(fine.fun)
    if peak < LEAST_CORRELATION:
        raise CalibrationError(
            f"the streams do not show one motion: correlation {peak:.2f}, {LEAST_CORRELATION:g} is needed; "
            "move the probe up and down over a flat bottom, five times and more"
        )
    sigma_s = _sigma_s(signal, np.interp(stamps_s + lag_s, pose_s, pose_signal), stamps_s)
    return TemporalCalibration(lag_s, sigma_s, peak, lags_s, found)


def _inside(image_s: Vector, pose_s: Vector, largest_lag_s: float) -> NDArray[np.bool_]:
    """Return which images (n,) lie within the pose stream at every lag, enough of them."""
    for name, stamps_s in (("image", image_s), ("pose", pose_s)):
        if not (np.diff(stamps_s) > 0).all():
            raise CalibrationError(f"the {name} stream's stamps do not go forward; record again")
    inside = (image_s >= pose_s[0] + largest_lag_s) & (image_s <= pose_s[-1] - largest_lag_s)
    if np.count_nonzero(inside) < FEWEST_SAMPLES:
        raise CalibrationError(
            f"{np.count_nonzero(inside)} images lie within the pose stream at every lag up to {largest_lag_s:g} s, "
            f"{FEWEST_SAMPLES} are needed; record both streams together for 10 s"
        )
    return np.asarray(inside, np.bool_)


def _sigma_s(signal: Vector, moved: Vector, stamps_s: Vector) -> float:
    """Return the standard deviation of the lag by linear least squares: residual over speed."""
    slope, offset = np.polyfit(moved, signal, 1)
    residual = signal - slope * moved - offset
    speed = slope * np.gradient(moved, stamps_s)
    return float(residual.std() / np.sqrt((speed**2).sum()))


def main_motion_m(places_m: Matrix) -> Vector:
    """Return positions (n, 3) along the line of the largest motion, (n,)."""
    centred = places_m - places_m.mean(axis=0)
    along = np.linalg.svd(centred, full_matrices=False)[2][0]
    motion: Vector = centred @ along
    return motion


def bottom_px(pixels: Pixels) -> float | None:
    """Return the depth (v) of a flat bottom in an ultrasound image of a water bath, None where none is seen.

    The brightest row of every column that shows the bottom, a line through them at the middle
    column; the outer part does not count, as in a random sample consensus.
    """
    smooth = np.asarray(cv2.GaussianBlur(pixels.astype(np.float32), (0, 0), 2.0), np.float32)
    height = smooth.max(axis=0)
    columns = np.flatnonzero(height > LINE_SHARE * float(height.max()))
    if height.max() <= 0 or len(columns) < FEWEST_COLUMNS:
        return None
    rows = _peaks(smooth[:, columns])
    kept = np.ones(len(columns), bool)
    for _ in range(10):
        slope, offset = np.polyfit(columns[kept], rows[kept], 1)
        off = np.abs(rows - slope * columns - offset)
        now = off <= max(2.5 * float(np.median(off)), 0.5)
        if (now == kept).all():
            break
        kept = now
    return float(slope * (pixels.shape[1] - 1) / 2 + offset)


def _peaks(columns: NDArray[np.float32]) -> Vector:
    """Return the row of each column's (rows, n) maximum, to a fraction by the parabola through it."""
    rows = np.clip(np.argmax(columns, axis=0), 1, len(columns) - 2)
    which = np.arange(columns.shape[1])
    before, at, after = (columns[rows + step, which].astype(float) for step in (-1, 0, 1))
    bend = before - 2 * at + after
    part = np.where(bend < 0, 0.5 * (before - after) / np.where(bend < 0, bend, -1.0), 0.0)
    return cast(Vector, rows + np.clip(part, -0.5, 0.5))
