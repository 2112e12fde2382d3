# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""From messages to values and back, in pairs: ``x_to_msg`` and ``x_from_msg``.

Every ``x_from_msg`` raises :class:`ConversionError` for a number that is not finite, a code that is
not known, an array of the wrong length, and a steady time of another host or boot.
"""

from __future__ import annotations

from ir_guidance.nodes.conversions.advice import advice_to_msg
from ir_guidance.nodes.conversions.checks import (
    BASE,
    BOOT_ID,
    ConversionError,
    header,
    require_boot,
    require_finite,
    stages_from_msg,
    stages_to_msg,
    stamp_from_msg,
    stamp_to_msg,
)
from ir_guidance.nodes.conversions.fluoroscopy import (
    fluoroscopy_frame_from_msg,
    fluoroscopy_frame_to_msg,
)
from ir_guidance.nodes.conversions.geometry import (
    carm_geometry_from_msg,
    carm_geometry_to_msg,
    probe_geometry_from_msg,
    probe_geometry_to_msg,
)
from ir_guidance.nodes.conversions.guidance import (
    correction_from_msg,
    correction_to_msg,
    fix_from_msg,
    fix_to_msg,
    track_from_msg,
    track_to_msg,
)
from ir_guidance.nodes.conversions.image import (
    IMAGE_FRAMES,
    MODALITIES,
    Delivery,
    frame_from_msg,
    frame_to_msg,
    pixels_from_msg,
)
from ir_guidance.nodes.conversions.operator import (
    consent_from_msg,
    consent_to_msg,
    hand_from_msg,
    hand_to_msg,
)
from ir_guidance.nodes.conversions.plan import (
    plan_from_msg,
    plan_to_msg,
    sphere_from_msg,
    sphere_to_msg,
)
from ir_guidance.nodes.conversions.robot import (
    GateReport,
    command_from_msg,
    command_to_msg,
    gate_report_from_msg,
    gate_report_to_msg,
    robot_state_from_msg,
    robot_state_to_msg,
    truth_from_msg,
    truth_to_msg,
)

__all__ = [
    "BASE",
    "BOOT_ID",
    "IMAGE_FRAMES",
    "MODALITIES",
    "ConversionError",
    "Delivery",
    "GateReport",
    "advice_to_msg",
    "carm_geometry_from_msg",
    "carm_geometry_to_msg",
    "command_from_msg",
    "command_to_msg",
    "consent_from_msg",
    "consent_to_msg",
    "correction_from_msg",
    "correction_to_msg",
    "fix_from_msg",
    "fix_to_msg",
    "fluoroscopy_frame_from_msg",
    "fluoroscopy_frame_to_msg",
    "frame_from_msg",
    "frame_to_msg",
    "gate_report_from_msg",
    "gate_report_to_msg",
    "hand_from_msg",
    "hand_to_msg",
    "header",
    "pixels_from_msg",
    "plan_from_msg",
    "plan_to_msg",
    "probe_geometry_from_msg",
    "probe_geometry_to_msg",
    "require_boot",
    "require_finite",
    "robot_state_from_msg",
    "robot_state_to_msg",
    "sphere_from_msg",
    "sphere_to_msg",
    "stages_from_msg",
    "stages_to_msg",
    "stamp_from_msg",
    "stamp_to_msg",
    "track_from_msg",
    "track_to_msg",
    "truth_from_msg",
    "truth_to_msg",
]
