# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""In which view the network is asked about a target. What it would answer is made up here: it sees none."""

import numpy as np
import pytest

from ir_guidance.profiles import load_profile
from ir_guidance.track import TrackSettings
from ir_guidance.track.backends import Maps
from ir_guidance.track.target_watch import TargetWatch
from ir_guidance.track.view import fine, whole
from ir_guidance.values import Frame

SHAPE = (512, 512)
CLICK = np.array([250.0, 260.0])


class Asked:
    """Notes the views that the network is asked about, and answers that nothing is in them."""

    def __init__(self):
        self.views = []

    def __call__(self, view, prior):
        self.views.append(view)
        return self.nothing

    nothing = Maps(
        np.zeros((2, 128, 128), np.float32),
        np.full((3, 128, 128), -5.0, np.float32),
        np.full(3, -5.0, np.float32),
    )


def frame(sequence=1):
    pixels = np.random.default_rng(sequence).integers(90, 130, SHAPE, dtype=np.uint8)
    return Frame(pixels, sequence, sequence, sequence * 33_000_000, spacing_m=(1.2e-4, 1.2e-4))


@pytest.mark.parametrize("large", [False, True])
def test_a_large_target_is_asked_about_in_the_whole_image(large):
    settings, asked = TrackSettings().learned.model_copy(update={"large_target": large}), Asked()
    watch = TargetWatch(settings, TrackSettings().ultrasound.target, 1.0, asked)
    watch.select(CLICK)
    for sequence in (1, 2, 3):
        watch.step(frame(sequence), SHAPE, None, 1.2e-4, None)
        watch.catch_up()
    assert asked.views
    expected = whole(SHAPE) if large else fine(SHAPE, CLICK)
    assert asked.views[0].side_px == expected.side_px


def test_the_needles_view_tells_nothing_of_a_large_target():
    settings = TrackSettings().learned
    view = fine(SHAPE, CLICK)
    for large in (False, True):
        watch = TargetWatch(
            settings.model_copy(update={"large_target": large}),
            TrackSettings().ultrasound.target,
            1.0,
            Asked(),
        )
        watch.select(CLICK)
        assert (watch.in_view(view, Asked.nothing) is None) == large


def test_a_collection_is_a_large_target_and_its_look_holds_its_border():
    track = load_profile("drainage").track
    assert track.learned.large_target
    largest_collection_m = 0.016
    assert track.ultrasound.target.template_m > largest_collection_m


def test_the_network_is_not_asked_about_a_target_at_the_image_border():
    """It cannot be told where to look there; that it sees none would count as a denial."""
    asked = Asked()
    watch = TargetWatch(TrackSettings().learned, TrackSettings().ultrasound.target, 1.0, asked)
    watch.select(np.array([1.0, 260.0]))
    for sequence in range(1, 8):
        watch.step(frame(sequence), SHAPE, None, 1.2e-4, None)
        watch.catch_up()
    assert not asked.views
