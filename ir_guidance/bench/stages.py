# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Every stage in one process, frame after frame, on the sequence: what the code takes without its hops."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import repeat
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ir_guidance.bench.render import Shown
from ir_guidance.bench.sequence import Sequence
from ir_guidance.gate import Gate
from ir_guidance.kinematics import joints_for
from ir_guidance.models import model_path
from ir_guidance.pipeline import See, Steer, path_normal
from ir_guidance.plan import NoPlanError, PlanRequest
from ir_guidance.profiles import Profile
from ir_guidance.scripted_operator import eyes_from
from ir_guidance.track.backends import (
    BACKENDS,
    CHANNELS,
    SIDE_PX,
    BackendError,
    BackendSettings,
    Maps,
    Network,
    load_network,
)
from ir_guidance.track.heat import log_density, most_likely, near, over_image
from ir_guidance.track.learned import LearnedTracker
from ir_guidance.track.marks import draw_shaft, draw_target
from ir_guidance.track.memory import Memory
from ir_guidance.track.pointing import pointing
from ir_guidance.track.view import View, fine
from ir_guidance.values import NS_PER_MS, NS_PER_S, Consent, Correction, Modality, RobotState

WARM_UP = 60
PLANS = 60
LATENCY_NS = 15 * NS_PER_MS
SESSION = "bench"

Times = dict[str, list[float]]


class TimedNetwork:
    """A network that remembers how long each answer took, and what it was last asked and answered."""

    def __init__(self, network: Network) -> None:
        """Time this network."""
        self._network, self.name = network, network.name
        self.took_ms: list[float] = []
        self.maps: Maps | None = None

    def infer(self, view: NDArray[np.uint8]) -> Maps:
        """Return what the network says of a view (5, 256, 256)."""
        started_ns = time.perf_counter_ns()
        self.maps = self._network.infer(view)
        self.took_ms.append((time.perf_counter_ns() - started_ns) / NS_PER_MS)
        return self.maps

    def close(self) -> None:
        """Give the accelerator back."""
        self._network.close()


class Rehearsal:
    """The whole pipeline on the sequence, on a simulated clock, timed by the real one."""

    def __init__(self, sequence: Sequence, profile: Profile, backend: str) -> None:
        """Set the stages up as the nodes do, on one thread.

        Raises:
            SettingsError: The backend cannot run here.
        """
        cv2.setNumThreads(1)
        self._sequence, self._profile = sequence, profile
        self.network = TimedNetwork(
            load_network(backend, model_path(sequence.modality), BackendSettings(threads=1))
        )
        tracker = LearnedTracker(sequence.modality, profile.track, self.network)
        self.see = See(tracker, profile, time.perf_counter_ns)
        self.steer = Steer(profile, time.perf_counter_ns)
        self.gate = Gate(profile.gate, profile.limits, SESSION)
        self.took_ms: Times = defaultdict(list)
        self.request: PlanRequest | None = None
        self._pointed = False

    def step(self, number: int) -> Correction | None:
        """Run the frame of a number through all stages; return its correction once there is a plan."""
        now_ns = round(number * NS_PER_S / self._sequence.rate_hz)
        frame = self._sequence.frame(number, now_ns, now_ns)
        robot = self.robot(now_ns)
        eyes = eyes_from(self._sequence.sight(number))
        if not self._pointed and eyes.at_rest and number > 1:
            self._pointed = True
            self.see.select_target(eyes.target_px, eyes.place)
        _, fix = self.see.step(frame, robot)
        if fix is None:
            return None
        correction = self.steer.step(fix, robot)
        if correction is None:
            self._prepare()
            return None
        self._note(self.see.stopwatch.stage_ms | self.steer.stopwatch.stage_ms)
        self._pass_gate(correction, robot, now_ns + LATENCY_NS, number)
        return correction

    def robot(self, now_ns: int) -> RobotState:
        """Return the robot of the sequence, which stands still."""
        joints = np.array(self._sequence.joints)
        return RobotState(now_ns, joints, np.zeros(len(joints)), joints)

    def _prepare(self) -> None:
        """Plan, approve and begin, as soon as the breath is known."""
        assert self._sequence.frames[0].geometry is not None
        self.request = self.steer.request(path_normal(self._sequence.frames[0].geometry), ())
        if self.request is None or self.steer.plan is not None:
            return
        plan = self.steer.find_plan(self.request)
        self.steer.adopt(plan)
        self.steer.start(plan.hash)
        joints = joints_for(plan.entry_m, plan.direction, 0.0).tolist()
        self.gate.approve(plan.hash, tuple(joints), plan.length_m)

    def _pass_gate(
        self, correction: Correction, robot: RobotState, now_ns: int, number: int
    ) -> None:
        self.gate.robot(replace(robot, steady_ns=now_ns))
        self.gate.consent(Consent(SESSION, number, now_ns, correction.plan_hash, 1, True))
        started_ns = time.perf_counter_ns()
        self.gate.offer(correction, now_ns)
        self.gate.tick(now_ns)
        self._note({"gate": (time.perf_counter_ns() - started_ns) / NS_PER_MS})

    def _note(self, stage_ms: dict[str, float]) -> None:
        for stage, took_ms in stage_ms.items():
            self.took_ms[stage].append(took_ms)


