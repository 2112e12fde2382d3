# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A needle and a target under a probe that stands still, and a localiser that is fed what is seen of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ir_guidance.geometry import BASE_FROM_PROBE_DOWN, px_from_base, transform
from ir_guidance.kinematics import guide_pose, straight_tip
from ir_guidance.localise import Localiser, LocaliseSettings
from ir_guidance.values import (
    NS_PER_S,
    CarmGeometry,
    Fix,
    NeedleTrack,
    ProbeGeometry,
    RobotState,
    TargetTrack,
    Track,
    Vector,
)

SETTINGS = LocaliseSettings()
SIZE = (512, 512)
SPACING_M = 1.2e-4
GEOMETRY = ProbeGeometry(
    spacing_m=(SPACING_M, SPACING_M),
    face_px=(256.0, 0.0),
    base_from_image=transform(BASE_FROM_PROBE_DOWN, np.zeros(3)),
    slice_sigma_m=0.001,
    epoch=3,
)
FRAME_NS = NS_PER_S // 30
OFFSET_M = np.array([0.0011, 0.0, -0.0009])
DEPTH_M = 0.040
NAN = np.nan


def robot_at(insertion_m: float) -> RobotState:
    joints = np.array([-0.028, 0.0, 0.70, 0.0, insertion_m])
    return RobotState(0, joints, np.zeros(5), joints)


def straight_m(insertion_m: float) -> Vector:
    return straight_tip(guide_pose(robot_at(insertion_m).position))


def sighting(tip_m: Vector, sigma_px: float = 1.5, **changes: Any) -> NeedleTrack:
    """Return a perfect sighting of a tip, said to be good to ``sigma_px``."""
    axis = guide_pose(robot_at(0.01).position).direction
    along = np.array([axis[0], -axis[2]])
    px, _ = px_from_base(tip_m, GEOMETRY)
    seen = NeedleTrack(px, np.eye(2) * sigma_px**2, along / np.linalg.norm(along), 0.01, 0.9)
    return replace(seen, **changes)


def spot(at_m: Vector, **changes: Any) -> TargetTrack:
    px, _ = px_from_base(at_m, GEOMETRY)
    return replace(TargetTrack(px, np.eye(2) * 4.0, 0.9), **changes)


class Run:
    """One localiser, fed frame by frame: at 30 per second under a probe, if not told otherwise."""

    def __init__(
        self,
        settings: LocaliseSettings = SETTINGS,
        geometry: ProbeGeometry | CarmGeometry = GEOMETRY,
        frame_ns: int = FRAME_NS,
        robot: Callable[[float], RobotState] = robot_at,
    ) -> None:
        self.localiser = Localiser(settings)
        self._geometry, self._frame_ns, self._robot = geometry, frame_ns, robot
        self.frames = 0

    def step(
        self, insertion_m: float, needle: NeedleTrack | None, target: TargetTrack | None = None
    ) -> Fix:
        self.frames += 1
        now_ns = NS_PER_S + self.frames * self._frame_ns
        track = Track(self.frames, now_ns, now_ns, needle, target)
        return self.localiser.step(track, self._geometry, self._robot(insertion_m), SIZE)


def sigma_m(fix: Fix) -> Vector:
    return np.sqrt(np.diag(fix.tip_covariance_m2))
