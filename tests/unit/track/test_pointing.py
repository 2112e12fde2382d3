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


def test_the_axis_passes_where_the_shaft_does_and_not_where_its_point_is():
    tip = np.array([64.0, 64.0])
    for angle_deg in range(0, 360, 40):
        maps, direction = maps_of(tip, np.radians(angle_deg))
        aside = np.array([-direction[1], direction[0]])
        axis = pointing(maps, tip + 2.0 * aside).axis
        assert abs((axis - tip) @ aside) < 0.3


def test_the_axis_of_a_bent_shaft_is_that_at_its_tip():
    tip, maps = np.array([64.0, 64.0]), np.full((3, 128, 128), -6.0, np.float32)
    run = np.arange(0.0, 60.0, 0.25)
    u, v = tip[0] - run, tip[1] + 0.002 * run**2
    for off in (-1, 0, 1):
        maps[0, np.round(v).astype(int) + off, np.round(u).astype(int)] = 4.0
    maps[1] = 1.0
    points = pointing(maps, tip)
    assert abs(points.axis[1] - tip[1]) < 0.35


def test_what_lies_ahead_of_the_tip_turns_nothing():
    tip = np.array([64.0, 64.0])
    maps, direction = maps_of(tip, np.radians(20))
    maps[0, 60:64, 80:110] = 4.0
    found = pointing(maps, tip)
    assert np.degrees(np.arccos(np.clip(found.direction @ direction, -1, 1))) < 1.0


def test_too_little_shaft_has_no_axis():
    tip = np.array([64.0, 64.0])
    maps, _ = maps_of(tip, 0.0, length=4.0)
    found = pointing(maps, tip)
    assert found is None or found.axis is None


def test_without_a_shaft_there_is_no_direction():
    assert pointing(np.full((3, 128, 128), -5.0, np.float32), np.array([64.0, 64.0])) is None


def test_two_dots_in_a_row_are_no_long_shaft():
    maps = np.full((3, 128, 128), -6.0, np.float32)
    maps[1] = 1.0
    maps[0, 63:66, 60:65] = 4.0
    maps[0, 63:66, 20:25] = 4.0
    assert pointing(maps, np.array([64.0, 64.0])).length_cells < 6
