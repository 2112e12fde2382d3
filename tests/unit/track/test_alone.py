# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What no robot vouches for is a needle only where it is long enough and as straight as needles are."""

import cv2
import numpy as np
import pytest

from ir_guidance.track.alone import is_bent, is_needle, traced
from ir_guidance.track.learned_settings import LearnedSettings
from ir_guidance.track.pointing import Pointing

TIP = np.array([20.0, 64.0])
TO_TIP = np.array([-1.0, 0.0])
CELL_M = 0.0006


def map_of(*lines):
    on = np.zeros((128, 128), np.uint8)
    for line in lines:
        cv2.polylines(on, [np.round(line * 8).astype(int)], False, 1, 2, cv2.LINE_8, 3)
    return np.where(on > 0, 3.0, -3.0).astype(np.float32)


def arc(radius, length=80.0):
    """Return a line (n, 2) that leaves the tip backwards, to the right, and turns along a circle."""
    angle = np.linspace(0, length / radius, 60)
    return TIP + radius * np.stack([np.sin(angle), 1 - np.cos(angle)], axis=1)


@pytest.mark.parametrize(
    ("radius_m", "bent"), [(1e3, False), (0.4, False), (0.25, False), (0.10, True), (0.05, True)]
)
def test_a_shaft_that_bends_more_sharply_than_needles_do_is_bent(radius_m, bent):
    shaft = map_of(arc(radius_m / CELL_M))
    assert is_bent(shaft, TIP, TO_TIP, 0.15 / CELL_M) is bent


def test_a_shaft_is_traced_across_a_lead_and_a_short_gap():
    line = arc(1e4)
    shaft = map_of(line, np.array([[50.0, 20.0], [60.0, 110.0]]))
    shaft[:, 80:84] = -3.0
    found = traced(shaft, TIP, TO_TIP)
    assert found[-1, 0] > 95
    assert np.abs(found[:, 1] - 64).max() < 1.5
    assert not is_bent(shaft, TIP, TO_TIP, 0.15 / CELL_M)


def test_too_short_a_shaft_is_neither_bent_nor_a_needle():
    shaft = map_of(arc(30, length=15.0))
    assert not is_bent(shaft, TIP, TO_TIP, 0.15 / CELL_M)
    points = Pointing(TO_TIP, None, 0.1, 4.0)
    settings = LearnedSettings()
    assert not is_needle(shaft, TIP, points, CELL_M, settings, True)


def test_ultrasound_asks_for_no_bend():
    shaft = map_of(arc(60))
    points, settings = Pointing(TO_TIP, None, 0.1, 60.0), LearnedSettings()
    assert not is_needle(shaft, TIP, points, CELL_M, settings, True)
    assert is_needle(shaft, TIP, points, CELL_M, settings, False)
