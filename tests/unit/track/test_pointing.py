# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The shaft's direction from its maps."""

import cv2
import numpy as np
import pytest

from ir_guidance.track.pointing import pointing


def maps_of(tip, angle_rad, length=60.0):
    direction = np.array([np.cos(angle_rad), np.sin(angle_rad)])
    start = tip - length * direction
    line = np.zeros((128, 128), np.uint8)
    ends = [tuple(np.round(8 * end).astype(int).tolist()) for end in (start, tip)]
    cv2.line(line, *ends, 255, 2, cv2.LINE_AA, 3)
    on = line > 120
    maps = np.full((3, 128, 128), -6.0, np.float32)
    maps[0][on] = 4.0
    maps[1:] = direction[:, None, None] * on
    return maps, direction


@pytest.mark.parametrize("angle_deg", range(-170, 181, 35))
def test_the_direction_is_right_to_half_a_degree_and_towards_the_tip(angle_deg):
    tip = np.array([64.0, 64.0])
    maps, direction = maps_of(tip, np.radians(angle_deg))
    points = pointing(maps, tip)
    found, sigma_rad = points.direction, points.sigma_rad
    assert np.degrees(np.arccos(np.clip(found @ direction, -1, 1))) < 1.0
    assert 0 < sigma_rad < 0.1
    assert points.length_cells == pytest.approx(60, abs=3)


def test_another_shaft_beside_it_does_not_turn_it():
    tip = np.array([64.0, 64.0])
    maps, direction = maps_of(tip, np.radians(20))
    other, _ = maps_of(np.array([64.0, 100.0]), np.radians(-30), 40)
    maps = np.where(other[:1] > 0, other, maps)
    found = pointing(maps, tip).direction
    assert np.degrees(np.arccos(np.clip(found @ direction, -1, 1))) < 2.0


def test_without_a_shaft_there_is_no_direction():
    assert pointing(np.full((3, 128, 128), -5.0, np.float32), np.array([64.0, 64.0])) is None


def test_two_dots_in_a_row_are_no_long_shaft():
    maps = np.full((3, 128, 128), -6.0, np.float32)
    maps[1] = 1.0
    maps[0, 63:66, 60:65] = 4.0
    maps[0, 63:66, 20:25] = 4.0
    assert pointing(maps, np.array([64.0, 64.0])).length_cells < 6
