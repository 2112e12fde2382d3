# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The target: click, network and look weighed, and none believed where they contradict each other."""

import numpy as np
import pytest

from ir_guidance.track.aim import Aim, AimSettings
from ir_guidance.track.place import Place
from ir_guidance.values import Reason, TargetTrack

SPACING_M = 1e-4
FRAME_NS = 33_333_333
CLICK = np.array([200.0, 150.0])


def network(u, v, sigma_px=10.0):
    return Place(np.array([u, v], float), np.eye(2) * sigma_px**2, 0.9)


def look(u, v, sigma_px=2.0, correlation=0.9):
    return TargetTrack(np.array([u, v], float), np.eye(2) * sigma_px**2, correlation)


@pytest.fixture
def aim():
    return Aim(AimSettings(), CLICK)


def see(aim, frame, seen=None, found=None):
    return aim.see(seen, found, frame * FRAME_NS, SPACING_M)


def test_click_and_network_meet_by_their_uncertainties(aim):
    sure, _ = see(aim, 1, network(210, 150, 1.0))
    unsure, _ = see(Aim(AimSettings(), CLICK), 1, network(210, 150, 40.0))
    assert sure.px[0] == pytest.approx(210, abs=0.5)
    assert unsure.px[0] == pytest.approx(200, abs=1.0)


def test_what_the_network_is_off_by_is_taken_off_for_some_seconds(aim):
    first, _ = see(aim, 1, network(220, 150, 40.0))
    soon, _ = see(aim, 2, network(225, 150, 40.0))
    assert soon.px - first.px == pytest.approx([5, 0], abs=0.5)
    for frame in range(3, 1000):
        late, _ = see(aim, frame, network(225, 150, 40.0))
    assert late.px[0] == pytest.approx(225, abs=0.5)
    assert np.trace(soon.covariance_px2) < np.trace(late.covariance_px2)


def test_with_time_the_network_outweighs_the_click(aim):
    for frame in range(1, 6):
        soon, _ = see(aim, frame, network(212, 150), look(200, 150))
    for frame in range(6, 3000):
        late, _ = see(aim, frame, network(212, 150), look(200, 150))
    assert soon.px[0] < 208
    assert late.px[0] > 210.5
    assert np.trace(late.covariance_px2) < np.trace(soon.covariance_px2)


def test_the_look_carries_the_target_between_sightings_of_the_network(aim):
    first, _ = see(aim, 1, network(201, 150), look(230, 140))
    for frame in range(2, 8):
        track, reason = see(aim, frame, None, look(230 + frame, 140))
        assert reason is Reason.OK
        assert track.px - first.px == pytest.approx([frame, 0], abs=0.1)


def test_a_target_that_no_network_knows_is_followed_by_its_look_from_the_click_on(aim):
    track, _ = see(aim, 1, None, look(240, 150))
    assert track.px == pytest.approx(CLICK)
    track, _ = see(aim, 2, None, look(243, 150))
    assert track.px == pytest.approx([203, 150])


def test_where_network_and_look_contradict_each_other_neither_is_believed_for_long(aim):
    see(aim, 1, network(200, 150, 3.0), look(200, 150))
    reasons = []
    for frame in range(2, 8):
        track, reason = see(aim, frame, network(240, 150, 3.0), look(200, 150))
        assert track is None or track.px == pytest.approx([200, 150], abs=1)
        reasons.append(reason)
    assert reasons[0] is Reason.OK and reasons[-1] is Reason.TARGET_LOST
    track, reason = see(aim, 8, network(201, 150, 3.0), look(201, 150))
    assert track is not None and reason is Reason.OK


def test_a_network_that_is_led_away_while_the_look_is_lost_is_not_followed_for_long(aim):
    see(aim, 1, network(200, 150, 3.0), look(200, 150))
    reasons = [see(aim, f, network(200 + f, 150, 3.0))[1] for f in range(2, 40)]
    assert reasons[0] is Reason.OK and reasons[-1] is Reason.TARGET_LOST
    track, reason = see(aim, 40, network(240, 150, 3.0), look(203, 150))
    assert reason is Reason.OK and track.px == pytest.approx([203, 150], abs=2)


