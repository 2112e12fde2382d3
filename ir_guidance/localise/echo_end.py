# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Where along its shaft an ultrasound image shows a needle to end, told apart from where it lies across it.

An echo fades before the tip does, by the same length for a good part of a second, while the robot knows to
micrometres how much farther the needle has gone since. Across the shaft it is the other way round: there the
image is sure and fresh, and breath moves the needle by millimetres. One filter that weighs both together lets
the one be explained by the other as breath turns the shaft in the image.
"""

from __future__ import annotations

import numpy as np

from ir_guidance.localise.settings import LocaliseSettings
from ir_guidance.values import GuidePose, Matrix, Vector


def way_in(tip_m: Vector, pose: GuidePose) -> Vector | None:
    """Return the unit vector (3,) from the skin to a tip (3,), across which a needle bends; None of one in the air."""
    if pose.insertion_m <= 0.0:
        return None
    way = tip_m - pose.remote_centre_m
    return np.asarray(way / np.linalg.norm(way), np.float64)


def growth(way: Vector | None, settings: LocaliseSettings) -> Matrix:
    """Return in which directions (3, 3) a tip grows unsure with advance and time: hardly along its way in (3,)."""
    if way is None:
        return np.eye(3)
    return np.eye(3) - (1.0 - settings.insertion_share**2) * np.outer(way, way)


def told_apart(
    covariance_m2: Matrix,
    noise_m2: Matrix,
    way: Vector | None,
    across: Matrix,
    dt_s: float,
    settings: LocaliseSettings,
) -> tuple[Matrix, Matrix]:
    """Return the state's covariance (6, 6) and an image's noise (2, 2) without what ties along to across.

    Along the way in (3,) an image ``dt_s`` after the last errs as that did: its variance counts as many times as
    there are images in twice ``echo_end_time_s``. One less sure than ``echo_end_sure_m`` errs by more than it says.
    ``across`` (2, 3) takes a displacement to the image. Without a way in both are as they were.
    """
    if way is None:
        return covariance_m2, noise_m2
    along = np.kron(np.eye(2), np.outer(way, way))
    aside = np.eye(6) - along
    apart = along @ covariance_m2 @ along + aside @ covariance_m2 @ aside
    u, v = across @ way / np.linalg.norm(across @ way)
    axes = np.array([[u, v], [-v, u]])
    own = np.diag(axes @ noise_m2 @ axes.T).copy()
    images = max(1.0, 2.0 * settings.echo_end_time_s / max(dt_s, 1e-3))
    own[0] *= images * (1.0 + own[0] / settings.echo_end_sure_m**2)
    return apart, axes.T @ np.diag(own) @ axes
