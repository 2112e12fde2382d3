# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Dynamic programming over row and slope, and the strip it runs in."""

import numpy as np
import pytest

from ir_guidance.track.run import best_path
from ir_guidance.track.strip import clip_line, cut_strip, reversed_strip

ROWS, COLUMNS = 60, 40


def gain_along(rows):
    gain = np.full((ROWS, COLUMNS), -1.0, np.float32)
    gain[np.round(rows).astype(int), np.arange(len(rows))] = 2.0
    return gain


def found(gain, start=0.0, end=0.0):
    return best_path(
        gain,
        np.full(gain.shape, start, np.float32),
        np.full(gain.shape[1], end, np.float32),
        bend_cost=0.3,
    )


def test_a_smooth_path_is_followed_from_its_beginning_to_its_end():
    rows = 10 + 0.02 * np.arange(28) ** 2
    columns, path = found(gain_along(rows))
    np.testing.assert_array_equal(columns, np.arange(28))
    np.testing.assert_allclose(path, rows, atol=1.0)


def test_a_gap_is_bridged_when_more_follows():
    gain = gain_along(np.full(COLUMNS, 20.0))
    gain[:, 15:19] = -1.0
    columns, _ = found(gain)
    assert (columns[0], columns[-1]) == (0, COLUMNS - 1)


def test_a_sharp_turn_is_not_followed():
    rows = np.concatenate((np.full(20, 10.0), 10 + 2.9 * np.arange(1, 17)))
    _, path = found(gain_along(rows))
    assert abs(np.diff(path, n=2)).max() <= 1


def test_what_a_start_costs_decides_between_two_paths():
    gain = np.full((ROWS, COLUMNS), -1.0, np.float32)
    gain[[10, 50]] = 1.0
    start = np.zeros_like(gain)
    start[40:] = -5.0
    _, path = best_path(gain, start, np.zeros(COLUMNS, np.float32), 0.3)
    assert (path == 10).all()


def test_pixels_of_a_strip_are_where_it_says():
    v, u = np.mgrid[:80, :100].astype(np.float32)
    start, end = np.array([20.0, 30.0]), np.array([70.0, 55.0])
    across = cut_strip(u, start, end, 6), cut_strip(v, start, end, 6)
    for s, t in [(0, 6), (10, 2), (50, 11)]:
        here = across[0].px(s, t)
        np.testing.assert_allclose([strip.values[t, s] for strip in across], here, atol=0.05)


def test_a_strip_knows_what_is_outside_the_image():
    strip = cut_strip(np.ones((50, 50), np.float32), np.array([5.0, 3.0]), np.array([45.0, 3.0]), 8)
    assert not strip.valid[0].any()
    assert strip.valid[8].all()


def test_a_reversed_strip_shows_the_same_place():
    image = np.random.default_rng(1).random((80, 80)).astype(np.float32)
    strip = cut_strip(image, np.array([10.0, 15.0]), np.array([60.0, 50.0]), 5)
    back = reversed_strip(strip)
    np.testing.assert_allclose(back.px(3, 2), strip.px(strip.values.shape[1] - 4, 8), atol=1e-9)
    assert back.values[2, 3] == strip.values[8, -4]


@pytest.mark.parametrize(
    ("point", "along", "ends"),
    [
        ((-10.0, 5.0), (1.0, 0.0), ((0.0, 5.0), (40.0, 5.0))),
        ((10.0, -10.0), (0.0, 1.0), ((10.0, 0.0), (10.0, 40.0))),
        ((10.0, 10.0), (-1.0, 0.0), ((10.0, 10.0), (0.0, 10.0))),
        ((-10.0, 5.0), (-1.0, 0.0), None),
        ((10.0, -3.0), (1.0, 0.0), None),
    ],
)
def test_a_line_is_clipped_to_the_image(point, along, ends):
    clipped = clip_line(np.array(point), np.array(along), (99, 99), 0.0, 50.0)
    if ends is None:
        assert clipped is None
    else:
        np.testing.assert_allclose(clipped, ends)
