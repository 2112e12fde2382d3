# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""One procedure on a simulated clock: the same stages, gate, robot and room as live, without ROS."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ir_guidance.gate import Gate
from ir_guidance.geometry import across_and_along
from ir_guidance.kinematics import guide_pose, joints_for
from ir_guidance.pipeline import See, Steer, path_normal
from ir_guidance.plan import NoPlanError
from ir_guidance.pointed import Mark, marked
from ir_guidance.profiles import Profile
from ir_guidance.profiles.success import Ellipsoid, achieved, is_through
from ir_guidance.robot import EmbeddedRobot
from ir_guidance.robot_history import RobotHistory
from ir_guidance.room.fluoroscopy_room import FluoroscopyRoomSettings
from ir_guidance.room.modality import (
    dose_gym2,
    frame_of,
    frame_rate_hz,
    make_room,
    picture,
    view_of,
)
from ir_guidance.room.patient import Room
from ir_guidance.room.patients import ultrasound_patient
from ir_guidance.room.sight import sight, view_direction
from ir_guidance.scripted_operator import (
    OperatorSettings,
    Screen,
    ScriptedOperator,
    Wish,
    eyes_from,
)
from ir_guidance.settings import SettingsError
from ir_guidance.track import Tracker, make_tracker
from ir_guidance.values import (
    NS_PER_MS,
    NS_PER_S,
    Consent,
    Correction,
    Decision,
    Level,
    Modality,
    Plan,
    ProbeGeometry,
    Sphere,
)

TICK_NS = 10 * NS_PER_MS
LATENCY_NS = 20 * NS_PER_MS  # from acquisition to the gate; measured live on two cores


