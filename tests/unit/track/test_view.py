# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A view shows the right part of an image, and leads back to it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ir_guidance.track.backends import SIDE_PX
from ir_guidance.track.view import View, fine, whole

SHAPES = [(512, 512), (480, 640), (1024, 1024), (300, 200)]


def ramp(shape):
    """Grey rising to the right, so that a level tells a column."""
    return np.tile(np.linspace(0, 250, shape[1], dtype=np.float32), (shape[0], 1)).astype(np.uint8)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_whole_image_is_in_the_whole_view(shape):
    view = whole(shape)
    corners = view.place_of(np.array([[0.0, 0.0], [shape[1] - 1.0, shape[0] - 1.0]]))
    assert (corners > -0.5).all() and (corners < SIDE_PX - 0.5).all()
    assert view.side_px == max(shape)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_level_is_found_where_the_view_says_it_is(shape):
    image, out = ramp(shape), np.empty((SIDE_PX, SIDE_PX), np.uint8)
    for view in (whole(shape), fine(shape, np.array([0.4, 0.6]) * shape[::-1])):
        view.take(image, out)
        place = np.array([[140.0, 128.0]])
        ((column, row),) = np.round(view.px_of(place)).astype(int)
        assert abs(int(out[128, 140]) - int(image[row, column])) <= 2 + 250 / shape[1]


def test_a_fine_view_stays_inside_the_image_where_it_can():
    for centre in ([0, 0], [511, 511], [511, 0]):
        view = fine((512, 512), np.array(centre, float))
        assert all(0 <= first <= 512 - view.side_px for first in view.first_px)


def test_what_lies_outside_the_image_is_black():
    out = np.full((SIDE_PX, SIDE_PX), 99, np.uint8)
    View((-100, 400), 256).take(np.full((512, 512), 200, np.uint8), out)
    assert (out[:, :100] == 0).all() and (out[112:] == 0).all() and (out[:112, 100:] == 200).all()
    View((5000, 0), 256).take(np.full((512, 512), 200, np.uint8), out)
    assert not out.any()


@given(
    st.tuples(st.integers(-300, 600), st.integers(-300, 600)),
    st.integers(40, 2000),
    st.tuples(st.floats(-50, 300), st.floats(-50, 300)),
)
def test_there_and_back_is_the_same_place(first, side, place):
    view = View(first, side)
    assert view.place_of(view.px_of(np.array(place))) == pytest.approx(np.array(place), abs=1e-6)
