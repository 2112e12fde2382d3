# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""One call of each stage, on data of its own, ready to be timed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import ir_guidance.nodes  # noqa: F401 - keeps numpy to one thread, as in the nodes
from ir_guidance.bench.sequence import Sequence
from ir_guidance.bench.stages import parts_of_track
from ir_guidance.models import model_path
from ir_guidance.plan import PlanRequest, PlanSettings, plan
from ir_guidance.track.backends import CHANNELS, SIDE_PX, BackendSettings, load_network
from ir_guidance.values import NS_PER_S, Frame, Modality, NeedleTrack, Sphere, TargetTrack, Track
from tests.unit.correct.test_steering import SIDES, Needle
from tests.unit.gate.gate_rig import Rig
from under_probe import GEOMETRY, SIZE, robot_at, sighting, spot, straight_m

Call = Callable[[], object]
VIEW = np.random.default_rng(0).integers(0, 256, (CHANNELS, SIDE_PX, SIDE_PX), np.uint8)
DEPTH_M = 0.040


def network() -> Call:
    """One look of the network, on the backend that runs anywhere, on one thread."""
    model = model_path(Modality.ULTRASOUND)
    loaded = load_network("onnxruntime", model, BackendSettings(threads=1))
    return lambda: loaded.infer(VIEW)


def around_the_network() -> Call:
    """Ten frames of what the tracker does before the network and after it."""
    loaded = load_network(
        "onnxruntime", model_path(Modality.ULTRASOUND), BackendSettings(threads=1)
    )
    maps = loaded.infer(VIEW)
    pixels = np.random.default_rng(1).integers(0, 256, (512, 512), np.uint8)
    sight = {"target_px": [256.0, 256.0]}
    sequence = Sequence((Frame(pixels, 0, 0, 0),), (sight,), (0.0,) * 6, 30.0)
    return lambda: parts_of_track(sequence, maps, 10)


def localise() -> Call:
    """One frame of the localiser, the needle in and the target in sight."""
    from ir_guidance.localise import Localiser, LocaliseSettings

    localiser, robot = Localiser(LocaliseSettings()), robot_at(DEPTH_M)
    needle: NeedleTrack = sighting(straight_m(DEPTH_M))
    target: TargetTrack = spot(straight_m(DEPTH_M + 0.01))
    track = Track(0, 0, 0, needle, target)

    def step() -> object:
        nonlocal track
        now_ns = track.acquired_steady_ns + NS_PER_S // 30
        track = replace(track, sequence=track.sequence + 1, acquired_steady_ns=now_ns)
        return localiser.step(track, GEOMETRY, robot, SIZE)

    return step


def correct() -> Call:
    """One correction of a needle that is being steered."""
    needle = Needle(SIDES[0])
    return needle.answer


def gate() -> Call:
    """Ten corrections offered to a gate under way, each with its decision."""
    rig = Rig()
    rig.under_way()

    def decide() -> None:
        for _ in range(10):
            rig.run(1)
            rig.offer()
            rig.tick()

    return decide


def plan_a_path() -> Call:
    """One plan past a vessel."""
    vessel = tuple(Sphere((-0.008, 0.001 * n, -0.018), 0.0025) for n in range(-6, 7))
    request = PlanRequest(np.array([0.008, 0.0, -0.036]), np.array([0.0, 1.0, 0.0]), 1, vessel)
    return lambda: plan(request, PlanSettings())


CASES: dict[str, Callable[[], Call]] = {
    "network": network,
    "around_the_network": around_the_network,
    "localise": localise,
    "correct": correct,
    "gate": gate,
    "plan": plan_a_path,
}
