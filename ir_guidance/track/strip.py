# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A strip of the image, straightened along a line, in which a needle runs from left to right."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ir_guidance.values import Modality, Pixels, Vector

Image = NDArray[np.float32]

DARKEST = np.float32(0.01)
"""X-ray level below which noise and scatter drown the attenuation."""
HEAT_STEP_PX = 4


@dataclass(frozen=True, slots=True, eq=False)
class Strip:
    """Levels along a line: ``values`` (across, along), brighter where the needle is.

    Column s, row t lies at ``origin_px + s * along + t * across``; ``valid`` is False outside the image.
    """

    values: Image
    valid: NDArray[np.bool_]
    origin_px: Vector
    along: Vector
    across: Vector

    def px(self, s: float, t: float) -> Vector:
        """Return the pixel (u, v) of column s, row t."""
        point: Vector = self.origin_px + s * self.along + t * self.across
        return point


def cut_strip(image: Image, start_px: Vector, end_px: Vector, half_width_px: float) -> Strip:
    """Return the strip of that half width from start to end, one pixel a step."""
    length = max(float(np.linalg.norm(end_px - start_px)), 1.0)
    along = (end_px - start_px) / length
    across = np.array([-along[1], along[0]])
    half = int(np.ceil(half_width_px))
    origin = start_px - half * across
    matrix = np.column_stack((along, across, origin))
    size = (round(length) + 1, 2 * half + 1)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    levels = cv2.warpAffine(image, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    inside = cv2.warpAffine(
        np.ones(image.shape, np.uint8), matrix, size, flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    )
    return Strip(np.asarray(levels, np.float32), inside > 0, origin, along, across)


def reversed_strip(strip: Strip) -> Strip:
    """Return the same strip seen from its other end."""
    rows, columns = strip.values.shape
    far_px = strip.px(columns - 1, rows - 1)
    return Strip(
        strip.values[::-1, ::-1], strip.valid[::-1, ::-1], far_px, -strip.along, -strip.across
    )


def clip_line(
    point_px: Vector, along: Vector, size: tuple[int, int], first: float, last: float
) -> tuple[Vector, Vector] | None:
    """Return where a line point + x along, x from first to last, is inside an image of that size (u, v).

    None where it never is (Liang and Barsky, ACM Trans Graphics 3:1, 1984).
    """
    for at, step, length in zip(point_px.tolist(), along.tolist(), size, strict=True):
        if abs(step) < 1e-12:
            if not 0 <= at <= length - 1:
                return None
            continue
        near, far = sorted((-at / step, (length - 1 - at) / step))
        first, last = max(first, near), min(last, far)
    if first >= last:
        return None
    return point_px + first * along, point_px + last * along


def full_scale(pixels: Pixels) -> int:
    """Return the highest level of an image's depth: 255, or of 16-bit pixels what their largest needs."""
    if pixels.dtype == np.uint8:
        return 255
    return int(2 ** int(pixels.max()).bit_length() - 1) or 1


def needle_bright(
    pixels: Pixels, full: int, modality: Modality, layers_px: int, share: float
) -> Image:
    """Return an image in which a needle is bright and its contrast does not hang on exposure.

    An ultrasound image is already the logarithm of the echo; a share of what its rows
    have in common over ``layers_px`` is taken off, because tissue lies in layers across the beam and
    a needle does not. X-ray intensity becomes attenuation by its negative logarithm (Beer and
    Lambert). ``full`` becomes 1.
    """
    scaled = pixels.astype(np.float32)
    scaled *= np.float32(1.0 / full)
    if modality is Modality.ULTRASOUND:
        rows = cv2.blur(scaled, (2 * (layers_px // 2) + 1, 1), borderType=cv2.BORDER_REPLICATE)
        return np.asarray(cv2.addWeighted(scaled, 1.0, rows, -share, 0.0), np.float32)
    attenuation: Image = np.log(scaled + DARKEST) * np.float32(1.0 / np.log(DARKEST))
    return attenuation


def heat_image(strip: Strip, response: Image, size: tuple[int, int]) -> Image:
    """Return a response along a strip as it lies in an image of that size (u, v), at a coarser resolution."""
    inverse = np.array([strip.along, strip.across])
    matrix = np.column_stack((HEAT_STEP_PX * inverse, -inverse @ strip.origin_px))
    coarse = size[0] // HEAT_STEP_PX, size[1] // HEAT_STEP_PX
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(response, matrix, coarse, flags=flags), np.float32)
