# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Every level of reaction: what calls for it, how soon, and what it takes to go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gate_rig import DEPTH_M, OTHER_PLAN, PLAN, Rig

from ir_guidance.kinematics import INSERTION
from ir_guidance.values import Level, Mode

NAN = float("nan")
Cause = Callable[[Rig], Any]


def no_images(rig: Rig) -> None:
    rig.imaging = False


def guidance_holds(rig: Rig) -> None:
    rig.asked = {"mode": Mode.HOLD, "advance_mps": 0.0, "reason": "target lost"}


def images_over_budget(rig: Rig) -> None:
    rig.asked = {"age_ms": 61}


def robot_falls_silent(rig: Rig) -> None:
    rig.reporting = False


def robot_is_late(rig: Rig) -> None:
    rig.reported = {"age_ms": 60}


def robot_is_ahead(rig: Rig) -> None:
    rig.reported = {"age_ms": -60}


def let_go(rig: Rig) -> None:
    rig.release()


def console_falls_silent(rig: Rig) -> None:
    rig.holding = False


def consents_to_another_plan(rig: Rig) -> None:
    rig.consenting_to = OTHER_PLAN
    rig.consent()


def consents_from_the_future(rig: Rig) -> None:
    rig.consent(age_ms=-1000)
    rig.holding = False


# What holds, within how many ticks of 10 ms it is at rest, and the word for it.
HOLDS: list[tuple[Cause, int, str]] = [
    (no_images, 20, "correction expired"),
    (guidance_holds, 4 + 7, "target lost"),
    (images_over_budget, 20, "over budget three times in a row"),
    (robot_falls_silent, 6 + 7, "robot state late"),
    (robot_is_late, 7, "robot state late"),
    (robot_is_ahead, 7, "robot state late"),
    (let_go, 7, "no consent"),
    (console_falls_silent, 26 + 7, "consent expired"),
    (consents_to_another_plan, 7, "consent is for another plan"),
    (consents_from_the_future, 7, "consent from the future"),
]


@pytest.mark.parametrize(("cause", "ticks", "why"), HOLDS)
def test_r2_comes_to_rest_in_time_and_says_why(cause, ticks, why):
    rig = Rig()
    rig.under_way()
    cause(rig)
    said: set[str] = set()
    for _ in range(ticks):
        decision = rig.run(1)
        said |= set(decision.reasons)
    assert not rig.moving
    assert why in said
    assert (decision.level, decision.latched) == (Level.R2, False)
    assert decision.command is not None, (
        "a hold holds the pose; silence would switch the drives off"
    )


@pytest.mark.parametrize("cause", [no_images, guidance_holds, images_over_budget, robot_is_late])
def test_r2_shorter_than_a_second_goes_on_by_itself(cause):
    rig = Rig()
    rig.under_way()
    cause(rig)
    while rig.run(1).level != Level.R2:
        pass
    rig.run(95)
    rig.imaging, rig.asked, rig.reported = True, {}, {}
    assert rig.run(8).level == Level.R0
    assert rig.moving


@pytest.mark.parametrize("cause", [no_images, guidance_holds, images_over_budget, robot_is_late])
def test_r2_of_a_second_latches_until_a_new_press(cause):
    rig = Rig()
    rig.under_way()
    cause(rig)
    while rig.run(1).level != Level.R2:
        pass
    assert rig.run(99).level == Level.R2
    assert rig.run(1).level == Level.R3
    rig.imaging, rig.asked, rig.reported = True, {}, {}
    decision = rig.run(200)
    assert (decision.level, decision.latched) == (Level.R3, True)
    assert not rig.moving
    rig.release()
    rig.run(10)
    assert rig.gate.tick(rig.now_ns).level == Level.R3, "letting go is not enough"
    rig.press()
    assert rig.run(10).level == Level.R0
    assert rig.moving


def test_two_holds_shorter_than_a_second_do_not_add_up():
    rig = Rig()
    rig.under_way()
    for _ in range(3):
        rig.imaging = False
        rig.run(85)
        rig.imaging = True
        assert rig.run(10).level == Level.R0


@pytest.mark.parametrize("cause", [let_go, console_falls_silent, consents_to_another_plan])
def test_consent_that_was_broken_needs_a_new_press_however_short_the_break(cause):
    rig = Rig()
    rig.under_way()
    cause(rig)
    rig.run(33)
    rig.holding, rig.consenting_to = True, PLAN  # as if nothing had been: the same press
    decision = rig.run(20)
    assert decision.reasons == ("consent was let go: press again",)
    assert not rig.moving
    rig.press()
    assert rig.run(10).level == Level.R0
    assert rig.moving


def test_a_press_before_the_cause_has_gone_does_not_unlatch():
    rig = Rig()
    rig.under_way()
    rig.imaging = False
    assert rig.run(130).level == Level.R3
    rig.release()
    rig.press()
    rig.run(5)
    rig.imaging = True
    assert rig.run(30).level == Level.R3
    assert not rig.moving
    rig.release()
    rig.press()
    assert rig.run(10).level == Level.R0


