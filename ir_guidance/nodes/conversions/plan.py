# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Plans, and the no-go regions in them."""

from __future__ import annotations

from ir_guidance.nodes.conversions.checks import (
    BASE,
    ConversionError,
    header,
    require_base,
    require_finite,
    vector,
)
from ir_guidance.plan.identity import hash_of
from ir_guidance.values import Plan, Sphere
from ir_guidance_msgs.msg import Plan as PlanMsg
from ir_guidance_msgs.msg import Sphere as SphereMsg


def plan_to_msg(plan: Plan, stamp_ns: int) -> PlanMsg:
    """Return a plan as a message; ``stamp_ns`` is when the image it was made on was acquired."""
    return PlanMsg(
        header=header(stamp_ns, BASE),
        status=PlanMsg.OK,
        entry_m=vector(plan.entry_m),
        target_m=vector(plan.target_m),
        direction=vector(plan.direction),
        bend_per_m=vector(plan.bend_per_m),
        length_m=float(plan.length_m),
        beyond_m=float(plan.beyond_m),
        checkpoints_m=list(plan.checkpoints_m),
        clearance_m=float(plan.clearance_m),
        geometry_epoch=plan.geometry_epoch,
        obstacles=[sphere_to_msg(sphere) for sphere in plan.obstacles],
        no_go=plan.no_go,
        planner=plan.planner,
        hash=plan.hash,
    )


def plan_from_msg(msg: PlanMsg) -> Plan:
    """Return a message's plan.

    Raises:
        ConversionError: It is withdrawn or failed, its hash is not that of what it says, it is not in the
            robot's base frame, or a number is not finite.
    """
    if msg.status != PlanMsg.OK:
        raise ConversionError(f"Plan: status {msg.status}, not to be followed: {msg.message}")
    require_finite(msg)
    require_base(msg)
    plan = Plan(
        entry_m=vector(msg.entry_m),
        target_m=vector(msg.target_m),
        direction=vector(msg.direction),
        bend_per_m=vector(msg.bend_per_m),
        length_m=msg.length_m,
        beyond_m=msg.beyond_m,
        checkpoints_m=tuple(float(depth_m) for depth_m in msg.checkpoints_m),
        clearance_m=msg.clearance_m,
        geometry_epoch=msg.geometry_epoch,
        obstacles=tuple(sphere_from_msg(sphere) for sphere in msg.obstacles),
        no_go=msg.no_go,
        planner=msg.planner,
        hash=msg.hash,
    )
    if hash_of(plan) != plan.hash:
        raise ConversionError(
            "Plan: its hash is not that of what it says, so that no consent could bind to it"
        )
    return plan


def sphere_to_msg(sphere: Sphere) -> SphereMsg:
    """Return a no-go region as a message."""
    return SphereMsg(centre_m=vector(sphere.centre_m), radius_m=float(sphere.radius_m))


def sphere_from_msg(msg: SphereMsg) -> Sphere:
    """Return a message's no-go region."""
    x_m, y_m, z_m = (float(value) for value in msg.centre_m)
    return Sphere((x_m, y_m, z_m), msg.radius_m)
