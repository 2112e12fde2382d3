# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Joints, the C-arm as a camera, diagnostics and /tf."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from geometry_msgs.msg import Transform, TransformStamped, Vector3
from scipy.spatial.transform import Rotation
from sensor_msgs.msg import CameraInfo, JointState

from ir_guidance.geometry import carm_axes, isocentre_px
from ir_guidance.geometry import transform as rigid
from ir_guidance.kinematics import JOINTS
from ir_guidance.nodes.conversions import BASE, IMAGE_FRAMES, header
from ir_guidance.nodes.mirrors.poses import quaternion, tip_frame, xyz
from ir_guidance.values import CarmGeometry, Fix, Matrix, Modality, ProbeGeometry, Vector

try:
    from tf2_msgs.msg import TFMessage
except ImportError:  # in no ROS wheel; `make setup` generates it, a full ROS has it
    TFMessage = None


def joint_state(
    position: Sequence[float] | Vector, velocity: Sequence[float] | Vector, stamp_ns: int
) -> JointState:
    """Return positions and velocities of the robot's joints, measured or set, in its model's order."""
    return JointState(
        header=header(stamp_ns, BASE),
        name=list(JOINTS),
        position=array("d", position),
        velocity=array("d", velocity),
    )


def camera_info(geometry: CarmGeometry, shape: tuple[int, int], stamp_ns: int) -> CameraInfo:
    """Return a C-arm as a pinhole camera with the X-ray source as its centre; ``shape`` is (rows, columns)."""
    rows, columns = shape
    across_m, down_m = geometry.imager_spacing_m
    u_px, v_px = isocentre_px(geometry, shape)
    k = np.array(
        [
            [geometry.sdd_m / across_m, 0.0, u_px],
            [0.0, geometry.sdd_m / down_m, v_px],
            [0.0, 0.0, 1.0],
        ]
    )
    return CameraInfo(
        header=header(stamp_ns, IMAGE_FRAMES[Modality.FLUOROSCOPY]),
        height=rows,
        width=columns,
        distortion_model="plumb_bob",
        d=[0.0] * 5,
        k=k.ravel(),
        r=np.eye(3).ravel(),
        p=np.hstack([k, np.zeros((3, 1))]).ravel(),
    )


def diagnostic(
    name: str, level: bytes, message: str, values: Mapping[str, object]
) -> DiagnosticStatus:
    """Return one line of ``/diagnostics``; ``name`` is ``node: part``, ``level`` a DiagnosticStatus constant."""
    pairs = [KeyValue(key=key, value=str(value)) for key, value in values.items()]
    return DiagnosticStatus(name=name, level=level, message=message, values=pairs)


def diagnostics(statuses: Iterable[DiagnosticStatus], stamp_ns: int) -> DiagnosticArray:
    """Return a message for ``/diagnostics``."""
    return DiagnosticArray(header=header(stamp_ns, ""), status=list(statuses))


def transform(
    parent_from_child: Matrix, parent: str, child: str, stamp_ns: int
) -> TransformStamped:
    """Return a 4x4 rigid transform that takes ``child`` to ``parent``."""
    return TransformStamped(
        header=header(stamp_ns, parent),
        child_frame_id=child,
        transform=Transform(
            translation=Vector3(**xyz(parent_from_child[:3, 3])),
            rotation=quaternion(Rotation.from_matrix(parent_from_child[:3, :3])),
        ),
    )


def tf_message(transforms: Iterable[TransformStamped]) -> Any | None:
    """Return a message for ``/tf``; None where ``tf2_msgs`` is not installed."""
    return None if TFMessage is None else TFMessage(transforms=list(transforms))


def scene(fix: Fix, geometry: ProbeGeometry | CarmGeometry | None) -> Any | None:
    """Return tip and image in ``base_link``, for ``/tf``; None where ``tf2_msgs`` is not installed."""
    frames = [transform(tip_frame(fix), BASE, "needle_tip", fix.stamp_ns)]
    if isinstance(geometry, ProbeGeometry):
        image = IMAGE_FRAMES[Modality.ULTRASOUND]
        frames.append(transform(geometry.base_from_image, BASE, image, fix.stamp_ns))
    elif geometry is not None and geometry.base_from_isocentre is not None:
        image = IMAGE_FRAMES[Modality.FLUOROSCOPY]
        frames.append(transform(_detector(geometry), BASE, image, fix.stamp_ns))
    return tf_message(frames)


def _detector(geometry: CarmGeometry) -> Matrix:
    """Return where the detector stands (4x4): u right, v down, and the way to the source."""
    across, down, towards = carm_axes(geometry)
    isocentre_from_detector = rigid(
        np.column_stack([across, down, -towards]), (geometry.sdd_m - geometry.sid_m) * towards
    )
    base: Matrix = geometry.base_from_isocentre @ isocentre_from_detector
    return base
