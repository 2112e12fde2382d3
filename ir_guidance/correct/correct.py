# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Align the guide above the skin; below it advance, and steer so that the tip meets the target."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ir_guidance.correct.pace import speed_mps
from ir_guidance.correct.settings import CorrectSettings
from ir_guidance.correct.steering import Course, Steering, out_of_plane_sigma_m, wants_sweep
from ir_guidance.geometry import sigma_across_and_along
from ir_guidance.kinematics import INSERTION, guide_pose, joints_for, straight_tip
from ir_guidance.values import NS_PER_MS, Correction, Fix, Mode, Plan, Plane, RobotState, Vector

STILL = (0.0, 0.0, 0.0, 0.0)


class Reaction(NamedTuple):
    """What one fix calls for, before it is stamped and bounded."""

    mode: Mode
    guide_rate: tuple[float, float, float, float] = STILL
    advance_mps: float = 0.0
    roll_radps: float = 0.0
    reason: str = ""


def correct(
    fix: Fix,
    plan: Plan,
    robot: RobotState,
    settings: CorrectSettings,
    steering: Steering,
    *,
    open_loop: bool = False,
) -> Correction:
    """Return the bounded motion that this fix calls for; ``steering`` remembers what came before.

    ``open_loop`` follows the plan by the robot's own depth alone, with the same waiting for breath:
    what the image would have corrected is what the comparison shows.
    """
    resting = _is_at_rest(fix, settings.gate_near_window_m, settings)
    steering.watch(fix, settings.coast_frames, at_rest=resting)
    goal_m = plan.target_m if open_loop else _goal_m(fix, plan, settings)
    course = _course(fix, plan, goal_m, open_loop)
    reaction = _held(fix, plan, settings)
    if reaction is None:
        at = fix, plan, robot, course, settings
        reaction = _followed(*at) if open_loop else _steered(*at, steering)
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
        advance_limit_m=min(max(course.remaining_m, 0.0), reaction.advance_mps * lifetime_s),
        across_sigma_m=across_m,
        along_sigma_m=along_m,
        remaining_m=course.remaining_m,
        predicted_miss_m=float(np.linalg.norm(course.miss_m)),
        reason=reaction.reason,
        roll_radps=reaction.roll_radps,
    )


def _goal_m(fix: Fix, plan: Plan, settings: CorrectSettings) -> Vector:
    """Return where the tip is to go (3,): the target's rest, or its place when this correction acts."""
    if fix.target_rest_m is None:
        return plan.target_m
    if settings.breath == "gate" or fix.target_m is None or fix.breath_m == 0.0:
        return fix.target_rest_m
    moved_m = fix.target_m - fix.target_rest_m
    ahead: Vector = moved_m * (fix.breath_rate_mps * settings.lead_s / fix.breath_m)
    return fix.target_m + ahead


def _course(fix: Fix, plan: Plan, goal_m: Vector, open_loop: bool) -> Course:
    if open_loop or fix.insertion_m <= 0:
        return Course(plan.length_m - fix.insertion_m, np.zeros(3))
    towards = goal_m - fix.tip_m
    along = float(towards @ fix.direction)
    return Course(along + plan.beyond_m, towards - along * fix.direction)


def _held(fix: Fix, plan: Plan, settings: CorrectSettings) -> Reaction | None:
    """Return the hold or rest that the world calls for whatever the needle does, None when it does not."""
    if fix.geometry_epoch != plan.geometry_epoch:
        return Reaction(Mode.HOLD, reason="the probe's geometry changed since the plan was made")
    rest_m = plan.target_m if fix.target_rest_m is None else fix.target_rest_m
    if np.linalg.norm(rest_m - plan.target_m) > settings.target_shift_m:
        return Reaction(Mode.HOLD, reason="the target has left its place: retract and re-plan")
    if fix.target_coasted > settings.target_lost_frames:
        return Reaction(Mode.HOLD, reason=f"target not seen for {fix.target_coasted} frames")
    if fix.plane is Plane.SWEPT:
        return Reaction(Mode.SWEEP, reason="the probe is being swept")
    return None


def _waits(fix: Fix, course: Course, settings: CorrectSettings) -> bool:
    """Return whether the breath is waited for: the target is out of sight, or near and not at rest."""
    unseen = fix.target_coasted > settings.coast_frames
    near = course.remaining_m < settings.gate_from_m
    return unseen or (near and not _may_steer(fix, course, settings))


def _may_steer(fix: Fix, course: Course, settings: CorrectSettings) -> bool:
    """Return whether tip and target can be compared: at end-exhale, or whenever the breath is followed."""
    if settings.breath == "compensate":
        return fix.target_coasted == 0
    near = course.remaining_m < settings.gate_near_m
    return _is_at_rest(
        fix, settings.gate_near_window_m if near else settings.gate_window_m, settings
    )


def _is_at_rest(fix: Fix, window_m: float, settings: CorrectSettings) -> bool:
    """Return whether the target is seen within a window of its rest, and is for a while."""
    ahead_m = fix.breath_m + max(0.0, fix.breath_rate_mps) * settings.gate_lookahead_s
    return fix.target_coasted == 0 and ahead_m <= window_m


