# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Align the guide above the skin; below it advance, and pivot the guide so that the tip meets the target."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field

from ir_guidance.geometry import sigma_across_and_along
from ir_guidance.kinematics import INSERTION, axis_rates, joints_for
from ir_guidance.settings import Settings
from ir_guidance.values import NS_PER_MS, Correction, Fix, Mode, Plan, RobotState, Vector

AlignRate = Annotated[float, Field(gt=0, le=0.5)]
STILL = (0.0, 0.0, 0.0, 0.0)


class CorrectSettings(Settings):
    """How boldly the needle is moved."""

    advance_mps: float = Field(
        0.003, gt=0, le=0.02, description="Speed of advance far from the target."
    )
    slow_advance_mps: float = Field(
        0.0008, gt=0, le=0.02, description="Speed of advance at the target."
    )
    slow_within_m: float = Field(
        0.004, gt=0, le=0.05, description="Distance over which to slow down."
    )
    arrived_m: float = Field(
        0.0002, gt=0, le=0.005, description="Remaining path that counts as arrived."
    )
    align_gain_hz: float = Field(
        2.0, gt=0, le=10, description="Fraction of the guide's error removed per second."
    )
    align_rate: tuple[AlignRate, AlignRate, AlignRate, AlignRate] = Field(
        (0.010, 0.010, 0.10, 0.10),
        description="Fastest alignment: x, y in m/s, pitch, yaw in rad/s.",
    )
    aligned_m: float = Field(
        0.0001, gt=0, le=0.002, description="Guide position that counts as aligned."
    )
    aligned_rad: float = Field(
        0.001, gt=0, le=0.02, description="Guide angle that counts as aligned."
    )
    steer_gain_hz: float = Field(
        1.0, gt=0, le=10, description="Fraction of the predicted miss removed per second."
    )
    steer_rate_radps: float = Field(
        0.03, gt=0, le=0.2, description="Fastest pivot with the needle in tissue."
    )
    steer_from_m: float = Field(
        0.005, gt=0, le=0.05, description="Depth below which the tip's position is used."
    )
    steer_within_rad: float = Field(
        0.17, gt=0, le=0.5, description="Largest pivot away from the plan."
    )
    steer_first_m: float = Field(
        0.0005,
        gt=0,
        le=0.01,
        description="Predicted miss above which the advance waits for the pivot.",
    )
    steer_first_within_m: float = Field(
        0.010,
        ge=0,
        le=0.1,
        description="Remaining path within which the advance waits for the pivot.",
    )
    gate_from_m: float = Field(
        0.020, ge=0, le=0.2, description="Remaining path from which the breath is waited for."
    )
    gate_window_m: float = Field(
        0.0008, gt=0, le=0.01, description="Breathing displacement in which to move."
    )
    gate_lookahead_s: float = Field(
        0.20, ge=0, le=1, description="The displacement is predicted this far ahead."
    )
    target_shift_m: float = Field(
        0.005, gt=0, le=0.02, description="Shift of the target that needs a new plan."
    )
    coast_frames: int = Field(
        3, ge=0, le=3, description="Frames without needle or target before resting."
    )
    target_lost_frames: int = Field(
        150,
        ge=1,
        le=600,
        description="Frames without the target, which breath takes out of the plane, before holding.",
    )
    across_sigma_m: float = Field(
        0.0020,
        gt=0,
        le=0.010,
        description="Uncertainty of tip to target across what the image shows, above which the needle is held.",
    )
    along_sigma_m: float = Field(
        0.0020,
        gt=0,
        le=0.010,
        description="The same along what it does not show: out of the plane, along the X-ray.",
    )
    expiry_ms: float = Field(
        150.0, gt=0, le=150, description="Oldest image, from acquisition, worth acting on."
    )


class Reaction(NamedTuple):
    """What one fix calls for, before it is stamped and bounded."""

    mode: Mode
    guide_rate: tuple[float, float, float, float] = STILL
    advance_mps: float = 0.0
    reason: str = ""


