# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""An image with its track and a caption, at display resolution."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ir_guidance.commands.drawing import (
    BAND,
    FAINT,
    FONT_PX,
    INK,
    MISSED,
    REGION,
    SHAFT,
    TARGET,
    TIP,
    Colour,
    Picture,
    draw_ellipse,
    draw_heat,
    draw_region,
    draw_scale_bar,
    draw_shaft,
    draw_ticks,
    padded,
    placed,
    shown,
)
from ir_guidance.frames import Grab, Roi
from ir_guidance.values import Track

SHORTEST_PX, LONGEST_PX = 900, 1600
NARROWEST_PX = 680
ROW_PX = 25
TEXT_GAP_PX = 22
MARGIN = 0.04


def draw_overlay(grab: Grab, track: Track, label: str, window: tuple[float, float]) -> Picture:
    """Return the image with its track and a caption; ``track`` is in pixels of the full image.

    What lies outside of the region of interest is left out but for a margin: it is the scanner's
    own screen, with the patient's name on it.
    """
    longest = max(_view(grab)[2:])
    scale = min(max(SHORTEST_PX / longest, 1.0), LONGEST_PX / longest)
    picture = draw_track(grab, track, scale, window)
    if grab.frame.spacing_m is not None:
        left, top = _view(grab)[:2]
        corner = np.array([grab.roi[0] - left, grab.roi[1] + grab.roi[3] - top]) * scale
        draw_scale_bar(picture, corner, grab.frame.spacing_m[0] * 1e3 / scale)
    return captioned(picture, caption_rows(grab, track, label))


def draw_track(grab: Grab, track: Track, scale: float, window: tuple[float, float]) -> Picture:
    """Return the region, ``scale`` times as large, with heat map, shaft, tip and target drawn in."""
    left, top, width, height = view = _view(grab)
    picture = shown(grab.image[top : top + height, left : left + width], scale, window)
    corner = np.array([left, top], dtype=np.float64)
    roi = (grab.roi[0] - left, grab.roi[1] - top, *grab.roi[2:])
    if grab.roi != view:
        draw_region(picture, roi, scale)
    if track.heat is not None:
        draw_heat(picture, track.heat, roi, scale)
    if track.target is not None:
        target_px = track.target.px - corner
        draw_ellipse(picture, target_px, track.target.covariance_px2, scale, TARGET)
    if track.needle is not None:
        tip_px = track.needle.tip_px - corner
        draw_shaft(picture, tip_px, track.needle.direction, roi, scale)
        draw_ellipse(picture, tip_px, track.needle.tip_covariance_px2, scale, TIP)
        draw_ticks(picture, placed(tip_px, scale))
    return picture


def _view(grab: Grab) -> Roi:
    """Return the part of the image to show: the region of interest and a margin."""
    rows, columns = grab.image.shape
    left, top, width, height = grab.roi
    margin = round(MARGIN * max(width, height))
    first_u, first_v = max(left - margin, 0), max(top - margin, 0)
    last_u, last_v = min(left + width + margin, columns), min(top + height + margin, rows)
    return first_u, first_v, last_u - first_u, last_v - first_v


def caption_rows(grab: Grab, track: Track, label: str) -> list[list[tuple[str, Colour]]]:
    """Return the caption: rows of text and colour."""
    rows, columns = grab.image.shape
    about = [(grab.file, INK), (label, INK), (str(grab.frame.modality), FAINT)]
    if grab.frame.spacing_m is not None:
        about.append((f"{grab.frame.spacing_m[0] * 1e3:.3g} mm/px", FAINT))
    legend = [("tip, 2 sigma", TIP), ("shaft", SHAFT)]
    if track.heat is not None:
        legend.append(("shaded: where the tip could be", TIP))
    if track.target is not None:
        legend.append(("target, 2 sigma", TARGET))
    if grab.roi != (0, 0, columns, rows):
        legend.append(("region of interest", REGION))
    return [about, [_finding(grab, track)], legend]


def _finding(grab: Grab, track: Track) -> tuple[str, Colour]:
    needle, spacing_m = track.needle, grab.frame.spacing_m
    if not grab.valid:
        return "the recording marks this image as unusable", MISSED
    if needle is None:
        return f"needle not found: {track.needle_reason}", MISSED
    u, v = needle.tip_px
    sigma_px = math.sqrt(float(np.linalg.eigvalsh(needle.tip_covariance_px2)[-1]))
    place = f"tip {u:.1f}, {v:.1f} px ± {sigma_px:.1f}"
    if spacing_m is not None:
        across_mm, down_mm = spacing_m[0] * 1e3, spacing_m[1] * 1e3
        sigma_mm = sigma_px * max(across_mm, down_mm)
        place = (
            f"tip {u * across_mm:.1f}, {v * down_mm:.1f} mm ± {sigma_mm:.2f}  ({u:.1f}, {v:.1f} px)"
        )
    angle_deg = math.degrees(math.atan2(needle.direction[1], needle.direction[0]))
    return f"{place}   {angle_deg:.1f}°   confidence {needle.confidence:.2f}", INK


def captioned(
    picture: Picture,
    rows: Sequence[Sequence[tuple[str, Colour]]],
    narrowest_px: int = NARROWEST_PX,
) -> Picture:
    """Return the picture with rows of text below it."""
    picture = padded(picture, max(picture.shape[1], narrowest_px), picture.shape[0])
    band = Image.new("RGB", (picture.shape[1], ROW_PX * len(rows) + 10), BAND)
    draw, font = ImageDraw.Draw(band), ImageFont.load_default(FONT_PX)
    for index, row in enumerate(rows):
        left = 12.0
        for text, colour in row:
            at = left, 5 + ROW_PX * index + ROW_PX // 2
            draw.text(at, text, fill=colour, font=font, anchor="lm")
            left += font.getlength(text) + TEXT_GAP_PX
    return np.vstack([picture, np.asarray(band)])
