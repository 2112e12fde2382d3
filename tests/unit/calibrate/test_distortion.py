# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Pincushion and S-shape are taken out: the beads' grid becomes straight, on beads that were not fitted too."""

import cv2
import numpy as np
import pytest

from calibration_cases import bead_plate
from ir_guidance.calibrate import CalibrationError
from ir_guidance.calibrate.beads import Beads, find_beads
from ir_guidance.calibrate.distortion import calibrate_distortion

SHAPE = (512, 512)


@pytest.fixture(scope="module")
def plate():
    picture, seen, true_px = bead_plate(SHAPE)
    beads = find_beads(picture)
    return picture, seen, true_px, beads, calibrate_distortion(beads, SHAPE)


def test_beads_are_found_where_they_are(plate):
    _, seen, true_px, beads, _ = plate
    away = np.linalg.norm(beads.px[:, None] - seen(true_px)[None], axis=2).min(axis=1)
    assert len(beads.px) > 0.9 * len(true_px)
    assert np.sqrt((away**2).mean()) < 0.1


def test_every_bead_has_its_own_place_on_the_grid(plate):
    _, seen, true_px, beads, _ = plate
    nearest = np.linalg.norm(beads.px[:, None] - seen(true_px)[None], axis=2).argmin(axis=1)
    design = np.column_stack([beads.grid, np.ones(len(beads.grid))])
    fit = np.linalg.lstsq(design, true_px[nearest], rcond=None)[0]
    assert np.abs(design @ fit - true_px[nearest]).max() < 1e-6


def test_distortion_is_taken_out_on_beads_held_out_too(plate):
    *_, found = plate
    assert found.before_px > 4.0
    assert found.after_px < 0.1
    assert found.held_out_px < 0.1


def test_the_map_is_the_true_one_but_for_what_the_middle_fixes(plate):
    """A plate cannot tell its own place, turn and size: those are taken from the middle of the image."""
    _, seen, true_px, _, found = plate
    straight = found.distortion.true_px(seen(true_px)) @ [1, 1j]
    design = np.column_stack([true_px @ [1, 1j], np.ones(len(true_px))])
    fit, *_ = np.linalg.lstsq(design, straight, rcond=None)
    off = np.abs(design @ fit - straight)
    assert abs(fit[0]) == pytest.approx(1.0, abs=0.02)
    assert np.sqrt((off**2).mean()) < 0.2


def test_there_and_back_is_nowhere_else(plate):
    *_, beads, found = plate
    back = found.distortion.seen_px(found.distortion.true_px(beads.px))
    assert np.abs(back - beads.px).max() < 0.2


def test_a_straightened_picture_has_straight_rows(plate):
    picture, _, _, _, found = plate
    again = calibrate_distortion(find_beads(found.distortion.straightened(picture)), SHAPE)
    assert again.before_px < 0.05 * found.before_px


def test_a_picture_without_distortion_is_left_as_it_is():
    picture, *_ = bead_plate(SHAPE, bend=False)
    found = calibrate_distortion(find_beads(picture), SHAPE)
    assert found.before_px < 0.4
    at = np.array([[60.0, 250.0], [256.0, 256.0], [400.0, 120.0]])
    assert np.abs(found.distortion.true_px(at) - at).max() < 0.5


@pytest.mark.parametrize("picture", [np.zeros(SHAPE, np.uint8), np.full(SHAPE, 90, np.uint8)])
def test_a_picture_without_beads_is_refused(picture):
    with pytest.raises(CalibrationError, match="no grid of beads"):
        find_beads(picture)


def test_noise_and_a_needle_are_no_beads():
    picture = np.random.default_rng(0).normal(120, 10, SHAPE)
    cv2.line(picture, (40, 60), (400, 300), 30.0, 5)
    with pytest.raises(CalibrationError, match="no grid of beads"):
        find_beads(np.clip(picture, 0, 255).astype(np.uint8))


def test_beads_on_no_grid_are_refused():
    grid = np.stack(np.meshgrid(np.arange(12), np.arange(12)), axis=-1).reshape(-1, 2)
    px = grid * 40.0 + 30 + np.random.default_rng(0).normal(0, 4, grid.shape)
    with pytest.raises(CalibrationError, match="held out"):
        calibrate_distortion(Beads(px, grid), SHAPE)


def test_too_few_beads_are_refused():
    grid = np.stack(np.meshgrid(np.arange(6), np.arange(6)), axis=-1).reshape(-1, 2)
    with pytest.raises(CalibrationError, match="36 beads"):
        calibrate_distortion(Beads(grid * 60.0 + 100, grid), SHAPE)
