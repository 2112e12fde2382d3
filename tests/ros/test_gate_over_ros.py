# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The gate's process between a drive, a planner and an operator: silence, doubt and refusal stop it."""

from __future__ import annotations

import dataclasses
import math
import os
import signal

import numpy as np
import pytest
from std_msgs.msg import String

from graph import active, node_command
from ir_guidance.kinematics import INSERTION
from ir_guidance.nodes import qos, topics
from ir_guidance.plan.identity import hashed
from ir_guidance.values import NS_PER_MS, Mode
from ir_guidance_msgs.srv import ApprovePlan, Reset
from rig import PLAN, PROFILE, Rig, moves, steady_ns

REACTION_NS = 200 * NS_PER_MS
PERIOD_NS = 10 * NS_PER_MS
STOPPING_NS = round(1e9 * PROFILE.gate.advance_mps / PROFILE.gate.decelerate_mps2)
ALONE = "/alone"
R0, R1, R2, R3, R4 = range(5)


@pytest.fixture
def rig(gate_as_new, graph):
    """Stand round a gate as new: drive and corrections run, no plan is approved, nobody consents."""
    return Rig(graph)


@pytest.fixture
def gate(start):
    """Run a process of the gate's that a test may do anything to."""
    process = start(node_command("robot", "-r", f"__ns:={ALONE}"))
    active(process, f"{ALONE}/robot")
    return process


def test_nothing_moves_before_approval_and_consent(gate, graph):
    rig = Rig(graph, ALONE)
    assert rig.approve().error_code == ApprovePlan.Response.NO_PLAN
    rig.consent = {"grant": 1}
    graph.until(lambda: rig.state.refused_count > 3, "corrections without a plan are refused")
    assert not rig.commands
    let_go(rig)
    last = rig.consents + 2
    graph.until(
        lambda: rig.consents > last and rig.state.steady_ns > rig.sent[-1].acquired_steady_ns
    )
    rig.approved()
    refused = rig.state.refused_count
    graph.until(lambda: rig.state.accepted_count > 3, "corrections are taken")
    assert rig.state.refused_count <= refused + 3  # those that were under way
    assert "no consent" in rig.level(R0).reasons
    assert not [c for c in rig.commands if moves(c)]
    assert rig.state.armed and not rig.state.consent_held


def test_with_both_the_needle_advances_as_the_images_ask(rig, graph):
    rig.moving()
    graph.until(lambda: len([c for c in rig.commands if moves(c)]) > 50, "commands")
    stamps = [(m.header.stamp.sec, m.header.stamp.nanosec) for m in rig.sent]
    session = rig.state.session
    for command in rig.commands:
        assert command.session == session
        assert command.enable and np.isfinite([*command.position, *command.velocity]).all()
        assert 0 < command.expires_steady_ns - command.issued_steady_ns <= 100 * NS_PER_MS
        assert (command.header.stamp.sec, command.header.stamp.nanosec) in stamps
    assert fastest_step_m(rig) <= PROFILE.gate.advance_mps * 0.0201
    assert (np.diff([c.position[INSERTION] for c in rig.commands]) >= 0).all()
    state = rig.level(R0)
    assert state.armed and state.consent_held and state.approved_plan_hash == PLAN.hash
    assert state.blind_travel_max_m <= 0.001
    accepted = rig.sent[state.accepted_sequence - 1]
    assert state.header.stamp == accepted.header.stamp
    assert rig.told[-1].position[INSERTION] > rig.told[0].position[INSERTION] + 0.0005


def fastest_step_m(rig):
    """Return the largest advance from one command to the next; one that is not heard counts too."""
    steps = np.diff([c.position[INSERTION] for c in rig.commands])
    numbers = np.diff([c.sequence for c in rig.commands])
    assert (numbers > 0).all()
    return (steps / numbers).max()


def last_motion_ns(rig):
    return max(command.issued_steady_ns for command in rig.commands if moves(command))


