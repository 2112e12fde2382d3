# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Simulated sequences: the same seed, the same frames; true to the image; never the truth in the prior."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from ir_guidance.learn import rooms, sequences
from ir_guidance.learn.contrast import shaft_contrast
from ir_guidance.learn.rooms import WatchedRoom
from ir_guidance.learn.sequences import FIRST_SEED, FRAMES, Sequence, simulated_cases
from ir_guidance.room import RoomSettings
from ir_guidance.room.fluoroscopy_room import FluoroscopyRoomSettings
from ir_guidance.values import Modality

SPACING_M = 0.0001


def speckle(shape=(300, 300), seed=1):
    return np.random.default_rng(seed).normal(100.0, 10.0, shape)


def drawn_line(pixels, step):
    """Return the image with a line of 13 pixels round row 150, columns 60 to 240, so many levels brighter."""
    pixels = pixels.copy()
    pixels[144:157, 60:241] += step
    return np.clip(pixels, 0, 255).astype(np.uint8)


LINE = np.array([[60.0, 150.0], [150.0, 150.0], [240.0, 150.0]])


@pytest.mark.parametrize("step", [5.0, 30.0, -30.0])
def test_contrast_is_the_step_over_the_spread_beside_it(step):
    found = shaft_contrast(drawn_line(speckle(), step), LINE, SPACING_M)
    assert found == pytest.approx(abs(step) / 10.0, abs=0.15)


def test_contrast_of_a_shaft_outside_of_the_image_is_not_known():
    assert shaft_contrast(drawn_line(speckle(), 30.0), LINE - 400.0, SPACING_M) is None
    assert shaft_contrast(drawn_line(speckle(), 30.0), np.zeros((0, 2)), SPACING_M) is None


@pytest.fixture(scope="module")
def one_room():
    """Return the one room that is shared where it does not matter which it is."""
    return WatchedRoom(Modality.ULTRASOUND, FIRST_SEED)


def first_cases(modality, seed, number, count=3):
    return list(islice(Sequence(modality, seed, number, with_prior=True).cases(), count))


@pytest.fixture(scope="module", params=list(Modality))
def cases(request):
    """Return the first frames of two sequences in the demonstration's patient."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rooms, "drawn_ultrasound", lambda seed: RoomSettings())
        patch.setattr(rooms, "drawn_fluoroscopy", lambda seed: FluoroscopyRoomSettings())
        patch.setattr(sequences, "NEEDLE_FREE_CHANCE", 0.0)
        return [case for number in (0, 1) for case in first_cases(request.param, 5, number)]


def test_same_seed_same_frames():
    first, again, other = (first_cases(Modality.ULTRASOUND, seed, 1, 2) for seed in (4, 4, 5))
    for one, two in zip(first, again, strict=True):
        assert np.array_equal(one.frame.pixels, two.frame.pixels)
        assert one.file == two.file
    assert not np.array_equal(first[0].frame.pixels, other[0].frame.pixels)


def test_rooms_are_drawn_from_seeds_that_training_never_uses(monkeypatch, one_room):
    seeds = []
    monkeypatch.setattr(
        sequences, "WatchedRoom", lambda modality, seed: seeds.append(seed) or one_room
    )
    for number in range(50):
        Sequence(Modality.ULTRASOUND, 0, number, with_prior=True)
    assert len(set(seeds)) == 50 and min(seeds) >= FIRST_SEED == 2**31


def test_target_is_pointed_at_in_the_first_frame_alone(cases):
    for case in cases:
        assert (case.click_px is not None) == case.starts == case.file.endswith("/000")
        if case.click_px is not None:
            assert 0 < np.linalg.norm(case.click_px - case.target_px) < 6


def test_needle_is_where_the_truth_says(cases):
    visible = [case for case in cases if case.needle_visible]
    assert visible
    gains = []
    for case in visible:
        behind = case.shaft_px - case.tip_px
        assert np.linalg.norm(behind) > 5
        spacing_m = case.frame.spacing_m[0]
        line = case.tip_px + np.linspace(1.2, 0.0, 20)[:, None] * behind
        aside = 0.003 / spacing_m * np.array([-behind[1], behind[0]]) / np.linalg.norm(behind)
        on, off = (shaft_contrast(case.frame.pixels, at, spacing_m) for at in (line, line + aside))
        gains.append(on - off)
    assert np.mean(gains) > 0.5


def test_prior_is_near_the_needle_but_not_the_truth(cases):
    off_mm = [
        1e3 * case.frame.spacing_m[0] * np.linalg.norm(case.prior.tip_px - case.tip_px)
        for case in cases
        if case.needle_visible
    ]
    assert min(off_mm) > 0.01 and max(off_mm) < 8.0


def test_tip_is_known_where_it_is_scored_and_only_there(cases):
    for case in cases:
        assert (case.tip_px is not None) == (case.needle_visible is True)


@pytest.mark.parametrize("modality", list(Modality))
def test_sequence_without_a_needle_shows_none_whatever_the_robot_says(modality, monkeypatch):
    room = WatchedRoom(modality, FIRST_SEED)
    monkeypatch.setattr(sequences, "WatchedRoom", lambda modality, seed: room)
    monkeypatch.setattr(sequences, "NEEDLE_FREE_CHANCE", 1.0)
    priors = []
    for number in range(6):
        (case,) = first_cases(modality, 4, number, 1)
        assert case.needle_visible is False and case.contrast is None
        priors.append(case.prior)
    assert None in priors and any(prior is not None for prior in priors)


def test_without_a_robot_nothing_is_expected(monkeypatch, one_room):
    monkeypatch.setattr(sequences, "WatchedRoom", lambda modality, seed: one_room)
    cases = list(simulated_cases(Modality.ULTRASOUND, 1, 2, with_prior=False))
    assert len(cases) == FRAMES
    assert all(case.prior is None for case in cases)
