# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What counts as seen of a needle, and what a display does to readings."""

import numpy as np
import pytest

from ir_guidance.room.xray.display import DisplaySettings, border, framed, open_border, shown
from ir_guidance.room.xray.seen import in_field, on_screen, targets_on_screen

OPEN = np.ones((200, 300), np.float32)
NO_STEEL = np.zeros((200, 300), np.float32)
LINE = np.array([[-50.0, 100.0], [150.0, 100.0]])


def test_shaft_begins_at_the_image_and_ends_at_the_tip():
    shaft, tip = in_field(LINE, 0.0, OPEN, NO_STEEL)
    assert shaft[0] == pytest.approx([0, 100], abs=2)
    assert shaft[-1] == pytest.approx([150, 100])
    assert tip == pytest.approx([150, 100])


def test_tip_outside_the_field_or_behind_steel_is_none():
    narrow = OPEN.copy()
    narrow[:, 120:] = 0
    shaft, tip = in_field(LINE, 0.0, narrow, NO_STEEL)
    assert tip is None
    assert shaft[-1, 0] == pytest.approx(119, abs=2)
    steel = NO_STEEL.copy()
    steel[90:110, 140:] = 0.005
    assert in_field(LINE, 0.0, OPEN, steel)[1] is None


def test_needle_that_does_not_leave_its_sleeve_is_not_seen():
    assert len(in_field(LINE, 199.0, OPEN, NO_STEEL)[0]) == 0
    assert len(in_field(LINE, 150.0, OPEN, NO_STEEL)[0]) > 1


def test_needle_in_plain_white_is_not_seen():
    shaft, tip = in_field(LINE, 0.0, OPEN, NO_STEEL)
    grey = np.full((200, 300), 120, np.uint8)
    assert on_screen(grey, shaft, tip)[1] is tip
    half = grey.copy()
    half[:, 130:] = 255
    seen, tip_there = on_screen(half, shaft, tip)
    assert len(seen) == len(shaft)
    assert tip_there is None
    assert len(on_screen(np.full_like(grey, 255), shaft, tip)[0]) == 0


def test_target_is_seen_where_there_is_something_to_see():
    image = np.full((200, 300), 255, np.uint8)
    image[90:110, 95:105] = 40
    places = np.array([[100.0, 100.0], [200.0, 100.0], [400.0, 100.0]])
    assert targets_on_screen(image, places, np.full(3, 8.0)).tolist() == [True, False, False]


def display(**values):
    plain = {
        "grey": 100.0, "gamma": 0.7, "log_gain": 50.0, "flatten": 0.0,
        "sharpen": 0.0, "sharpen_px": 5, "inverted": False,
    }  # fmt: skip
    return DisplaySettings(**(plain | values))


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0])
def test_reference_level_gets_its_grey_and_more_is_brighter(gamma):
    levels = np.tile(np.array([0.1, 0.5, 1.0, 1.5], np.float32), (16, 4))
    image = shown(levels, display(gamma=gamma))
    assert image[0, 2] in (99, 100)
    assert (np.diff(image[0, :4].astype(int)) > 0).all()
    dark = shown(levels, display(gamma=gamma, inverted=True))
    assert np.abs(255 - image.astype(int) - dark).max() <= 1


def test_sharpening_raises_an_edge_and_flattening_lowers_a_slope():
    step = np.full((64, 64), 0.8, np.float32)
    step[:, 32:] = 1.2
    plain, sharp = (shown(step, display(sharpen=value)).astype(int) for value in (0.0, 1.5))
    assert sharp[32, 33] > plain[32, 33] + 5 and sharp[32, 30] < plain[32, 30] - 5
    slope = np.tile(np.linspace(0.3, 1.5, 256, dtype=np.float32), (256, 1))
    plain, flat = (shown(slope, display(flatten=value)).astype(int) for value in (0.0, 0.8))
    assert np.ptp(flat[128, 40:-40]) < 0.6 * np.ptp(plain[128, 40:-40])


@pytest.mark.parametrize("seed", range(12))
def test_border_leaves_the_middle_open_and_hides_what_it_covers(seed):
    field = border(np.random.default_rng(seed), (256, 320))
    u, v, radius = field.round_px
    assert field.open[int(v), int(u)] == 1
    assert 0 < radius < 256
    image = framed(np.full((256, 320), 77, np.uint8), field)
    assert (image[field.open == 0] == field.grey).all()
    assert (image[field.open == 1] == 77).all()


def test_open_border_covers_nothing():
    assert (open_border((20, 30)).open == 1).all()
