# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Advice to a person: which way to turn, how far to go, and nothing that the image does not show."""

from __future__ import annotations

from math import degrees, radians

import numpy as np
import pytest

from ir_guidance.correct.advise import advise
from ir_guidance.values import NeedleTrack, Reason, TargetTrack, Track

SPACING_M = (1e-4, 1e-4)
RIGHT, DOWN = np.array([1.0, 0.0]), np.array([0.0, 1.0])


def track(tip, direction, target, sigma_px=1.0, turned_rad=0.0):
    spread = sigma_px**2 * np.eye(2)
    needle = NeedleTrack(np.array(tip, float), spread, direction, turned_rad, 0.9)
    return Track(1, 0, 0, needle, TargetTrack(np.array(target, float), spread, 0.9))


@pytest.mark.parametrize(
    ("direction", "target", "side"),
    [
        (RIGHT, (200, 120), 1),  # below a needle that goes right: to its right, clockwise
        (RIGHT, (200, 80), -1),
        (DOWN, (80, 200), 1),  # left of a needle that goes down: to its right
        (-RIGHT, (0, 80), 1),
    ],
)
def test_the_side_is_that_of_the_image_as_it_is_seen(direction, target, side):
    advice = advise(track((100, 100), direction, target), SPACING_M)
    assert np.sign(advice.turn_rad) == np.sign(advice.miss_m) == side
    assert ("anticlockwise" in advice.text) == (side < 0)


def test_lengths_are_those_in_the_patient():
    advice = advise(track((100, 100), RIGHT, (300, 150)), (1e-4, 2e-4))
    assert advice.remaining_m == pytest.approx(0.020)
    assert advice.miss_m == pytest.approx(0.010)
    assert degrees(advice.turn_rad) == pytest.approx(26.6, abs=0.1)


def test_pixels_that_are_not_square_turn_no_right_angle():
    slope = np.array([1.0, 1.0]) / np.sqrt(2)
    advice = advise(track((0, 0), slope, (100, 100)), (1e-4, 3e-4))
    assert advice.miss_m == pytest.approx(0.0, abs=1e-9)


def test_a_needle_that_points_at_its_target_is_on_course():
    advice = advise(track((100, 100), RIGHT, (300, 101)), SPACING_M)
    assert advice.on_course and "on course" in advice.text and "20.0 mm to go" in advice.text


def test_what_the_needle_points_at_is_unsure_by_its_direction_times_the_way():
    sharp = advise(track((100, 100), RIGHT, (300, 130)), SPACING_M)
    blunt = advise(track((100, 100), RIGHT, (300, 130), turned_rad=radians(10)), SPACING_M)
    assert not sharp.on_course and blunt.on_course
    assert blunt.miss_sigma_m == pytest.approx(np.hypot(sharp.miss_sigma_m, 0.0035), rel=0.01)


def test_a_target_that_was_passed_is_said_to_be():
    advice = advise(track((300, 100), RIGHT, (260, 100)), SPACING_M)
    assert advice.remaining_m < 0 and "4.0 mm beyond the target" in advice.text


def test_the_target_reached_is_said_to_be():
    assert "at the target" in advise(track((300, 100), RIGHT, (305, 102)), SPACING_M).text


def test_without_needle_or_target_nothing_is_said():
    seen = track((100, 100), RIGHT, (200, 100))
    for needle, target in ((None, seen.target), (seen.needle, None)):
        assert advise(Track(1, 0, 0, needle, target, Reason.NOT_FOUND), SPACING_M) is None


def test_it_falls_on_the_target_when_it_is_followed():
    seen = track((100, 100), RIGHT, (240, 170))
    advice = advise(seen, SPACING_M)
    c, s = np.cos(advice.turn_rad), np.sin(advice.turn_rad)
    turned = track((100, 100), np.array([[c, -s], [s, c]]) @ RIGHT, (240, 170))
    assert advise(turned, SPACING_M).miss_m == pytest.approx(0.0, abs=1e-9)