def correct(
    fix: Fix, plan: Plan, robot: RobotState, settings: CorrectSettings, *, open_loop: bool = False
) -> Correction:
    """Return the bounded motion that this fix calls for.

    ``open_loop`` follows the plan by the robot's own depth alone, with the same waiting for breath:
    what the image would have corrected is what the comparison shows.
    """
    goal_m = plan.target_m if open_loop or fix.target_rest_m is None else fix.target_rest_m
    remaining_m, miss = _remaining(fix, plan, goal_m, open_loop)
    reaction = _reaction(fix, plan, robot, goal_m, remaining_m, miss, settings, open_loop)
    lifetime_s = settings.expiry_ms / 1e3
    across_m, along_m = sigmas_m(fix)
    return Correction(
        sequence=fix.sequence,
        stamp_ns=fix.stamp_ns,
        acquired_steady_ns=fix.acquired_steady_ns,
        expires_steady_ns=fix.acquired_steady_ns + int(settings.expiry_ms * NS_PER_MS),
        mode=reaction.mode,
        plan_hash=plan.hash,
        guide_rate=reaction.guide_rate,
        advance_mps=reaction.advance_mps,
        advance_limit_m=min(max(remaining_m, 0.0), reaction.advance_mps * lifetime_s),
        across_sigma_m=across_m,
        along_sigma_m=along_m,
        remaining_m=remaining_m,
        predicted_miss_m=float(np.linalg.norm(miss)),
        reason=reaction.reason,
    )


def _remaining(fix: Fix, plan: Plan, goal_m: Vector, open_loop: bool) -> tuple[float, Vector]:
    """Return the path left in metres and the miss (3,) if the needle went on straight."""
    if open_loop or fix.insertion_m <= 0:
        return plan.length_m - fix.insertion_m, np.zeros(3)
    towards = goal_m - fix.tip_m
    along = float(towards @ fix.direction)
    return along, towards - along * fix.direction


def _reaction(
    fix: Fix,
    plan: Plan,
    robot: RobotState,
    goal_m: Vector,
    remaining_m: float,
    miss: Vector,
    settings: CorrectSettings,
    open_loop: bool,
) -> Reaction:
    if fix.geometry_epoch != plan.geometry_epoch:
        return Reaction(Mode.HOLD, reason="the probe's geometry changed since the plan was made")
    if np.linalg.norm(goal_m - plan.target_m) > settings.target_shift_m:
        return Reaction(Mode.HOLD, reason="the target has left its place: re-plan")
    if fix.insertion_m <= 0:
        rate = _align_rate(plan, robot, settings)
        if rate != STILL:
            return Reaction(Mode.ALIGN, guide_rate=rate)
    if fix.target_coasted > settings.target_lost_frames:
        return Reaction(Mode.HOLD, reason=f"target not seen for {fix.target_coasted} frames")
    at_rest = _breath_at_rest(fix, settings)
    unseen = fix.target_coasted > settings.coast_frames
    if unseen or (remaining_m < settings.gate_from_m and not at_rest):
        return Reaction(Mode.WAIT_FOR_BREATH)
    if not open_loop and fix.coasted > settings.coast_frames:
        return Reaction(Mode.HOLD, reason=f"needle not seen for {fix.coasted} frames")
    if not open_loop and (unsure := _unsure(fix, settings)):
        return Reaction(Mode.HOLD, reason=unsure)
    if remaining_m <= settings.arrived_m:
        return Reaction(Mode.ARRIVED)
    steering = not open_loop and at_rest and fix.insertion_m > settings.steer_from_m
    rate = _steer_rate(fix, plan, robot, remaining_m, miss, settings) if steering else STILL
    return Reaction(Mode.ADVANCE, rate, _advance_mps(remaining_m, miss, rate, settings))


