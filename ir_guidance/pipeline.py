# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The stages in order: frame, track, localise, plan, correct, gate, robot.

``See`` is what the tracker node holds, ``Steer`` what the planner node holds. The lockstep trials
and the live nodes run these same objects; only who carries the values between them differs.
"""

from __future__ import annotations

import zlib
from dataclasses import replace
from enum import IntEnum

import numpy as np

from ir_guidance.correct import Steering, correct
from ir_guidance.correct.pulses import pulses_wanted
from ir_guidance.kinematics import guide_pose, straight_tip
from ir_guidance.localise import ImageGeometry, Localiser, Place, can_show
from ir_guidance.plan import PlanRequest, plan
from ir_guidance.profiles import Profile
from ir_guidance.timing import Clock, Stopwatch
from ir_guidance.track import Tracker
from ir_guidance.track.contrast import shaft_contrast
from ir_guidance.values import (
    Correction,
    Fix,
    Frame,
    Mode,
    Plan,
    ProbeGeometry,
    RobotState,
    Sphere,
    Track,
    Vector,
)


class See:
    """Track and localise: a frame and the robot's joints in, track and fix out.

    Each plane of a C-arm has a tracker of its own, for what it remembers is of one view; all fuse into one fix.
    """

    def __init__(
        self,
        tracker: Tracker,
        profile: Profile,
        clock_ns: Clock,
        backend: str = "",
        second: Tracker | None = None,
    ) -> None:
        """Keep the tracker, by what it calls itself or by ``backend``; the clock is for the stopwatch alone.

        ``second`` looks at the second plane of a biplane C-arm.
        """
        self._trackers = (tracker,) if second is None else (tracker, second)
        self.backend: str = getattr(tracker, "name", backend)
        self._localiser = Localiser(profile.localise, len(self._trackers))
        self._epochs: dict[int, int] = {}
        self.stopwatch = Stopwatch(clock_ns)

    @property
    def views(self) -> int:
        """How many planes are looked at."""
        return len(self._trackers)

    def select_target(
        self, px: Vector, place: Place | None = None, second_px: Vector | None = None
    ) -> None:
        """Follow what the operator points at, in pixels (u, v) of the newest frame of each view.

        ``place`` is where a registered CT has it: a single X-ray view shows no depth, and without it
        there is a track of the target but no fix. Of two views it is pointed at in both.
        """
        pointed = (px,) if second_px is None else (px, second_px)
        for tracker, at_px in zip(self._trackers, pointed, strict=True):
            tracker.select_target(at_px)
        self._localiser.select_target(place)

    def step(self, frame: Frame, robot: RobotState | None) -> tuple[Track, Fix | None]:
        """Return what is seen; there is no fix without the image's geometry and the robot's joints.

        Nor is there one before every view has been seen, or of a frame that is older than another view's newest.
        """
        self.stopwatch.restart()
        tracker = self._trackers[frame.view]
        geometry = frame.geometry
        if geometry is None or robot is None or not _can_place(geometry, robot):
            with self.stopwatch.stage("track"):
                return tracker.track(frame), None
        if geometry.epoch != self._epochs.get(frame.view, geometry.epoch):
            self._localiser.reset()
        self._epochs[frame.view] = geometry.epoch
        rows, columns = frame.pixels.shape[:2]
        with self.stopwatch.stage("track"):
            prior = self._localiser.prior(geometry, robot, (columns, rows))
            track = tracker.track(frame, prior)
        with self.stopwatch.stage("localise"):
            at = geometry, robot, (columns, rows)
            fix = self._localiser.step(track, *at, frame.view, self._contrasts(frame, *at))
        if fix is None or len(self._epochs) < self.views:
            return track, None
        return track, replace(fix, geometry_epoch=_one_epoch(self._epochs))

    def _contrasts(
        self, frame: Frame, geometry: ImageGeometry, robot: RobotState, size: tuple[int, int]
    ) -> tuple[float | None, ...]:
        """Return by how much parts of the needle stand out in an image of a sweep, nothing of any other."""
        parts = self._localiser.swept_shaft(geometry, robot, size)
        if not parts or not isinstance(geometry, ProbeGeometry):
            return ()
        across_m = geometry.spacing_m[0]
        return tuple(shaft_contrast(frame.pixels, *part, across_m) for part in parts)

    def catch_up(self) -> None:
        """Do what no answer waits for; called after each step, when what it returned is on its way."""
        for tracker in self._trackers:
            tracker.catch_up()


def _one_epoch(epochs: dict[int, int]) -> int:
    """Return a number that changes when the epoch of any view does; of one view its own."""
    if len(epochs) == 1:
        return next(iter(epochs.values()))
    return zlib.crc32(repr(sorted(epochs.items())).encode())


def _can_place(geometry: ImageGeometry, robot: RobotState) -> bool:
    """Return whether it is known where the image lies, and the needle can be in it at all."""
    guide = guide_pose(robot.position)
    return all(can_show(m, geometry) for m in (guide.remote_centre_m, straight_tip(guide)))


def path_normal(geometry: ImageGeometry) -> Vector:
    """Return the unit normal (3,) of the plane that paths are sought in.

    Ultrasound shows a needle in its own plane alone. X-rays show it anywhere: the path stays in the
    upright plane along the robot's x.
    """
    if isinstance(geometry, ProbeGeometry):
        return geometry.base_from_image[:3, 2]
    return np.array([0.0, 1.0, 0.0])


class Phase(IntEnum):
    """How far the procedure is."""

    IDLE = 0
    OBSERVING = 1
    READY = 2
    PLANNED = 3
    ALIGNING = 4
    INSERTING = 5
    WAITING = 6
    ARRIVED = 7
    HOLDING = 8
    SWEEPING = 9


PHASE_OF = {
    Mode.HOLD: Phase.HOLDING,
    Mode.ALIGN: Phase.ALIGNING,
    Mode.ADVANCE: Phase.INSERTING,
    Mode.WAIT_FOR_BREATH: Phase.WAITING,
    Mode.ARRIVED: Phase.ARRIVED,
    Mode.SWEEP: Phase.SWEEPING,
}


class Steer:
    """Plan and correct: a fix in, a correction out once an insertion has been started."""

    def __init__(self, profile: Profile, clock_ns: Clock, *, open_loop: bool = False) -> None:
        """Start without a plan; ``open_loop`` leaves out what the image would correct."""
        self._profile, self._open_loop = profile, open_loop
        self._steering = Steering(profile.correct)
        self._fix: Fix | None = None
        self.plan: Plan | None = None
        self.inserting = False
        self.phase = Phase.IDLE
        self.stopwatch = Stopwatch(clock_ns)

    def request(self, normal: Vector, obstacles: tuple[Sphere, ...]) -> PlanRequest | None:
        """Return what a plan to the present rest of the target needs; None before the breath is known."""
        if self._fix is None or self._fix.target_rest_m is None:
            return None
        return PlanRequest(self._fix.target_rest_m, normal, self._fix.geometry_epoch, obstacles)

    def find_plan(self, request: PlanRequest) -> Plan:
        """Return the best plan; a pure search that a worker process may run.

        Raises:
            NoPlanError: There is none.
        """
        return plan(request, self._profile.plan)

    def adopt(self, found: Plan) -> None:
        """Propose a plan to the operator; it is followed only once an insertion is started."""
        self.plan, self.inserting, self.phase = found, False, Phase.PLANNED
        self._steering.reset()

    def start(self, plan_hash: str) -> bool:
        """Start correcting towards the plan of that hash; False when it is not the present one."""
        self.inserting = self.plan is not None and self.plan.hash == plan_hash
        return self.inserting

    def stop(self) -> None:
        """Stop correcting."""
        self.inserting = False

    def step(self, fix: Fix, robot: RobotState | None) -> Correction | None:
        """Return the correction for a fix, None while no insertion is under way."""
        self.stopwatch.restart()
        self._fix = fix
        if not self.inserting or self.plan is None or robot is None:
            self._note_progress(fix)
            return None
        with self.stopwatch.stage("correct"):
            correction = correct(
                fix,
                self.plan,
                robot,
                self._profile.correct,
                self._steering,
                open_loop=self._open_loop,
            )
        self.phase = PHASE_OF[correction.mode]
        return correction

    def pulses_wanted(self, fix: Fix | None, correction: Correction | None) -> int:
        """Return of how many X-ray pulses one is wanted, after what the last image called for."""
        told = self._profile.correct
        limits_m = told.across_sigma_m, told.along_sigma_m
        return pulses_wanted(fix, correction, told.pulses, told.gate_window_m, limits_m)

    def _note_progress(self, fix: Fix) -> None:
        if self.plan is None:
            seen, known = fix.target_m is not None, fix.target_rest_m is not None
            self.phase = Phase.READY if known else Phase.OBSERVING if seen else Phase.IDLE


def with_stages(correction: Correction, *stopwatches: Stopwatch) -> Correction:
    """Return the correction with the stage times of its frame."""
    stage_ms: dict[str, float] = {}
    for stopwatch in stopwatches:
        stage_ms |= stopwatch.stage_ms
    return replace(correction, stage_ms=stage_ms)
