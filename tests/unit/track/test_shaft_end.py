# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Where the shadow of a shaft ends corrects a tip that was placed along it, and nothing else does."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from ir_guidance.track.place import Place
from ir_guidance.track.settings import TrackSettings
from ir_guidance.track.shaft_end import TAPER_M, UNSURE_M, ended_by_brightness
from ir_guidance.values import Modality

SPACING_M = 0.0003
SHAFT = TrackSettings().of(Modality.FLUOROSCOPY).shaft
DIRECTION = np.array([0.8, -0.6])
ASIDE = np.array([0.6, 0.8])
TIP_PX = np.array([210.0, 150.0])
BEVEL_PX = 8
AROUND = ((1, 0), (1, 300), (-1, 300), (-1, BEVEL_PX))
"""Corners of the shadow: radii aside, pixels behind the tip."""


def image(tip_px=TIP_PX, seed=0):
    """Return a bevelled shaft (512, 512) that lets half the X-rays through, with quantum noise."""
    levels = np.full((512, 512), 160.0)
    shaft = np.zeros(levels.shape, np.uint8)
    corners = [tip_px + 3 * side * ASIDE - back * DIRECTION for side, back in AROUND]
    cv2.fillPoly(shaft, [np.round(np.array(corners) * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    levels *= 1.0 - 0.5 * cv2.GaussianBlur(shaft, (0, 0), 0.8) / 255.0
    levels += np.random.default_rng(seed).normal(0.0, 3.0, levels.shape)
    return np.clip(levels, 0, 255).astype(np.uint8)


def guess(along_px, along_sigma_px=5.0):
    covariance = along_sigma_px**2 * np.outer(DIRECTION, DIRECTION) + np.outer(ASIDE, ASIDE)
    return Place(TIP_PX + along_px * DIRECTION, covariance, 0.9)


@pytest.mark.parametrize("along_px", [-6.0, -2.0, 0.0, 3.0, 7.0])
@pytest.mark.parametrize("seed", range(3))
def test_a_tip_placed_along_its_shaft_is_moved_to_the_shadows_end(along_px, seed):
    found = ended_by_brightness(guess(along_px), DIRECTION, image(seed=seed), SPACING_M, SHAFT)
    off = found.place - TIP_PX
    assert abs(off @ DIRECTION) < TAPER_M / SPACING_M + 1.0
    assert abs(off @ ASIDE) < 1e-9, "along the shaft alone"
    assert DIRECTION @ found.covariance @ DIRECTION < 0.5 * 25.0
    assert ASIDE @ found.covariance @ ASIDE == pytest.approx(1.0)


def test_a_sure_tip_is_not_asked_about():
    before = guess(-1.0, along_sigma_px=0.9 * UNSURE_M / SPACING_M)
    assert ended_by_brightness(before, DIRECTION, image(), SPACING_M, SHAFT) is before


def test_a_step_too_far_off_is_of_another_thing():
    before = guess(12.0, along_sigma_px=1.1 * UNSURE_M / SPACING_M)
    found = ended_by_brightness(before, DIRECTION, image(), SPACING_M, SHAFT)
    assert found is before


@pytest.mark.parametrize("place", [(-30.0, 20.0), (2.0, 1.0), (511.0, 511.0), (700.0, 900.0)])
def test_at_the_edge_of_the_image_and_beyond_it_stays_sound(place):
    before = Place(np.array(place), 9.0 * np.eye(2), 0.9)
    found = ended_by_brightness(before, DIRECTION, image(), SPACING_M, SHAFT)
    assert np.isfinite(found.place).all()
    assert np.linalg.eigvalsh(found.covariance)[0] > 0