def test_no_jump_is_followed(aim):
    see(aim, 1, network(200, 150))
    track, reason = see(aim, 2, network(260, 150))
    assert track is None and reason is Reason.JUMP


def test_nobody_sees_it(aim):
    see(aim, 1, network(200, 150))
    assert see(aim, 2) == (None, Reason.TARGET_LOST)


def test_many_frames_of_one_error_do_not_make_it_small(aim):
    for frame in range(1, 31):  # one second
        track, _ = see(aim, frame, network(205, 150, 8.0), look(200, 150, 0.1))
    assert np.sqrt(np.trace(track.covariance_px2) / 2) > 4.0


def test_a_network_that_sees_the_target_late_is_heeded_from_then_on(aim):
    for frame in range(1, 4):
        see(aim, frame, None, look(200, 150))
    for frame in range(4, 1000):
        track, _ = see(aim, frame, network(206, 150, 3.0), look(200, 150))
    assert track.px[0] > 204


def test_a_look_that_the_network_denies_is_not_believed_for_long(aim):
    see(aim, 1, network(200, 150, 3.0), look(200, 150))
    reasons = []
    for frame in range(2, 8):
        aim.deny()
        reasons.append(see(aim, frame, None, look(200, 150))[1])
    assert reasons[0] is Reason.OK
    assert reasons[-1] is Reason.TARGET_LOST
    assert see(aim, 8, network(200, 150, 3.0), look(200, 150))[1] is Reason.OK


def test_a_look_that_jumps_is_left_out_where_the_network_goes_on(aim):
    see(aim, 1, network(200, 150, 3.0), look(200, 150))
    track, reason = see(aim, 2, network(202, 150, 3.0), look(260, 150))
    assert reason is Reason.OK
    assert track.px == pytest.approx([202, 150], abs=2)


def test_a_weak_look_is_a_witness_and_no_more():
    aim = Aim(AimSettings(), CLICK, look_alone=0.8)
    see(aim, 1, network(200, 150, 3.0), look(200, 150))
    assert see(aim, 2, None, look(201, 150, correlation=0.65)) == (None, Reason.JUMP)
    for frame in range(3, 60):  # longer than the network is followed alone
        track, reason = see(aim, frame, network(202, 150, 3.0), look(201, 150, correlation=0.65))
        assert reason is Reason.OK
    assert track.px == pytest.approx([201, 150], abs=2)


def test_what_the_network_says_after_the_answer_counts_from_the_next_frame_on(aim):
    before, _ = see(aim, 1, None, look(200, 150))
    aim.hear(network(206, 150, 3.0), SPACING_M)
    after, _ = see(aim, 2, None, look(201, 150))
    assert before.px == pytest.approx(CLICK)
    assert 202 < after.px[0] < 207
    assert np.trace(after.covariance_px2) < np.trace(before.covariance_px2)


def test_a_frame_is_told_of_once(aim):
    see(aim, 1, None, look(200, 150))
    for _ in range(50):
        aim.hear(network(206, 150, 3.0), SPACING_M)
    once = Aim(AimSettings(), CLICK)
    see(once, 1, None, look(200, 150))
    once.hear(network(206, 150, 3.0), SPACING_M)
    (many, _), (one, _) = (see(each, 2, None, look(200, 150)) for each in (aim, once))
    assert many.px == pytest.approx(one.px)


def test_a_late_word_about_a_frame_whose_look_was_lost_is_not_taken(aim):
    see(aim, 1, None, look(200, 150))
    see(aim, 2, network(200, 150, 3.0), None)
    aim.hear(network(206, 150, 3.0), SPACING_M)
    after, _ = see(aim, 3, None, look(200, 150))
    assert after.px == pytest.approx(CLICK, abs=0.5)