def _followed(
    fix: Fix, plan: Plan, robot: RobotState, course: Course, settings: CorrectSettings
) -> Reaction:
    """Return what follows the plan by the robot's own depth."""
    if fix.insertion_m <= 0:
        rate = _align_rate(plan, robot, settings, np.zeros(3))
        if rate != STILL:
            return Reaction(Mode.ALIGN, guide_rate=rate)
    if _waits(fix, course, settings):
        return Reaction(Mode.WAIT_FOR_BREATH)
    if course.remaining_m <= settings.arrived_m:
        return Reaction(Mode.ARRIVED)
    return Reaction(Mode.ADVANCE, advance_mps=speed_mps(course.remaining_m, settings))


def _steered(
    fix: Fix,
    plan: Plan,
    robot: RobotState,
    course: Course,
    settings: CorrectSettings,
    steering: Steering,
) -> Reaction:
    """Return what brings the tip to the target by what is seen."""
    if fix.insertion_m <= 0:
        rate = _align_rate(plan, robot, settings, _seen_shift_m(fix, plan, robot, settings))
        if rate != STILL:
            return Reaction(Mode.ALIGN, guide_rate=rate)
    if _waits(fix, course, settings):
        return Reaction(Mode.WAIT_FOR_BREATH)
    if fix.coasted > settings.coast_frames:
        return _searched(fix, plan, robot, course, settings, steering)
    if fix.insertion_m > 0 and (unsure := _unsure(fix, settings)):
        return Reaction(Mode.HOLD, reason=unsure)
    if fix.insertion_m <= 0:
        return Reaction(Mode.ADVANCE, advance_mps=speed_mps(course.remaining_m, settings))
    if fix.insertion_m > settings.steer_from_m and _may_steer(fix, course, settings):
        planned = joints_for(plan.entry_m, plan.direction, 0.0)
        steered = steering.step(fix, course, robot, planned)
    else:
        steered = steering.go_straight(robot, course)
    if steered.sweep:
        return _ask_for_sweep(fix)
    if steered.lost:
        return Reaction(Mode.HOLD, reason=f"{steered.lost}: retract and re-plan")
    if steered.arrived:
        return Reaction(Mode.ARRIVED)
    rate = (0.0, 0.0, steered.pitch_radps, steered.yaw_radps)
    return Reaction(Mode.ADVANCE, rate, steered.advance_mps, steered.roll_radps)


def _searched(
    fix: Fix,
    plan: Plan,
    robot: RobotState,
    course: Course,
    settings: CorrectSettings,
    steering: Steering,
) -> Reaction:
    """Return what is done about a needle that is not seen: it is held, and a sweep of a tracked probe may find it.

    For as long as a sweep made since has told where it is, it is pivoted back to where it belongs, and never advanced.
    """
    lost = f"needle not seen for {fix.coasted} frames"
    if settings.sweep_sigma_m == 0.0 or fix.plane is Plane.FIXED or fix.insertion_m <= 0:
        return Reaction(Mode.HOLD, reason=lost)
    if not steering.found_by_sweep or wants_sweep(fix, settings):
        return Reaction(Mode.HOLD, reason=f"{lost}: sweep the probe to find it")
    steered = steering.step(fix, course, robot, joints_for(plan.entry_m, plan.direction, 0.0))
    if steered.lost:
        return Reaction(Mode.HOLD, reason=f"{steered.lost}: retract and re-plan")
    rate = (0.0, 0.0, steered.pitch_radps, steered.yaw_radps)
    return Reaction(Mode.ADVANCE, rate, reason=f"{lost}, and pivoted to where a sweep found it")


def _ask_for_sweep(fix: Fix) -> Reaction:
    why = f"the tip is known to {1e3 * out_of_plane_sigma_m(fix):.1f} mm out of the plane"
    return Reaction(Mode.SWEEP, reason=f"sweep the probe across the needle: {why}")


def _seen_shift_m(fix: Fix, plan: Plan, robot: RobotState, settings: CorrectSettings) -> Vector:
    """Return how far (3,) an image shows the needle beside where the joints have it; 0 where none does."""
    if float(np.sqrt(np.linalg.eigvalsh(fix.tip_covariance_m2)[-1])) > settings.servo_sigma_m:
        return np.zeros(3)
    shift_m = fix.tip_m - straight_tip(guide_pose(robot.position))
    shift_m = shift_m - (shift_m @ plan.direction) * plan.direction
    length_m = max(float(np.linalg.norm(shift_m)), 1e-12)
    bounded: Vector = shift_m * min(1.0, settings.servo_within_m / length_m)
    return bounded


def _align_rate(
    plan: Plan, robot: RobotState, settings: CorrectSettings, shift_m: Vector
) -> tuple[float, float, float, float]:
    """Return the rates that bring the guide onto the plan, all zero once it is there.

    ``shift_m`` (3,) across the path is how far beside its joints' word the needle is seen: the guide goes
    as far to the other side.
    """
    entry_m = plan.entry_m - shift_m + plan.direction * (shift_m[2] / plan.direction[2])
    error = (joints_for(entry_m, plan.direction, 0.0) - robot.setpoint)[:INSERTION]
    close = np.array([settings.aligned_m] * 2 + [settings.aligned_rad] * 2)
    if (np.abs(error) <= close).all():
        return STILL
    limit = np.array(settings.align_rate)
    x, y, pitch, yaw = np.clip(settings.align_gain_hz * error, -limit, limit).tolist()
    return x, y, pitch, yaw


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
