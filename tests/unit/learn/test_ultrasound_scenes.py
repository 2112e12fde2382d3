# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Scenes to learn from: varied, the same for the same seed, and true."""

from functools import cache
from itertools import islice

import numpy as np
import pytest

from ir_guidance.learn.scene import Scene
from ir_guidance.learn.ultrasound_scenes import ultrasound_scenes
from ir_guidance.learn.visible import SHAFT_STEP_M, seen_shaft, stands_out


@cache
def scenes() -> tuple[Scene, ...]:
    return tuple(scene for seed in range(10) for scene in islice(ultrasound_scenes(seed), 6))


def test_the_same_seed_gives_the_same_scenes():
    for first, second in zip(
        islice(ultrasound_scenes(3), 3), islice(ultrasound_scenes(3), 3), strict=True
    ):
        assert np.array_equal(first.frames, second.frames)
        assert np.array_equal(first.shaft_px, second.shaft_px)
        assert np.array_equal(first.targets_px, second.targets_px)


def test_frames_are_three_of_one_size_and_rooms_differ_in_theirs():
    assert all(s.frames.shape[0] == 3 and s.frames.dtype == np.uint8 for s in scenes())
    assert len({s.frames.shape for s in scenes()}) > 3


def test_places_lie_in_the_image():
    for scene in scenes():
        last = np.array(scene.frames.shape[:0:-1]) - 1
        for places in (scene.shaft_px, scene.targets_px):
            assert places.shape[1] == 2
            assert (places >= 0).all() and (places <= last).all()
        assert len(scene.targets_px) == len(scene.radii_px)
        if scene.tip_px is not None:
            assert np.array_equal(scene.tip_px, scene.shaft_px[-1])


def test_some_scenes_have_no_needle_some_no_tip_and_some_no_robot():
    count = len(scenes())
    without = sum(len(s.shaft_px) == 0 for s in scenes()) / count
    tips = sum(s.tip_px is not None for s in scenes()) / count
    assert 0.15 < without < 0.55
    assert 0.35 < tips < 0.75
    assert 0.25 < sum(s.prior_px is None for s in scenes()) / count < 0.55


def test_needles_come_from_both_sides_flat_and_steep():
    runs = [s.shaft_px[-1] - s.shaft_px[0] for s in scenes() if len(s.shaft_px)]
    pitches = np.rad2deg([np.arctan2(v, abs(u)) for u, v in runs])
    right = np.mean([u > 0 for u, _ in runs])
    assert 0.3 < right < 0.7
    assert pitches.min() < 20.0
    assert pitches.max() > 60.0


def test_single_pictures_are_among_them_and_moving_ones():
    still = [np.array_equal(s.frames[0], s.frames[2]) for s in scenes()]
    assert 0.03 < np.mean(still) < 0.35


def test_a_robots_expectation_is_near_but_not_the_truth():
    off_m = [
        float(np.linalg.norm(s.prior_px[1] - s.tip_px)) * s.spacing_m
        for s in scenes()
        if s.prior_px is not None and s.tip_px is not None
    ]
    assert 0.001 < np.median(off_m) < 0.003


def test_contrast_spreads_from_nearly_invisible_to_plain():
    found = [s.contrast for s in scenes() if s.tip_px is not None]
    assert min(found) < 1.0
    assert max(found) > 2.5


@pytest.fixture
def shaft_px() -> np.ndarray:
    return np.linspace((40.0, 40.0), (140.0, 100.0), 50)


def drawn(shaft_px: np.ndarray, part: slice, grey: int) -> tuple[np.ndarray, np.ndarray]:
    """Return images with and without a needle of which a part is drawn."""
    without = np.random.default_rng(0).integers(60, 100, (200, 200)).astype(np.uint8)
    image = without.copy()
    for u, v in np.round(shaft_px[part]).astype(int):
        image[v - 2 : v + 3, u - 2 : u + 3] = grey
    return image, without


def seen(shaft_px: np.ndarray, part: slice, grey: int = 200, out: float = 0.0):
    could = np.ones(len(shaft_px), bool)
    image, without = drawn(shaft_px, part, grey)
    return seen_shaft(
        shaft_px, could, np.full(len(shaft_px), out), image, without, SHAFT_STEP_M / 2.33
    )


def test_a_bright_needle_is_seen_with_its_tip(shaft_px):
    found, tip = seen(shaft_px, slice(None))
    assert len(found) > 40
    assert np.array_equal(tip, shaft_px[-1])


def test_a_needle_that_fades_before_its_tip_is_seen_without_it(shaft_px):
    found, tip = seen(shaft_px, slice(0, 30))
    assert tip is None
    assert 20 <= len(found) <= 38


def test_a_needle_as_grey_as_the_tissue_or_out_of_the_plane_is_not_seen(shaft_px):
    for grey, out in ((80, 0.0), (200, 3.0)):
        found, tip = seen(shaft_px, slice(None), grey, out)
        assert found.shape == (0, 2)
        assert tip is None


def test_a_disc_stands_out_by_its_grey():
    rows, columns = np.ogrid[:100, :100]
    image = np.random.default_rng(1).integers(70, 130, (100, 100)).astype(np.uint8)
    assert not stands_out(image, np.array([50.0, 50.0]), 12.0)
    image[np.hypot(rows - 50, columns - 50) < 12] //= 2
    assert stands_out(image, np.array([50.0, 50.0]), 12.0)