@dataclass(frozen=True, slots=True)
class TrialRow:
    """How one trial ended; millimetres, because this is for people.

    ``achieved`` is what the needle's last place is worth by the profile's own measure, ``purpose``. The
    error is told apart by the direction that the image shows nothing of: out of the plane, along the ray.
    """

    seed: int
    outcome: str
    success: bool
    purpose: str
    achieved: float
    tip_error_mm: float
    across_view_mm: float
    along_view_mm: float
    blind_travel_mm_max: float
    obstacle_hit: bool
    gate_levels: list[int]
    frames: int
    time_s: float
    dose_gym2: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the row as JSON has it."""
        return asdict(self)


class Trial:
    """Everything that takes part in one procedure, moved on tick by tick."""

    def __init__(
        self,
        profile: Profile,
        seed: int,
        *,
        backend: str = "auto",
        open_loop: bool = False,
        ct: Path | None = None,
    ) -> None:
        """Set the room, the robot and the stages up from the seed; by X-rays the patient may be a CT.

        Raises:
            SettingsError: The tracker cannot run here.
        """
        self.profile, self.seed = profile, seed
        self.now_ns = NS_PER_S
        self.room = make_room(
            profile.modality,
            seed,
            ultrasound_patient(profile.name),
            FluoroscopyRoomSettings(ct=ct),
            profile.views,
        )
        self.pierced = False
        self.robot = EmbeddedRobot(profile.drive, profile.limits, seed, self.now_ns)
        self.gate = Gate(profile.gate, profile.limits, session=f"trial {seed}")
        tracker, second = chosen_tracker(backend, profile), None
        if profile.views == 2:
            second = chosen_tracker(backend, profile)
        self.see = See(tracker, profile, lambda: self.now_ns, backend, second)
        self.steer = Steer(profile, lambda: self.now_ns, open_loop=open_loop)
        self.operator = ScriptedOperator(OperatorSettings(), seed)
        self.history = RobotHistory()
        self.frames = self._pulses = 0
        self._wanted = 1  # of so many pulses one makes an image
        self._next_frame_ns = self.now_ns
        self._under_way: tuple[int, Correction] | None = None
        self._consents = 0
        self._decision: Decision | None = None
        self.gave_up = False

    def step(self) -> Decision:
        """Move on by one tick of the gate and return what it decided."""
        self.now_ns += TICK_NS
        self.robot.step(self.now_ns)
        self.room.step(self.now_ns / NS_PER_S, guide_pose(self.robot.true_joints))
        self._watch_target()
        self.robot.feel(self.room.force_n)
        state = self.robot.state()
        self.history.add(state)
        self.gate.robot(state)
        if self.now_ns >= self._next_frame_ns:
            self._next_frame_ns += round(NS_PER_S / frame_rate_hz(self.room))
            self._pulses += 1
            if self._pulses % self._wanted == 0:
                self._take_frame()
        if self._under_way and self.now_ns >= self._under_way[0]:
            self.gate.offer(self._under_way[1], self.now_ns)
            self._under_way = None
        if self.now_ns % (5 * TICK_NS) == 0:
            self._ask_operator()
        decision = self.gate.tick(self.now_ns)
        if decision.command is not None:
            self.robot.send(decision.command, self.now_ns)
        self._decision = decision
        return decision

    def _watch_target(self) -> None:
        truth = self.room.truth(self.now_ns)
        target = Ellipsoid(truth.target_m, self.room.target_radii_m)
        self.pierced = self.pierced or is_through(truth.tip_m, truth.direction, target)

    def _take_frame(self) -> None:
        self.frames += 1
        snapshot: Any = self.room.snapshot()
        pixels = picture(self.room, snapshot, view_of(self.room, self.frames))
        frame = frame_of(self.room, snapshot, pixels, self.frames, self.now_ns, self.now_ns)
        _, fix = self.see.step(frame, self.history.at(self.now_ns))
        correction = None if fix is None else self.steer.step(fix, self.history.newest)
        if correction is not None:
            self._under_way = self.now_ns + LATENCY_NS, correction
        self.see.catch_up()
        if self.profile.modality is Modality.FLUOROSCOPY:
            self._wanted = self.steer.pulses_wanted(fix, correction)

    def _ask_operator(self) -> None:
        decision, plan = self._decision, self.steer.plan
        screen = Screen(
            phase=self.steer.phase,
            level=decision.level if decision else Level.R0,
            latched=decision.latched if decision else False,
            plan_hash=plan.hash if plan else "",
            approved_hash=self.gate.approved_hash or "",
            inserting=self.steer.inserting,
        )
        wish = self.operator.step(self.now_ns, eyes_from(sight(self.room)), screen)
        self.gave_up = wish.gave_up
        self._grant(wish, plan)

    def _grant(self, wish: Wish, plan: Plan | None) -> None:
        if wish.point_px is not None:
            second_px = None if wish.second_px is None else np.array(wish.second_px)
            self.see.select_target(np.array(wish.point_px), wish.place, second_px)
        if wish.marks_px is not None:
            self._plan(wish.marks_px, wish.regions)
        if wish.approve and plan is not None:
            joints = joints_for(plan.entry_m, plan.direction, 0.0).tolist()
            self.gate.approve(plan.hash, tuple(joints), plan.length_m)
        if wish.insert:
            self.steer.start(wish.insert)
        if wish.sweep and isinstance(self.room, Room):
            self.room.sweep_probe()
        if wish.consent_hash:
            self._consents += 1
            self.gate.consent(
                Consent(
                    session=self.gate.session,
                    sequence=self._consents,
                    issued_steady_ns=self.now_ns,
                    plan_hash=wish.consent_hash,
                    grant=wish.grant,
                    held=wish.held,
                )
            )

    def _plan(self, marks_px: tuple[Mark, ...], regions: tuple[Sphere, ...]) -> None:
        geometry = self.room.geometry
        if isinstance(geometry, ProbeGeometry):
            regions = (*regions, *marked(marks_px, geometry))
        request = self.steer.request(path_normal(geometry), regions)
        if request is not None:
            self.steer.adopt(self.steer.find_plan(request))


def chosen_tracker(backend: str, profile: Profile) -> Tracker:
    """Return the tracker of that name for a profile.

    Raises:
        SettingsError: There is none, or it cannot run here.
    """
    try:
        return make_tracker(backend, profile.modality, profile.track, threads=1)
    except ValueError as error:
        raise SettingsError(str(error)) from None


def run_trial(
    profile: Profile,
    seed: int,
    *,
    backend: str = "auto",
    open_loop: bool = False,
    ct: Path | None = None,
) -> TrialRow:
    """Run one procedure to its end and return how it went."""
    cv2.setNumThreads(1)  # trials share the cores among themselves
    trial = Trial(profile, seed, backend=backend, open_loop=open_loop, ct=ct)
    outcome = _outcome(trial)
    truth = trial.room.truth(trial.now_ns)
    off_m = truth.tip_m - truth.target_m - profile.plan.beyond_m * truth.direction
    error_m = float(np.linalg.norm(off_m))
    across_m, along_m = across_and_along(off_m, view_direction(trial.room))
    target = Ellipsoid(truth.target_m, trial.room.target_radii_m)
    purpose = achieved(
        profile.success,
        truth.tip_m,
        truth.direction,
        target,
        pierced=trial.pierced,
        ablation=profile.plan.ablation,
    )
    hit = trial.room.touched_obstacle
    safe = trial.gate.blind_travel_max_m <= 0.001 and Level.R4 not in trial.gate.levels_reached
    arrived = outcome == "arrived"
    return TrialRow(
        seed=seed,
        outcome=outcome,
        success=arrived and safe and not hit and error_m <= profile.tolerance_m and purpose.met,
        purpose=purpose.measure,
        achieved=purpose.value,
        tip_error_mm=error_m * 1e3,
        across_view_mm=across_m * 1e3,
        along_view_mm=along_m * 1e3,
        blind_travel_mm_max=trial.gate.blind_travel_max_m * 1e3,
        obstacle_hit=hit,
        gate_levels=sorted(int(level) for level in trial.gate.levels_reached),
        frames=trial.frames,
        time_s=(trial.now_ns - NS_PER_S) / NS_PER_S,
        dose_gym2=dose_gym2(trial.room),
    )


def _outcome(trial: Trial) -> str:
    trouble: tuple[str, ...] = ()  # what was said last: nothing more is, once consent is let go
    while trial.now_ns < trial.profile.longest_s * NS_PER_S:
        try:
            decision = trial.step()
        except NoPlanError as error:
            return f"no plan: {error}"
        trouble = decision.reasons or trouble
        if decision.reasons == ("arrived",):
            return "arrived"
        if trial.gave_up:
            return f"the operator gave up: {', '.join(trouble)}"
    return "timed out"
