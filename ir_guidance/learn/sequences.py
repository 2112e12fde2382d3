# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Fresh simulated sequences, drawn from a seed that no training draws from, with their truth.

A robot takes the needle towards the target, from either side, a little off, with a pause; the
tracker is told what the robot's joints say, with the error of a real mounting and calibration.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ir_guidance.kinematics import INSERTION, axis, guide_pose, straight_tip
from ir_guidance.learn.case import Case
from ir_guidance.learn.contrast import shaft_contrast
from ir_guidance.learn.rooms import WatchedRoom
from ir_guidance.room.modality import frame_of, frame_rate_hz
from ir_guidance.values import NS_PER_S, GuidePose, Modality, ShaftPrior, Vector

FRAMES = 60
STEP_S = 0.01
START_S = 1.0
STREAM = 0x5EED
FIRST_SEED = 2**31
"""Training draws its rooms from seeds below this, these sequences draw theirs from here on."""

NEEDLE_FREE_CHANCE = 0.15
MOUNTING_SIGMA = (0.0002, 0.0002, 0.004, 0.004, 0.0)
"""Error of the joints that encoders do not see, metres and radians; as the simulated robot's."""

PITCH_RAD = (0.35, 1.25)
OFF_TARGET_SIGMA_M = 0.003
ACROSS_SIGMA = {"aligned": (0.0004, 0.006), "astray": (0.0015, 0.03)}
"""How far the aim is out of the plane, in metres, and the way, in radians: well aligned, or not."""

ASTRAY_CHANCE = 0.3
STOP_SHARE = (0.5, 1.05)
"""Where an insertion ends, as a share of the way to the target."""

LONGEST_M = 0.095
SPEED_MPS = (0.002, 0.010)
PAUSE_S = (0.2, 0.8)
CLICK_SIGMA_PX = 1.0
FAR_AWAY_M = np.array([1.0, 0.0, 0.3])
"""Where the needle is in a sequence without one: out of sight of X-rays too."""


@dataclass(frozen=True, slots=True, eq=False)
class _Drive:
    """What the robot does: its joints, insertion and time at the end, speed, pause, and mounting error."""

    joints: Vector
    end_s: float
    speed_mps: float
    pause_s: tuple[float, float]
    mounting: Vector

    def measured(self, time_s: float) -> Vector:
        """Return the joints (5,) as the encoders have them."""
        start_s, stop_s = self.pause_s
        resting_s = max(stop_s - max(time_s, start_s), 0.0)
        joints = self.joints.copy()
        joints[INSERTION] -= self.speed_mps * max(self.end_s - time_s - resting_s, 0.0)
        return joints


class Sequence:
    """One simulated sequence; the same modality, seed and number give the same frames."""

    def __init__(self, modality: Modality, seed: int, number: int, *, with_prior: bool) -> None:
        """Draw the room, the robot's way and the operator's click."""
        self.name = f"simulated/{modality}/{seed}/{number:04d}"
        entropy = np.random.SeedSequence([STREAM, seed, number])
        self._generator = np.random.default_rng(entropy)
        self._watched = WatchedRoom(modality, FIRST_SEED + int(self._generator.integers(2**31)))
        self._room = self._watched.room
        self._period_s = 1.0 / frame_rate_hz(self._room)
        end_s = FRAMES * self._period_s
        self._drive = _drawn_drive(self._room.target_rest_m, end_s, self._generator)
        self._needle_free = bool(self._generator.random() < NEEDLE_FREE_CHANCE)
        told = self._generator.random() < 0.5
        self._with_prior = with_prior and (told or not self._needle_free)

    def cases(self) -> Iterator[Case]:
        """Yield the frames; the target is pointed at in the first, if that shows it."""
        steps = int(np.ceil(self._period_s / STEP_S))
        for number in range(FRAMES):
            for step in range(1, steps + 1):
                time_s = (number + step / steps) * self._period_s
                self._room.step(START_S + time_s, self._needle_at(time_s))
            yield self._case(number, time_s)

    def _needle_at(self, time_s: float) -> GuidePose:
        joints = self._drive.measured(time_s) + self._drive.mounting
        if self._needle_free:
            joints[INSERTION] = -0.02
        pose = guide_pose(joints)
        away = FAR_AWAY_M if self._needle_free else np.zeros(3)
        return GuidePose(pose.remote_centre_m + away, pose.direction, pose.insertion_m)

    def _case(self, number: int, time_s: float) -> Case:
        steady_ns = round((START_S + time_s) * NS_PER_S)
        snapshot, pixels = self._watched.image()
        frame = frame_of(self._room, snapshot, pixels, number, steady_ns, steady_ns)
        assert frame.spacing_m is not None  # every room knows it
        spacing_m = float(np.mean(frame.spacing_m))
        shown = self._watched.seen(pixels, spacing_m)
        visible = None if shown.tip_px is None else True
        if self._needle_free or not len(shown.shaft_px):
            visible = False
        click_px = None
        if number == 0 and shown.target_visible:
            click_px = shown.target_px + self._generator.normal(0.0, CLICK_SIGMA_PX, 2)
        return Case(
            frame=frame,
            file=f"{self.name}/{number:03d}",
            starts=number == 0,
            needle_visible=visible,
            tip_px=shown.tip_px,
            shaft_px=shown.back_px,
            target_px=shown.target_px,
            target_visible=shown.target_visible,
            click_px=click_px,
            prior=self._prior(time_s) if self._with_prior else None,
            contrast=shaft_contrast(pixels, shown.shaft_px, spacing_m) if visible else None,
        )

    def _prior(self, time_s: float) -> ShaftPrior:
        """Return entry and tip of the straight needle where the calibration says they appear."""
        pose = guide_pose(self._drive.measured(time_s))
        return ShaftPrior(
            entry_px=self._watched.expected_px(pose.remote_centre_m),
            tip_px=self._watched.expected_px(straight_tip(pose)),
        )


def simulated_cases(
    modality: Modality, count: int, seed: int, *, with_prior: bool
) -> Iterator[Case]:
    """Yield the frames of ``count`` sequences; ``with_prior`` false is a needle held by hand."""
    for number in range(count):
        yield from Sequence(modality, seed, number, with_prior=with_prior).cases()


def _drawn_drive(target_m: Vector, end_s: float, generator: np.random.Generator) -> _Drive:
    """Return a straight way past the target by a few millimetres, from either side, flat to steep."""
    pitch = float(generator.uniform(*PITCH_RAD))
    if generator.random() < 0.5:
        pitch = np.pi - pitch
    aside_m, turned_rad = ACROSS_SIGMA[
        "astray" if generator.random() < ASTRAY_CHANCE else "aligned"
    ]
    yaw = float(generator.normal(0.0, turned_rad))
    along = axis(pitch, yaw)
    off_m = OFF_TARGET_SIGMA_M, aside_m, OFF_TARGET_SIGMA_M
    aim_m = target_m + generator.normal(0.0, off_m)
    length_m = float(aim_m[2] / along[2])
    entry_m = aim_m - length_m * along
    stop_m = min(length_m * float(generator.uniform(*STOP_SHARE)), LONGEST_M)
    pause_s = float(generator.uniform(0.0, end_s))
    return _Drive(
        joints=np.array([entry_m[0], entry_m[1], pitch, yaw, stop_m]),
        end_s=end_s,
        speed_mps=float(generator.uniform(*SPEED_MPS)),
        pause_s=(pause_s, min(pause_s + float(generator.uniform(*PAUSE_S)), end_s)),
        mounting=generator.normal(0.0, MOUNTING_SIGMA),
    )
