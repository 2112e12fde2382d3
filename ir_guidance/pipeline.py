# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The stages in order: frame, track, localise, plan, correct, gate, robot.

``See`` is what the tracker node holds, ``Steer`` what the planner node holds. The lockstep trials
and the live nodes run these same objects; only who carries the values between them differs.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from enum import IntEnum

import numpy as np

from ir_guidance.correct import Steering, correct
from ir_guidance.geometry import base_from_px
from ir_guidance.kinematics import guide_pose, straight_tip
from ir_guidance.localise import ImageGeometry, Localiser, Place, can_show, shown
from ir_guidance.plan import PlanRequest, plan
from ir_guidance.profiles import Profile
from ir_guidance.timing import Clock, Stopwatch
from ir_guidance.track import Tracker
from ir_guidance.values import (
    CarmGeometry,
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

Mark = tuple[float, float, float]
LARGEST_BREATH_M = 0.010


class RobotHistory:
    """The robot's recent states, to be asked for the one at an image's acquisition."""

    def __init__(self, keep: int = 100) -> None:
        """Keep that many states."""
        self._states: deque[RobotState] = deque(maxlen=keep)

    def add(self, state: RobotState) -> None:
        """Take the newest state; one that is not newer than the last is ignored."""
        if not self._states or state.steady_ns > self._states[-1].steady_ns:
            self._states.append(state)

    @property
    def newest(self) -> RobotState | None:
        """The newest state, None before the first."""
        return self._states[-1] if self._states else None

    def at(self, steady_ns: int) -> RobotState | None:
        """Return the state nearest to a moment, None before the first."""
        if not self._states:
            return None
        after = bisect_left(self._states, steady_ns, key=lambda state: state.steady_ns)
        near = [self._states[i] for i in (after - 1, after) if 0 <= i < len(self._states)]
        return min(near, key=lambda state: abs(state.steady_ns - steady_ns))


class See:
    """Track and localise: a frame and the robot's joints in, track and fix out."""

    def __init__(
        self, tracker: Tracker, profile: Profile, clock_ns: Clock, backend: str = ""
    ) -> None:
        """Keep the tracker, by what it calls itself or by ``backend``; the clock is for the stopwatch alone."""
        self._tracker = tracker
        self.backend: str = getattr(tracker, "name", backend)
        self._localiser = Localiser(profile.localise)
        self._epoch: int | None = None
        self.stopwatch = Stopwatch(clock_ns)

    def select_target(self, px: Vector, place: Place | None = None) -> None:
        """Follow what the operator points at, in pixels (u, v) of the newest frame.

        ``place`` is where a registered CT has it: a single X-ray view shows no depth, and without it
        there is a track of the target but no fix.
        """
        self._tracker.select_target(px)
        self._localiser.select_target(place)

    def step(self, frame: Frame, robot: RobotState | None) -> tuple[Track, Fix | None]:
        """Return what is seen; there is no fix without the image's geometry and the robot's joints."""
        self.stopwatch.restart()
        geometry = frame.geometry
        if geometry is None or robot is None or not _can_place(geometry, robot):
            with self.stopwatch.stage("track"):
                return self._tracker.track(frame), None
        if geometry.epoch != self._epoch:
            self._localiser.reset()
            self._epoch = geometry.epoch
        rows, columns = frame.pixels.shape[:2]
        with self.stopwatch.stage("track"):
            prior = self._localiser.prior(geometry, robot, (columns, rows))
            track = self._tracker.track(frame, prior)
        with self.stopwatch.stage("localise"):
            fix = self._localiser.step(track, geometry, robot, (columns, rows))
        return track, fix


def _can_place(geometry: ImageGeometry, robot: RobotState) -> bool:
    """Return whether it is known where the image lies, and the needle can be in it at all."""
    guide = guide_pose(robot.position)
    return all(can_show(m, geometry) for m in (guide.remote_centre_m, straight_tip(guide)))


def misplaced_m(px: Vector, place: Place, frame: Frame) -> float:
    """Return how far off the place of a target the ray through a pixel (u, v) passes, beyond what is likely.

    Likely are three sigma, and a breath; more means another target, or a CT that is not registered.
    0 where the image's geometry does not say.
    """
    geometry = frame.geometry
    if not isinstance(geometry, CarmGeometry) or not can_show(place.point_m, geometry):
        return 0.0
    rows, columns = frame.pixels.shape[:2]
    view = shown(place.point_m, geometry, (columns, rows))
    off_m = float(np.linalg.norm((px - view.px) * view.spacing_m))
    return max(0.0, off_m - 3 * place.sigma_m - LARGEST_BREATH_M)


def path_normal(geometry: ImageGeometry) -> Vector:
    """Return the unit normal (3,) of the plane that paths are sought in.

    Ultrasound shows a needle in its own plane alone. X-rays show it anywhere: the path stays in the
    upright plane along the robot's x.
    """
    if isinstance(geometry, ProbeGeometry):
        return geometry.base_from_image[:3, 2]
    return np.array([0.0, 1.0, 0.0])


def marked(marks_px: Iterable[Mark], geometry: ProbeGeometry) -> tuple[Sphere, ...]:
    """Return no-go regions from circles (u, v, radius) marked in an ultrasound image, in pixels."""
    spheres = []
    for u, v, radius_px in marks_px:
        x, y, z = base_from_px(np.array([u, v]), geometry).tolist()
        spheres.append(Sphere((x, y, z), radius_px * geometry.spacing_m[0]))
    return tuple(spheres)


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


PHASE_OF = {
    Mode.HOLD: Phase.HOLDING,
    Mode.ALIGN: Phase.ALIGNING,
    Mode.ADVANCE: Phase.INSERTING,
    Mode.WAIT_FOR_BREATH: Phase.WAITING,
    Mode.ARRIVED: Phase.ARRIVED,
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
