# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Hold-to-run: a key moves the needle only while it is held; the Watch looks on at every tick."""

from __future__ import annotations

import numpy as np
import pytest

from gate_rig import START, Rig
from ir_guidance.gate import RefusedError
from ir_guidance.kinematics import INSERTION
from ir_guidance.values import Level, Mean

JOG = {"mean": Mean.JOG}


def in_tissue() -> Rig:
    """Return a rig whose needle has advanced into tissue and is held there by an R3."""
    rig = Rig()
    rig.under_way(ticks=120)
    assert rig.position[INSERTION] > 0.001
    rig.imaging = False
    rig.run(130)
    assert rig.run(1).level == Level.R3
    return rig


def idle() -> Rig:
    """Return a rig with a robot and nothing else: no plan, no images, no consent."""
    rig = Rig()
    rig.report()
    rig.run(5)
    return rig


def test_retraction_works_after_r3_along_the_needle_alone_and_ends_when_the_key_is_let_go():
    rig = in_tissue()
    before = rig.position.copy()
    rig.hold_key()
    decision = rig.run(20)
    assert (decision.level, decision.reasons) == (Level.R3, ("retract by hand",))
    assert rig.position[INSERTION] < before[INSERTION] - 0.0004
    np.testing.assert_array_equal(np.delete(rig.position, INSERTION), np.delete(before, INSERTION))
    fastest = -rig.settings.retract_mps
    assert rig.watch.last.velocity == (0.0, 0.0, 0.0, 0.0, fastest, 0.0)
    rig.let_key_go()
    rig.run(10)
    assert not rig.moving
    stopped_at = rig.position[INSERTION]
    rig.run(100)
    assert rig.position[INSERTION] == stopped_at


def test_silence_stops_a_retraction_and_the_key_that_still_repeats_later_is_no_new_press():
    rig = in_tissue()
    rig.hold_key()
    rig.run(20)
    rig.handling = None
    rig.run(25 + 15)
    assert not rig.moving, "250 ms of silence and the deceleration"
    for _ in range(10):
        rig.hand(press=rig.presses)
        rig.run(2)
    assert not rig.moving
    rig.hold_key()
    rig.run(5)
    assert rig.moving


def test_nothing_retracts_by_itself_whatever_goes_wrong():
    rig = in_tissue()
    depth_m = rig.position[INSERTION]
    rig.release()
    rig.run(300)
    rig.stop()
    rig.run(100)
    assert rig.position[INSERTION] == depth_m


def test_after_a_hand_only_a_new_consent_goes_on_with_the_plan():
    rig = Rig()
    rig.under_way()
    rig.hold_key()
    rig.run(10)
    rig.let_key_go()
    rig.run(20)
    assert not rig.moving, "consent was held all the time: that is not enough"
    assert "moved by hand" in rig.run(1).reasons[0]
    rig.press()
    rig.run(5)
    assert rig.moving and rig.run(1).level == Level.R0


def test_a_key_needs_no_plan_and_a_jog_moves_what_it_says():
    rig = idle()
    rig.hold_key(**JOG, rate=(0.003, 0.0, 0.0, 0.02, 0.0, 0.0))
    decision = rig.run(50)
    assert (decision.level, decision.reasons) == (Level.R0, ("jog by hand",))
    moved = rig.position - START
    assert moved[0] > 0.001 and moved[3] > 0.005
    np.testing.assert_array_equal(moved[[1, 2, 4, 5]], 0.0)
    rig.let_key_go()
    rig.run(20)
    assert rig.run(1).command is None


def test_a_jog_does_not_push_into_tissue_nor_move_the_guide_of_a_needle_in_it():
    rig = idle()
    rig.hold_key(**JOG, rate=(0.0, 0.0, 0.0, 0.0, 0.004, 0.0))
    said = {reason for _ in range(200) for reason in rig.run(1).reasons}
    assert "a hand does not push the needle into tissue" in said
    assert -0.0001 < rig.position[INSERTION] <= 0
    rig = in_tissue()
    before = rig.position.copy()
    rig.hold_key(**JOG, rate=(0.004, 0.004, 0.05, 0.05, 0.004, 0.0))
    rig.run(50)
    np.testing.assert_array_equal(rig.position, before)


