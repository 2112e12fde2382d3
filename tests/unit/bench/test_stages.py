# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The pipeline in one process: what is timed, and that it is the pipeline."""

from __future__ import annotations

import numpy as np

from ir_guidance.bench.sequence import Sequence
from ir_guidance.bench.stages import TimedNetwork, parts_of_track, timed_ms
from ir_guidance.bench.whole_image import VIEWS, EveryView
from ir_guidance.track.backends import CHANNELS, SIDE_PX, Maps
from ir_guidance.values import Frame

VIEW = np.zeros((CHANNELS, SIDE_PX, SIDE_PX), np.uint8)


class Counting:
    """A network that counts how often it is asked."""

    name = "counting"

    def __init__(self):
        self.asked = 0

    def infer(self, view):
        self.asked += 1
        half = SIDE_PX // 2
        generator = np.random.default_rng(self.asked)
        places, shaft = (generator.normal(size=(n, half, half)).astype(np.float32) for n in (2, 3))
        return Maps(places, shaft, np.zeros(3, np.float32))

    def close(self):
        pass


def test_a_timed_network_keeps_a_time_for_every_answer():
    network = TimedNetwork(Counting())
    first = network.infer(VIEW)
    assert network.maps is first
    network.infer(VIEW)
    assert len(network.took_ms) == 2 and min(network.took_ms) > 0


def test_without_a_region_of_interest_every_view_is_asked_for():
    network = Counting()
    EveryView(network).infer(VIEW)
    assert network.asked == VIEWS == 4


def test_what_is_before_the_network_and_after_it_is_timed_frame_by_frame():
    frame = Frame(np.zeros((512, 512), np.uint8), 0, 0, 0)
    sequence = Sequence((frame,), ({"target_px": [256.0, 256.0]},), (0.0,) * 6, 30.0)
    took = parts_of_track(sequence, Counting().infer(VIEW), 3)
    assert {name: len(times) for name, times in took.items()} == {
        "preprocess": 3,
        "decode_heat_map": 3,
    }


def test_a_call_is_timed_once_for_each_argument():
    seen = []
    assert len(timed_ms(seen.append, "abc")) == 3
    assert seen == ["a", "b", "c"]