def test_a_pause_for_breath_is_no_hold():
    rig = Rig()
    rig.under_way()
    rig.asked = {"mode": Mode.WAIT_FOR_BREATH, "advance_mps": 0.0}
    assert rig.run(500).level == Level.R0
    assert not rig.moving
    rig.asked = {}
    assert rig.run(10).level == Level.R0
    assert rig.moving


def test_one_or_two_corrections_over_budget_do_not_hold():
    rig = Rig()
    rig.under_way()
    for _ in range(2):
        rig.offer(age_ms=61)
    assert rig.tick().level == Level.R1
    rig.offer()
    for _ in range(2):
        rig.offer(age_ms=61)
    assert rig.tick().level == Level.R1
    rig.offer(age_ms=61)
    decision = rig.tick()
    assert (decision.level, decision.reasons) == (Level.R2, ("over budget three times in a row",))


def test_three_images_from_the_future_latch():
    rig = Rig()
    rig.under_way()
    rig.offer(age_ms=-21)
    rig.offer(age_ms=-21)
    assert rig.tick().level == Level.R1
    rig.offer(age_ms=-21)
    decision = rig.tick()
    assert decision.level == Level.R3
    assert "clocks" in decision.reasons[0]
    assert rig.run(30).level == Level.R3
    rig.press()
    assert rig.run(10).level == Level.R0


# What stops protectively, and within how many ticks.
STOPS: list[tuple[dict[str, Any], int, str]] = [
    ({"estop": True}, 1, "emergency stop pressed"),
    ({"fault": "overcurrent"}, 1, "robot fault: overcurrent"),
    ({"force_n": 15.1}, 1, "force 15.1 N over 15.0 N"),
    ({"brake": True}, 1, "drives off or brakes on during motion"),
    ({"enabled": False}, 1, "drives off or brakes on during motion"),
    ({"force_n": NAN}, 1, "the robot's state is not finite"),
    ({"position": np.full(5, NAN)}, 1, "the robot's state is not finite"),
    ({"velocity": np.full(5, np.inf)}, 1, "the robot's state is not finite"),
    ({"offset": (0.0, 0.0, 0.0, 0.0, -0.0012)}, 7, "robot not following"),
    ({"offset": (0.0011, 0.0, 0.0, 0.0, 0.0)}, 7, "robot not following"),
    ({"offset": (0.0, 0.0, 0.021, 0.0, 0.0)}, 7, "robot not following"),
    ({"age_ms": 201}, 1, "robot state missing"),
    ({"age_ms": -201}, 1, "robot state missing"),
]


@pytest.mark.parametrize(("reported", "ticks", "why"), STOPS)
def test_r4_switches_the_drives_off_and_stays(reported, ticks, why):
    rig = Rig()
    rig.under_way()
    rig.reported = reported
    decision = rig.run(ticks)
    assert (decision.level, decision.latched) == (Level.R4, True)
    assert decision.reasons[0].startswith(why)
    assert decision.command is not None and not decision.command.enable
    rig.reported = {}
    rig.press()
    assert rig.run(100).level == Level.R4, "a cause that has gone resets nothing"
    assert rig.gate.approved_hash is None


def test_r4_when_the_robot_has_been_silent_for_200_ms():
    rig = Rig()
    rig.under_way()
    rig.reporting = False
    assert rig.run(20).level == Level.R2
    assert rig.run(1).level == Level.R4


def test_following_error_that_passes_within_50_ms_stops_nothing():
    rig = Rig()
    rig.under_way()
    for _ in range(5):
        rig.reported = {"offset": (0.0, 0.0, 0.0, 0.0, -0.0012)}
        rig.run(4)
        rig.reported = {}
        assert rig.run(2).level == Level.R0


def test_stuck_robot_is_stopped():
    rig = Rig()
    rig.under_way()
    rig.following = False
    rig.run(45)
    assert rig.watch.levels == {Level.R0, Level.R4}


def test_after_a_stop_motion_takes_reset_approval_and_a_new_press():
    rig = Rig()
    rig.under_way()
    rig.stop()
    assert rig.run(5).level == Level.R4
    rig.reset()
    assert rig.run(20).command is None
    rig.approve()
    assert rig.run(20).command is None, "the old press is spent"
    rig.press()
    assert rig.run(20).level == Level.R0
    assert rig.moving


def test_drives_that_are_off_are_switched_on_only_with_consent_and_without_motion():
    rig = Rig()
    rig.report(enabled=False, brake=True)
    rig.reported = {"enabled": False, "brake": True}
    rig.approve()
    rig.imaging = True
    assert rig.run(20).command is None
    rig.press()
    decision = rig.run(20)
    assert (decision.level, decision.reasons) == (Level.R0, ("drives off",))
    assert decision.command is not None and decision.command.enable
    assert not any(decision.command.velocity)
    rig.reported = {}
    rig.run(20)
    assert rig.moving


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
