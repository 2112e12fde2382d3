# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The target is learnt from one click, followed without drift, and lost honestly."""

import numpy as np
import pytest

from ir_guidance.track.settings import TrackSettings
from ir_guidance.track.target import TargetFollower, learn, two_peaks
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


def test_a_target_learnt_as_told_is_not_moved_to_what_is_darker_beside_it():
    small = np.full((200, 200), 0.6, np.float32)
    small[98:103, 98:103] -= 0.1
    small[60:140, 114:120] = 0.1  # a needle's shaft, 4 mm beside it
    click = np.array([100.0, 100.0])
    target = TrackSettings().fluoroscopy.target
    clicked = learn(small, click, target, 0.00025, target.told_m[0])
    np.testing.assert_array_equal(clicked.centre, click)
    assert learn(small, click, target, 0.00025).centre[0] > 105


def test_the_second_of_two_peaks_is_not_beside_the_first():
    scores = np.zeros((60, 60), np.float32)
    scores[20, 20:23] = 1.0, 0.95, 0.9
    scores[45, 40] = 0.6
    assert two_peaks(scores, 10) == pytest.approx((1.0, 0.6))


@pytest.mark.parametrize("twin", [False, True])
def test_a_look_is_as_small_as_tells_the_target_from_all_in_reach(twin):
    """A small look is changed least by a needle beside it; one that shows twice is followed to the wrong place."""
    settings = TrackSettings().fluoroscopy.target
    image = np.full((400, 400), 150, np.uint8)
    image[197:204, 194:207] = 60
    if twin:
        image[227:234, 194:207] = 60
        image[178:184, 150:250] = 120  # 5 mm above the one: a larger look holds it
    image = image + np.random.default_rng(1).integers(0, 6, image.shape, dtype=np.uint8)
    follower = TargetFollower(settings, as_told=True)
    follower.select(np.array([200.0, 200.0]))
    for moment in range(3):
        follower.follow(image, 255, settings.spacing_m, moment * 33_000_000)
    half_m = follower._learnt.template.shape[0] * settings.spacing_m / 2
    smallest = settings.told_m[0]
    assert (half_m > 1.5 * smallest) if twin else half_m == pytest.approx(smallest, abs=3e-4)
