# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What the network is trained on: the truth lies where the view shows it."""

import numpy as np
import pytest

from ir_guidance.learn.sample import CELLS, sampled
from ir_guidance.values import Modality
from scenes import line_scene


def draws(modality, count=60):
    generator = np.random.default_rng(7)
    return [sampled(line_scene(seed, modality), generator) for seed in range(count)]


@pytest.fixture(scope="module", params=list(Modality))
def samples(request):
    return draws(request.param)


def brightest(plane, cell, reach=6):
    u, v = np.round(2 * cell + 0.5).astype(int)
    return plane[max(v - reach, 0) : v + reach + 1, max(u - reach, 0) : u + reach + 1].max()


def test_the_tip_is_at_the_end_of_the_bright_line(samples):
    with_tip = [sample for sample in samples if sample.flags[1]]
    assert len(with_tip) > 20
    for sample in with_tip:
        assert brightest(sample.view[2], sample.cells[0]) > 1.5 * np.median(sample.view[2])


def test_the_shaft_lies_on_the_line_and_points_at_the_tip(samples):
    for sample in samples:
        on = sample.shaft > 200
        if sample.flags[1] and on.sum() > 20:
            v, u = np.nonzero(on)
            to_tip = sample.cells[0] - np.stack((u, v), axis=1).mean(axis=0)
            mean = sample.direction[:, on].mean(axis=1)
            assert mean @ to_tip > 0.9 * np.linalg.norm(to_tip) * np.linalg.norm(mean)
            shown = sample.view[2][np.clip(2 * v, 0, 255), np.clip(2 * u, 0, 255)]
            assert shown.mean() > sample.view[2].mean()


def test_a_marked_target_is_dark_and_an_unmarked_one_is_not_asked_for(samples):
    asked = [sample for sample in samples if sample.flags[2]]
    assert len(asked) > 15
    for sample in asked:
        u, v = np.clip(np.round(2 * sample.cells[1] + 0.5).astype(int), 3, 252)
        assert np.median(sample.view[2][v - 3 : v + 4, u - 3 : u + 4]) < np.median(sample.view[2])
        assert sample.view[4].any()


def test_places_are_inside_the_maps_and_flags_agree(samples):
    for sample in samples:
        assert (sample.cells >= 0).all() and (sample.cells < CELLS - 1).all()
        assert not (sample.flags[1] and not sample.flags[0]) or sample.shaft.any()


def test_the_same_seed_gives_the_same_samples():
    for one, other in zip(
        draws(Modality.FLUOROSCOPY, 8), draws(Modality.FLUOROSCOPY, 8), strict=True
    ):
        assert (one.view == other.view).all() and (one.cells == other.cells).all()