def let_go(rig):
    rig.consent = rig.consent | {"held": False}
    return steady_ns() + 50 * NS_PER_MS  # when the next message of the operator goes out


def fall_silent_as_operator(rig):
    rig.consent = None
    # The age of consent is bounded by itself; the deceleration comes on top of it.
    return steady_ns() + 250 * NS_PER_MS + STOPPING_NS + PERIOD_NS - REACTION_NS


def fall_silent_as_planner(rig):
    rig.correction = None
    return rig.sent[-1].acquired_steady_ns


def hold_as_planner(rig):
    rig.correction = lambda: rig.next_correction(mode=Mode.HOLD, reason="it is not seen")
    return steady_ns() + 34 * NS_PER_MS


def withdraw_approval(rig):
    asked_ns = steady_ns()
    assert rig.withdraw().accepted
    return asked_ns


@pytest.mark.parametrize(
    ("cease", "why"),
    [
        (let_go, "no consent"),
        (fall_silent_as_operator, "consent expired"),
        (fall_silent_as_planner, "correction expired"),
        (hold_as_planner, "it is not seen"),
        (withdraw_approval, "no approved plan"),
    ],
)
def test_what_motion_needs_ceases_and_motion_stops_within_its_bound(rig, graph, cease, why):
    rig.moving()
    faulty_ns = cease(rig)
    graph.until(lambda: why in " ".join(rig.state.reasons), why)
    graph.until(lambda: steady_ns() > faulty_ns + 2 * REACTION_NS)
    assert last_motion_ns(rig) <= faulty_ns + REACTION_NS
    held_at_m = rig.told[-1].position[INSERTION]
    graph.spin(0.2)
    assert rig.told[-1].position[INSERTION] == pytest.approx(held_at_m, abs=2e-5)
    assert rig.state.blind_travel_max_m <= 0.001


def test_after_a_hold_of_a_second_only_a_new_press_moves_it_again(rig, graph):
    rig.moving()
    rig.correction = None
    assert rig.level(R3, "consent again").latched
    rig.correction = rig.next_correction
    stopped_ns = last_motion_ns(rig)
    newest = len(rig.sent) + 3
    graph.until(lambda: rig.state.accepted_sequence >= newest, "corrections are taken again")
    assert last_motion_ns(rig) == stopped_ns and rig.level(R3).latched
    rig.consent = {"grant": 2}
    graph.until(lambda: last_motion_ns(rig) > stopped_ns, "motion after a new press")
    assert not rig.level(R0).latched


NOT_NUMBERS = [math.nan, math.inf, -math.inf]


def test_what_is_not_a_number_never_reaches_a_command(rig, graph):
    rig.moving()
    broken = [
        (field, value)
        for field in ("guide_rate", "advance_mps", "roll_radps")
        for value in NOT_NUMBERS
    ]
    broken += [
        (field, math.nan)
        for field in ("advance_limit_m", "across_sigma_m", "along_sigma_m", "remaining_m")
    ]
    rates = {value: [0.0, value, 0.0, 0.0] for value in NOT_NUMBERS}
    good = rig.next_correction

    def every_other():
        msg = good()
        if len(rig.sent) % 2 and broken:
            field, value = broken.pop()
            # Field checks refuse it in this process; a stranger's would not.
            setattr(msg, f"_{field}", np.array(rates[value]) if field == "guide_rate" else value)
        return msg

    refused, count = rig.state.refused_count, len(broken)
    rig.correction = every_other
    graph.until(lambda: not broken, "all sent")
    graph.until(lambda: rig.state.refused_count >= refused + count, "all refused")
    degraded = [s for s in rig.states if s.level == R1 and "not finite" in " ".join(s.reasons)]
    assert degraded
    for command in rig.commands:
        assert np.isfinite([*command.position, *command.velocity]).all()
    rig.level(R0)
    assert moves(rig.commands[-1])


