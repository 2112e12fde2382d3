# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What the shadow of a needle in an X-ray image tells of its tip, and what it must not be taken to tell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ir_guidance.localise.fusion import fused
from ir_guidance.values import Matrix, Vector


def fused_shadow(
    known: tuple[Vector, Matrix],
    rows: Matrix,
    residual: Vector,
    noise: Matrix,
    *,
    shaft: Vector,
    ray: Vector | None,
    hidden: Vector | None,
) -> tuple[Vector, Matrix]:
    """Return registration and bow (6,), and their covariance, after where a tip lies across its shaft's shadow.

    A second row tells where it lies along the shadow. ``shaft`` and ``ray`` are unit vectors (3,), ``ray`` of the one
    view there is, None of two; ``hidden`` is the way across the shaft in which no view shows a bow.

    The needle's way across the image turns its ray. A filter that may explain a short error across a ray by
    a long one along it then will: 4.6 mm before the skin was reached. One view tells nothing of
    registration along its ray, and of a hidden bow only by the place along the shaft. Nor does what lies across
    the shaft tell anything along it: a shaft seen a little turned, in views whose calibrations do not quite
    agree, moved a tip 1.3 mm along.
    """
    state, covariance = known
    rays = () if ray is None else (ray,)
    bows = () if hidden is None else (hidden,)
    untold = _projector((*rays, shaft), bows), _projector(rays)
    for place, considered in enumerate(untold[: len(rows)]):
        at = slice(place, place + 1)
        left = residual[at] - rows[at] @ (state - known[0])
        state, covariance = fused(state, covariance, rows[at], left, noise[at, at], considered)
    return state, covariance


def _projector(registrations: Sequence[Vector], bows: Sequence[Vector] = ()) -> Matrix:
    """Return the projector (6, 6) on what unit vectors (3,) of registration span, and those of bow."""
    part = np.zeros((6, 6))
    for at, ways in ((0, registrations), (3, bows)):
        if ways:
            spanning, _ = np.linalg.qr(np.column_stack(ways))
            part[at : at + 3, at : at + 3] = spanning @ spanning.T
    return part
