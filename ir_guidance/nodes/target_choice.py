# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What an operator pointed at, taken or refused with a reason."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ir_guidance.localise import Place
from ir_guidance.nodes import conversions
from ir_guidance.pipeline import See
from ir_guidance.pointed import misplaced_m, rays_apart_m
from ir_guidance.values import NS_PER_S, CarmGeometry, Frame, Vector
from ir_guidance_msgs.srv import SelectTarget

CODES = SelectTarget.Response
LATEST_S = 0.5
"""Longest way from a screen to here: in more, what breathes has left the place that was pointed at."""


def select(
    see: See | None, frames: Mapping[int, Frame], request: SelectTarget.Request
) -> tuple[int, str]:
    """Follow what was pointed at in the newest frame of each view; return OK, or a code and why it is not."""
    if see is None or len(frames) < see.views:
        return CODES.NO_IMAGE, "no image has arrived yet, or not of every plane"
    px = np.array([request.u_px, request.v_px])
    second_px = np.array([request.second_u_px, request.second_v_px])
    place_m = np.array([request.place.x, request.place.y, request.place.z])
    if not np.isfinite([*px, *second_px, *place_m, request.place_sigma_m]).all():
        return CODES.INVALID, "the point or its place is not finite"
    if late_s := _late_s(request, frames[0]):
        return CODES.TOO_LATE, f"pointed at an image from {late_s:.1f} s ago: point again"
    if outside := _outside(px, frames[0]):
        return CODES.OUTSIDE_IMAGE, outside
    place = Place(place_m, request.place_sigma_m) if request.place_known else None
    if place is not None and place.sigma_m <= 0:
        return CODES.INVALID, f"place_sigma_m {place.sigma_m} must be positive"
    if see.views == 2:
        second = second_px if request.second_known else None
        return _select_in_both(see, frames, px, second, place)
    carm = frames[0].geometry
    if place is None:
        if isinstance(carm, CarmGeometry) and carm.base_from_isocentre is not None:
            return CODES.NO_PLACE, "one X-ray view shows no depth: say where the target lies"
    elif off_m := misplaced_m(px, place, frames[0]):
        return CODES.MISPLACED, f"the place is {off_m * 1e3:.0f} mm too far from the ray"
    see.select_target(px, place)
    return CODES.OK, ""


def _select_in_both(
    see: See,
    frames: Mapping[int, Frame],
    px: Vector,
    second_px: Vector | None,
    place: Place | None,
) -> tuple[int, str]:
    if second_px is None:
        return CODES.NO_PLACE, "two planes are looked at: point at the target in both"
    if outside := _outside(second_px, frames[1]):
        return CODES.OUTSIDE_IMAGE, outside
    if apart_m := rays_apart_m(px, frames[0], second_px, frames[1]):
        return CODES.MISPLACED, f"the two rays pass each other {apart_m * 1e3:.0f} mm too far"
    see.select_target(px, place, second_px)
    return CODES.OK, ""


def _late_s(request: SelectTarget.Request, newest: Frame) -> float:
    """Return how much older than the newest image the one is that was pointed at, 0 where that does not matter."""
    stamp_ns = conversions.stamp_from_msg(request.stamp)
    late_s = (newest.stamp_ns - stamp_ns) / NS_PER_S
    return late_s if stamp_ns and late_s > LATEST_S else 0.0


def _outside(px: Vector, frame: Frame) -> str:
    """Return that a pixel (u, v) lies outside an image, empty when it does not."""
    rows, columns = frame.pixels.shape[:2]
    if 0 <= px[0] < columns and 0 <= px[1] < rows:
        return ""
    return f"({px[0]:.0f}, {px[1]:.0f}) lies outside {columns} x {rows} pixels"
