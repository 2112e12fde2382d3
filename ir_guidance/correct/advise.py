# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Advisory mode: what would bring a needle that a person holds to its target, in the plane of one image."""

from __future__ import annotations

from dataclasses import dataclass
from math import degrees

import numpy as np

from ir_guidance.values import Track

AT_TARGET_M = 0.001
SURE = 2.0
"""Standard deviations within which a needle is on course: no person is sent after less."""


@dataclass(frozen=True, slots=True)
class Advice:
    """How a needle lies to its target as one image shows it; out of the image nothing is known.

    Attributes:
        turn_rad: By how much to turn the needle about its tip, positive clockwise as the image is seen.
        turn_sigma_rad: Its standard deviation.
        miss_m: How far the target lies beside the needle's line, positive to its right as the image is seen.
        miss_sigma_m: Its standard deviation.
        remaining_m: The way from the tip along that line; negative beyond the target.
    """

    turn_rad: float
    turn_sigma_rad: float
    miss_m: float
    miss_sigma_m: float
    remaining_m: float

    @property
    def on_course(self) -> bool:
        """Whether the target lies on the needle's line, as far as can be told."""
        return abs(self.miss_m) <= SURE * self.miss_sigma_m

    @property
    def text(self) -> str:
        """The advice in words."""
        miss = f"{abs(self.miss_m) * 1e3:.1f} ± {self.miss_sigma_m * 1e3:.1f} mm"
        if np.hypot(self.miss_m, self.remaining_m) <= AT_TARGET_M:
            return f"at the target, {miss} beside it"
        if self.remaining_m < 0:
            return f"{-self.remaining_m * 1e3:.1f} mm beyond the target, {miss} beside it"
        way = f"{self.remaining_m * 1e3:.1f} mm to go"
        if self.on_course:
            return f"on course, {miss} beside it, {way}"
        side = "clockwise" if self.turn_rad > 0 else "anticlockwise"
        turn = f"{degrees(abs(self.turn_rad)):.1f} ± {degrees(self.turn_sigma_rad):.1f} degrees"
        return f"turn {turn} {side}: {miss} beside it, {way}"


def advise(track: Track, spacing_m: tuple[float, float]) -> Advice | None:
    """Return what a track calls for, None where needle or target was not seen.

    Args:
        track: Needle and target in pixels (u right, v down).
        spacing_m: Of a pixel (across, down), in the plane of needle and target.
    """
    needle, target = track.needle, track.target
    if needle is None or target is None:
        return None
    scale = np.diag(spacing_m)
    along = scale @ needle.direction
    along /= np.linalg.norm(along)
    right = np.array([-along[1], along[0]])  # v points down
    gap_m = scale @ (target.px - needle.tip_px)
    remaining_m, miss_m = float(gap_m @ along), float(gap_m @ right)
    spread = scale @ (needle.tip_covariance_px2 + target.covariance_px2) @ scale
    by_turn_m = needle.direction_sigma_rad * remaining_m
    sigma_m = float(np.sqrt(right @ spread @ right + by_turn_m**2))
    return Advice(
        turn_rad=float(np.arctan2(miss_m, remaining_m)),
        turn_sigma_rad=sigma_m / max(float(np.linalg.norm(gap_m)), AT_TARGET_M),
        miss_m=miss_m,
        miss_sigma_m=sigma_m,
        remaining_m=remaining_m,
    )
