# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The scripted operator looks before acting, consents only to what was approved, and gives up in time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ir_guidance.localise import Place
from ir_guidance.pipeline import Phase
from ir_guidance.scripted_operator import (
    Eyes,
    OperatorSettings,
    Screen,
    ScriptedOperator,
    Wish,
    eyes_from,
)
from ir_guidance.values import NS_PER_MS, Level, Sphere

SETTINGS = OperatorSettings(look_s=1.0, patience_s=3.0, presses=3)
EYES = Eyes(np.array([300.0, 250.0]), ((320.0, 150.0, 20.0),), at_rest=True)
PLANNED = Screen(phase=Phase.PLANNED, plan_hash="plan")
APPROVED = replace(PLANNED, approved_hash="plan")
UNDER_WAY = replace(APPROVED, phase=Phase.INSERTING, inserting=True)
LATCHED = replace(UNDER_WAY, level=Level.R3, latched=True)
STEP_MS = 50


class Session:
    """An operator before a screen, asked twenty times a second."""

    def __init__(self, seed: int = 0) -> None:
        self.operator = ScriptedOperator(SETTINGS, seed)
        self.now_ns = 0

    def see(self, screen: Screen, ms: int = STEP_MS, eyes: Eyes | None = EYES) -> list[Wish]:
        wishes = []
        for _ in range(ms // STEP_MS):
            self.now_ns += STEP_MS * NS_PER_MS
            wishes.append(self.operator.step(self.now_ns, eyes, screen))
        return wishes


def test_eyes_are_read_from_what_the_room_says_is_to_be_seen():
    eyes = eyes_from({"target_px": [1.0, 2.0], "marks_px": [[3.0, 4.0, 5.0]], "at_rest": 1})
    assert (eyes.target_px.tolist(), eyes.marks_px, eyes.at_rest) == (
        [1.0, 2.0],
        ((3.0, 4.0, 5.0),),
        True,
    )


PLACE = Place(np.array([0.01, 0.0, -0.04]), 0.001)
REGION = Sphere((0.0, 0.01, -0.03), 0.004)
BY_X_RAYS = replace(EYES, marks_px=(), place=PLACE, regions=(REGION,))


def test_what_a_registered_ct_says_is_read_too():
    eyes = eyes_from(
        {
            "target_px": [1.0, 2.0],
            "marks_px": [],
            "at_rest": True,
            "place_m": [0.01, 0.0, -0.04],
            "place_sigma_m": 0.001,
            "regions": [[0.0, 0.01, -0.03, 0.004]],
        }
    )
    assert eyes.place is not None
    assert (eyes.place.point_m.tolist(), eyes.place.sigma_m) == ([0.01, 0.0, -0.04], 0.001)
    assert eyes.regions == (REGION,)


def test_under_x_rays_the_registered_ct_goes_with_the_pointing_and_the_marks():
    pointed = [w for w in Session().see(Screen(), 2000, BY_X_RAYS) if w.point_px]
    assert [wish.place for wish in pointed] == [PLACE]
    asked = Session().see(Screen(phase=Phase.READY), 2000, BY_X_RAYS)
    assert [(w.marks_px, w.regions) for w in asked if w.marks_px is not None] == [((), (REGION,))]


def test_target_is_pointed_at_after_a_look_and_again_when_nothing_comes_of_it():
    wishes = Session().see(Screen(), 8000)
    points = [index * STEP_MS for index, wish in enumerate(wishes) if wish.point_px]
    assert points[0] >= SETTINGS.look_s * 1e3
    assert np.diff(points).min() >= SETTINGS.patience_s * 1e3
    assert len(points) == 3


@pytest.mark.parametrize("eyes", [None, replace(EYES, at_rest=False)])
def test_nothing_is_pointed_at_while_it_moves_or_is_not_seen(eyes):
    assert not any(wish.point_px for wish in Session().see(Screen(), 5000, eyes))


def test_pointing_has_a_persons_error_that_the_seed_decides():
    points = []
    for seed in range(40):
        points += [w.point_px for w in Session(seed).see(Screen(), 2000) if w.point_px]
    error_px = np.array(points) - EYES.target_px
    assert 0.6 < error_px.std() / SETTINGS.point_sigma_px < 1.4
    assert Session(7).see(Screen(), 2000) == Session(7).see(Screen(), 2000)


def test_no_go_regions_are_marked_once_the_breath_is_known():
    wishes = Session().see(Screen(phase=Phase.READY), 2000)
    marks = [wish.marks_px for wish in wishes if wish.marks_px is not None]
    assert len(marks) == 1
    u, v, radius = marks[0][0]
    assert np.hypot(u - 320, v - 150) < 5 * SETTINGS.mark_sigma_px
    assert radius == 20.0


def test_plan_is_approved_only_after_a_look_and_only_as_shown():
    wishes = Session().see(PLANNED, 3000)
    approvals = [index * STEP_MS for index, wish in enumerate(wishes) if wish.approve]
    assert len(approvals) == 1
    assert approvals[0] >= SETTINGS.look_s * 1e3 - STEP_MS
    assert {wish.approve for wish in wishes} == {"", "plan"}


def test_nobody_consents_before_the_plan_is_approved():
    session = Session()
    for screen in (Screen(), Screen(phase=Phase.READY), PLANNED):
        assert not any(wish.held or wish.consent_hash for wish in session.see(screen, 3000))


def test_nobody_consents_to_another_plan_than_the_one_shown():
    other = replace(APPROVED, approved_hash="another")
    assert not any(wish.held for wish in Session().see(other, 3000))


def test_consent_is_held_without_a_break_and_the_insertion_is_asked_for():
    session = Session()
    wishes = session.see(APPROVED, 1000) + session.see(UNDER_WAY, 5000)
    assert all(wish.held and wish.consent_hash == "plan" for wish in wishes)
    assert {wish.grant for wish in wishes} == {1}
    assert [wish.insert for wish in wishes if wish.insert] == ["plan"]


def test_a_hold_that_is_not_latched_is_held_through():
    session = Session()
    session.see(UNDER_WAY, 1000)
    waiting = replace(UNDER_WAY, level=Level.R2)
    assert all(wish.held and wish.grant == 1 for wish in session.see(waiting, 900))


def test_after_a_latched_hold_the_operator_lets_go_looks_and_presses_anew():
    session = Session()
    session.see(UNDER_WAY, 1000)
    wishes = session.see(LATCHED, 2000)
    assert (wishes[0].held, wishes[0].grant) == (False, 1)
    looked = [wish for wish in wishes if not wish.held]
    assert len(looked) * STEP_MS >= SETTINGS.look_s * 1e3
    assert (wishes[-1].held, wishes[-1].grant) == (True, 2)


def test_operator_gives_up_when_presses_do_not_help():
    session = Session()
    session.see(UNDER_WAY, 1000)
    wishes = session.see(LATCHED, 12_000)
    assert not wishes[0].gave_up
    first = next(wish for wish in wishes if wish.gave_up)
    assert first.grant == SETTINGS.presses + 1


def test_protective_stop_ends_consent_and_the_attempt():
    session = Session()
    session.see(UNDER_WAY, 1000)
    wish = session.see(replace(LATCHED, level=Level.R4))[0]
    assert (wish.held, wish.consent_hash, wish.gave_up) == (False, "", True)


def test_consent_ends_with_the_work():
    session = Session()
    session.see(UNDER_WAY, 1000)
    wish = session.see(replace(UNDER_WAY, finished=True))[0]
    assert (wish.held, wish.consent_hash, wish.insert, wish.gave_up) == (False, "", "", False)


SWEEPING = replace(UNDER_WAY, phase=Phase.SWEEPING)
INHALED = replace(EYES, at_rest=False)


def test_the_probe_is_swept_when_asked_as_the_breath_comes_to_rest():
    session = Session()
    session.see(UNDER_WAY, 4000, INHALED)
    assert not any(wish.sweep for wish in session.see(SWEEPING, 2000, INHALED))
    wishes = session.see(SWEEPING, 2000)
    assert wishes[0].sweep and not any(wish.sweep for wish in wishes[1:])
    assert all(wish.held for wish in wishes)


def test_no_sweep_begins_late_in_a_rest_or_unasked():
    session = Session()
    assert not any(wish.sweep for wish in session.see(UNDER_WAY, 2000))
    assert not any(wish.sweep for wish in session.see(SWEEPING, 2000))
    session.see(SWEEPING, 2000, INHALED)
    assert session.see(SWEEPING)[0].sweep


def test_a_lost_needle_is_searched_for_with_the_probe():
    session = Session()
    session.see(LATCHED, 3000, INHALED)
    assert not any(wish.sweep for wish in session.see(LATCHED))
    session.see(LATCHED, 1000, INHALED)
    assert session.see(replace(LATCHED, phase=Phase.HOLDING))[0].sweep


def test_nothing_is_swept_by_one_who_sees_nothing():
    assert not any(wish.sweep for wish in Session().see(SWEEPING, 4000, None))
