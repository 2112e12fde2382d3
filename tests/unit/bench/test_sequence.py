# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A sequence goes on for ever, in any size, with the geometry of that size."""

from __future__ import annotations

import numpy as np
import pytest

from ir_guidance.bench.sequence import Sequence, load, overrides, resized, save
from ir_guidance.geometry import base_from_px
from ir_guidance.profiles import load_profile
from ir_guidance.profiles.profile import merged_profile
from ir_guidance.values import Frame, Modality, ProbeGeometry

JOINTS = load_profile("biopsy").drive.home
GEOMETRY = ProbeGeometry((2e-4, 2e-4), (31.5, 0.0), np.eye(4))


@pytest.fixture
def sequence():
    pixels = [np.full((48, 64), 40 * number, np.uint8) for number in range(3)]
    frames = tuple(
        Frame(each, 0, 0, 0, Modality.ULTRASOUND, GEOMETRY.spacing_m, GEOMETRY) for each in pixels
    )
    sights = tuple(
        {"target_px": [20.0 + n, 10.0], "marks_px": [[5.0, 6.0, 2.0]], "at_rest": True}
        for n in range(3)
    )
    return Sequence(frames, sights, JOINTS, 30.0)


def test_frames_are_numbered_on_and_pictures_come_again(sequence):
    frame = sequence.frame(5, stamp_ns=7, steady_ns=8)
    assert (frame.sequence, frame.stamp_ns, frame.acquired_steady_ns) == (5, 7, 8)
    np.testing.assert_array_equal(frame.pixels, sequence.frames[1].pixels)
    assert sequence.sight(5)["target_px"] == [21.0, 10.0]


@pytest.mark.parametrize("side_px", [32, 64, 256])
def test_what_is_seen_stays_where_it_is_in_every_size(sequence, side_px):
    sized = resized(sequence, side_px)
    assert max(sized.frames[0].pixels.shape) == side_px
    before, after = (
        base_from_px(np.array(each.sights[0]["target_px"]), each.frames[0].geometry)
        for each in (sequence, sized)
    )
    np.testing.assert_allclose(after, before, atol=1e-12)


def test_marks_grow_with_the_image(sequence):
    assert resized(sequence, 128).sights[0]["marks_px"][0][2] == 4.0


@pytest.mark.parametrize("modality", list(Modality))
def test_what_holds_the_robot_still_fits_every_profile(modality):
    profile = merged_profile("biopsy", {"modality": str(modality)} | overrides(JOINTS), "test")
    assert profile.drive.home == JOINTS
    assert max(profile.limits.velocity) * 3600 < 0.001


def test_a_saved_sequence_comes_back(sequence, tmp_path):
    save(sequence, tmp_path / "sequence")
    back = load(tmp_path / "sequence")
    assert back.sights == sequence.sights
    np.testing.assert_array_equal(back.frames[2].pixels, sequence.frames[2].pixels)