def test_a_jog_ends_at_the_joint_limit_and_comes_back_from_it():
    rig = idle()
    rig.hold_key(**JOG, rate=(-0.004, 0.0, 0.0, 0.0, 0.0, 0.0))
    said = {reason for _ in range(100) for reason in rig.run(1).reasons}
    assert "guide_x at its limit" in said
    assert -0.060 <= rig.position[0] < -0.0598
    rig.hold_key(**JOG, rate=(0.004, 0.0, 0.0, 0.0, 0.0, 0.0))
    rig.run(50)
    assert rig.position[0] > -0.0595


@pytest.mark.parametrize("stopped_by", ["stop", "estop", "fault"])
def test_a_protective_stop_beats_a_hand_and_after_reset_only_a_new_press_moves(stopped_by):
    rig = in_tissue()
    rig.hold_key()
    rig.run(10)
    if stopped_by == "stop":
        rig.stop()
    else:
        rig.reported = {"estop": True} if stopped_by == "estop" else {"fault": "overcurrent"}
    decision = rig.run(2)
    depth_m = rig.position[INSERTION]
    assert decision.level == Level.R4 and not rig.moving
    rig.presses += 1
    rig.run(30)
    assert rig.position[INSERTION] == depth_m
    rig.reported = {}
    rig.run(1)
    rig.reset()
    rig.run(30)
    assert rig.position[INSERTION] == depth_m, "the press is from before"
    rig.hold_key()
    rig.run(10)
    assert rig.position[INSERTION] < depth_m


@pytest.mark.parametrize(
    "changes",
    [
        {"age_ms": 251},
        {"age_ms": -21},
        {"session": "elsewhere"},
        {"sequence": 0},
        {"rate": (float("nan"), 0.0, 0.0, 0.0, 0.0, 0.0)},
        {"rate": (0.0, 0.0)},
        {"held": False},
    ],
)
def test_a_hand_that_cannot_be_believed_moves_nothing(changes):
    rig = in_tissue()
    depth_m = rig.position[INSERTION]
    rig.let_key_go()
    rig.presses += 1
    rig.hand(**changes)
    rig.tick()
    rig.run(40)
    assert rig.position[INSERTION] == depth_m


def test_a_robot_whose_state_is_late_is_not_moved_by_hand():
    rig = in_tissue()
    rig.hold_key()
    rig.run(10)
    rig.reporting = False
    said = {reason for _ in range(15) for reason in rig.run(1).reasons}
    assert "robot state late" in said and not rig.moving
    assert rig.run(15).level == Level.R4


def test_a_robot_that_does_not_follow_a_hand_is_stopped():
    rig = idle()
    rig.hold_key(**JOG, rate=(0.004, 0.0, 0.0, 0.0, 0.0, 0.0))
    rig.run(5)
    rig.following = False
    assert rig.run(60).level == Level.R4


def test_no_plan_is_approved_while_a_key_is_held():
    rig = idle()
    rig.hold_key(**JOG)
    rig.run(5)
    with pytest.raises(RefusedError, match="hold first"):
        rig.approve()


def test_drives_that_are_off_are_switched_on_by_a_press():
    rig = idle()
    rig.reported = {"enabled": False, "brake": True}
    rig.run(2)
    rig.hold_key()
    decision = rig.run(1)
    assert decision.reasons == ("drives off",) and decision.command.enable
    rig.reported = {}
    rig.run(10)
    assert rig.position[INSERTION] < START[INSERTION]


def test_a_gate_kept_from_deciding_asks_for_a_new_press():
    rig = in_tissue()
    rig.hold_key()
    rig.run(10)
    rig.wait(150)
    rig.report()
    rig.hand()
    rig.tick()
    depth_m = rig.position[INSERTION]
    rig.run(20)
    assert rig.position[INSERTION] == depth_m
