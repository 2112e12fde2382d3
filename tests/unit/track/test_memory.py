# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Memory of frames: oldest first, emptied by a cut, bytes whatever the depth."""

import numpy as np
import pytest

from ir_guidance.track.backends import SIDE_PX
from ir_guidance.track.memory import Memory, as_bytes
from ir_guidance.track.view import whole

FRAME_NS = 33_333_333
RNG = np.random.default_rng(4)
PICTURE = (np.arange(256)[:, None] // 2 + RNG.integers(0, 90, (256, 256))).astype(np.uint8)


@pytest.fixture
def memory():
    return Memory(3, cut=0.6, longest_s=0.4)


def seen(memory):
    out = np.empty((3, SIDE_PX, SIDE_PX), np.uint8)
    memory.take(whole(memory.newest.shape), out)
    return out


def test_frames_come_oldest_first(memory):
    for i in range(4):
        memory.add(PICTURE + np.uint8(i), i * FRAME_NS)
    assert [int(plane[0, 0]) - int(PICTURE[0, 0]) for plane in seen(memory)] == [1, 2, 3]


def test_the_oldest_stands_in_for_what_was_before_it(memory):
    memory.add(PICTURE, 0)
    memory.add(PICTURE + np.uint8(9), FRAME_NS)
    assert [int(plane[0, 0]) - int(PICTURE[0, 0]) for plane in seen(memory)] == [0, 0, 9]


def test_another_picture_empties_it(memory):
    assert not memory.add(PICTURE, 0)
    assert memory.add(PICTURE, FRAME_NS)
    assert not memory.add(np.ascontiguousarray(PICTURE[::-1]), 2 * FRAME_NS)
    assert (seen(memory) == PICTURE[::-1]).all()


def test_a_pause_or_another_size_empties_it(memory):
    memory.add(PICTURE, 0)
    assert not memory.add(PICTURE, 30 * FRAME_NS)
    assert not memory.add(PICTURE[:128], 31 * FRAME_NS)


def test_sixteen_bits_are_stretched_to_eight():
    deep = (RNG.integers(1000, 3000, (256, 256))).astype(np.uint16)
    shown = as_bytes(deep)
    assert shown.dtype == np.uint8
    assert shown.min() <= 2 and shown.max() >= 253
    order = np.argsort(deep.ravel())
    assert (np.diff(shown.ravel()[order].astype(int)) >= 0).all()
