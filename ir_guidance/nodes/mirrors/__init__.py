# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Our values in standard types, so that RViz, Foxglove and Slicer need none of our messages; one way."""

from __future__ import annotations

from ir_guidance.nodes.conversions import IMAGE_FRAMES
from ir_guidance.nodes.mirrors.display import heat, markers, overlay
from ir_guidance.nodes.mirrors.poses import (
    entry_pose,
    guide_pose_stamped,
    target_pose,
    tip_frame,
    tip_pose,
)
from ir_guidance.nodes.mirrors.system import (
    TFMessage,
    camera_info,
    diagnostic,
    diagnostics,
    joint_state,
    scene,
    tf_message,
    transform,
)

__all__ = [
    "IMAGE_FRAMES",
    "TFMessage",
    "camera_info",
    "diagnostic",
    "diagnostics",
    "entry_pose",
    "guide_pose_stamped",
    "heat",
    "joint_state",
    "markers",
    "overlay",
    "scene",
    "target_pose",
    "tf_message",
    "tip_frame",
    "tip_pose",
    "transform",
]
