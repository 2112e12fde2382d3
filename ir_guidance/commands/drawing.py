# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Marks on a picture, to a fraction of a pixel, in colours that colour-blind eyes tell apart."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ir_guidance.frames import Roi
from ir_guidance.values import Matrix, Pixels, Vector

Picture = NDArray[np.uint8]
"""(rows, columns, 3), RGB."""

Colour = tuple[int, int, int]

# Okabe and Ito's palette.
TIP: Colour = (230, 159, 0)
SHAFT: Colour = (86, 180, 233)
TARGET: Colour = (0, 158, 115)
REGION: Colour = (240, 228, 66)
MISSED: Colour = (213, 94, 0)
INK: Colour = (235, 235, 235)
FAINT: Colour = (160, 160, 160)
BAND: Colour = (24, 24, 28)
HALO: Colour = (0, 0, 0)

FONT_PX = 16
OUTSIDE_DIMMED = 0.45
HEAT_SHADE = 0.6
TIP_GAP_PX = 16.0
DASH_PX, GAP_PX = 12.0, 9.0
MIN_ELLIPSE_PX = 11.0
BAR_LENGTHS_MM = (0.5, 1, 2, 5, 10, 20, 50, 100)


def display_window(image: Pixels) -> tuple[float, float]:
    """Return the values to show as black and white: the full range at 8 bit, percentiles at 16.

    Pixels at either end of the range (collimated, burnt out) say nothing of those in between.
    """
    top = float(np.iinfo(image.dtype).max)
    if image.dtype == np.uint8:
        return 0.0, top
    inner = image[(image > 0) & (image < top)]
    if inner.size == 0:
        return 0.0, top
    low, high = np.percentile(inner, [0.5, 99.5])
    return float(low), float(max(high, low + 1))


def padded(picture: Picture, width: int, height: int) -> Picture:
    """Return the picture in the middle of a dark canvas, made smaller where it does not fit."""
    scale = min(width / picture.shape[1], height / picture.shape[0], 1.0)
    if scale < 1.0:
        size = max(round(picture.shape[1] * scale), 1), max(round(picture.shape[0] * scale), 1)
        picture = np.asarray(
            cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8
        )
    rows, columns = picture.shape[:2]
    canvas = np.full((height, width, 3), BAND, dtype=np.uint8)
    top, left = (height - rows) // 2, (width - columns) // 2
    canvas[top : top + rows, left : left + columns] = picture
    return canvas


def shown(image: Pixels, scale: float, window: tuple[float, float]) -> Picture:
    """Return the image ``scale`` times as large, with ``window`` as black and white."""
    low, high = window
    contrast = (image.astype(np.float32) - low) * (255.0 / (high - low))
    grey = np.clip(contrast, 0, 255).astype(np.uint8)
    height, width = image.shape
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    resized = cv2.resize(grey, size, interpolation=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(resized, cv2.COLOR_GRAY2RGB), dtype=np.uint8)


def placed(px: Vector, scale: float) -> Vector:
    """Return where a point is shown; pixel (0, 0) covers half a pixel either side of its centre."""
    point: Vector = (px + 0.5) * scale - 0.5
    return point


def draw_line(
    picture: Picture, start: Vector, end: Vector, colour: Colour, thickness: int = 2
) -> None:
    """Draw a smooth line to a sixteenth of a pixel, with a halo so that it shows on white."""
    first, last = (tuple(round(16 * float(value)) for value in point) for point in (start, end))
    for shade, wide in ((HALO, thickness + 2), (colour, thickness)):
        cv2.line(picture, first, last, shade, wide, cv2.LINE_AA, shift=4)


def draw_region(picture: Picture, roi: Roi, scale: float) -> None:
    """Dim what is outside of the region, and frame it."""
    left, top = placed(np.array(roi[:2]) - 0.5, scale)
    right, bottom = placed(np.array(roi[:2]) + roi[2:] - 0.5, scale)
    inside = np.zeros(picture.shape[:2], dtype=bool)
    inside[round(top + 0.5) : round(bottom + 0.5), round(left + 0.5) : round(right + 0.5)] = True
    picture[~inside] = (picture[~inside] * OUTSIDE_DIMMED).astype(np.uint8)
    corners = [np.array(c) for c in ((left, top), (right, top), (right, bottom), (left, bottom))]
    for start, end in zip(corners, corners[1:] + corners[:1], strict=True):
        draw_line(picture, start, end, REGION, thickness=1)


