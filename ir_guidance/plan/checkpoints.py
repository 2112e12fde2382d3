# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Where along its path a needle is to stop until an image has confirmed it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ir_guidance.plan.settings import CheckpointSettings

Array = NDArray[np.float64]


def checkpoints(
    length_m: float, depths_m: Array, gaps_m: Array, settings: CheckpointSettings
) -> tuple[float, ...]:
    """Return depths in metres, ascending: below the skin, ahead of every narrow part, ahead of the target, and between.

    Args:
        length_m: Of the path.
        depths_m: Ascending depths (m,) at which it is known how near a no-go region is.
        gaps_m: How near (m,).
        settings: How far apart and ahead.
    """
    narrow_m = depths_m[gaps_m < settings.narrow_m]
    begins_m = narrow_m[np.diff(narrow_m, prepend=-np.inf) > settings.apart_m]
    wanted = [
        settings.first_m,
        *(begins_m - settings.before_narrow_m),
        length_m - settings.before_target_m,
    ]
    found = [0.0]
    for depth_m in sorted(float(depth) for depth in wanted):
        if depth_m - found[-1] < settings.apart_m or depth_m > length_m - settings.apart_m:
            continue
        found += _between(found[-1], depth_m, settings.every_m)
        found.append(depth_m)
    return tuple(found[1:])


def _between(first_m: float, last_m: float, every_m: float) -> list[float]:
    """Return depths evenly between two, so that none is further from the next than is allowed."""
    parts = int(np.ceil((last_m - first_m) / every_m - 1e-9))
    return [float(depth) for depth in np.linspace(first_m, last_m, parts + 1)[1:-1]]
