# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The simulated robot: it follows within its limits, and silence stops it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from ir_guidance.kinematics import INSERTION, ROLL, RobotLimits
from ir_guidance.robot import DriveSettings, EmbeddedRobot, Physics
from ir_guidance.values import NS_PER_MS, NS_PER_S, Command, Vector

SETTINGS, LIMITS = DriveSettings(watchdog_ms=50.0), RobotLimits()
FASTEST, HARDEST = np.array(LIMITS.velocity), np.array(LIMITS.acceleration)
HOME = np.array(SETTINGS.home)
NAN = float("nan")
STEP_MS = 2
SETTLING_MS = {Physics.KINEMATIC: 0, Physics.MUJOCO: 40}
"""Until a servo with a body on it has come to rest after it was told to."""
ROUGHNESS = {Physics.KINEMATIC: 1e-9, Physics.MUJOCO: 0.3}
"""By how much of it a body may exceed what its servo is asked for: with friction it sticks and slips."""


class Driver:
    """Sends commands at 100 per second, as the gate does, and keeps what the robot did every 2 ms."""

    def __init__(self, physics: Physics, seed: int = 0) -> None:
        self.now_ns = NS_PER_S
        self.settling_ms, self.roughness = SETTLING_MS[physics], ROUGHNESS[physics]
        settings = SETTINGS.model_copy(update={"physics": physics})
        self.robot = EmbeddedRobot(settings, LIMITS, seed, self.now_ns)
        self.sequence = 0
        self.positions: list[Vector] = [self.robot.state().position]
        self.velocities: list[Vector] = [np.zeros(6)]

    def send(
        self,
        position: Vector,
        velocity: Vector | None = None,
        *,
        enable: bool = True,
        sequence: int | None = None,
        life_ms: float = 100,
        session: str = "session",
        stamp_ns: int = 1,
    ) -> Command | None:
        self.sequence += 1
        command = Command(
            session=session,
            sequence=self.sequence if sequence is None else sequence,
            correction_sequence=1,
            stamp_ns=stamp_ns,
            issued_steady_ns=self.now_ns,
            expires_steady_ns=self.now_ns + int(life_ms * NS_PER_MS),
            enable=enable,
            position=tuple(position.tolist()),
            velocity=tuple(np.zeros(6).tolist() if velocity is None else velocity.tolist()),
        )
        return self.robot.send(command, self.now_ns)

    def wait(self, ms: int) -> None:
        for _ in range(ms // STEP_MS):
            self.now_ns += STEP_MS * NS_PER_MS
            self.robot.step(self.now_ns)
            state = self.robot.state()
            self.positions.append(state.position)
            self.velocities.append(state.velocity)

    def follow(self, path: Callable[[float], tuple[Vector, Vector]], duration_s: float) -> Vector:
        """Follow a path of (position, velocity) over time; return the largest error (6,)."""
        errors = []
        for tick in range(int(duration_s * 100)):
            position, velocity = path(tick / 100)
            self.send(position, velocity)
            errors.append(np.abs(self.robot.state().position - position))
            self.wait(10)
        return np.max(errors, axis=0)


@pytest.fixture(params=Physics)
def drive(request: pytest.FixtureRequest) -> Callable[..., Driver]:
    """Give what makes a driver of a robot, once for each physics."""
    return partial(Driver, request.param)


def ramp(rate: Vector) -> Callable[[float], tuple[Vector, Vector]]:
    """Return a path that speeds up at the joints' accelerations and then goes on evenly."""
    to_speed_s = np.abs(rate) / HARDEST

    def path(time_s: float) -> tuple[Vector, Vector]:
        speeding_s = np.minimum(time_s, to_speed_s)
        velocity = np.sign(rate) * HARDEST * speeding_s
        even_s = np.maximum(time_s - to_speed_s, 0)
        return HOME + 0.5 * velocity * speeding_s + rate * even_s, velocity

    return path


def test_robot_starts_at_rest_at_home(drive):
    state = drive().robot.state()
    np.testing.assert_allclose(state.position, HOME, atol=SETTINGS.encoder_step_rad)
    assert not state.velocity.any()
    assert (state.enabled, state.brake, state.estop, state.watchdog_tripped) == (
        True,
        False,
        False,
        False,
    )


@pytest.mark.parametrize(
    "rate",
    [
        [0, 0, 0, 0, 0.003, 0],
        [0.010, -0.010, 0, 0, 0, 0],
        [0, 0, 0.10, -0.10, 0, 0],
        [0.005, 0.005, -0.05, 0.05, 0.003, 3.0],
    ],
)
def test_ramp_is_followed_within_a_tenth_of_what_the_gate_allows(drive, rate):
    error = drive().follow(ramp(np.array(rate, dtype=float)), 1.5)
    assert error[[0, 1, INSERTION]].max() < 0.0002
    assert error[2:4].max() < 0.003
    assert error[ROLL] < 0.1


def test_step_in_the_set_point_is_reached_within_the_limits(drive):
    driver = drive()
    goal = HOME + np.array([0.02, 0.01, 0.2, 0.1, 0.01, 0])
    driver.follow(lambda _: (goal, np.zeros(6)), 3.0)
    np.testing.assert_allclose(driver.robot.state().position, goal, atol=1e-4)
    velocities = np.array(driver.velocities)
    assert (np.abs(velocities) <= FASTEST * (1 + 0.1 * driver.roughness)).all()
    jumps = np.abs(np.diff(velocities, axis=0))
    assert (jumps <= HARDEST * STEP_MS / 1e3 * (1 + driver.roughness)).all()


@pytest.mark.parametrize("side", [-1, 1])
def test_no_joint_passes_its_limit(drive, side):
    driver = drive()
    beyond = side * np.array([1.0, 1.0, 3.0, 3.0, 1.0, 9.0])
    driver.follow(lambda _: (beyond, side * np.full(6, 9.0)), 12.0)
    positions = np.array(driver.positions)
    assert (positions >= np.array(LIMITS.lower) - 1e-4).all()
    assert (positions <= np.array(LIMITS.upper) + 1e-4).all()
    limit = np.array(LIMITS.upper if side > 0 else LIMITS.lower)
    np.testing.assert_allclose(driver.robot.state().position, limit, atol=1e-4)
    driver.wait(driver.settling_ms)
    assert not driver.robot.state().velocity.any()


@pytest.mark.parametrize(
    "rate",
    [
        [0, 0, 0, 0, 0.003, 0],
        [0.02, 0, 0, 0, 0, 0],
        [0, 0, 0.2, 0, 0, 0],
        [0, 0, 0, 0, 0.010, 0],
        [0, 0, 0, 0, 0.003, 4.0],
    ],
)
def test_silence_stops_the_robot_within_the_watchdog_and_braking(drive, rate):
    driver = drive()
    rates = np.array(rate, dtype=float)
    driver.follow(ramp(rates), 0.6)
    braking_ms = float((np.abs(driver.robot.state().velocity) / HARDEST).max()) * 1e3
    # 10 ms have passed since the last command
    driver.wait(10 * round((40 + braking_ms) / 10) + 4 + driver.settling_ms)
    state = driver.robot.state()
    assert state.watchdog_tripped
    assert not state.velocity.any()
    stopped_at = state.position
    driver.wait(500)
    np.testing.assert_array_equal(driver.robot.state().position, stopped_at)


def test_a_command_more_often_than_the_watchdog_keeps_the_robot_going(drive):
    driver = drive()
    for _ in range(20):
        driver.send(HOME, np.array([0, 0, 0, 0, 0.003, 0]))
        driver.wait(50)
        assert not driver.robot.state().watchdog_tripped
    assert driver.robot.state().position[INSERTION] > HOME[INSERTION]


@pytest.mark.parametrize(
    "refused",
    [
        {"life_ms": 0},
        {"life_ms": -1},
        {"sequence": 1},
        {"sequence": 0},
        {"position": np.array([NAN, 0, 0, 0, 0, 0])},
        {"position": np.array([0, 0, 0, 0, np.inf, 0])},
        {"velocity": np.array([0, 0, NAN, 0, 0, 0])},
    ],
)
def test_stale_repeated_or_not_finite_command_is_refused_and_does_not_calm_the_watchdog(
    drive, refused
):
    driver = drive()
    assert driver.send(HOME) is not None
    for _ in range(10):
        driver.wait(10)
        changes = {"position": HOME + 0.01} | refused
        assert driver.send(**changes) is None
    state = driver.robot.state()
    assert state.watchdog_tripped
    np.testing.assert_allclose(state.setpoint, HOME)
    assert np.isfinite(state.position).all()


def test_command_of_a_new_session_is_taken_whatever_its_number(drive):
    driver = drive()
    driver.send(HOME, sequence=500)
    assert driver.send(HOME, sequence=1) is None
    assert driver.send(HOME, sequence=1, session="another") is not None


def test_switching_off_brakes_and_says_so(drive):
    driver = drive()
    driver.follow(ramp(np.array([0, 0, 0, 0, 0.003, 0])), 0.5)
    driver.send(HOME + 0.02, enable=False)
    driver.wait(60 + driver.settling_ms)
    state = driver.robot.state()
    assert (state.enabled, state.brake) == (False, True)
    assert not state.velocity.any()
    driver.send(driver.robot.state().position)
    assert driver.robot.state().enabled


def test_emergency_stop_beats_every_command_and_its_release_moves_nothing(drive):
    driver = drive()
    driver.follow(ramp(np.array([0, 0, 0, 0, 0.003, 0])), 0.5)
    driver.robot.estop = True
    for _ in range(10):
        driver.send(HOME + 0.02, np.full(6, 0.003))
        driver.wait(10)
    state = driver.robot.state()
    assert (state.estop, state.enabled, state.brake) == (True, False, True)
    assert not state.velocity.any()
    driver.robot.estop = False
    driver.wait(500)
    np.testing.assert_array_equal(driver.robot.state().position, state.position)


def test_encoders_do_not_see_the_mounting_error(drive):
    first, same, other = drive(seed=1), drive(seed=1), drive(seed=2)
    for driver in (first, same, other):
        np.testing.assert_array_equal(driver.robot.state().position, first.positions[0])
    error = first.robot.true_joints - HOME
    np.testing.assert_array_equal(same.robot.true_joints, first.robot.true_joints)
    assert (other.robot.true_joints != first.robot.true_joints)[:4].all()
    assert error[INSERTION] == 0.0 and np.abs(error[:4]).min() > 0


def test_encoders_have_a_resolution(drive):
    driver = drive()
    driver.follow(ramp(np.array([0.005, 0, 0.05, 0, 0.003, 0])), 0.3)
    sliding = np.array(driver.positions)[:, INSERTION] / SETTINGS.encoder_step_m
    turning = np.array(driver.positions)[:, 2] / SETTINGS.encoder_step_rad
    np.testing.assert_allclose(sliding, np.round(sliding), atol=1e-6)
    np.testing.assert_allclose(turning, np.round(turning), atol=1e-6)


def test_first_command_for_an_image_is_what_answers_it(drive):
    driver = drive()
    driver.send(HOME, stamp_ns=7)
    answered_ns = driver.now_ns
    driver.wait(10)
    driver.send(HOME, stamp_ns=7)
    state = driver.robot.state()
    assert (state.accepted_stamp_ns, state.accepted_steady_ns) == (7, answered_ns)
    driver.wait(10)
    driver.send(HOME, stamp_ns=8)
    state = driver.robot.state()
    assert (state.accepted_stamp_ns, state.accepted_steady_ns) == (8, driver.now_ns)


def test_motion_does_not_depend_on_how_often_the_world_is_moved_on(drive):
    often, seldom = drive(), drive()
    for driver in (often, seldom):
        driver.send(HOME + 0.005, np.full(6, 0.002))
    often.wait(40)
    seldom.robot.step(seldom.now_ns + 40 * NS_PER_MS)
    np.testing.assert_array_equal(often.robot.state().position, seldom.robot.state().position)


def test_force_that_the_tissue_gives_is_reported_with_the_sensors_noise(drive):
    driver = drive()
    seen = []
    for _ in range(200):
        driver.robot.feel(2.0)
        seen.append(driver.robot.state().force_n)
    assert np.mean(seen) == pytest.approx(2.0, abs=0.02)
    assert 0.5 < np.std(seen) / SETTINGS.force_sigma_n < 1.5
