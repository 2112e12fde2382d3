# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A robot behind a controller: every trajectory ends at rest in time, and limits are the hardware's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ir_guidance.kinematics import INSERTION, JOINTS, RobotLimits
from ir_guidance.robot import ControlledRobot, DriveSettings
from ir_guidance.robot.model import URDF, ModelError, joint_limits
from ir_guidance.robot.trajectory import LEAD_S, STOPPING_S, trajectory, within_hardware
from ir_guidance.values import NS_PER_MS, NS_PER_S, Command
from trajectory_player import TrajectoryPlayer

HARDWARE = joint_limits(URDF.read_text("utf-8"), JOINTS)
LIMITS = within_hardware(RobotLimits(), HARDWARE)
HOME = DriveSettings().home
EXPIRY_NS = 100 * NS_PER_MS
NOW_NS = 5 * NS_PER_S
NAN = float("nan")
GOOD = Command(
    session="session",
    sequence=1,
    correction_sequence=1,
    stamp_ns=1,
    issued_steady_ns=NOW_NS,
    expires_steady_ns=NOW_NS + EXPIRY_NS,
    enable=True,
    position=HOME,
    velocity=(0.0, 0.0, 0.0, 0.0, 0.003, 0.0),
)
within_limits = st.builds(
    lambda place, speed: replace(
        GOOD,
        position=tuple(
            low + share * (high - low)
            for share, low, high in zip(place, LIMITS.lower, LIMITS.upper, strict=True)
        ),
        velocity=tuple(share * most for share, most in zip(speed, LIMITS.velocity, strict=True)),
    ),
    st.tuples(*[st.floats(0, 1)] * 6),
    st.tuples(*[st.floats(-1, 1)] * 6),
)


def robot():
    """Return a robot and the list that its trajectories go to."""
    sent = []
    made = ControlledRobot(sent.append, LIMITS)
    where = dict(zip(JOINTS, HOME, strict=True))
    assert made.measure(where, dict.fromkeys(JOINTS, 0.0), 1, NOW_NS) == ""
    return made, sent


@given(within_limits)
def test_every_trajectory_ends_at_rest_within_the_expiry_and_the_limits(command):
    points = trajectory(command, LIMITS, NOW_NS)
    assert points is not None
    last = points[-1]
    assert not any(last.velocity)
    assert NOW_NS + last.after_ns <= command.expires_steady_ns
    assert (points[0].position, points[0].velocity) == (command.position, command.velocity)
    for at, low, high in zip(last.position, LIMITS.lower, LIMITS.upper, strict=True):
        assert low <= at <= high
    times = [point.after_ns for point in points]
    assert times == sorted(set(times))


def test_no_joint_slows_down_harder_than_it_may():
    fast = tuple(0.999 * speed for speed in LIMITS.velocity)
    through, rest = trajectory(replace(GOOD, velocity=fast), LIMITS, NOW_NS)
    stopping_s = (rest.after_ns - through.after_ns) / NS_PER_S
    assert stopping_s <= STOPPING_S
    for speed, most in zip(fast, LIMITS.acceleration, strict=True):
        assert speed / stopping_s <= most * 1.001
    way = np.array(rest.position) - np.array(through.position)
    np.testing.assert_allclose(way, np.array(fast) * stopping_s / 2)


def test_a_command_at_rest_is_one_point():
    (only,) = trajectory(replace(GOOD, velocity=(0.0,) * 6), LIMITS, NOW_NS)
    assert (only.after_ns, only.position) == (LEAD_S * NS_PER_S, HOME)


REFUSED = {
    "expired": {"expires_steady_ns": NOW_NS},
    "too late to stop in time": {"expires_steady_ns": NOW_NS + 70 * NS_PER_MS},
    "repeated": {"sequence": 0},
    "not a number": {"position": (NAN, *HOME[1:])},
    "speed not a number": {"velocity": (0.0, 0.0, 0.0, 0.0, NAN, 0.0)},
    "outside": {"position": (0.061, *HOME[1:])},
    "too fast": {"velocity": (0.0151, 0.0, 0.0, 0.0, 0.0, 0.0)},
}


@pytest.mark.parametrize("changes", REFUSED.values(), ids=REFUSED)
def test_what_may_not_be_sent_is_not_sent_and_nothing_is_clipped(changes):
    made, sent = robot()
    assert made.send(GOOD, NOW_NS) is GOOD
    assert made.send(replace(GOOD, **{"sequence": 2} | changes), NOW_NS) is None
    assert len(sent) == 1