def test_a_protective_stop_lasts_until_it_is_reset(rig, graph):
    rig.moving()
    asked_ns = steady_ns()
    assert rig.stop().accepted
    state = rig.level(R4, "it looks wrong")
    assert state.latched and not state.armed and state.approved_plan_hash == ""
    graph.until(lambda: not rig.commands[-1].enable, "the drives are told to switch off")
    assert last_motion_ns(rig) <= asked_ns + REACTION_NS
    graph.until(lambda: rig.told[-1].brake and not rig.told[-1].enabled, "they did")
    assert rig.approve().error_code == ApprovePlan.Response.STOPPED
    assert rig.reset(name=" ").error_code == Reset.Response.INVALID

    rig.drive.estop = True
    graph.until(lambda: rig.told[-1].estop, "the emergency stop is reported")
    graph.spin(0.05)
    assert not rig.reset().accepted
    rig.level(R4)
    rig.drive.estop = False
    graph.until(lambda: rig.reset().accepted, "the cause is gone")
    graph.until(lambda: rig.state.level != R4, "the stop is cleared")
    stopped_ns = last_motion_ns(rig)
    graph.spin(0.3)
    assert last_motion_ns(rig) == stopped_ns, "nothing moves by itself"
    rig.approved()
    graph.spin(0.3)
    assert last_motion_ns(rig) == stopped_ns, "the old press is no consent"
    rig.consent = {"grant": 2}
    graph.until(lambda: last_motion_ns(rig) > stopped_ns, "motion")


@pytest.mark.parametrize("word", ["disable", "pause"])
def test_a_crtk_command_stops_and_none_starts(rig, graph, word):
    rig.moving()
    operating = graph.heard(String, topics.OPERATING_STATE, qos.LATCHED)
    publisher = graph.node.create_publisher(String, topics.STATE_COMMAND, qos.STREAM)
    graph.until(publisher.get_subscription_count)
    publisher.publish(String(data=word))
    rig.level(R4, word)
    graph.until(lambda: operating and operating[-1].data == "FAULT", "CRTK's word for it")
    stopped_ns = last_motion_ns(rig)
    for start in ("enable", "resume", "home"):
        publisher.publish(String(data=start))
    graph.spin(0.3)
    assert last_motion_ns(rig) == stopped_ns
    rig.level(R4, word)


def test_only_the_plan_that_is_shown_can_be_approved(gate, graph):
    rig = Rig(graph, ALONE)
    codes = ApprovePlan.Response
    rig.show(entry_m=np.array([math.nan, 0.0, 0.0]))
    graph.spin(0.1)
    assert rig.approve().error_code == codes.NO_PLAN
    rig.show(length_m=0.06)
    graph.spin(0.1)
    assert rig.approve().error_code == codes.NO_PLAN, "what it says was changed under its hash"
    rig.show()
    graph.until(lambda: rig.approve("another").error_code == codes.OTHER_PLAN, "the plan came")
    assert rig.approve(name="").error_code == codes.INVALID
    assert not rig.state.armed
    newer = hashed(dataclasses.replace(PLAN, length_m=0.049))
    rig.show(newer)
    graph.until(lambda: rig.approve(newer.hash).accepted, "the newer plan")
    assert rig.approve(PLAN.hash).error_code == codes.OTHER_PLAN
    graph.until(lambda: rig.state.approved_plan_hash == newer.hash)
    refused = rig.state.refused_count
    rig.consent = {"grant": 1, "plan_hash": newer.hash}
    graph.until(lambda: rig.state.consent_held, "consent to the newer plan")
    graph.until(lambda: rig.state.refused_count > refused + 5, "corrections to the older plan")
    assert rig.state.accepted_count == 0
    assert not [c for c in rig.commands if moves(c)]


def test_consent_of_another_session_or_plan_does_not_count(rig, graph):
    rig.approved()
    graph.until(lambda: rig.state.accepted_count > 3, "corrections are taken")
    refused = rig.state.refused_count
    for given in ({"session": "of yesterday"}, {"plan_hash": "another plan"}):
        rig.consent = {"grant": 1, **given}
        graph.spin(0.3)
        assert not rig.state.consent_held
        assert not [c for c in rig.commands if moves(c)]
    assert rig.state.refused_count > refused
    rig.consent = {"grant": 2}
    graph.until(lambda: rig.commands and moves(rig.commands[-1]), "motion")


