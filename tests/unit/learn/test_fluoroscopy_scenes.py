# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Scenes are drawn again alike, hold together, and show the needle where they say it is."""

from functools import cache
from itertools import islice

import cv2
import numpy as np
import pytest

from ir_guidance.learn.fluoroscopy_scenes import fluoroscopy_scenes
from ir_guidance.values import Modality

SEEDS = (1, 2, 3)


@cache
def scenes():
    return [scene for seed in SEEDS for scene in fluoroscopy_scenes(seed)]


def with_needle(least_contrast=0.0):
    return [s for s in scenes() if len(s.shaft_px) and s.contrast >= least_contrast]


def test_same_seed_gives_the_same_scenes_and_another_seed_others():
    again = list(islice(fluoroscopy_scenes(1), 3))
    for scene, same in zip(scenes(), again, strict=False):
        assert (scene.frames == same.frames).all()
        assert (scene.shaft_px == same.shaft_px).all()
        assert (scene.targets_px == same.targets_px).all()
    other = next(fluoroscopy_scenes(2))
    assert other.frames.shape != again[0].frames.shape or (other.frames != again[0].frames).any()


def test_a_body_gives_a_dozen_or_two_scenes():
    assert 12 <= len(scenes()) / len(SEEDS) <= 24


def test_scenes_hold_together():
    for scene in scenes():
        count, rows, columns = scene.frames.shape
        assert count == 3 and scene.frames.dtype == np.uint8
        assert scene.modality is Modality.FLUOROSCOPY
        assert 0.0001 < scene.spacing_m < 0.001
        assert scene.targets_px.shape == (len(scene.radii_px), 2)
        last = np.array([columns, rows]) - 0.5
        for place in (*scene.shaft_px, *scene.targets_px):
            assert (place > -1).all() and (place < last + 1).all()
        if scene.tip_px is not None:
            assert len(scene.shaft_px) > 1
            assert scene.tip_px == pytest.approx(scene.shaft_px[-1])
        assert scene.prior_px is None or np.isfinite(scene.prior_px).all()


def test_most_scenes_have_a_needle_a_tip_a_target_and_some_have_none():
    every = scenes()
    assert 0.5 < np.mean([len(s.shaft_px) > 0 for s in every]) < 0.9
    assert 0.4 < np.mean([s.tip_px is not None for s in every]) < 0.85
    assert 0.5 < np.mean([len(s.targets_px) > 0 for s in every]) < 0.95
    assert 0.25 < np.mean([s.prior_px is None for s in every]) < 0.55


def test_some_scenes_repeat_one_image_and_in_the_others_noise_is_fresh():
    still = [bool((s.frames[0] == s.frames[2]).all()) for s in scenes()]
    assert 0.03 < np.mean(still) < 0.35


def test_robot_says_about_where_the_tip_is():
    off_m = [
        np.linalg.norm(s.prior_px[1] - s.tip_px) * s.spacing_m
        for s in scenes()
        if s.prior_px is not None and s.tip_px is not None
    ]
    assert 0.001 < np.median(off_m) < 0.003


def difference(scene, away_px):
    """Return how far the shaft's line, continued, differs from what lies beside it so far behind the tip."""
    back = scene.shaft_px[-1] - scene.shaft_px[-4]
    along = back / np.linalg.norm(back)
    at = scene.tip_px - away_px * along
    side = np.array([-along[1], along[0]]) * (scene.tags["diameter_px"] / 2 + 3)
    image = cv2.GaussianBlur(scene.frames[-1], (0, 0), 0.7).astype(np.float32)
    places = np.array([at, at - side, at + side], np.float32)
    on, left, right = cv2.remap(image, places[:, 0], places[:, 1], cv2.INTER_LINEAR).ravel()
    return abs(float(on) - (float(left) + float(right)) / 2)


def test_needle_is_seen_up_to_the_tip_and_not_beyond():
    clear = [s for s in with_needle(3.0) if s.tip_px is not None and not s.tags["sleeve"]]
    assert len(clear) >= 8
    behind = np.median([difference(s, s.tags["diameter_px"] + 4) for s in clear])
    beyond = np.median([difference(s, -5.0) for s in clear])
    assert behind > 3 * beyond


def test_contrast_runs_from_clear_to_nearly_invisible():
    values = [s.contrast for s in with_needle()]
    assert min(values) < 1 and max(values) > 5
