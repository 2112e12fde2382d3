# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What counts as detected, as a false alarm, as astray: the contract's definitions, on known answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ir_guidance.learn.case import Case
from ir_guidance.learn.evaluate import Judged, Judgement, judge
from ir_guidance.learn.scoring import score
from ir_guidance.values import Frame, NeedleTrack, Reason, TargetTrack, Track

SPACING_M = (0.0002, 0.0002)


def case(**changes) -> Case:
    """Return a case of 400 x 200 pixels whose tip is at (100, 50), its shaft coming from the left."""
    pixels = np.zeros((200, 400), np.uint8)
    known = Case(
        frame=Frame(pixels, 1, 0, 0, spacing_m=SPACING_M),
        file="a.png",
        starts=True,
        needle_visible=True,
        tip_px=np.array([100.0, 50.0]),
        shaft_px=np.array([60.0, 50.0]),
    )
    return replace(known, **changes)


def track(tip=None, direction=(1.0, 0.0), variances=(4.0, 4.0), target=None) -> Track:
    needle = aim = None
    if tip is not None:
        covariance = np.diag(variances).astype(float)
        needle = NeedleTrack(np.array(tip, float), covariance, np.array(direction), 0.01, 0.9)
    if target is not None:
        aim = TargetTrack(np.array(target, float), np.eye(2), 0.8)
    reason = Reason.OK if needle else Reason.NOT_FOUND
    return Track(1, 0, 0, needle, aim, reason, Reason.OK if aim else Reason.TARGET_LOST)


def judged(the_case, the_track) -> Judged:
    return Judged(the_case, the_track, score(the_case, the_track, 5.0))


def summary(*pairs):
    judgement = Judgement()
    for pair in pairs:
        judgement.add(judged(*pair))
    return judgement.summary("made up")


def test_errors_are_distances_in_pixels_and_millimetres():
    row = score(case(), track((103.0, 54.0)), 5.0)
    assert row.tip_error_px == pytest.approx(5.0)
    assert row.tip_error_mm == pytest.approx(1.0)
    assert row.tip_sigma_px == pytest.approx(np.sqrt(8.0))
    assert row.tip_nees == pytest.approx(25.0 / 4.0)
    assert (row.confidence, row.reason) == (0.9, "ok")


def test_pixels_that_are_not_square_are_measured_as_they_are():
    frame = replace(case().frame, spacing_m=(0.0001, 0.0003))
    row = score(case(frame=frame, shaft_px=np.array([97.0, 47.0])), track((103.0, 54.0)), 5.0)
    assert row.tip_error_mm == pytest.approx(np.hypot(0.3, 1.2))
    assert row.angle_error_deg == pytest.approx(np.degrees(np.arctan2(3.0, 1.0)))


def test_without_spacing_there_are_no_millimetres():
    row = score(case(frame=replace(case().frame, spacing_m=None)), track((103.0, 54.0)), 5.0)
    assert row.tip_error_px == pytest.approx(5.0)
    assert row.tip_error_mm is None and row.tip_sigma_mm is None


@pytest.mark.parametrize(("off_px", "detected"), [(20.0, True), (20.1, False)])
def test_a_tip_within_a_twentieth_of_the_longer_side_is_detected(off_px, detected):
    assert score(case(), track((100.0, 50.0 + off_px)), 5.0).detected is detected


@pytest.mark.parametrize("degrees", [0.0, 30.0, 150.0, 180.0, -90.0])
def test_the_angle_is_that_between_lines(degrees):
    direction = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    row = score(case(), track((100.0, 50.0), direction), 5.0)
    assert row.angle_error_deg == pytest.approx(min(abs(degrees), 180 - abs(degrees)), abs=1e-9)


def test_the_readers_own_error_is_added_to_the_covariance():
    row = score(case(tip_sigma_px=4.0), track((100.0, 60.0)), 5.0)
    assert row.tip_nees == pytest.approx(100.0 / 20.0)
    assert row.tip_sigma_px == pytest.approx(np.sqrt(8.0))


def test_a_tip_where_there_is_no_needle_is_a_false_alarm_and_nothing_else():
    row = score(case(needle_visible=False, tip_px=None, shaft_px=None), track((100.0, 50.0)), 5.0)
    assert row.false_alarm and row.scored and not row.detected
    assert row.tip_error_px is None and row.angle_error_deg is None


def test_summary_counts_as_the_contract_says():
    unlabelled = case(needle_visible=None, tip_px=None)
    without = case(needle_visible=False, tip_px=None)
    found = summary(
        (case(), track((100.0, 52.0))),
        (case(), track((100.0, 54.0))),
        (case(), track((100.0, 110.0))),
        (case(), track()),
        (unlabelled, track((7.0, 7.0))),
        (without, track((7.0, 7.0))),
        (without, track()),
    )
    assert (found["frames"], found["n"], found["reported"], found["detected"]) == (7, 4, 3, 2)
    assert (found["false_alarms"], found["needle_free_frames"]) == (1, 2)
    assert found["false_alarm_rate"] == 0.5
    assert found["tip_error_px_median"] == pytest.approx(4.0)  # the far one counts, the miss cannot
    assert found["tip_error_mm_median"] == pytest.approx(0.8)
    assert found["calibration"]["nees_n"] == 3
    assert found["frames_per_second"] == pytest.approx(200.0)


def test_summary_of_nothing_says_so():
    found = summary((case(needle_visible=None, tip_px=None), track()))
    assert (found["n"], found["detected"], found["needle_free_frames"]) == (0, 0, 0)
    assert found["tip_error_px_median"] is None and found["false_alarm_rate"] is None
    assert found["calibration"]["pearson_r"] is None


def test_faint_shafts_have_figures_of_their_own():
    found = summary(
        (case(contrast=0.5), track((100.0, 56.0))),
        (case(contrast=1.5), track((100.0, 50.0))),
    )["nearly_invisible"]
    assert (found["n"], found["detected"]) == (1, 1)
    assert found["tip_error_mm_median"] == pytest.approx(1.2)


def test_targets_are_counted_from_the_click_on_and_a_switch_is_told_from_a_stray():
    here, there = np.array([200.0, 100.0]), (300.0, 100.0)

    def shown(**changes):
        return case(starts=False, target_px=here, **changes)

    found = summary(
        (case(target_px=here), track(target=here)),  # nobody has pointed at it yet
        (shown(click_px=here), track(target=here)),
        (shown(), track(target=here + 2.0)),
        (shown(), track(target=there)),  # switched
        (shown(), track(target=there)),
        (shown(), track()),  # lost
        (shown(target_visible=False), track(target=there)),  # nothing there to be found
    )["targets"]
    assert (found["n"], found["found"], found["switched"], found["false"]) == (5, 2, 1, 3)


def test_tracker_is_reset_at_each_start_and_pointed_at_the_target_before_its_frame():
    calls = []

    class Recorder:
        def reset(self):
            calls.append("reset")

        def select_target(self, px):
            calls.append(tuple(px))

        def catch_up(self):
            calls.append("catch up")

        def track(self, frame, prior=None):
            calls.append("track")
            return track((100.0, 50.0))

    cases = [
        case(),
        case(click_px=np.array([1.0, 2.0])),
        case(starts=False),
    ]
    rows = [judged.row for judged in judge(cases, Recorder())]
    each = ["track", "catch up"]
    assert calls == ["reset", *each, "reset", (1.0, 2.0), *each, *each]
    assert all(row.detected and row.track_ms >= 0 for row in rows)
