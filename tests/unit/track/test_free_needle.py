# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A needle of which nothing is known: found anywhere, its tip told from its other end."""

import cv2
import numpy as np
import pytest

from ir_guidance.values import Modality, Reason

FIELD_SHARE = 0.05  # of the longer side: what counts as detected

NEEDLES = {
    "from the left": ((-5.0, 60.0), (300.0, 260.0)),
    "from the right": ((516.0, 50.0), (200.0, 300.0)),
    "from the top": ((150.0, -5.0), (290.0, 330.0)),
}
WIRES = {
    "upwards": ((0.0, 500.0), (280.0, 210.0)),
    "downwards": ((120.0, 0.0), (260.0, 330.0)),
    "level, from the right": ((511.0, 250.0), (200.0, 250.0)),
}


@pytest.mark.parametrize("needle", NEEDLES.values(), ids=NEEDLES)
def test_needle_in_tissue_is_found_with_the_deeper_end_as_tip(scenes, tracker, needle):
    found = tracker.track(scenes.frame(scenes.tissue(7, needle))).needle
    entry, tip = np.array(needle)
    assert np.linalg.norm(found.tip_px - tip) < FIELD_SHARE * 512
    assert found.direction @ (tip - entry) > 0.99 * np.linalg.norm(tip - entry)


@pytest.mark.parametrize("wire", WIRES.values(), ids=WIRES)
def test_wire_in_an_xray_is_found_with_the_inner_end_as_tip(scenes, xray_tracker, wire):
    frame = scenes.frame(scenes.xray(3, wire), Modality.FLUOROSCOPY, 0.0003)
    found = xray_tracker.track(frame).needle
    root, tip = np.array(wire)
    assert np.linalg.norm(found.tip_px - tip) < 8
    assert found.direction @ (tip - root) > 0.99 * np.linalg.norm(tip - root)


def test_what_is_searched_small_is_measured_in_the_whole_image(scenes, xray_tracker):
    wire = np.array([(0.0, 1000.0), (600.0, 420.0)])
    pixels = scenes.xray(4, wire, width_px=14, side_px=1024)
    found = xray_tracker.track(scenes.frame(pixels, Modality.FLUOROSCOPY, 0.00016)).needle
    across = np.array([-found.direction[1], found.direction[0]])
    assert abs(across @ (found.tip_px - wire[1])) < 2


@pytest.mark.parametrize("seed", range(4))
def test_no_needle_is_seen_in_bare_tissue(scenes, tracker, seed):
    track = tracker.track(scenes.frame(scenes.tissue(seed)))
    assert (track.needle, track.needle_reason) == (None, Reason.NOT_FOUND)


@pytest.mark.parametrize("seed", range(4))
def test_no_needle_is_seen_in_a_bare_xray(scenes, xray_tracker, seed):
    track = xray_tracker.track(scenes.frame(scenes.xray(seed), Modality.FLUOROSCOPY, 0.0003))
    assert (track.needle, track.needle_reason) == (None, Reason.NOT_FOUND)


def test_the_edge_of_a_collimator_is_no_needle(scenes, xray_tracker):
    mask = np.zeros((512, 512), np.uint8)
    cv2.rectangle(mask, (60, 40), (450, 470), 1, -1)
    frame = scenes.frame(scenes.xray(5) * mask, Modality.FLUOROSCOPY, 0.0003)
    assert xray_tracker.track(frame).needle is None


def test_a_line_with_two_free_ends_is_no_needle_in_an_xray(scenes, xray_tracker):
    pixels = scenes.xray(6).astype(float)
    line = np.zeros((512, 512), np.uint8)
    cv2.line(line, (150, 150), (330, 330), 255, 11, cv2.LINE_AA)
    pixels *= np.exp(-0.6 / 255 * cv2.GaussianBlur(line, (0, 0), 1.0))
    frame = scenes.frame(pixels.astype(np.uint16), Modality.FLUOROSCOPY, 0.0003)
    assert xray_tracker.track(frame).needle is None


def test_layers_are_no_needle(scenes, tracker):
    pixels = scenes.tissue(8)
    for row in (60, 130, 210):
        cv2.line(pixels, (0, row), (511, row + 30), 230, 5, cv2.LINE_AA)
    assert tracker.track(scenes.frame(pixels)).needle is None


def test_without_spacing_lengths_are_shares_of_the_image(scenes, tracker):
    needle = NEEDLES["from the left"]
    pixels = scenes.tissue(9, needle)
    found = tracker.track(scenes.frame(pixels, spacing_m=None)).needle
    assert np.linalg.norm(found.tip_px - needle[1]) < FIELD_SHARE * 512
