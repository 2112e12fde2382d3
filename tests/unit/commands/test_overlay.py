# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The overlay's parts: contrast, geometry of the marks, the sheet of a run."""

import os

import numpy as np
import pytest

from ir_guidance.commands.drawing import (
    TIP,
    display_window,
    draw_ellipse,
    draw_heat,
    draw_shaft,
    padded,
    placed,
    shown,
)
from ir_guidance.commands.native_stderr import gathered_stderr
from ir_guidance.commands.overlay_files import TILES, Sheet


def canvas():
    return np.zeros((200, 300, 3), np.uint8)


def test_eight_bits_are_shown_as_they_are():
    assert display_window(np.full((4, 4), 7, np.uint8)) == (0.0, 255.0)


def test_sixteen_bits_are_windowed_without_the_collimated_and_burnt_out():
    pixels = np.linspace(20000, 30000, 10000).astype(np.uint16)
    image = np.concatenate([np.zeros(5000, np.uint16), pixels, np.full(5000, 65535, np.uint16)])
    low, high = display_window(image.reshape(100, 200))
    assert 20000 <= low < 20200
    assert 29800 < high <= 30000


def test_a_black_image_still_has_a_window():
    low, high = display_window(np.zeros((8, 8), np.uint16))
    assert high > low


def test_the_ellipse_is_two_sigma_wide_along_its_axes():
    picture = canvas()
    covariance_px2 = np.diag([100.0, 25.0])
    draw_ellipse(picture, np.array([75.0, 50.0]), covariance_px2, 2.0, TIP)
    marked = np.argwhere((picture == TIP).all(axis=2))
    (top, left), (bottom, right) = marked.min(axis=0), marked.max(axis=0)
    assert right - left == pytest.approx(2 * 2 * 10 * 2, abs=3)
    assert bottom - top == pytest.approx(2 * 2 * 5 * 2, abs=3)
    assert (left + right) / 2 == pytest.approx(placed(np.array([75.0]), 2.0)[0], abs=1)


def test_heat_shades_its_place_in_the_region_and_nothing_else():
    picture = canvas()
    heat = np.zeros((10, 10), np.float32)
    heat[2, 7] = 1.0
    draw_heat(picture, heat, (20, 10, 80, 80), 2.0)
    v, u = np.unravel_index(int(picture.sum(axis=2).argmax()), picture.shape[:2])
    assert (u, v) == pytest.approx((2 * (20 + 7.5 * 8), 2 * (10 + 2.5 * 8)), abs=8)
    assert not picture[:, :40].any() and not picture[:20].any()


def test_the_shaft_is_drawn_behind_the_tip_within_the_region():
    picture = canvas()
    tip_px, direction = np.array([200.0, 100.0]), np.array([1.0, 0.0])
    draw_shaft(picture, tip_px, direction, (50, 20, 200, 150), 1.0)
    columns = np.argwhere(picture.any(axis=(0, 2))).ravel()
    assert columns.min() == pytest.approx(50, abs=4)
    assert columns.max() < 190


def test_a_pixel_is_shown_where_its_centre_is():
    image = np.zeros((20, 20), np.uint8)
    image[5, 11] = 255
    picture = shown(image, 8.0, (0.0, 255.0))
    v, u = np.unravel_index(np.argmax(picture[..., 0].astype(float)), picture.shape[:2])
    assert (u, v) == pytest.approx(tuple(placed(np.array([11.0, 5.0]), 8.0)), abs=1)


@pytest.mark.parametrize("shape", [(50, 60, 3), (400, 900, 3), (700, 20, 3)])
def test_any_picture_fits_any_canvas(shape):
    assert padded(np.zeros(shape, np.uint8), 300, 200).shape == (200, 300, 3)


@pytest.mark.parametrize("count", [1, 3, 12, 25, 26, 1000])
def test_a_sheet_has_evenly_spaced_tiles_of_a_run_of_any_length(count):
    sheet = Sheet()
    for index in range(count):
        if sheet.wants(index):
            sheet.add(np.full((10, 10, 3), index % 256, np.uint8))
    steps = np.diff([int(tile[0, 0, 0]) for tile in sheet.tiles]) % 256
    assert len(set(steps.tolist())) <= 1
    assert min(count, TILES) <= len(sheet.tiles) <= 2 * TILES
    assert sheet.drawn("a run").ndim == 3


def test_what_c_code_writes_to_stderr_is_gathered(capfd):
    with gathered_stderr() as lines:
        os.write(2, b"Corrupt JPEG data\n")
    os.write(2, b"after\n")
    assert lines == ["Corrupt JPEG data"]
    assert capfd.readouterr().err == "after\n"
