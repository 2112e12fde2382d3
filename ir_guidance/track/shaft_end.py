# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Where an X-ray image darkens no more along a shaft that the network has found: a second opinion on its tip.

The network knows which thing is the needle and where steel ends that casts no shadow any more. Where it says
that it is unsure, as of real wires, the brightness along the shaft knows where that steps. Where it is sure
a step is the worse witness: on simulated needles, asked always, it made 0.75 px of tip error 0.85.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ir_guidance.track.curve import Curve
from ir_guidance.track.place import Place, blurred
from ir_guidance.track.shaft_settings import ShaftSettings
from ir_guidance.track.strip import cut_strip, needle_bright
from ir_guidance.track.tip import find_end
from ir_guidance.values import Modality, Vector

Image = NDArray[np.uint8]

BACK_M, BEYOND_M, ASIDE_M = 0.020, 0.012, 0.004
UNSURE_M, UNSURE_ALONE_M = 0.00065, 0.00055
"""Standard deviation along the shaft from which the network is not alone asked: with a robot's word, and without."""
TAPER_M, STEP_SIGMA_M = 0.0002, 0.0004
"""A bevel is thin before it ends: how far short of the tip it steps, and how well that is known at best."""
MOST_SIGMAS = 3.0


def ended_by_brightness(
    tip: Place,
    direction: Vector,
    image: Image,
    spacing_m: float,
    settings: ShaftSettings,
    guided: bool = True,
) -> Place:
    """Return the tip moved along its shaft to where both agree best, weighed by their variances.

    ``direction`` is the unit vector (u, v) that the needle points in; ``guided`` says that a robot had its word.
    A tip that is surer than ``UNSURE_M``, or without a robot ``UNSURE_ALONE_M``, stays; and a step farther off
    than both together can be wrong is of another thing, and changes nothing.
    """
    along_px2 = float(direction @ tip.covariance @ direction)
    if along_px2 * spacing_m**2 < (UNSURE_M if guided else UNSURE_ALONE_M) ** 2:
        return tip
    corner, part = _part(tip.place, image, spacing_m)
    if min(part.shape) < 2:
        return tip
    bright = needle_bright(part, 255, Modality.FLUOROSCOPY, 1, 0.0)
    place = tip.place - corner
    back, beyond = BACK_M / spacing_m, BEYOND_M / spacing_m
    strip = cut_strip(
        bright, place - back * direction, place + beyond * direction, ASIDE_M / spacing_m
    )
    row = float((place - strip.origin_px) @ strip.across)
    end = find_end(
        strip, Curve(np.array([row, 0.0, 0.0]), np.eye(3), back, 1.0), settings, spacing_m, None
    )
    taper = TAPER_M / spacing_m
    off, step_px2 = end.s + taper - back, end.sigma**2 + (STEP_SIGMA_M / spacing_m) ** 2
    if off**2 > MOST_SIGMAS**2 * (along_px2 + step_px2):
        return tip
    share = along_px2 / (along_px2 + step_px2)
    moved = Place(tip.place + share * off * direction, tip.covariance, tip.mass)
    return _surer(moved, direction, along_px2, share)


def _surer(tip: Place, direction: Vector, along_px2: float, share: float) -> Place:
    """Return a place whose variance along a unit direction is less by a share of what it was."""
    aside = np.array([-direction[1], direction[0]])
    across_px2 = float(aside @ tip.covariance @ aside)
    covariance = across_px2 * np.outer(aside, aside)
    known = Place(tip.place, covariance, tip.mass)
    return blurred(known, direction, float(np.sqrt((1.0 - share) * along_px2)))


def _part(px: Vector, image: Image, spacing_m: float) -> tuple[Vector, Image]:
    """Return the corner (u, v) and the levels of what lies about a place."""
    reach = (BACK_M + ASIDE_M) / spacing_m
    size = np.array(image.shape[::-1])
    low = np.clip(np.floor(px - reach), 0, size).astype(int)
    high = np.clip(np.ceil(px + reach) + 1, 0, size).astype(int)
    return low.astype(float), image[low[1] : high[1], low[0] : high[0]]
