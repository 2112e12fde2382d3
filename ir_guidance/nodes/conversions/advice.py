# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Advice, which goes out and never comes in: a person reads it."""

from __future__ import annotations

from ir_guidance.correct.advise import Advice
from ir_guidance.nodes.conversions.checks import BOOT_ID, header
from ir_guidance.values import Track
from ir_guidance_msgs.msg import Advice as AdviceMsg


def advice_to_msg(advice: Advice, track: Track, frame_id: str) -> AdviceMsg:
    """Return what a track calls for as a message."""
    return AdviceMsg(
        header=header(track.stamp_ns, frame_id),
        sequence=track.sequence,
        acquired_steady_ns=track.acquired_steady_ns,
        boot_id=BOOT_ID,
        turn_rad=advice.turn_rad,
        turn_sigma_rad=advice.turn_sigma_rad,
        miss_m=advice.miss_m,
        miss_sigma_m=advice.miss_sigma_m,
        remaining_m=advice.remaining_m,
        on_course=advice.on_course,
        text=advice.text,
    )
