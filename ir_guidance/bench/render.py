# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Renders the sequence: a simulated procedure runs until the needle is well in, and is held there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol, TypeVar

import cv2

from ir_guidance.bench.sequence import Sequence
from ir_guidance.kinematics import INSERTION, guide_pose
from ir_guidance.lockstep import Trial
from ir_guidance.profiles import Profile
from ir_guidance.room import RoomSettings
from ir_guidance.room.breathing import BreathingSettings
from ir_guidance.room.fluoroscopy_room import FluoroscopyRoomSettings
from ir_guidance.room.modality import frame_of, frame_rate_hz, make_room, picture
from ir_guidance.room.sight import sight
from ir_guidance.room.xray.carm import CarmSettings
from ir_guidance.values import NS_PER_S

DEPTH = 0.6
"""Share of the planned path at which the needle is held: steered, and not yet at the target."""
SETTLE_S = 4.0
XRAY_RATE_HZ = 30.0
"""As many images a second as by ultrasound: twice what the simulated C-arm makes if not told otherwise."""
BREATHS, BREATH_S = 4, 4.0

Item = TypeVar("Item")


class Shown(Protocol):
    """Yields the items and shows a person how far it is."""

    def __call__(self, items: Iterable[Item], total: int | None, what: str) -> Iterator[Item]:
        """Yield the items; ``total`` None where nobody knows how many there are."""
        ...


def render(profile: Profile, seed: int, shown: Shown, backend: str = "auto") -> Sequence:
    """Return ``BREATHS`` whole breaths of a patient of that seed with the needle held in tissue.

    All breaths are alike, so that the sequence goes on from its end to its beginning; speckle and
    noise are not.

    Raises:
        SettingsError: The tracker cannot run here.
        RuntimeError: The needle did not get there.
    """
    cv2.setNumThreads(1)
    trial = Trial(profile, seed, backend=backend)
    alike = BreathingSettings(
        period_s=(BREATH_S, BREATH_S), amplitude_spread=0.0, period_spread=0.0
    )
    trial.room = make_room(
        profile.modality,
        seed,
        RoomSettings(breathing=alike),
        FluoroscopyRoomSettings(breathing=alike, carm=CarmSettings(pulse_rate_hz=XRAY_RATE_HZ)),
    )
    for _ in shown(_until_inserted(trial), None, "inserting the needle of the sequence"):
        pass
    room, true_joints = trial.room, trial.robot.true_joints
    rate_hz = frame_rate_hz(room)
    settle, count = round(SETTLE_S * rate_hz), round(BREATHS * BREATH_S * rate_hz)
    frames, sights = [], []
    for number in shown(range(settle + count), settle + count, "rendering the sequence"):
        now_ns = trial.now_ns + round((number + 1) * NS_PER_S / rate_hz)
        room.step(now_ns / NS_PER_S, guide_pose(true_joints))
        if number >= settle:
            snapshot: Any = room.snapshot()
            frames.append(frame_of(room, snapshot, picture(room, snapshot, 0), 0, 0, 0))
            sights.append(sight(room))
    joints = tuple(trial.robot.state().position.tolist())
    return Sequence(tuple(frames), tuple(sights), joints, rate_hz)


def _until_inserted(trial: Trial) -> Iterator[None]:
    while trial.now_ns < trial.profile.longest_s * NS_PER_S:
        trial.step()
        yield
        plan = trial.steer.plan
        if plan and trial.robot.state().position[INSERTION] > DEPTH * plan.length_m:
            return
    raise RuntimeError(f"seed {trial.seed}: the needle of the sequence did not get in; try another")
