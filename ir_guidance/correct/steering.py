# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Steering in tissue: the guide's pivot and the bevel's curvature, chosen over a receding horizon.

The remote centre rests at the skin: it is pivots, not slides, that move a needle's base once it is in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ir_guidance.correct.bevel import Bevel
from ir_guidance.correct.horizon import STEPS, Outlook, Weights, first_step
from ir_guidance.correct.pace import Pace, speed_mps
from ir_guidance.correct.response import Response
from ir_guidance.correct.settings import CorrectSettings
from ir_guidance.kinematics import INSERTION, ROLL, axis_rates, guide_pose, lateral_axes
from ir_guidance.values import NS_PER_S, Fix, Matrix, Plane, RobotState, Vector

PITCH_YAW = slice(2, 4)


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """Where the needle is going: the path left in metres, and the miss (3,) if it went on straight."""

    remaining_m: float
    miss_m: Vector


class Steered(NamedTuple):
    """What the steering asks for; ``lost`` says why it is of no use to go on, empty while it is."""

    pitch_radps: float = 0.0
    yaw_radps: float = 0.0
    roll_radps: float = 0.0
    advance_mps: float = 0.0
    arrived: bool = False
    lost: str = ""
    sweep: bool = False


def out_of_plane_sigma_m(fix: Fix) -> float:
    """Return the standard deviation of the tip along what the image does not show, 0 where that is not known."""
    if fix.unseen is None:
        return 0.0
    return float(np.sqrt(fix.unseen @ fix.tip_covariance_m2 @ fix.unseen))


def wants_sweep(fix: Fix, settings: CorrectSettings) -> bool:
    """Return whether a sweep of a tracked probe would tell what is not known well enough of the needle."""
    if settings.sweep_sigma_m == 0.0 or fix.plane is Plane.FIXED:
        return False
    return out_of_plane_sigma_m(fix) > settings.sweep_sigma_m