def _align_rate(
    plan: Plan, robot: RobotState, settings: CorrectSettings
) -> tuple[float, float, float, float]:
    """Return the rates that bring the guide onto the plan, all zero once it is there."""
    error = (joints_for(plan.entry_m, plan.direction, 0.0) - robot.setpoint)[:INSERTION]
    close = np.array([settings.aligned_m] * 2 + [settings.aligned_rad] * 2)
    if (np.abs(error) <= close).all():
        return STILL
    limit = np.array(settings.align_rate)
    x, y, pitch, yaw = np.clip(settings.align_gain_hz * error, -limit, limit).tolist()
    return x, y, pitch, yaw


def _breath_at_rest(fix: Fix, settings: CorrectSettings) -> bool:
    """Return whether the target is, and will soon be, where it rests."""
    ahead_m = fix.breath_m + max(0.0, fix.breath_rate_mps) * settings.gate_lookahead_s
    return fix.target_coasted == 0 and ahead_m <= settings.gate_window_m


def _steer_rate(
    fix: Fix,
    plan: Plan,
    robot: RobotState,
    remaining_m: float,
    miss: Vector,
    settings: CorrectSettings,
) -> tuple[float, float, float, float]:
    """Return pivot rates that bring the straight continuation of the needle onto the target.

    A pivot by one radian moves the point at the target's depth by insertion + remaining, were the
    needle rigid; tissue leaves less, and what is left is removed on the frames to come.
    """
    _, _, pitch, yaw, _ = (float(value) for value in robot.setpoint)
    lever_m = fix.insertion_m + max(remaining_m, 0.0)
    nominal = joints_for(plan.entry_m, plan.direction, 0.0)
    rates = []
    for direction, now, planned in zip(
        axis_rates(pitch, yaw), (pitch, yaw), nominal[2:4], strict=True
    ):
        turn = float(miss @ direction) / lever_m / float(direction @ direction)
        rate = settings.steer_gain_hz * turn
        rate = float(np.clip(rate, -settings.steer_rate_radps, settings.steer_rate_radps))
        outward = (now - planned) * rate > 0 and abs(now - planned) >= settings.steer_within_rad
        rates.append(0.0 if outward else rate)
    return 0.0, 0.0, rates[0], rates[1]


def _advance_mps(
    remaining_m: float,
    miss: Vector,
    rate: tuple[float, float, float, float],
    settings: CorrectSettings,
) -> float:
    """Return the speed of advance: slower near the target, none while the pivot must come first."""
    pivoting = rate != STILL and remaining_m < settings.steer_first_within_m
    if pivoting and float(np.linalg.norm(miss)) > settings.steer_first_m:
        return 0.0
    share = min(1.0, remaining_m / settings.slow_within_m)
    return settings.slow_advance_mps + share * (settings.advance_mps - settings.slow_advance_mps)


def sigmas_m(fix: Fix) -> tuple[float, float]:
    """Return the standard deviations of tip to target: the largest across the view, and that along it.

    Where it is not known what the image does not show, both are the largest in any direction.
    """
    covariance = fix.tip_covariance_m2
    if fix.target_covariance_m2 is not None:
        covariance = covariance + fix.target_covariance_m2
    if fix.unseen is None:
        largest_m = float(np.sqrt(np.linalg.eigvalsh(covariance)[-1]))
        return largest_m, largest_m
    return sigma_across_and_along(covariance, fix.unseen)


def _unsure(fix: Fix, settings: CorrectSettings) -> str:
    """Return in which direction it is too uncertain where the needle is to the target, empty in none."""
    limits_m = settings.across_sigma_m, settings.along_sigma_m
    for way, sigma_m, limit_m in zip(("across", "along"), sigmas_m(fix), limits_m, strict=True):
        if not sigma_m <= limit_m:
            return f"unsure {way} the view: {sigma_m * 1e3:.1f} mm, limit {limit_m * 1e3:.1f} mm"
    return ""
