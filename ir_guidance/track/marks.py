# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What is expected in a view, drawn for the network: soft marks on black."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ir_guidance.values import Vector

SHAFT_PX = 11
TARGET_PX = 7
BEYOND_PX = 2000.0
FAR_PX = 20_000
SHIFT = 3  # bits of sub-pixel position


def draw_shaft(entry: Vector, tip: Vector, out: NDArray[np.uint8]) -> None:
    """Draw the line an expected shaft lies on, at places (u, v) of a view, into ``out`` (256, 256).

    It goes on beyond the tip: where the needle ends is for the image alone to say.
    """
    out[:] = 0
    along = tip - entry
    length = float(np.linalg.norm(along))
    if length == 0:
        return
    beyond = tip + along / length * BEYOND_PX
    first, last = (_fixed(np.clip(place, -FAR_PX, FAR_PX)) for place in (entry, beyond))
    cv2.line(out, first, last, 255, SHAFT_PX, cv2.LINE_8, SHIFT)
    cv2.blur(out, (SHAFT_PX, SHAFT_PX), dst=out)


def draw_target(place: Vector, out: NDArray[np.uint8]) -> None:
    """Draw where the target is expected, at a place (u, v) of a view, into ``out`` (256, 256)."""
    out[:] = 0
    centre = _fixed(np.clip(place, -FAR_PX, FAR_PX))
    cv2.circle(out, centre, TARGET_PX << SHIFT, 255, cv2.FILLED, cv2.LINE_8, SHIFT)
    cv2.blur(out, (TARGET_PX, TARGET_PX), dst=out)


def _fixed(place: Vector) -> tuple[int, int]:
    u, v = np.round(place * (1 << SHIFT)).astype(int).tolist()
    return u, v
