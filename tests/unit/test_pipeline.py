# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The stages in order: what one hands to the next, and when there is nothing to hand on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ir_guidance.geometry import BASE_FROM_PROBE_DOWN, px_from_base, transform
from ir_guidance.kinematics import guide_pose, joints_for, straight_tip
from ir_guidance.pipeline import Phase, See, Steer, with_stages
from ir_guidance.profiles import load_profile
from ir_guidance.robot_history import RobotHistory
from ir_guidance.timing import Stopwatch
from ir_guidance.values import (
    NS_PER_MS,
    Fix,
    Frame,
    Mode,
    NeedleTrack,
    ProbeGeometry,
    RobotState,
    ShaftPrior,
    Sphere,
    TargetTrack,
    Track,
    Vector,
)

PROFILE = load_profile("biopsy")
GEOMETRY = ProbeGeometry(
    spacing_m=(1.2e-4, 1.2e-4),
    face_px=(256.0, 0.0),
    base_from_image=transform(BASE_FROM_PROBE_DOWN, np.zeros(3)),
    epoch=1,
)
NORMAL = GEOMETRY.base_from_image[:3, 2]
TARGET_M = np.array([0.008, 0.0, -0.030])
JOINTS = np.array([-0.028, 0.0, 0.70, 0.0, 0.04, 0.0])
STRAIGHT_M = straight_tip(guide_pose(JOINTS))
OFFSET_M = np.array([0.001, 0.0, -0.001])


def state_at(steady_ns: int, joints: Vector = JOINTS) -> RobotState:
    return RobotState(steady_ns, joints, np.zeros(6), joints)


class Clock:
    """Moves on by 2 ms whenever it is read."""

    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        self.now_ns += 2 * NS_PER_MS
        return self.now_ns


class Sees:
    """A tracker that sees the tip off by ``OFFSET_M`` and the target where it is."""

    def __init__(self) -> None:
        self.priors: list[ShaftPrior | None] = []
        self.selected: Vector | None = None

    def select_target(self, px: Vector) -> None:
        self.selected = px

    def catch_up(self) -> None:
        pass

    def track(self, frame: Frame, prior: ShaftPrior | None = None) -> Track:
        self.priors.append(prior)
        tip_px, _ = px_from_base(STRAIGHT_M + OFFSET_M, GEOMETRY)
        target_px, _ = px_from_base(TARGET_M, GEOMETRY)
        direction = np.array([np.cos(0.7), np.sin(0.7)])
        return Track(
            sequence=frame.sequence,
            stamp_ns=frame.stamp_ns,
            acquired_steady_ns=frame.acquired_steady_ns,
            needle=NeedleTrack(tip_px, np.eye(2), direction, 0.01, 0.9),
            target=TargetTrack(target_px, np.eye(2), 0.9),
        )


def frame(sequence: int, geometry: ProbeGeometry | None = GEOMETRY) -> Frame:
    now_ns = sequence * 33 * NS_PER_MS
    return Frame(np.zeros((512, 512), np.uint8), sequence, now_ns, now_ns, geometry=geometry)


def test_history_gives_the_state_nearest_to_a_moment():
    history = RobotHistory(keep=3)
    assert (history.newest, history.at(5)) == (None, None)
    for steady_ns in (10, 20, 30, 40):
        history.add(state_at(steady_ns))
    found = [history.at(moment).steady_ns for moment in (0, 20, 24, 26, 39, 10**9)]
    assert found == [20, 20, 20, 30, 40, 40]
    assert history.newest.steady_ns == 40


def test_history_ignores_a_state_that_is_not_newer():
    history = RobotHistory()
    for steady_ns in (10, 10, 5, 20):
        history.add(state_at(steady_ns))
    assert history.newest.steady_ns == 20
    assert history.at(0).steady_ns == 10


@pytest.mark.parametrize(
    ("geometry", "robot"), [(None, state_at(0)), (GEOMETRY, None), (None, None)]
)
def test_without_geometry_or_joints_there_is_a_track_and_no_fix(geometry, robot):
    tracker = Sees()
    see = See(tracker, PROFILE, Clock())
    track, fix = see.step(frame(1, geometry), robot)
    assert track.needle is not None
    assert (fix, tracker.priors) == (None, [None])


def test_tracker_is_told_where_the_shaft_is_expected():
    tracker = Sees()
    see = See(tracker, PROFILE, Clock())
    see.step(frame(1), state_at(0))
    expected_px, _ = px_from_base(STRAIGHT_M, GEOMETRY)
    np.testing.assert_allclose(tracker.priors[0].tip_px, expected_px)


def test_selected_target_reaches_the_tracker():
    tracker = Sees()
    See(tracker, PROFILE, Clock()).select_target(np.array([1.0, 2.0]))
    assert tracker.selected.tolist() == [1.0, 2.0]


def test_changed_geometry_forgets_what_was_learned_of_the_old_one():
    see = See(Sees(), PROFILE, Clock())
    for sequence in range(1, 60):
        _, fix = see.step(frame(sequence), state_at(0))
    assert np.linalg.norm(fix.tip_m - STRAIGHT_M - OFFSET_M) < 1e-4
    known = fix.tip_covariance_m2[0, 0]
    moved = replace(GEOMETRY, epoch=2)
    _, fix = see.step(frame(60, moved), state_at(0))
    assert fix.geometry_epoch == 2
    assert fix.tip_covariance_m2[0, 0] > 4 * known
    _, again = see.step(frame(61, moved), state_at(0))
    assert again.tip_covariance_m2[0, 0] < fix.tip_covariance_m2[0, 0], "reset but once"


