# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What the simulations give to training and to evaluation: a few frames in a row, and what is in them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ir_guidance.values import Modality, Vector

FRAMES = 3
"""Frames of memory that the network sees, the newest last."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """Consecutive frames as the scanner gives them, and the truth about the newest of them.

    Attributes:
        frames: (3, rows, columns) uint8, oldest first.
        spacing_m: Pixel spacing in the plane of the needle.
        modality: How they were made.
        shaft_px: The guided needle's centre line (n, 2), (u, v) in pixels from where it enters the
            image to the tip (or to where it leaves image or plane); (0, 2) where there is no needle in view.
        tip_px: The tip (u, v), None where it is outside the image, hidden or out of the plane.
        targets_px: Centres (k, 2), (u, v), of all that an operator could point at as the target.
        radii_px: Their radii (k,) in pixels.
        prior_px: Where a robot's joints would place entry and tip, (2, 2), with a real robot's error;
            None without a robot.
        contrast: Of the shaft against what lies beside it, over the spread there; under 1 it is nearly invisible.
        decoys_px: Places (m, 2) on what is neither, but could be taken for needle or target.
        tags: Any further facts to sort results by.
    """

    frames: NDArray[np.uint8]
    spacing_m: float
    modality: Modality
    shaft_px: NDArray[np.float64]
    tip_px: Vector | None
    targets_px: NDArray[np.float64]
    radii_px: NDArray[np.float64]
    prior_px: NDArray[np.float64] | None
    contrast: float
    decoys_px: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)))
    tags: dict[str, float] = field(default_factory=dict)