class Steering:
    """What is remembered from image to image: the needle's answer, the bevel's turn, the checkpoints passed."""

    def __init__(self, settings: CorrectSettings) -> None:
        """Start before the insertion."""
        self._settings = settings
        self._weights = Weights(settings.pivot_weight, settings.curve_weight)
        self._response = Response()
        self._bevel = Bevel(settings.turn_m, settings.roll_limit_rad)
        self._pace = Pace(settings)
        self._beyond_reach = 0
        self._searched = False
        self._rest_since_ns: int | None = None

    def reset(self) -> None:
        """Forget everything, as for a new insertion."""
        self._response.reset()
        self._bevel.reset()
        self._pace.reset()
        self._beyond_reach = 0
        self._searched = False
        self._rest_since_ns = None

    def watch(self, fix: Fix, coast_frames: int, *, at_rest: bool) -> None:
        """Note whether the probe has been swept since the needle was seen last, and since when the breath rests."""
        if not at_rest:
            self._rest_since_ns = None
        elif self._rest_since_ns is None:
            self._rest_since_ns = fix.acquired_steady_ns
        lost = fix.coasted > coast_frames
        self._searched = lost and (self._searched or fix.plane is Plane.SWEPT)

    @property
    def found_by_sweep(self) -> bool:
        """Whether a sweep since the needle was seen last may have told where it is."""
        return self._searched

    @property
    def share(self) -> Matrix:
        """What share (2, 2) of a rigid needle's answer this one gives, as learned so far."""
        return self._response.share

    def go_straight(self, robot: RobotState, course: Course) -> Steered:
        """Return what keeps a needle straight that is not steered by what is seen: it turns as it advances."""
        advance_mps = speed_mps(course.remaining_m, self._settings)
        return Steered(
            roll_radps=self._roll_radps(np.zeros(2), robot, advance_mps), advance_mps=advance_mps
        )

    def step(self, fix: Fix, course: Course, robot: RobotState, planned: Vector) -> Steered:
        """Return what a fix calls for with the needle in tissue; ``planned`` (6,) are the joints on the plan."""
        miss_m = float(np.linalg.norm(course.miss_m))
        stride = self._pace.step(
            course.remaining_m,
            miss_m,
            seen=fix.coasted == 0,
            now_ns=fix.acquired_steady_ns,
            sure=not wants_sweep(fix, self._settings),
            resting_s=self._resting_s(fix),
        )
        if stride.arrived or stride.lost or stride.sweep:
            return Steered(arrived=stride.arrived, lost=stride.lost, sweep=stride.sweep)
        # The plan's axes, which rest: those of a needle that turns would turn what is far away.
        across = lateral_axes(guide_pose(planned).direction)
        rigid = self._rigid(fix, course, robot.setpoint, across)
        self._response.learn(
            rigid @ (robot.setpoint - planned)[PITCH_YAW],
            across @ (fix.tip_m + max(course.remaining_m, 0.0) * fix.direction),
            fix.insertion_m,
        )
        pivot = self._response.share @ rigid
        outlook = self._outlook(
            course, across @ course.miss_m, pivot, (robot.setpoint - planned)[PITCH_YAW]
        )
        self._beyond_reach = self._beyond_reach + 1 if self._is_beyond(outlook, course) else 0
        if self._beyond_reach >= self._settings.lost_frames:
            return Steered(lost=f"the target is out of reach, {miss_m * 1e3:.1f} mm off course")
        turn, curve = first_step(outlook, self._weights)
        pitch, yaw = (turn / self._settings.horizon_step_s).tolist()
        roll_radps = self._roll_radps(curve, robot, stride.advance_mps)
        return Steered(pitch, yaw, roll_radps, stride.advance_mps)

    def _resting_s(self, fix: Fix) -> float:
        since_ns = self._rest_since_ns
        return 0.0 if since_ns is None else (fix.acquired_steady_ns - since_ns) / NS_PER_S

    def _roll_radps(self, curve: Vector, robot: RobotState, advance_mps: float) -> float:
        if self._settings.curvature_per_m == 0.0:
            return 0.0
        at = float(robot.setpoint[ROLL]), float(robot.setpoint[INSERTION])
        return self._bevel.step(curve, *at, advance_mps)

    def _rigid(self, fix: Fix, course: Course, joints: Vector, across: Matrix) -> Matrix:
        """Return how a rigid needle's point of arrival moves (2, 2) with pitch and yaw, metres per radian."""
        lever_m = fix.insertion_m + max(course.remaining_m, 0.0)
        by_pitch, by_yaw = axis_rates(float(joints[2]), float(joints[3]))
        rigid: Matrix = lever_m * across @ np.column_stack([by_pitch, by_yaw])
        return rigid

    def _outlook(
        self, course: Course, miss_m: Vector, pivot: Matrix, turned_rad: Vector
    ) -> Outlook:
        settings = self._settings
        ahead_s = (np.arange(STEPS) + 0.5) * settings.horizon_step_s
        pace_mps = speed_mps(course.remaining_m, settings)
        left_m = np.maximum(course.remaining_m - ahead_s * pace_mps, 0.0)
        return Outlook(
            miss_m=miss_m,
            pivot=pivot,
            bend_m=settings.curvature_per_m * pace_mps * settings.horizon_step_s * left_m,
            lower=np.minimum(-settings.steer_within_rad - turned_rad, 0.0),
            upper=np.maximum(settings.steer_within_rad - turned_rad, 0.0),
            turn_rad=settings.steer_rate_radps * settings.horizon_step_s,
            curve=settings.curve_most,
        )

    def _is_beyond(self, outlook: Outlook, course: Course) -> bool:
        """Return whether all that pivot and bevel can do leaves the needle beside the target."""
        wanted = np.linalg.solve(outlook.pivot, outlook.miss_m)
        turned = np.clip(wanted, outlook.lower, outlook.upper)
        left_m = float(np.linalg.norm(outlook.miss_m - outlook.pivot @ turned))
        settings, way_m = self._settings, max(course.remaining_m, 0.0)
        bent_m = 0.5 * settings.curve_most * settings.curvature_per_m * way_m**2
        return left_m - bent_m > settings.beside_m