def test_stages_are_timed_frame_by_frame():
    see = See(Sees(), PROFILE, Clock())
    for sequence in (1, 2):
        see.step(frame(sequence), state_at(0))
        assert see.stopwatch.stage_ms == {"track": 2.0, "localise": 2.0}
    see.step(frame(3), None)
    assert set(see.stopwatch.stage_ms) == {"track"}


def fix_of(insertion_m: float = -0.01, **changes: object) -> Fix:
    good = Fix(
        sequence=1,
        stamp_ns=0,
        acquired_steady_ns=0,
        tip_m=STRAIGHT_M,
        tip_covariance_m2=np.eye(3) * 1e-8,
        direction=guide_pose(JOINTS).direction,
        direction_covariance=np.eye(3) * 1e-8,
        target_m=TARGET_M,
        target_covariance_m2=np.eye(3) * 1e-8,
        insertion_m=insertion_m,
        target_rest_m=TARGET_M,
        geometry_epoch=1,
    )
    return replace(good, **changes)


def planned() -> Steer:
    steer = Steer(PROFILE, Clock())
    steer.step(fix_of(), state_at(0))
    request = steer.request(NORMAL, ())
    assert request is not None
    steer.adopt(steer.find_plan(request))
    return steer


def test_phases_lead_from_idle_to_ready():
    steer = Steer(PROFILE, Clock())
    assert steer.phase == Phase.IDLE
    steer.step(fix_of(target_m=None, target_rest_m=None), None)
    assert steer.phase == Phase.IDLE
    steer.step(fix_of(target_rest_m=None), None)
    assert steer.phase == Phase.OBSERVING
    steer.step(fix_of(), None)
    assert steer.phase == Phase.READY


def test_plan_cannot_be_asked_for_before_the_breath_is_known():
    steer = Steer(PROFILE, Clock())
    assert steer.request(NORMAL, ()) is None
    steer.step(fix_of(target_rest_m=None), None)
    assert steer.request(NORMAL, ()) is None


def test_plan_is_asked_for_to_the_rest_of_the_target():
    steer = Steer(PROFILE, Clock())
    steer.step(fix_of(target_m=TARGET_M + 0.005), None)
    obstacle = Sphere((0.0, 0.0, -0.01), 0.002)
    request = steer.request(NORMAL, (obstacle,))
    np.testing.assert_array_equal(request.target_m, TARGET_M)
    assert (request.geometry_epoch, request.obstacles) == (1, (obstacle,))


def test_nothing_is_corrected_before_the_insertion_is_started():
    steer = planned()
    assert steer.phase == Phase.PLANNED
    assert steer.step(fix_of(), state_at(0)) is None
    assert steer.phase == Phase.PLANNED


def test_only_the_present_plan_can_be_started():
    steer = planned()
    assert not steer.start("another")
    assert steer.step(fix_of(), state_at(0)) is None
    assert steer.start(steer.plan.hash)
    assert steer.step(fix_of(), None) is None
    assert steer.step(fix_of(), state_at(0)) is not None
    assert not Steer(PROFILE, Clock()).start("")


def test_a_new_plan_ends_the_insertion_of_the_old():
    steer = planned()
    steer.start(steer.plan.hash)
    steer.adopt(replace(steer.plan, hash="new"))
    assert (steer.inserting, steer.phase) == (False, Phase.PLANNED)


def test_phase_follows_what_the_correction_asks_for():
    steer = planned()
    steer.start(steer.plan.hash)
    on_plan = joints_for(steer.plan.entry_m, steer.plan.direction, -0.01)
    unseen = fix_of(tip_covariance_m2=np.eye(3) * 1e-5)
    correction = steer.step(unseen, state_at(0, on_plan + 0.01))
    assert (correction.mode, steer.phase) == (Mode.ALIGN, Phase.ALIGNING)
    correction = steer.step(unseen, state_at(0, on_plan))
    assert (correction.mode, steer.phase) == (Mode.ADVANCE, Phase.INSERTING)
    correction = steer.step(fix_of(geometry_epoch=2), state_at(0, on_plan))
    assert (correction.mode, steer.phase) == (Mode.HOLD, Phase.HOLDING)
    steer.stop()
    assert steer.step(fix_of(), state_at(0, on_plan)) is None


def test_open_loop_is_handed_on():
    steers = [Steer(PROFILE, Clock(), open_loop=flag) for flag in (False, True)]
    modes = []
    for steer in steers:
        plan = planned().plan
        steer.adopt(plan)
        steer.start(plan.hash)
        on_plan = joints_for(plan.entry_m, plan.direction, 0.02)
        lost = fix_of(0.02, coasted=100)
        modes.append(steer.step(lost, state_at(0, on_plan)).mode)
    assert modes == [Mode.HOLD, Mode.ADVANCE]


def test_correction_carries_the_times_of_its_stages():
    steer = planned()
    steer.start(steer.plan.hash)
    correction = steer.step(fix_of(), state_at(0))
    other = Stopwatch(Clock())
    with other.stage("track"):
        pass
    timed = with_stages(correction, other, steer.stopwatch)
    assert timed.stage_ms == {"track": 2.0, "correct": 2.0}
    assert correction.stage_ms == {}
