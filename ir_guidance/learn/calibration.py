# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Whether a tracker is off by as much as it says: correlation, squared error over covariance, bins."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ir_guidance.values import Vector

COVERAGES = (0.50, 0.68, 0.90, 0.95)
MOST_BINS = 10
LEAST_IN_BIN = 20


@dataclass(frozen=True, slots=True)
class Bin:
    """Frames that were predicted alike: how far off they were said to be and were, root mean square."""

    n: int
    predicted: float
    measured: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """How predicted and true errors of n points in an image agree; None without enough of them.

    Attributes:
        n: Points that errors and covariances are known of.
        unit: Of the bins, "mm" or "px".
        pearson_r: Correlation over frames of predicted sigma (root of the covariance's trace) and
            distance from the truth. An honest Gaussian tracker does not reach 1: one frame's
            distance scatters about its sigma, and 0.89 is the most there can be in the plane.
        pearson_r_bins: The same of the bins, which average that scatter out.
        nees_mean: Mean of error' covariance^-1 error (Bar-Shalom et al. 2001, 5.4); 2 is honest.
        coverage: Share of points inside the ellipse that should hold 50, 68, 90, 95 % of them.
        bins: By rising predicted sigma, about as many points in each.
    """

    n: int
    unit: str
    pearson_r: float | None
    pearson_r_bins: float | None
    nees_mean: float | None
    coverage: dict[str, float] | None
    bins: tuple[Bin, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        found = asdict(self)
        found["nees_n"] = found.pop("n")
        found["bins"] = list(found["bins"])
        return found


def calibration(predicted: Vector, errors: Vector, nees: Vector, unit: str) -> Calibration:
    """Compare predicted sigmas (n,), distances from the truth (n,) and squared errors over covariance (n,)."""
    binned = bins(predicted, errors)
    told, found = (
        np.array([getattr(b, name) for b in binned]) for name in ("predicted", "measured")
    )
    return Calibration(
        n=len(errors),
        unit=unit,
        pearson_r=pearson(predicted, errors),
        pearson_r_bins=pearson(told, found),
        nees_mean=float(nees.mean()) if len(nees) else None,
        coverage=coverage(nees) if len(nees) else None,
        bins=binned,
    )


def pearson(first: Vector, second: Vector) -> float | None:
    """Return the correlation; None for fewer than three points, or where one side does not vary."""
    if len(first) < 3 or min(np.ptp(first), np.ptp(second)) == 0.0:
        return None
    return float(np.corrcoef(first, second)[0, 1])


def coverage(nees: Vector) -> dict[str, float]:
    """Return the share of squared errors within each ellipse of ``COVERAGES``, by its percentage.

    In the plane the squared error over the covariance is chi-squared with two degrees of freedom,
    whose quantile of p is -2 ln(1 - p).
    """
    return {
        f"{share:.0%}".removesuffix("%"): float(np.mean(nees <= -2.0 * np.log(1.0 - share)))
        for share in COVERAGES
    }


def bins(predicted: Vector, errors: Vector) -> tuple[Bin, ...]:
    """Return at most ten bins by predicted sigma, of twenty points or more each."""
    count = min(MOST_BINS, len(errors) // LEAST_IN_BIN)
    if count == 0:
        return ()
    order = np.argsort(predicted, kind="stable")
    return tuple(
        Bin(
            n=len(part),
            predicted=float(np.sqrt(np.mean(predicted[part] ** 2))),
            measured=float(np.sqrt(np.mean(errors[part] ** 2))),
        )
        for part in np.array_split(order, count)
    )
