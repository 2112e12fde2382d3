# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""How what is known of a needle ages: by time, by advance, by the guide's pivot."""

from __future__ import annotations

import numpy as np

from ir_guidance.localise.settings import LocaliseSettings
from ir_guidance.values import GuidePose, Matrix, Vector

CURVES_M, PIVOTS_RAD = 0.005, 0.02


def drifted_m2(
    dt_s: float, insertion_m: float, covariance_m2: Matrix, settings: LocaliseSettings
) -> float:
    """Return by how much time alone adds to the variance of a tip known to ``covariance_m2`` (3, 3).

    Not without end, for the guide holds the needle: without that bound one that waits for the breath, too shallow
    to be in the image, becomes too unsure to go on, and the longer it is held the more so.
    """
    bound_m2 = settings.registration_sigma_m**2 + (settings.drift_per_m * insertion_m) ** 2
    room_m2 = bound_m2 - float(np.linalg.eigvalsh(covariance_m2)[-1])
    return min(settings.drift_sigma_mps**2 * dt_s, max(room_m2, 0.0))


def bow_m2(pose: GuidePose, punctured: Vector | None, settings: LocaliseSettings) -> float:
    """Return the variance of the needle's bow at its depth, pivoted since it was ``punctured`` (3,)."""
    turned = 0.0 if punctured is None else float(np.linalg.norm(pose.direction - punctured))
    bow_m = 0.5 * settings.curvature_sigma_per_m * pose.insertion_m**2
    return bow_m**2 + (settings.pivot_sigma * turned * pose.insertion_m) ** 2


def hidden_growth_m2(before: GuidePose, pose: GuidePose, settings: LocaliseSettings) -> float:
    """Return by how much an advance and a pivot add to the variance of a bow that does not show.

    Curvature is alike over ``CURVES_M`` of path, what a pivot moves over ``PIVOTS_RAD``: within them
    errors add up, beyond them as those of a random walk.
    """
    depth_m = pose.insertion_m
    advance_m = abs(pose.insertion_m - before.insertion_m)
    turn_rad = float(np.linalg.norm(pose.direction - before.direction))
    bow = (settings.curvature_sigma_per_m * depth_m) ** 2 * advance_m * CURVES_M
    return bow + (settings.pivot_sigma * depth_m) ** 2 * turn_rad * PIVOTS_RAD
