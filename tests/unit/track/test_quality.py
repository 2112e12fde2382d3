# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Images in which nothing can be seen say so, and why."""

import numpy as np
import pytest

from ir_guidance.values import Modality, Reason

UNUSABLE = {
    Reason.BLACK: np.zeros((64, 64), np.uint8),
    Reason.SATURATED: np.full((64, 64), 255, np.uint8),
    Reason.LOW_CONTRAST: np.tile(np.array([100, 101], np.uint8), (64, 32)),
}


@pytest.mark.parametrize("reason", UNUSABLE, ids=str)
@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_unusable_image_gives_nothing_and_says_why(scenes, tracker, reason, depth):
    scale = 257 if depth is np.uint16 else 1
    track = tracker.track(scenes.frame(UNUSABLE[reason].astype(depth) * depth(scale)))
    assert (track.needle, track.needle_reason) == (None, reason)
    assert (track.target, track.target_reason) == (None, reason)


def test_third_identical_image_is_frozen_and_a_new_one_thaws_it(scenes, tracker):
    first, second = scenes.tissue(1), scenes.tissue(2)
    reasons = [
        tracker.track(scenes.frame(pixels.copy())).needle_reason
        for pixels in (first, first, first, first, second)
    ]
    assert [reason is Reason.FROZEN for reason in reasons] == [False, False, True, True, False]


def test_one_pixel_that_changes_is_enough_to_be_alive(scenes, tracker):
    pixels = scenes.tissue(1)
    for count in range(5):
        pixels[300, 300] = count
        assert tracker.track(scenes.frame(pixels)).needle_reason is not Reason.FROZEN


def test_reset_forgets_earlier_images(scenes, tracker):
    pixels = scenes.tissue(1)
    for _ in range(2):
        tracker.track(scenes.frame(pixels))
    tracker.reset()
    assert tracker.track(scenes.frame(pixels)).needle_reason is not Reason.FROZEN


def test_twelve_bits_in_sixteen_are_neither_black_nor_flat(scenes, xray_tracker):
    wire = np.array([(0.0, 500.0), (280.0, 210.0)])
    pixels = scenes.xray(3, wire) // 16
    track = xray_tracker.track(scenes.frame(pixels, Modality.FLUOROSCOPY, 0.0003))
    assert np.linalg.norm(track.needle.tip_px - wire[1]) < 8


def test_stamps_and_sequence_are_those_of_the_frame(scenes, tracker):
    for pixels in (scenes.tissue(1), UNUSABLE[Reason.BLACK]):
        frame = scenes.frame(pixels)
        track = tracker.track(frame)
        assert track.sequence == frame.sequence
        assert track.stamp_ns == frame.stamp_ns
        assert track.acquired_steady_ns == frame.acquired_steady_ns
