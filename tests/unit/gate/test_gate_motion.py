# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Set points stay in the envelope, end where they should, and begin only when all is there."""

from __future__ import annotations

import numpy as np
import pytest

from gate_rig import DEPTH_M, START, Rig
from ir_guidance.gate import GateSettings
from ir_guidance.kinematics import INSERTION
from ir_guidance.values import Level, Mode


@pytest.mark.parametrize(
    ("rate", "why"),
    [
        ((-0.02, 0.0, 0.0, 0.0), "guide_x"),
        ((0.02, 0.0, 0.0, 0.0), "sliding with the needle in tissue"),
        ((0.0, 0.0, 0.0, 0.2), "pivoting too far from the plan"),
        ((0.0, 0.0, 0.0, 0.0), "deeper than the plan"),
    ],
)
def test_envelope_is_kept_by_stopping_within_it_and_insisting_is_a_stop(rate, why):
    """The Watch asserts at every tick that the set point is inside and did not jerk."""
    rig = Rig()
    rig.under_way(ticks=40)
    rig.asked = {"guide_rate": rate}
    said: list[str] = []
    for _ in range(400):
        decision = rig.run(1)
        said += decision.reasons
        if decision.level == Level.R4:
            break
    assert decision.level == Level.R4
    assert any(reason.startswith(why) for reason in said)
    assert "outside the envelope 11 times in a row" in decision.reasons[0]


def test_touching_the_envelope_now_and_then_is_no_stop():
    rig = Rig()
    rig.under_way()
    said: set[str] = set()
    for _ in range(60):
        rig.asked = {}
        decision = rig.run(8)
        said |= set(decision.reasons)
        rig.offer(mode=Mode.WAIT_FOR_BREATH, advance_mps=0.0)
        rig.tick()
    assert "deeper than the plan" in said
    assert Level.R4 not in rig.watch.levels


def test_overshoot_stays_within_what_the_profile_allows():
    rig = Rig()
    rig.under_way()
    rig.run(400)
    assert rig.position[INSERTION] <= DEPTH_M + rig.settings.overshoot_m
    assert rig.position[INSERTION] > DEPTH_M + 0.9 * rig.settings.overshoot_m


def test_advance_ends_where_the_correction_says():
    rig = Rig()
    rig.under_way()
    before = rig.position[INSERTION]
    stopping_m = 0.003**2 / (2 * 0.05)
    rig.offer(advance_limit_m=0.0001)
    rig.imaging = False
    rig.run(12)
    assert rig.position[INSERTION] - before <= 0.0001 + stopping_m + 0.003 * 0.01


def test_advance_of_a_correction_that_came_before_motion_ends_where_it_says():
    rig = Rig()
    rig.report()
    rig.approve()
    rig.offer(advance_limit_m=0.0001)
    rig.press()
    rig.run(30)
    advanced_m = rig.position[INSERTION] - START[INSERTION]
    assert 0 < advanced_m <= 0.0001 + 0.003**2 / (2 * 0.05) + 0.003 * 0.01


def test_needle_does_not_pass_the_skin_beside_the_plan_however_fast_the_guide_comes_back():
    """The guide would be inside once it had stopped; the Watch asserts that it is at every tick."""
    for above_m in (0.0001, 0.0002, 0.0004, 0.0008):
        rig = Rig()
        rig.position = np.array(START)
        rig.position[0] += 0.0045
        rig.position[INSERTION] = -above_m
        rig.imaging = True
        rig.asked = {"guide_rate": (-0.02, 0.0, 0.0, 0.0)}
        rig.report()
        rig.approve()
        rig.press()
        rig.run(30)


def test_blind_travel_is_bounded_even_by_settings_that_no_profile_may_have():
    good = GateSettings().model_dump()
    reckless = good | {"advance_mps": 0.01, "decelerate_mps2": 1.0}
    rig = Rig(GateSettings.model_construct(**reckless))
    rig.under_way(ticks=5)
    rig.imaging = False
    said = {reason for _ in range(20) for reason in rig.run(1).reasons}
    assert "blind travel at its limit" in said
    assert 0.0009 < rig.watch.blind_max_m <= 0.001


def test_arrival_disarms_once_at_rest():
    rig = Rig()
    rig.under_way()
    rig.asked = {"mode": Mode.ARRIVED, "advance_mps": 0.0}
    said = [rig.run(1).reasons for _ in range(15)]
    assert ("arrived",) in said
    assert rig.gate.approved_hash is None
    rig.asked = {}
    assert rig.run(50).command is None
    rig.release()
    assert rig.run(200).level == Level.R0, "letting go when the work is done is no fault"


def test_nothing_is_sent_before_there_is_a_plan_a_robot_and_consent():
    rig = Rig()
    rig.reporting = False
    rig.imaging = True
    rig.press()
    assert rig.run(5).command is None
    rig.approve()
    assert rig.run(5).command is None
    rig.reporting = True
    rig.release()
    assert rig.run(40).command is None
    rig.press()
    assert rig.run(10).command is not None


def test_starved_gate_does_not_make_up_for_lost_time():
    rig = Rig()
    rig.under_way()
    before = rig.position[INSERTION]
    for _ in range(10):
        rig.wait(400)
        rig.report()
        rig.consent()
        rig.offer()
        rig.tick()
    assert rig.position[INSERTION] - before <= 10 * 0.020 * 0.003 + 1e-12


def test_after_a_command_ran_out_it_goes_on_from_where_the_drive_came_to_rest():
    rig = Rig()
    rig.under_way()
    ran_on = rig.position.copy()
    ran_on[INSERTION] += 0.0001
    rig.wait(150)
    rig.consent()
    rig.offer()
    assert rig.tick().command is None, "where it stands is not known"
    rig.report(position=ran_on)
    rig.offer()
    command = rig.tick().command
    assert ran_on[INSERTION] <= command.position[INSERTION] <= ran_on[INSERTION] + 0.00001
    assert command.velocity[INSERTION] <= rig.settings.decelerate_mps2 * 0.020
