# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What the gate refuses, and the word it gives for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gate_rig import DEPTH_M, OTHER_PLAN, PLAN, PLANNED, Rig
from ir_guidance.gate import RefusedError
from ir_guidance.values import NS_PER_MS, Level, Mode

NAN, INF = float("nan"), float("inf")

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"advance_mps": NAN}, "not finite"),
    ({"advance_mps": INF}, "not finite"),
    ({"advance_limit_m": NAN}, "not finite"),
    ({"across_sigma_m": NAN}, "not finite"),
    ({"along_sigma_m": NAN}, "not finite"),
    ({"guide_rate": (0.0, 0.0, 0.0, NAN)}, "not finite"),
    ({"guide_rate": (-INF, 0.0, 0.0, 0.0)}, "not finite"),
    ({"roll_radps": NAN}, "not finite"),
    ({"plan_hash": OTHER_PLAN}, "plan not approved"),
    ({"plan_hash": ""}, "plan not approved"),
    ({"sequence": 0}, "out of order"),
    ({"age_ms": -20.1}, "from the future"),
    ({"age_ms": 150.1}, "image too old"),
    ({"age_ms": 60.1}, "over budget"),
    ({"expires_steady_ns": 0}, "expiry out of bounds"),
    ({"expires_steady_ns": 2**62}, "expiry out of bounds"),
    ({"advance_mps": -1e-9}, "retraction asked for"),
    ({"advance_limit_m": -1e-9}, "retraction asked for"),
    ({"advance_mps": 0.0031}, "advance too fast"),
    ({"across_sigma_m": 0.0021}, "too uncertain across the view"),
    ({"across_sigma_m": -0.001}, "too uncertain across the view"),
    ({"across_sigma_m": 0.0021, "advance_mps": 0.0}, "too uncertain across the view"),
    ({"along_sigma_m": 0.0021}, "too uncertain along the view"),
    ({"along_sigma_m": -0.001}, "too uncertain along the view"),
    (
        {"mode": Mode.ARRIVED, "advance_mps": 0.0, "along_sigma_m": 0.0021},
        "too uncertain along the view",
    ),
]


@pytest.mark.parametrize(("changes", "why"), REFUSED)
def test_correction_is_refused(changes, why):
    rig = Rig()
    rig.under_way()
    accepted = rig.gate.accepted
    assert rig.offer(**changes) == why
    assert rig.gate.accepted == accepted
    assert rig.gate.refused == {why: 1}
    decision = rig.tick()
    assert (decision.level, decision.reasons) == (Level.R1, (why,))
    assert rig.moving, "one bad datum does not stop a good course"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"age_ms": 60},
        {"age_ms": -20},
        {"across_sigma_m": 0.0020, "along_sigma_m": 0.0020},
        {"advance_mps": 0.003},
        {"mode": Mode.ALIGN, "advance_mps": 0.0, "across_sigma_m": 0.0030, "along_sigma_m": 0.0030},
        {"mode": Mode.HOLD, "advance_mps": 0.0, "across_sigma_m": 0.0030, "along_sigma_m": 0.0030},
    ],
)
def test_correction_at_the_limit_is_taken(changes):
    rig = Rig()
    rig.under_way()
    assert rig.offer(**changes) == ""
    assert rig.gate.refused == {}


def test_replayed_correction_is_refused():
    rig = Rig()
    rig.under_way()
    rig.replay("correction")
    assert rig.gate.refused == {"out of order": 1}


def test_no_correction_is_taken_before_a_plan_is_approved():
    assert Rig().offer() == "plan not approved"


@pytest.mark.parametrize(
    "changes", [{"session": "elsewhere"}, {"session": ""}, {"sequence": 0}, {"sequence": -1}]
)
def test_consent_of_another_session_or_out_of_order_is_refused(changes):
    rig = Rig()
    rig.under_way()
    rig.consent(held=False, **changes)
    assert rig.gate.refused == {"consent of another session or out of order": 1}
    assert rig.gate.consent_held(rig.now_ns)


def test_replayed_consent_does_not_refresh_an_old_one():
    rig = Rig()
    rig.under_way()
    rig.holding = False  # the console falls silent
    for _ in range(30):
        rig.replay("consent")
        rig.run(1)
    assert not rig.gate.consent_held(rig.now_ns)
    assert not rig.moving


def test_correction_refused_while_nothing_moves_raises_no_alarm():
    rig = Rig()
    rig.report()
    rig.approve()
    rig.offer(age_ms=100)
    assert rig.tick().level == Level.R0


@pytest.mark.parametrize(
    ("joints", "depth_m", "why"),
    [
        ((0.2, 0.0, 0.75, 0.0, 0.0), DEPTH_M, "cannot reach the plan: guide_x"),
        ((0.0, 0.0, 0.1, 0.0, 0.0), DEPTH_M, "cannot reach the plan: pitch"),
        (PLANNED, 0.5, "cannot reach the plan: insertion"),
        (PLANNED, NAN, "not finite"),
        ((0.0, NAN, 0.75, 0.0, 0.0), DEPTH_M, "not finite"),
    ],
)
def test_plan_out_of_reach_is_not_approved(joints, depth_m, why):
    rig = Rig()
    with pytest.raises(RefusedError, match=why):
        rig.gate.approve(PLAN, joints, depth_m)
    assert rig.gate.approved_hash is None


def test_plan_is_not_approved_while_the_robot_moves():
    rig = Rig()
    rig.under_way()
    with pytest.raises(RefusedError, match="moving"):
        rig.approve(OTHER_PLAN)
    assert rig.gate.approved_hash == PLAN


def test_plan_is_approved_again_after_it_was_withdrawn_in_motion():
    rig = Rig()
    rig.under_way()
    rig.withdraw()
    assert rig.run(1).command is None
    rig.approve()
    rig.press()
    assert rig.run(10).level == Level.R0
    assert rig.moving


def test_plan_is_not_approved_and_nothing_reset_while_the_cause_of_a_stop_persists():
    rig = Rig()
    rig.report(estop=True)
    rig.tick()
    with pytest.raises(RefusedError, match="cannot reset: emergency stop pressed"):
        rig.reset()
    with pytest.raises(RefusedError, match="reset first"):
        rig.approve()


def test_a_press_for_one_plan_does_not_start_the_next():
    rig = Rig()
    rig.report()
    rig.approve()
    rig.imaging, rig.asked, rig.consenting_to = True, {"plan_hash": OTHER_PLAN}, OTHER_PLAN
    rig.press()
    rig.run(10)
    rig.approve(OTHER_PLAN)
    assert rig.run(30).command is None, "pressed before that plan was approved"
    rig.press()
    assert rig.run(10).command is not None


def test_robot_outside_the_envelope_of_the_plan_cannot_start():
    rig = Rig()
    rig.position = np.array([*PLANNED[:4], DEPTH_M + 0.004, 0.0])
    rig.report()
    rig.approve()
    rig.imaging = True
    rig.press()
    decision = rig.run(20)
    assert (decision.level, decision.command) == (Level.R0, None)
    assert decision.reasons == ("deeper than the plan",)


def test_command_lives_a_tenth_of_a_second_and_names_the_image_it_answers():
    rig = Rig()
    command = rig.under_way().command
    assert command is not None
    assert command.expires_steady_ns - command.issued_steady_ns == 100 * NS_PER_MS
    assert command.correction_sequence == rig.frames
    assert rig.now_ns - command.stamp_ns < 80 * NS_PER_MS
