# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""R1 to R3: what degrades, holds and latches, how soon, and what it takes to go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gate_rig import OTHER_PLAN, PLAN, Rig
from ir_guidance.values import Level, Mode

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


def test_a_gate_that_was_kept_from_deciding_for_a_second_wants_a_new_press():
    rig = Rig()
    rig.under_way()
    rig.wait(1000)
    rig.report()
    rig.consent()
    rig.offer()
    assert rig.tick().level == Level.R3
    assert rig.run(50).level == Level.R3
    assert not rig.moving
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


def consents_a_little_ahead(rig: Rig) -> None:
    rig.consent(age_ms=-100)
    rig.holding = False


@pytest.mark.parametrize(
    "cause",
    [let_go, console_falls_silent, consents_to_another_plan, consents_a_little_ahead],
)
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
