# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Single scenes as cases: the newest frame is judged, those before it are memory."""

from __future__ import annotations

import numpy as np
import pytest

from ir_guidance.learn import scene_cases as module
from ir_guidance.learn.scene import Scene
from ir_guidance.learn.scene_cases import scene_cases
from ir_guidance.learn.sequences import FIRST_SEED
from ir_guidance.values import Modality

SHAFT = np.stack([np.linspace(10.0, 60.0, 11), np.full(11, 30.0)], axis=1)
NONE = np.zeros((0, 2))


def scene(shaft_px, tip_px, targets_px=NONE, prior_px=None):
    frames = np.arange(3, dtype=np.uint8)[:, None, None] * np.ones((64, 80), np.uint8)
    return Scene(
        frames, 0.0005, Modality.FLUOROSCOPY, shaft_px, tip_px,
        targets_px, np.full(len(targets_px), 5.0), prior_px, 0.7,
    )  # fmt: skip


@pytest.fixture
def drawn(monkeypatch):
    """Let scenes be those of a list, again and again; return the seeds that were asked for."""
    seeds = []

    def let(*scenes):
        def endless(seed):
            seeds.append(seed)
            while True:
                yield from scenes

        monkeypatch.setattr(module, "_scenes_of", lambda modality: endless)
        return seeds

    return let


def test_only_the_newest_frame_is_judged(drawn):
    drawn(scene(SHAFT, SHAFT[-1], np.array([[40.0, 50.0]]), SHAFT[[0, -1]] + 2.0))
    cases = list(scene_cases(Modality.FLUOROSCOPY, 1, 0))
    assert [case.frame.pixels.mean() for case in cases] == [0.0, 1.0, 2.0]
    assert [case.starts for case in cases] == [True, False, False]
    assert [case.needle_visible for case in cases] == [None, None, True]
    newest = cases[-1]
    assert newest.tip_px.tolist() == [60.0, 30.0] and newest.contrast == 0.7
    assert newest.shaft_px.tolist() == [50.0, 30.0]  # 5 mm behind the tip
    assert newest.prior.tip_px.tolist() == [62.0, 32.0]
    assert newest.target_px.tolist() == [40.0, 50.0]
    assert np.linalg.norm(cases[0].click_px - newest.target_px) < 6
    assert [case.target_px is None for case in cases] == [True, True, False]


def test_a_shaft_without_a_tip_is_not_scored_and_no_shaft_is_no_needle(drawn):
    drawn(scene(SHAFT, None), scene(NONE, None))
    hidden, none = list(scene_cases(Modality.FLUOROSCOPY, 2, 0))[2::3]
    assert hidden.needle_visible is None and none.needle_visible is False
    assert none.prior is None and none.click_px is None


def test_as_many_scenes_as_asked_for_from_seeds_that_training_never_uses(drawn):
    seeds = drawn(scene(NONE, None))
    assert len(list(scene_cases(Modality.FLUOROSCOPY, 9, 3))) == 27
    assert len(set(seeds)) == 3 and min(seeds) >= FIRST_SEED
