# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A plan, fixes of a straight needle on it, and what they are answered with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ir_guidance.correct import CorrectSettings, Steering, correct
from ir_guidance.kinematics import axis, joints_for
from ir_guidance.values import Correction, Fix, Plan, RobotState, Vector

SETTINGS = CorrectSettings(
    advance_mps=0.003,
    slow_advance_mps=0.0008,
    slow_within_m=0.004,
    arrived_m=0.0002,
    align_gain_hz=2.0,
    align_rate=(0.010, 0.010, 0.10, 0.10),
    aligned_m=0.0001,
    aligned_rad=0.001,
    gate_from_m=0.020,
    gate_window_m=0.0008,
    gate_near_m=0.005,
    gate_near_window_m=0.0004,
    gate_lookahead_s=0.20,
    target_shift_m=0.005,
    coast_frames=3,
    target_lost_frames=150,
    expiry_ms=150.0,
)
ENTRY_M = np.array([-0.030, 0.002, 0.0])
DIRECTION = axis(0.70, 0.05)
LENGTH_M = 0.055
TARGET_M = ENTRY_M + LENGTH_M * DIRECTION
PLAN = Plan(
    entry_m=ENTRY_M,
    target_m=TARGET_M,
    direction=DIRECTION,
    length_m=LENGTH_M,
    clearance_m=1.0,
    geometry_epoch=4,
    obstacles=(),
    hash="plan",
)
ON_PLAN = joints_for(ENTRY_M, DIRECTION, 0.0)
ACROSS = np.array([1.0, 0.0, 0.0])
ACROSS_Y = np.array([0.0, 1.0, 0.0])
STILL = (0.0, 0.0, 0.0, 0.0)


def robot_at(joints: Vector) -> RobotState:
    return RobotState(0, joints, np.zeros(6), joints)


def fix_at(insertion_m: float, miss_m: Vector | None = None, **changes: Any) -> Fix:
    """Return a fix of a straight needle on the plan whose tip is off by ``miss_m``, at end-exhale."""
    good = Fix(
        sequence=7,
        stamp_ns=111,
        acquired_steady_ns=222,
        tip_m=ENTRY_M + insertion_m * DIRECTION + (0 if miss_m is None else miss_m),
        tip_covariance_m2=np.diag([1e-8, 4e-8, 1e-8]),
        direction=DIRECTION,
        direction_covariance=np.eye(3) * 1e-6,
        target_m=TARGET_M,
        target_covariance_m2=np.diag([1e-8, 5e-8, 1e-8]),
        insertion_m=insertion_m,
        target_rest_m=TARGET_M,
        geometry_epoch=4,
    )
    return replace(good, **changes)


def answer(fix: Fix, joints: Vector | None = None, **options: Any) -> Correction:
    at = ON_PLAN if joints is None else joints
    settings = options.pop("settings", SETTINGS)
    steering = options.pop("steering", None) or Steering(settings)
    return correct(fix, PLAN, robot_at(at), settings, steering, **options)
