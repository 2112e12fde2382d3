# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A hand on a key, through the gate's process, at a drive of the test's own: hold-to-run and /move."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped
from sensor_msgs.msg import JointState

from by_hand_rig import Keys, asked_to_move
from ir_guidance.kinematics import INSERTION, JOINTS
from ir_guidance.nodes import qos, topics
from ir_guidance.nodes.operator_node import OperatorNode
from ir_guidance.values import NS_PER_MS, Mean
from ir_guidance_msgs.action import Move
from ir_guidance_msgs.msg import Hand as HandMsg
from rig import HOME, PROFILE, Rig, steady_ns

R0, R3, R4 = 0, 3, 4
STOPPING_NS = round(1e9 * PROFILE.gate.retract_mps / PROFILE.gate.decelerate_mps2)


@pytest.fixture
def rig(gate_as_new, graph):
    """Stand round a gate as new that knows where the drive is."""
    made, poses = Rig(graph), graph.heard(PoseStamped, topics.MEASURED_CP, qos.STREAM)
    graph.until(lambda: poses, "the gate knows where the drive is")
    return made


@pytest.fixture
def keys(graph, rig):
    """Put a hand on the keys."""
    return Keys(graph, rig)


def moving(rig):
    return bool(rig.commands) and any(rig.commands[-1].velocity)


def last_motion_ns(rig):
    return max(command.issued_steady_ns for command in rig.commands if any(command.velocity))


@pytest.mark.parametrize("end", ["let_go", "fall_silent"])
def test_after_an_r3_a_held_key_retracts_and_its_end_stops_the_needle(rig, keys, graph, end):
    rig.moving()
    rig.correction = None
    rig.level(R3, "consent again")
    depth_m = rig.told[-1].position[INSERTION]
    keys.hold(Mean.RETRACT)
    graph.until(lambda: rig.told[-1].position[INSERTION] < depth_m - 0.0005, "it is drawn back")
    assert "retract by hand" in "; ".join(rig.state.reasons)
    guide = [list(rig.told[-1].position)[at] for at in (0, 1, 2, 3, 5)]
    assert guide == pytest.approx([HOME[at] for at in (0, 1, 2, 3, 5)], abs=1e-4)
    ended_ns = getattr(keys, end)()
    graph.until(lambda: steady_ns() > ended_ns + STOPPING_NS + 100 * NS_PER_MS)
    assert last_motion_ns(rig) <= ended_ns + STOPPING_NS + 30 * NS_PER_MS
    at_rest_m = rig.told[-1].position[INSERTION]
    graph.spin(0.3)
    assert rig.told[-1].position[INSERTION] == pytest.approx(at_rest_m, abs=2e-5)


def test_a_key_during_an_insertion_takes_it_over_and_consent_must_be_given_anew(rig, keys, graph):
    rig.moving()
    keys.hold(Mean.RETRACT)
    graph.until(lambda: rig.commands[-1].velocity[INSERTION] < 0, "the needle is drawn back")
    keys.let_go()
    graph.until(lambda: not moving(rig), "it rests")
    stopped_ns = last_motion_ns(rig)
    graph.spin(0.3)
    assert last_motion_ns(rig) == stopped_ns, "the consent held all along is not enough"
    rig.level(R3, "moved by hand")
    rig.consent = {"grant": 2}
    graph.until(lambda: last_motion_ns(rig) > stopped_ns, "motion after a new press")


def beside_home(*offsets):
    """Return joints (6,) some way from where the drive stands; those not named stay."""
    return np.array(HOME) + np.array((*offsets, *(0.0,) * (len(HOME) - len(offsets))))


