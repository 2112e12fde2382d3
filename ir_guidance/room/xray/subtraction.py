# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Digital subtraction: what was there before the contrast agent came is taken away, but for what has moved since."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ir_guidance.room.xray.imaging import ImagingSettings

Field32 = NDArray[np.float32]
Generator = np.random.Generator

MOVED_SIGMA_PX = 0.7
"""How far the patient moved since the mask was taken, 1 sigma along each axis."""

LEFT = (0.0, 0.05)
"""Share of the background that is left all over, for the exposures differ."""

MOST_STEEL_M = 0.0003
"""Of the edges of metal that has moved: the logarithm saturates."""


def subtract_mask(
    generator: Generator, water_m: Field32, bone_m: Field32, steel_m: Field32
) -> None:
    """Replace metres (rows, columns) of a beam before the contrast agent by what subtraction leaves of them.

    Water keeps its mean, so that noise and exposure are a patient's; where an edge has moved there is a
    bright or dark line (metres below 0 are brighter than nothing).
    """
    shift = generator.normal(0, MOVED_SIGMA_PX, 2)
    share = np.float32(generator.uniform(*LEFT))
    move = np.array([[1, 0, shift[0]], [0, 1, shift[1]]])
    size = water_m.shape[1], water_m.shape[0]
    for image, level in ((water_m, float(water_m.mean())), (bone_m, 0.0)):
        before = cv2.warpAffine(image, move, size, borderMode=cv2.BORDER_REPLICATE)
        image -= np.asarray(before, np.float32) * (1 - share)
        image += np.float32(level) * (1 - share)
    before = cv2.warpAffine(steel_m, move, size, borderMode=cv2.BORDER_REPLICATE)
    steel_m -= before
    np.clip(steel_m, -MOST_STEEL_M, MOST_STEEL_M, out=steel_m)


def subtracted_imaging(generator: Generator, made: ImagingSettings) -> ImagingSettings:
    """Return a C-arm's way of showing a subtracted run: contrast raised on even grey, noisy, often inverted."""
    noise = float(np.exp(generator.uniform(np.log(0.01), np.log(0.16))))
    display = replace(
        made.display,
        grey=generator.uniform(85, 150),
        gamma=0.0,
        log_gain=generator.uniform(40, 140),
        inverted=bool(generator.random() < 0.3),
    )
    detector = replace(made.detector, noise=noise)
    return replace(made, scatter_ratio=0.3 * made.scatter_ratio, detector=detector, display=display)
