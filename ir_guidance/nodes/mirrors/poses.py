# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Poses: where the tip, the target, the entry and the guide are."""

from __future__ import annotations

import math

import numpy as np
from geometry_msgs.msg import Point, Pose, PoseStamped, PoseWithCovarianceStamped, Quaternion
from scipy.spatial.transform import Rotation

from ir_guidance.geometry import transform
from ir_guidance.kinematics import straight_tip
from ir_guidance.nodes.conversions import BASE, header
from ir_guidance.values import Fix, GuidePose, Matrix, Plan, Vector

UNKNOWN_ANGLE_RAD2 = math.pi**2 / 3
"""Variance of an angle that may be anything."""


def tip_pose(fix: Fix) -> PoseWithCovarianceStamped:
    """Return the needle's tip; the pose's +z points along the shaft into the patient.

    The roll about the shaft is not known: its variance is that of an angle that may be anything.
    """
    direction = fix.direction
    msg = _pose(fix, fix.tip_m, fix.tip_covariance_m2)
    msg.pose.pose.orientation = quaternion(z_onto(direction))
    across = np.cross(
        np.eye(3), direction
    )  # a small rotation w turns the direction by w x direction
    tilt = across.T @ fix.direction_covariance @ across
    roll = UNKNOWN_ANGLE_RAD2 * np.outer(direction, direction)
    _set_covariance(msg, fix.tip_covariance_m2, tilt + roll)
    return msg


def target_pose(fix: Fix) -> PoseWithCovarianceStamped | None:
    """Return the target's centre, of unknown orientation; None where it is not known."""
    if fix.target_m is None or fix.target_covariance_m2 is None:
        return None
    return _pose(fix, fix.target_m, fix.target_covariance_m2)


def entry_pose(plan: Plan, stamp_ns: int) -> PoseStamped:
    """Return where the needle is to meet the skin; +z points along the plan into the patient."""
    return PoseStamped(header=header(stamp_ns, BASE), pose=_along(plan.entry_m, plan.direction))


def guide_pose_stamped(pose: GuidePose, stamp_ns: int) -> PoseStamped:
    """Return where the robot holds a straight needle's tip; +z points along the needle into the patient."""
    return PoseStamped(
        header=header(stamp_ns, BASE), pose=_along(straight_tip(pose), pose.direction)
    )


def tip_frame(fix: Fix) -> Matrix:
    """Return the 4x4 transform that takes ``needle_tip``, its +z along the shaft, to ``base_link``."""
    return transform(z_onto(fix.direction).as_matrix(), fix.tip_m)


def _along(point_m: Vector, direction: Vector) -> Pose:
    return Pose(position=point(point_m), orientation=quaternion(z_onto(direction)))


def _pose(fix: Fix, point_m: Vector, covariance_m2: Matrix) -> PoseWithCovarianceStamped:
    msg = PoseWithCovarianceStamped(header=header(fix.stamp_ns, BASE))
    msg.pose.pose.position = point(point_m)
    _set_covariance(msg, covariance_m2, UNKNOWN_ANGLE_RAD2 * np.eye(3))
    return msg


def _set_covariance(
    msg: PoseWithCovarianceStamped, position_m2: Matrix, rotation_rad2: Matrix
) -> None:
    covariance = np.zeros((6, 6))
    covariance[:3, :3] = position_m2
    covariance[3:, 3:] = rotation_rad2
    msg.pose.covariance = covariance.ravel()


def z_onto(direction: Vector) -> Rotation:
    """Return the shortest rotation that takes +z onto a unit direction (3,)."""
    x, y, z = direction
    if z < -1.0 + 1e-12:
        return Rotation.from_quat([1.0, 0.0, 0.0, 0.0])  # half a turn about x
    return Rotation.from_quat([-y, x, 0.0, 1.0 + z])


def xyz(values: Vector) -> dict[str, float]:
    """Return three numbers by the names that points and vectors have."""
    return dict(zip("xyz", (float(value) for value in values), strict=True))


def point(values: Vector) -> Point:
    """Return a point (3,) in metres as a message."""
    return Point(**xyz(values))


def quaternion(rotation: Rotation) -> Quaternion:
    """Return a rotation as a message."""
    x, y, z, w = (float(value) for value in rotation.as_quat())
    return Quaternion(x=x, y=y, z=z, w=w)