def test_a_move_goes_on_only_while_its_key_is_held_and_ends_within_its_tolerance(rig, keys, graph):
    place = beside_home(0.004, -0.003, 0.05, -0.04, 0.005, 0.05)
    result = asked_to_move(graph, place, eps_m=0.0002, eps_rad=0.002)
    graph.spin(0.3)
    assert not rig.commands, "asking moves nothing"
    keys.hold(Mean.MOVE)
    graph.until(lambda: moving(rig), "motion")
    keys.let_go()
    graph.until(lambda: not moving(rig), "it rests")
    assert result() is None
    found = keys.hold_until(result, "the result")
    assert (found.error_code, found.message) == (Move.Result.OK, "")
    assert found.error_m <= 0.0002 and found.error_rad <= 0.002
    measured = np.array(rig.told[-1].position)
    np.testing.assert_allclose(measured[[0, 1, 4]], place[[0, 1, 4]], atol=4e-4)
    graph.until(lambda: not moving(rig), "there it rests, though the key is held")


@pytest.mark.parametrize(
    ("change", "tolerance", "code"),
    [
        ({"guide_x": 0.5}, 0.0, Move.Result.OUT_OF_REACH),
        ({"pitch": float("nan")}, 0.0, Move.Result.INVALID),
        ({}, -0.001, Move.Result.INVALID),
        ({"insertion": 0.02}, 0.0, Move.Result.IN_TISSUE),
    ],
)
def test_a_place_that_is_not_gone_to_is_refused_by_a_code(rig, graph, change, tolerance, code):
    place = [change.get(name, at) for name, at in zip(JOINTS, HOME, strict=True)]
    found = graph.until(asked_to_move(graph, place, eps_m=tolerance), "the result")
    assert found.error_code == code and found.message


def test_a_stop_and_a_newer_place_end_a_move_by_their_codes(rig, keys, graph):
    first = asked_to_move(graph, beside_home(0.01))
    second = asked_to_move(graph, beside_home(0.02))
    assert graph.until(first, "the first ends").error_code == Move.Result.ABORTED
    keys.hold(Mean.MOVE)
    graph.until(lambda: moving(rig), "motion")
    assert rig.stop().accepted
    assert graph.until(second, "the second ends").error_code == Move.Result.STOPPED
    graph.until(lambda: rig.state.level == R4, "R4")
    stopped_ns = last_motion_ns(rig)
    graph.spin(0.3)
    assert last_motion_ns(rig) == stopped_ns


@pytest.mark.parametrize("topic", [topics.SERVO_JP, topics.MOVE_JP])
def test_crtks_verbs_move_nothing_without_the_key(rig, keys, graph, topic):
    publisher = graph.node.create_publisher(JointState, topic, qos.STREAM)
    graph.until(publisher.get_subscription_count)
    place = beside_home(0.002)
    say = partial(publisher.publish, JointState(name=list(JOINTS), position=place.tolist()))
    graph.node.create_timer(0.1, say)
    graph.spin(0.5)
    assert not rig.commands
    keys.hold_until(lambda: abs(rig.told[-1].position[0] - place[0]) < 1.5e-4, "the place")


def test_a_persons_key_on_the_terminal_is_what_moves_it_and_its_release_ends_it(rig, graph):
    held = {"key": ""}
    person = graph.add(partial(OperatorNode, lambda: held["key"]))
    person.trigger_configure()
    person.trigger_activate()
    hands = graph.heard(HandMsg, topics.HAND, qos.RECORDED)
    graph.spin(0.3)
    assert not hands and not rig.commands
    held["key"] = "r"
    graph.until(lambda: rig.told[-1].position[INSERTION] < HOME[INSERTION] - 0.0005, "retraction")
    held["key"] = "X"
    graph.until(lambda: rig.told[-1].position[0] < HOME[0] - 0.0005, "a jog, by a press of its own")
    assert {hand.press for hand in hands} == {1, 2}
    held["key"] = "q"
    graph.until(lambda: not hands[-1].held, "it is said once that the key was let go")
    graph.until(lambda: not moving(rig), "it rests")
    count = len(hands)
    graph.spin(0.3)
    assert len(hands) == count
