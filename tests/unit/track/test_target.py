# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The target is learnt from one click, followed without drift, and lost honestly."""

import numpy as np
import pytest

from ir_guidance.track.settings import TrackSettings
from ir_guidance.track.target import learn
from ir_guidance.values import Reason

CENTRE = np.array([270.0, 280.0])
PX_MM = 0.12


def off_mm(track, where):
    return PX_MM * float(np.linalg.norm(track.target.px - where))


@pytest.mark.parametrize("click_off", [(0, 0), (9, -6), (-7, 8), (12, 4)])
def test_click_is_moved_to_the_middle_of_the_lesion(scenes, tracker, click_off):
    tracker.select_target(CENTRE + click_off)
    track = tracker.track(scenes.frame(scenes.tissue(1, lesion=CENTRE)))
    assert track.target_reason is Reason.OK
    assert off_mm(track, CENTRE) < 0.5


def test_click_on_plain_tissue_stays_where_it_was(scenes, tracker):
    tracker.select_target(CENTRE)
    assert off_mm(tracker.track(scenes.frame(scenes.tissue(2))), CENTRE) < 0.3


def test_target_is_followed_to_a_fraction_of_a_pixel(scenes, tracker):
    tracker.select_target(CENTRE)
    first = tracker.track(scenes.frame(scenes.tissue(3, lesion=CENTRE))).target.px
    for shift in [(3.3, -1.7), (12.6, 5.2), (25.4, 14.9), (13.1, -3.5)]:
        pixels = scenes.tissue(3, lesion=CENTRE, shift_px=shift)
        track = tracker.track(scenes.frame(pixels))
        np.testing.assert_allclose(track.target.px, first + shift, atol=0.7)


def test_target_does_not_drift_over_many_breaths(scenes, tracker):
    tracker.select_target(CENTRE)
    rest = scenes.tissue(4, lesion=CENTRE)
    first = tracker.track(scenes.frame(rest)).target.px
    away = [scenes.tissue(4, lesion=CENTRE, shift_px=(x, 0.4 * x)) for x in (8.5, 17.2, 8.9)]
    for _ in range(12):
        for pixels in (*away, rest):
            track = tracker.track(scenes.frame(pixels))
    np.testing.assert_allclose(track.target.px, first, atol=0.05)


def test_target_that_leaves_is_lost_and_found_again(scenes, tracker):
    tracker.select_target(CENTRE)
    with_lesion = scenes.tissue(5, lesion=CENTRE)
    first = tracker.track(scenes.frame(with_lesion)).target.px
    gone = tracker.track(scenes.frame(scenes.tissue(50)))
    assert (gone.target, gone.target_reason) == (None, Reason.TARGET_LOST)
    np.testing.assert_allclose(tracker.track(scenes.frame(with_lesion)).target.px, first)


def test_jump_faster_than_any_breath_is_not_followed(scenes, tracker):
    tracker.select_target(CENTRE)
    tracker.track(scenes.frame(scenes.tissue(6, lesion=CENTRE), time_s=1.0))
    moved = scenes.tissue(6, lesion=CENTRE, shift_px=(60, 0))
    track = tracker.track(scenes.frame(moved, time_s=1.03))
    assert (track.target, track.target_reason) == (None, Reason.JUMP)


def test_needle_in_the_lesion_does_not_pull_the_target(scenes, tracker):
    tracker.select_target(CENTRE)
    first = tracker.track(scenes.frame(scenes.tissue(7, lesion=CENTRE))).target.px
    pierced = scenes.tissue(7, ((20.0, 60.0), tuple(CENTRE)), lesion=CENTRE)
    track = tracker.track(scenes.frame(pierced))
    assert PX_MM * np.linalg.norm(track.target.px - first) < 0.5


def test_worse_match_is_less_certain(scenes, tracker):
    tracker.select_target(CENTRE)
    first = tracker.track(scenes.frame(scenes.tissue(8, lesion=CENTRE))).target
    pierced = scenes.tissue(8, ((20.0, 60.0), tuple(CENTRE)), lesion=CENTRE)
    later = tracker.track(scenes.frame(pierced)).target
    assert later.confidence < first.confidence
    assert np.trace(later.covariance_px2) > np.trace(first.covariance_px2)


@pytest.mark.parametrize("click", [(-30.0, 100.0), (100.0, 600.0), (float("nan"), 10.0)])
def test_click_outside_the_image_selects_nothing(scenes, tracker, click):
    tracker.select_target(np.array(click))
    track = tracker.track(scenes.frame(scenes.tissue(9)))
    assert (track.target, track.target_reason) == (None, Reason.NOT_FOUND)


def test_target_near_the_border_is_followed(scenes, tracker):
    corner = np.array([40.0, 470.0])
    tracker.select_target(corner)
    track = tracker.track(scenes.frame(scenes.tissue(10, lesion=corner)))
    assert off_mm(track, corner) < 1.0


def test_there_is_no_target_before_one_is_selected_nor_after_a_reset(scenes, tracker):
    pixels = scenes.tissue(1, lesion=CENTRE)
    assert tracker.track(scenes.frame(pixels)).target is None
    tracker.select_target(CENTRE)
    assert tracker.track(scenes.frame(pixels)).target is not None
    tracker.reset()
    assert tracker.track(scenes.frame(pixels)).target is None


def test_by_xrays_a_look_is_not_moved_to_what_is_darker_beside_it():
    small = np.full((200, 200), 0.6, np.float32)
    small[98:103, 98:103] -= 0.1
    small[60:140, 114:120] = 0.1  # a needle's shaft, 4 mm beside it
    target = TrackSettings().fluoroscopy.target
    place = np.array([100.0, 100.0])
    told = learn(small, place, target.model_copy(update={"click_m": target.told_m}), 0.00025)
    assert np.linalg.norm(told.centre - place) * 0.25 < 2.0 * np.sqrt(2) + 0.3
    assert learn(small, place, target, 0.00025).centre[0] > 110