def draw_heat(picture: Picture, heat: NDArray[np.float32], roi: Roi, scale: float) -> None:
    """Shade where the tip could be, by a map of the region, 0 to 1, of any size."""
    left, top = placed(np.array(roi[:2]) - 0.5, scale).round().astype(int)
    size = max(round(roi[2] * scale), 1), max(round(roi[3] * scale), 1)
    part = picture[max(top, 0) : top + size[1], max(left, 0) : left + size[0]]
    over = cv2.resize(heat, size, interpolation=cv2.INTER_LINEAR)
    over = over[max(-top, 0) :, max(-left, 0) :][: part.shape[0], : part.shape[1], None]
    share = HEAT_SHADE * np.clip(over, 0.0, 1.0)
    part[:] = (part + share * (np.array(TIP, np.float32) - part)).astype(np.uint8)


def draw_shaft(picture: Picture, tip_px: Vector, direction: Vector, roi: Roi, scale: float) -> None:
    """Draw dashes from behind the tip to the region's border; the needle shows between them."""
    reach_px = _reach_px(tip_px, direction, roi) * scale
    tip = placed(tip_px, scale)
    for start in np.arange(TIP_GAP_PX, reach_px, DASH_PX + GAP_PX):
        end = min(start + DASH_PX, reach_px)
        draw_line(picture, tip - start * direction, tip - end * direction, SHAFT)


def _reach_px(tip_px: Vector, direction: Vector, roi: Roi) -> float:
    """Return how far behind the tip the shaft leaves the region, in pixels; 0 for a tip outside."""
    reach = math.inf
    for axis in (0, 1):
        step = -float(direction[axis])
        if abs(step) > 1e-9:
            border = roi[axis] + roi[axis + 2] - 0.5 if step > 0 else roi[axis] - 0.5
            reach = min(reach, (border - float(tip_px[axis])) / step)
    return max(reach, 0.0) if math.isfinite(reach) else 0.0


def draw_ellipse(
    picture: Picture, px: Vector, covariance_px2: Matrix, scale: float, colour: Colour
) -> None:
    """Draw the 2-sigma ellipse, never under 11 pixels across, so that it stays open."""
    variances, axes = np.linalg.eigh(covariance_px2)
    widths = np.maximum(4.0 * scale * np.sqrt(np.maximum(variances, 0.0)), MIN_ELLIPSE_PX)
    angle_deg = math.degrees(math.atan2(axes[1, 1], axes[0, 1]))
    centre = placed(px, scale)
    box = (float(centre[0]), float(centre[1])), (float(widths[1]), float(widths[0])), angle_deg
    for shade, wide in ((HALO, 4), (colour, 2)):
        cv2.ellipse(picture, box, shade, wide, cv2.LINE_AA)


def draw_ticks(picture: Picture, centre: Vector) -> None:
    """Draw four ticks that point to the tip and leave it free."""
    for step in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        draw_line(
            picture,
            centre + 12.0 * np.array(step),
            centre + 22.0 * np.array(step),
            TIP,
            thickness=1,
        )


def draw_scale_bar(picture: Picture, corner: Vector, mm_per_px: float) -> None:
    """Draw a bar of a round length, at most a quarter of the width, above a lower left corner."""
    fitting = [length for length in BAR_LENGTHS_MM if length / mm_per_px <= picture.shape[1] / 4]
    if not fitting:
        return
    length_px = fitting[-1] / mm_per_px
    start = corner + np.array([16.0, -16.0])
    draw_line(picture, start, start + np.array([length_px, 0.0]), INK, thickness=3)
    drawn = Image.fromarray(picture)
    ImageDraw.Draw(drawn).text(
        (start[0], start[1] - 10.0),
        f"{fitting[-1]:g} mm",
        fill=INK,
        font=ImageFont.load_default(FONT_PX),
        anchor="ls",
        stroke_width=2,
        stroke_fill=HALO,
    )
    picture[:] = np.asarray(drawn)


def draw_line_of_text(picture: Picture, text: str) -> None:
    """Write a line at the foot of the picture, smaller where it would not fit."""
    rows, columns = picture.shape[:2]
    wide = ImageFont.load_default(FONT_PX).getlength(text)
    font = ImageFont.load_default(min(FONT_PX, FONT_PX * (columns - 24) / max(wide, 1.0)))
    drawn = Image.fromarray(picture)
    ImageDraw.Draw(drawn).text(
        (12.0, rows - 10.0),
        text,
        fill=INK,
        font=font,
        anchor="ls",
        stroke_width=2,
        stroke_fill=HALO,
    )
    picture[:] = np.asarray(drawn)