def test_every_image_that_moves_the_drive_is_reported_once_with_its_latency(rig, graph):
    rig.moving()
    graph.until(lambda: len(rig.latencies) > 10, "latency reports")
    sequences = [report.correction_sequence for report in rig.latencies]
    assert sequences == sorted(set(sequences))
    accepted_ns = {msg.accepted_steady_ns for msg in rig.told}
    for report in rig.latencies:
        sent = rig.sent[report.correction_sequence - 1]
        assert report.header.stamp == sent.header.stamp
        assert report.acquired_steady_ns == sent.acquired_steady_ns
        assert report.accepted_steady_ns in accepted_ns
        whole_ms = (report.accepted_steady_ns - report.acquired_steady_ns) / NS_PER_MS
        assert report.end_to_end_ms == pytest.approx(whole_ms)
        assert report.within_budget == (whole_ms <= PROFILE.budget.total_ms)
        stages = {stage.stage: stage.duration_ms for stage in report.stages}
        assert set(stages) == {"track", "correction_hop", "gate", "command_hop"}
        assert min(stages.values()) >= 0
        assert sum(stages.values()) - stages["track"] <= whole_ms + 0.001


def test_a_drive_that_falls_silent_holds_and_then_stops_the_robot(rig, graph):
    rig.moving()
    rig.drive = None
    last_ns = rig.told[-1].steady_ns
    rig.level(R4, "robot state missing")
    since = [s for s in rig.states if s.steady_ns > last_ns]
    late = [s.steady_ns for s in since if "robot state late" in " ".join(s.reasons)]
    stopped = [s.steady_ns for s in since if s.level == R4]
    assert 50 * NS_PER_MS < late[0] - last_ns <= 100 * NS_PER_MS
    assert 200 * NS_PER_MS < stopped[0] - last_ns <= 250 * NS_PER_MS
    assert last_motion_ns(rig) <= last_ns + REACTION_NS
    graph.until(lambda: not rig.commands[-1].enable, "the drives are told to switch off")


def test_a_gate_that_was_started_again_has_inherited_no_permission(gate, graph, start):
    rig = Rig(graph, ALONE)
    rig.moving()
    before = rig.state.session
    gate.kill()
    graph.until(lambda: rig.told[-1].watchdog_tripped, "the drive stops by itself")
    rig.commands.clear()
    given = {"grant": 1, "session": before}
    rig.consent = given
    active(start(node_command("robot", "-r", f"__ns:={ALONE}")), f"{ALONE}/robot")
    graph.until(lambda: rig.state.session != before, "a session of its own")
    graph.until(lambda: rig.state.refused_count > 10, "what was meant for the old one is refused")
    assert not rig.commands
    assert rig.state.approved_plan_hash == "" and not rig.state.consent_held


def test_a_gate_that_was_kept_from_running_for_a_second_does_not_go_on(gate, graph):
    rig = Rig(graph, ALONE)
    rig.moving()
    os.kill(gate.process.pid, signal.SIGSTOP)
    try:
        stopped_ns = steady_ns()
        graph.until(lambda: rig.told[-1].watchdog_tripped, "the drive stops by itself")
        graph.until(lambda: not any(rig.told[-1].velocity), "and stands")
        graph.until(lambda: steady_ns() > stopped_ns + 1.1e9)
    finally:
        os.kill(gate.process.pid, signal.SIGCONT)
    graph.until(lambda: rig.state.level >= R3 and rig.state.latched, "it is held by a latch")
    position = list(rig.told[-1].position)
    graph.spin(0.3)
    assert last_motion_ns(rig) <= stopped_ns + PERIOD_NS, "one command may be under way"
    assert list(rig.told[-1].position) == pytest.approx(position, abs=1e-4)
    assert rig.state.blind_travel_max_m <= 0.001
