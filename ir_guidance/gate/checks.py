# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What each input must satisfy; every check returns why not, and nothing when it does."""

from __future__ import annotations

import math

from ir_guidance.gate.settings import GateSettings
from ir_guidance.kinematics import INSERTION, JOINTS, ROLL, RobotLimits
from ir_guidance.values import NS_PER_MS, Consent, Correction, Mode, RobotState

ENCODERS_ERR = 2e-5  # metres, radians
FUTURE = "from the future"
OVER_BUDGET = "over budget"
UNSURE_ACROSS = "too uncertain across the view"
UNSURE_ALONG = "too uncertain along the view"
BROKEN = "consent was let go: press again"
EXPIRED = "consent expired"
AHEAD = "consent from the future"
ABSENT = "no consent"
OTHER = "consent is for another plan"
LAPSED = (EXPIRED, AHEAD, OTHER)
OF_CONSENT = (BROKEN, ABSENT, *LAPSED)


def correction_fault(
    correction: Correction,
    now_ns: int,
    approved_hash: str | None,
    last_sequence: int | None,
    settings: GateSettings,
) -> str:
    """Return what forbids acting on a correction."""
    numbers = (
        *correction.guide_rate,
        correction.advance_mps,
        correction.advance_limit_m,
        correction.across_sigma_m,
        correction.along_sigma_m,
        correction.roll_radps,
    )
    age_ms = (now_ns - correction.acquired_steady_ns) / NS_PER_MS
    lifetime_ms = (correction.expires_steady_ns - correction.acquired_steady_ns) / NS_PER_MS
    decides = correction.mode in (Mode.ADVANCE, Mode.ARRIVED) or correction.advance_mps > 0
    across_m, along_m = correction.across_sigma_m, correction.along_sigma_m
    faults = (  # finite before any limit: a NaN passes every comparison
        ("not finite", not all(math.isfinite(value) for value in numbers)),
        ("plan not approved", correction.plan_hash != approved_hash),
        ("out of order", last_sequence is not None and correction.sequence <= last_sequence),
        (FUTURE, age_ms < -settings.future_ms),
        ("image too old", age_ms > settings.frame_age_ms),
        ("expiry out of bounds", not 0 < lifetime_ms <= settings.frame_age_ms),
        ("retraction asked for", correction.advance_mps < 0 or correction.advance_limit_m < 0),
        ("advance too fast", correction.advance_mps > settings.advance_mps * (1 + 1e-9)),
        (UNSURE_ACROSS, decides and not 0 <= across_m <= settings.across_sigma_m),
        (UNSURE_ALONG, decides and not 0 <= along_m <= settings.along_sigma_m),
        (OVER_BUDGET, age_ms > settings.budget_ms),
    )
    return next((why for why, broken in faults if broken), "")


def consent_fault(
    consent: Consent | None,
    now_ns: int,
    approved_hash: str,
    spent_grant: int,
    settings: GateSettings,
) -> str:
    """Return why the operator cannot be said to consent; a spent grant is one that was once broken."""
    if consent is None or not consent.held:
        return ABSENT
    age_ms = (now_ns - consent.issued_steady_ns) / NS_PER_MS
    if age_ms > settings.consent_age_ms:
        return EXPIRED
    if age_ms < -settings.future_ms:
        return AHEAD
    if consent.plan_hash != approved_hash:
        return OTHER
    return BROKEN if consent.grant <= spent_grant else ""


def state_age_ms(robot: RobotState, now_ns: int) -> float:
    """Return how far a state is from now; one from the future is as little worth as an old one."""
    return abs(now_ns - robot.steady_ns) / NS_PER_MS


def robot_fault(robot: RobotState, settings: GateSettings) -> str:
    """Return what the robot reports that calls for a protective stop."""
    if robot.estop:
        return "emergency stop pressed"
    if robot.fault:
        return f"robot fault: {robot.fault}"
    if robot.force_n > settings.force_n:
        return f"force {robot.force_n:.1f} N over {settings.force_n:.1f} N"
    return ""


def following_fault(
    asked: tuple[float, ...], measured: tuple[float, ...], settings: GateSettings
) -> str:
    """Return by how much the robot is not where it was asked to be."""
    errors = [abs(wanted - at) for wanted, at in zip(asked, measured, strict=True)]
    slide = max(errors[0], errors[1], errors[INSERTION])
    turn, roll = max(errors[2], errors[3]), errors[ROLL]
    guided = slide <= settings.following_m and turn <= settings.following_rad
    if guided and roll <= settings.following_roll_rad:
        return ""
    return f"robot not following: {slide * 1e3:.2f} mm, {turn:.3f} rad, roll {roll:.2f} rad"


def reach_fault(position: tuple[float, ...], limits: RobotLimits) -> str:
    """Return which joint limit a position breaks."""
    for name, value, low, high in zip(JOINTS, position, limits.lower, limits.upper, strict=True):
        if not low <= value <= high:
            return f"{name} {value:.4f} outside [{low}, {high}]"
    return ""


def plan_fault(planned: tuple[float, ...], limits: RobotLimits) -> str:
    """Return why a plan's joints, insertion at its depth, cannot be gone to."""
    if not all(math.isfinite(value) for value in planned):
        return "the plan holds a value that is not finite"
    fault = reach_fault(planned, limits)
    return f"the robot cannot reach the plan: {fault}" if fault else ""


def within_reach(position: tuple[float, ...], limits: RobotLimits) -> tuple[float, ...] | None:
    """Return a measured position within the joint limits; None when it is beyond one by more than encoders err."""
    ranges = zip(position, limits.lower, limits.upper, strict=True)
    inside = tuple(min(max(at, low), high) for at, low, high in ranges)
    off = max(abs(at - was) for at, was in zip(inside, position, strict=True))
    return inside if off <= ENCODERS_ERR else None


def envelope_fault(
    position: tuple[float, ...],
    planned: tuple[float, ...],
    limits: RobotLimits,
    settings: GateSettings,
) -> str:
    """Return which bound about the approved plan a set point breaks."""
    fault = reach_fault(position, limits)
    if fault or position[INSERTION] <= 0:
        return fault
    if position[INSERTION] > planned[INSERTION] + settings.overshoot_m:
        return "deeper than the plan"
    if max(abs(position[0] - planned[0]), abs(position[1] - planned[1])) > settings.slide_m:
        return "sliding with the needle in tissue"
    if max(abs(position[2] - planned[2]), abs(position[3] - planned[3])) > settings.pivot_rad:
        return "pivoting too far from the plan"
    return ""
