# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The geometry that images were taken with: probe and C-arm."""

from __future__ import annotations

from typing import Any

import numpy as np

from ir_guidance.nodes.conversions.checks import (
    BASE,
    ConversionError,
    flat,
    header,
    require_finite,
    rigid,
    vector,
)
from ir_guidance.nodes.conversions.image import IMAGE_FRAMES
from ir_guidance.values import CarmGeometry, Modality, ProbeGeometry
from ir_guidance_msgs.msg import CarmGeometry as CarmGeometryMsg
from ir_guidance_msgs.msg import ProbeGeometry as ProbeGeometryMsg


def probe_geometry_to_msg(geometry: ProbeGeometry, stamp_ns: int) -> ProbeGeometryMsg:
    """Return a probe's geometry as a message, in force since ``stamp_ns``."""
    return ProbeGeometryMsg(
        header=header(stamp_ns, BASE),
        epoch=geometry.epoch,
        spacing_m=vector(geometry.spacing_m),
        face_px=vector(geometry.face_px),
        base_from_image=flat(geometry.base_from_image),
        slice_sigma_m=float(geometry.slice_sigma_m),
        tracked=geometry.tracked,
    )


def probe_geometry_from_msg(msg: ProbeGeometryMsg) -> ProbeGeometry:
    """Return a message's probe geometry.

    Raises:
        ConversionError: A number is not finite, a length not positive, the transform not rigid.
    """
    require_finite(msg)
    _require_positive(msg, "spacing_m", "slice_sigma_m")
    base_from_image = rigid(msg, "base_from_image")
    across_m, down_m = (float(spacing) for spacing in msg.spacing_m)
    u_px, v_px = (float(px) for px in msg.face_px)
    return ProbeGeometry(
        spacing_m=(across_m, down_m),
        face_px=(u_px, v_px),
        base_from_image=base_from_image,
        slice_sigma_m=msg.slice_sigma_m,
        epoch=msg.epoch,
        tracked=msg.tracked,
    )


def carm_geometry_to_msg(geometry: CarmGeometry, stamp_ns: int, view: int = 0) -> CarmGeometryMsg:
    """Return the geometry of a C-arm's plane as a message, in force since ``stamp_ns``."""
    placed = geometry.base_from_isocentre
    return CarmGeometryMsg(
        header=header(stamp_ns, IMAGE_FRAMES[Modality.FLUOROSCOPY]),
        view=view,
        epoch=geometry.epoch,
        sdd_m=float(geometry.sdd_m),
        sid_m=float(geometry.sid_m),
        primary_angle_rad=float(geometry.primary_angle_rad),
        secondary_angle_rad=float(geometry.secondary_angle_rad),
        imager_spacing_m=vector(geometry.imager_spacing_m),
        table_m=vector(geometry.table_m),
        centre_px=vector(() if geometry.centre_px is None else geometry.centre_px),
        base_from_isocentre=flat(np.empty(0) if placed is None else placed),
    )


def carm_geometry_from_msg(msg: CarmGeometryMsg) -> CarmGeometry:
    """Return a message's C-arm geometry.

    Raises:
        ConversionError: A number is not finite, a distance or a spacing not positive, the isocentre
            not before the detector, a pixel not (u, v), the transform not rigid.
    """
    require_finite(msg)
    _require_positive(msg, "sdd_m", "sid_m", "imager_spacing_m")
    if msg.sid_m >= msg.sdd_m:
        raise ConversionError(
            f"CarmGeometry: sid_m {msg.sid_m} must be less than sdd_m {msg.sdd_m}"
        )
    across_m, down_m = (float(spacing) for spacing in msg.imager_spacing_m)
    lateral_m, longitudinal_m, vertical_m = (float(value) for value in msg.table_m)
    return CarmGeometry(
        sdd_m=msg.sdd_m,
        sid_m=msg.sid_m,
        primary_angle_rad=msg.primary_angle_rad,
        secondary_angle_rad=msg.secondary_angle_rad,
        imager_spacing_m=(across_m, down_m),
        table_m=(lateral_m, longitudinal_m, vertical_m),
        epoch=msg.epoch,
        centre_px=_centre_px(msg),
        base_from_isocentre=(
            rigid(msg, "base_from_isocentre") if len(msg.base_from_isocentre) else None
        ),
    )


def _centre_px(msg: CarmGeometryMsg) -> tuple[float, float] | None:
    if not len(msg.centre_px):
        return None
    if len(msg.centre_px) != 2:
        raise ConversionError(
            f"CarmGeometry: centre_px has {len(msg.centre_px)} numbers, it must be u and v, or empty"
        )
    u_px, v_px = (float(px) for px in msg.centre_px)
    return u_px, v_px


def _require_positive(msg: Any, *fields: str) -> None:
    for field in fields:
        if not np.all(np.asarray(getattr(msg, field)) > 0):
            raise ConversionError(f"{type(msg).__name__}: {field} must be positive")
