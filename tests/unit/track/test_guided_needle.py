# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A needle whose place the robot roughly knows: found to a fraction of a millimetre, or honestly not."""

import numpy as np
import pytest

from ir_guidance.track import make_tracker
from ir_guidance.values import Modality, Reason, ShaftPrior

SEEDS = range(16)
PX_MM = 0.12


def needle_of(seed):
    generator = np.random.default_rng(100 + seed)
    angle, length = generator.uniform(0.45, 0.95), generator.uniform(220, 380)
    entry = np.array([generator.uniform(10, 60), generator.uniform(15, 40)])
    return entry, entry + length * np.array([np.cos(angle), np.sin(angle)])


@pytest.fixture(scope="module")
def sightings(scenes):
    """What is seen of needles whose expected tip is 3 mm aside: (direction, tip error in px, needle)."""
    found = []
    for seed in SEEDS:
        entry, tip = needle_of(seed)
        tracker = make_tracker("classical", Modality.ULTRASOUND)
        prior = scenes.prior((entry, tip), aside_px=25 * (-1) ** seed)
        track = tracker.track(scenes.frame(scenes.tissue(seed, (entry, tip))), prior)
        assert track.needle is not None, f"seed {seed}: {track.needle_reason}"
        direction = (tip - entry) / np.linalg.norm(tip - entry)
        found.append((direction, track.needle.tip_px - tip, track.needle))
    return found


def test_tip_is_within_the_accuracy_that_guidance_needs(sightings):
    errors_mm = [PX_MM * np.linalg.norm(error) for _, error, _ in sightings]
    assert np.median(errors_mm) <= 0.4
    assert np.max(errors_mm) <= 1.5


def test_direction_points_along_the_shaft_to_the_tip(sightings):
    angles = [np.arccos(min(direction @ needle.direction, 1)) for direction, _, needle in sightings]
    assert np.degrees(np.median(angles)) <= 1.0
    assert np.degrees(np.max(angles)) <= 3.0
    assert all(np.linalg.norm(needle.direction) == pytest.approx(1) for *_, needle in sightings)


def test_covariance_is_as_large_as_the_errors(sightings):
    squared = [
        error @ np.linalg.solve(needle.tip_covariance_px2, error) for _, error, needle in sightings
    ]
    assert 0.3 <= np.mean(squared) <= 4.0  # 2 for a perfect one; sixteen needles tell little


def test_tip_is_less_certain_along_the_shaft_than_across(sightings):
    for direction, _, needle in sightings:
        across = np.array([-direction[1], direction[0]])
        along_px2 = direction @ needle.tip_covariance_px2 @ direction
        assert along_px2 > across @ needle.tip_covariance_px2 @ across


def test_confidence_is_a_share(sightings):
    assert all(0.5 <= needle.confidence <= 1 for *_, needle in sightings)


@pytest.mark.parametrize("seed", range(12))
def test_no_needle_is_seen_where_there_is_none(scenes, tracker, seed):
    track = tracker.track(scenes.frame(scenes.tissue(seed)), scenes.prior(needle_of(seed)))
    assert track.needle is None
    assert track.needle_reason is Reason.NOT_FOUND


def test_a_needle_is_not_seen_where_the_last_frame_had_one(scenes, tracker):
    needle = needle_of(1)
    prior = scenes.prior(needle)
    assert tracker.track(scenes.frame(scenes.tissue(1, needle)), prior).needle is not None
    assert tracker.track(scenes.frame(scenes.tissue(1)), prior).needle is None


def test_expected_tip_that_is_wrong_along_the_shaft_does_not_decide(scenes, tracker):
    needle = needle_of(2)
    pixels = scenes.tissue(2, needle)
    off_px = 2.5 / PX_MM
    tips = [
        tracker.track(scenes.frame(pixels), scenes.prior(needle, along_px=along_px)).needle.tip_px
        for along_px in (-off_px, off_px)
    ]
    assert np.linalg.norm(tips[1] - tips[0]) < 0.3 * 2 * off_px


@pytest.mark.parametrize(
    ("entry", "tip"),
    [
        ((10.0, 10.0), (600.0, 300.0)),
        ((10.0, 10.0), (5.0, -20.0)),
        ((10.0, 10.0), (float("nan"), 100.0)),
        ((float("nan"), 10.0), (300.0, 200.0)),
        ((200.0, 200.0), (200.0, 200.0)),
        ((-500.0, 10.0), (3.0, 12.0)),
    ],
    ids=["beyond", "in air", "no tip", "no entry", "no length", "hardly in view"],
)
def test_needle_that_cannot_be_in_view_is_not_found(scenes, tracker, entry, tip):
    prior = ShaftPrior(np.array(entry), np.array(tip))
    track = tracker.track(scenes.frame(scenes.tissue(0)), prior)
    assert track.needle is None
    assert track.needle_reason is Reason.NOT_FOUND


def test_pixels_of_sixteen_bits_give_what_those_of_eight_do(scenes, tracker):
    needle = needle_of(3)
    pixels = scenes.tissue(3, needle)
    prior = scenes.prior(needle)
    eight = tracker.track(scenes.frame(pixels), prior).needle
    deep = tracker.track(scenes.frame(pixels.astype(np.uint16) * 257), prior).needle
    np.testing.assert_allclose(deep.tip_px, eight.tip_px, atol=0.1)


def test_heat_is_brightest_near_the_needle_and_covers_the_image(scenes, tracker):
    entry, tip = needle_of(4)
    track = tracker.track(scenes.frame(scenes.tissue(4, (entry, tip))), scenes.prior((entry, tip)))
    assert track.heat.dtype == np.float32
    step = 512 / track.heat.shape[0]
    v, u = np.unravel_index(track.heat.argmax(), track.heat.shape)
    direction = (tip - entry) / np.linalg.norm(tip - entry)
    away = (np.array([u, v]) + 0.5) * step - entry
    assert abs(away[0] * direction[1] - away[1] * direction[0]) < 12


def test_wire_in_an_xray_is_found_near_where_it_is_expected(scenes, xray_tracker):
    wire = (np.array([20.0, 60.0]), np.array([330.0, 290.0]))
    frame = scenes.frame(scenes.xray(1, wire), Modality.FLUOROSCOPY, 0.0002)
    needle = xray_tracker.track(frame, scenes.prior(wire, aside_px=15)).needle
    assert np.linalg.norm(needle.tip_px - wire[1]) < 5
    assert needle.direction @ (wire[1] - wire[0]) > 0
