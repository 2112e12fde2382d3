# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Where a strip looks like shaft: ridge contrast, and how much evidence it is."""

from __future__ import annotations

import cv2
import numpy as np

from ir_guidance.track.shaft_settings import ShaftSettings
from ir_guidance.track.strip import Image, Strip

NEIGHBOURS = 9
"""Columns of the coarse path whose background is judged together."""


def ridge(strip: Strip, settings: ShaftSettings, spacing_m: float) -> Image:
    """Return how much brighter (across, along) each place is than the brighter flank, averaged along the shaft.

    The flank farther from the transducer is forgiven some brightness: echoes within a needle return late.
    """
    core = 2 * max(round(settings.core_m / spacing_m), 1) + 1
    flank = max(round(settings.flank_m / spacing_m), core)
    smooth = max(round(settings.smooth_m / spacing_m), 1)
    mean = cv2.blur(strip.values, (smooth, core), borderType=cv2.BORDER_REPLICATE)
    padded = cv2.copyMakeBorder(mean, flank, flank, 0, 0, cv2.BORDER_REPLICATE)
    rows = mean.shape[0]
    above, below = padded[:rows], padded[2 * flank : 2 * flank + rows]
    if strip.across[1] < 0:
        above, below = below, above
    response: Image = mean - np.maximum(above, below - settings.late_echo)
    response[~strip.valid] = 0.0
    return response


def evidence(ridge: Image, settings: ShaftSettings) -> Image:
    """Return the log likelihood ratio of shaft to none for places (across, along) of a ridge.

    Either way the ridge is Gaussian, about the contrast expected of a shaft or about zero, with the
    spread that its column and the neighbouring ones show; one place decides little.
    """
    contrast = settings.contrast
    spread = 1.4826 * np.median(np.abs(ridge), axis=0)
    near = cv2.blur(spread[None], (NEIGHBOURS, 1), borderType=cv2.BORDER_REPLICATE)
    noise = np.clip(near, settings.least_noise, settings.most_noise)
    ratio = contrast * (ridge - 0.5 * contrast) / noise**2
    bounded: Image = np.clip(ratio, -settings.against, settings.towards).astype(np.float32)
    return bounded
