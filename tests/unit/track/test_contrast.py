# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""By how much a shaft stands out: of lines drawn into noise."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from ir_guidance.track.contrast import shaft_contrast

SPACING_M = 0.00012
BACK_PX, TIP_PX = np.array([120.0, 160.0]), np.array([200.0, 220.0])


def image_with(level: float, aside_px: float = 0.0) -> np.ndarray:
    """Return speckle with a line of that level over it, so far beside where it is expected."""
    rng = np.random.default_rng(1)
    noise = cv2.GaussianBlur(rng.normal(0, 60, (400, 400)), (0, 0), 2.5)
    image = 90.0 + noise
    along = (TIP_PX - BACK_PX) / np.linalg.norm(TIP_PX - BACK_PX)
    across = np.array([-along[1], along[0]])
    v, u = np.mgrid[:400, :400]
    off = np.stack([u - BACK_PX[0], v - BACK_PX[1]], -1)
    beside = off @ across - aside_px
    inside = (off @ along > -20) & (off @ along < 100)
    image += level * np.exp(-0.5 * (beside / 2.0) ** 2) * inside
    return np.clip(image, 0, 255).astype(np.uint8)


def contrast(image: np.ndarray) -> float:
    found = shaft_contrast(image, BACK_PX, TIP_PX, SPACING_M)
    assert found is not None
    return found


def test_a_shaft_stands_out_by_its_level_and_by_nothing_where_there_is_none():
    none, some, much = (contrast(image_with(level)) for level in (0.0, 40.0, 80.0))
    assert abs(none) < 0.03
    assert some == pytest.approx(0.5 * much, abs=0.04)
    assert much > 0.15


def test_a_shaft_a_little_beside_is_found_and_one_far_beside_is_not():
    assert contrast(image_with(60.0, 3.0)) > 0.8 * contrast(image_with(60.0))
    assert contrast(image_with(60.0, 30.0)) < 0.2 * contrast(image_with(60.0))


def test_sixteen_bits_make_no_difference():
    image = image_with(60.0)
    fine = image.astype(np.uint16) * 257
    assert contrast(fine) == pytest.approx(contrast(image), abs=0.01)


def test_what_lies_outside_the_image_does_not_count():
    image = image_with(60.0)
    assert (
        shaft_contrast(image, np.array([-200.0, 10.0]), np.array([-10.0, 10.0]), SPACING_M) is None
    )
    partly = shaft_contrast(image, BACK_PX - 400 * (TIP_PX - BACK_PX) / 100, TIP_PX, SPACING_M)
    assert partly is not None and np.isfinite(partly)