def test_switching_off_sends_nothing_and_the_arm_comes_to_rest_on_what_it_has():
    made, sent = robot()
    made.send(GOOD, NOW_NS)
    off = replace(GOOD, sequence=2, enable=False, velocity=(0.0,) * 6)
    assert made.send(off, NOW_NS + 10 * NS_PER_MS) is off
    assert len(sent) == 1
    assert (made.state().enabled, made.state().brake) == (False, True)
    made.send(replace(GOOD, sequence=3), NOW_NS)
    assert made.state().enabled


@pytest.mark.parametrize("dies_after", [1, 7, 40])
def test_an_arm_follows_smoothly_and_rests_within_the_expiry_of_the_last_command(dies_after):
    player = TrajectoryPlayer(HOME)
    now_ns = NOW_NS
    made = ControlledRobot(
        lambda points: player.play(
            [(p.after_ns / NS_PER_S, np.array(p.position), np.array(p.velocity)) for p in points],
            now_ns,
        ),
        LIMITS,
    )
    fastest, depth, speed = 0.003, HOME[INSERTION], 0.0
    depths = [depth]
    for number in range(dies_after):
        speed = min(fastest, speed + 0.05 * 0.01)
        depth += speed * 0.01
        command = replace(
            GOOD,
            sequence=number + 1,
            expires_steady_ns=now_ns + EXPIRY_NS,
            position=(*HOME[:INSERTION], depth, 0.0),
            velocity=(0.0, 0.0, 0.0, 0.0, speed, 0.0),
        )
        assert made.send(command, now_ns) is command
        for _ in range(10):
            now_ns += NS_PER_MS
            depths.append(player.at(now_ns)[0][INSERTION])
    steps = np.diff(depths)
    assert (steps >= -1e-9).all() and steps.max() <= fastest * 1e-3 * 1.01
    assert abs(depths[-1] - depth) < 0.00005
    _, velocity = player.at(command.expires_steady_ns)
    assert not velocity.any()
    at_rest, _ = player.at(command.expires_steady_ns)
    later, _ = player.at(command.expires_steady_ns + 10 * NS_PER_S)
    np.testing.assert_array_equal(later, at_rest)


def test_limits_are_the_narrower_of_both_and_slow_enough_to_stop():
    stated = dict(HARDWARE)
    stated["yaw"] = replace(HARDWARE["yaw"], lower=-0.1, upper=0.5, velocity=0.05)
    found = within_hardware(RobotLimits(), stated)
    yaw = JOINTS.index("yaw")
    assert (found.lower[yaw], found.upper[yaw], found.velocity[yaw]) == (-0.1, 0.35, 0.05)
    for speed, most in zip(found.velocity, found.acceleration, strict=True):
        assert speed / most <= STOPPING_S * (1 + 1e-9)


def test_hardware_that_has_no_range_in_common_with_the_profile_is_refused():
    stated = dict(HARDWARE)
    stated["pitch"] = replace(HARDWARE["pitch"], lower=2.0, upper=3.0)
    with pytest.raises(ModelError, match=r"'pitch'.*no range is common"):
        within_hardware(RobotLimits(), stated)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"position": dict.fromkeys(JOINTS[:5], 0.0)}, "roll"),
        ({"velocity": {}}, "guide_x, guide_y"),
        ({"velocity": dict.fromkeys(JOINTS, NAN)}, "not finite"),
        ({"stamp_ns": 1}, "does not advance"),
        ({"stamp_ns": 0}, "does not advance"),
    ],
)
def test_joint_states_that_say_nothing_new_or_true_are_refused_and_the_state_grows_old(
    changes, word
):
    made, _ = robot()
    joints = dict.fromkeys(JOINTS, 0.5)
    given_states = {"position": joints, "velocity": joints, "stamp_ns": 2, "steady_ns": NOW_NS + 9}
    assert word in made.measure(**given_states | changes)
    assert made.state().steady_ns == NOW_NS
    assert made.measure(**given_states) == ""
    assert made.state().steady_ns == NOW_NS + 9


def test_joints_are_taken_by_name_whatever_their_order_and_company():
    made, _ = robot()
    names = ("a_fixed_joint", *reversed(JOINTS))
    values = {name: 0.01 * at for at, name in enumerate(names)}
    made.measure(values, values, 2, NOW_NS)
    np.testing.assert_array_equal(made.state().position, [values[name] for name in JOINTS])