def rehearse(
    sequence: Sequence, profile: Profile, backend: str, frames: int, shown: Shown
) -> tuple[Times, str]:
    """Return what every stage takes in milliseconds over so many corrections, and what ran the network.

    Raises:
        SettingsError: The backend cannot run here, or no plan was found in the sequence.
    """
    rehearsal = Rehearsal(sequence, profile, backend)
    wait = round(sequence.rate_hz * (profile.localise.breathing.observe_s + 10))
    done = 0
    for number in shown(range(1, wait + frames + WARM_UP), wait + frames, "stages in one process"):
        done += rehearsal.step(number) is not None
        rehearsal.see.catch_up()
        if done == WARM_UP:
            rehearsal.took_ms.clear()
            rehearsal.network.took_ms.clear()
        if done == frames + WARM_UP:
            break
    took_ms = dict(rehearsal.took_ms)
    took_ms["network"] = list(rehearsal.network.took_ms)
    took_ms |= parts_of_track(sequence, rehearsal.network.maps, min(frames, 400))
    if rehearsal.request is not None:
        took_ms["plan"] = plan_times_ms(rehearsal.steer, rehearsal.request, PLANS)
    name = rehearsal.network.name
    rehearsal.network.close()
    return took_ms, name


def timed_ms(what: Callable[[Any], object], over: Iterable[Any]) -> list[float]:
    """Return how long a call takes with each of some arguments, in milliseconds."""
    took_ms = []
    for each in over:
        started_ns = time.perf_counter_ns()
        what(each)
        took_ms.append((time.perf_counter_ns() - started_ns) / NS_PER_MS)
    return took_ms


def plan_times_ms(steer: Steer, request: PlanRequest, count: int) -> list[float]:
    """Return what plans to targets up to 5 mm each way from the request's take; no plan is an answer too."""
    generator = np.random.default_rng(0)
    moves_m = generator.uniform(-0.005, 0.005, (count, 3))

    def find(move_m: Any) -> object:
        try:
            return steer.find_plan(replace(request, target_m=request.target_m + move_m))
        except NoPlanError as error:
            return error

    return timed_ms(find, moves_m)


def parts_of_track(sequence: Sequence, maps: Maps | None, count: int) -> Times:
    """Return what the tracker does before the network and after it, on its own, over so many frames."""
    shape = sequence.frames[0].pixels.shape[:2]
    centre = np.array(sequence.sights[0]["target_px"])
    view = fine((shape[0], shape[1]), centre)
    memory = Memory(CHANNELS - 2, 0.6, 0.4)
    out = np.zeros((CHANNELS, SIDE_PX, SIDE_PX), np.uint8)
    numbers = range(1, count + 1)
    period_ns = round(NS_PER_S / sequence.rate_hz)

    def before(number: int) -> None:
        memory.add(sequence.frame(number, 0, number * period_ns).pixels, number * period_ns)
        memory.take(view, out[: CHANNELS - 2])
        draw_shaft(view.place_of(centre - 60.0), view.place_of(centre), out[CHANNELS - 2])
        draw_target(view.place_of(centre), out[CHANNELS - 1])

    took = {"preprocess": timed_ms(before, numbers)}
    if maps is not None:
        heat = maps
        took["decode_heat_map"] = timed_ms(lambda _: _decode(heat, view, centre), numbers)
    return took


def _decode(maps: Maps, view: View, centre: Any) -> None:
    """Do what the tracker does with the maps of one look that expects a tip."""
    shape = (view.side_px, view.side_px)
    _, odds = most_likely(maps.places[0])
    place, weighed = most_likely(maps.places[0], log_density(view, centre, 9.0 * np.eye(2)))
    near(odds, place.place)
    over_image(weighed, view, shape, 1.0)
    pointing(maps.shaft, (place.place + 0.5) / 2 - 0.5)
    most_likely(maps.places[1])


def backend_times_ms(modality: Modality, count: int, shown: Shown) -> dict[str, list[float] | str]:
    """Return what one inference takes on every backend that works here, on one thread of a CPU; or why it does not."""
    view = np.random.default_rng(0).integers(0, 256, (CHANNELS, SIDE_PX, SIDE_PX), np.uint8)
    found: dict[str, list[float] | str] = {}
    for name in shown(BACKENDS, len(BACKENDS), "backends"):
        try:
            network = load_network(name, model_path(modality), BackendSettings(threads=1))
        except BackendError as error:
            found[name] = str(error)
            continue
        found[name] = timed_ms(network.infer, repeat(view, count))
        network.close()
    return found
