# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Track, fix and correction."""

from __future__ import annotations

from ir_guidance.nodes.conversions.checks import (
    BASE,
    BOOT_ID,
    ConversionError,
    flat,
    header,
    require_base,
    require_boot,
    require_finite,
    square,
    stages_from_msg,
    stages_to_msg,
    stamp_from_msg,
    vector,
)
from ir_guidance.values import (
    NS_PER_MS,
    Correction,
    Fix,
    Mode,
    NeedleTrack,
    Plane,
    Reason,
    TargetTrack,
    Track,
)
from ir_guidance_msgs.msg import Correction as CorrectionMsg
from ir_guidance_msgs.msg import Fix as FixMsg
from ir_guidance_msgs.msg import Track as TrackMsg

REASONS = {getattr(TrackMsg, reason.name): reason for reason in Reason}
CODES = {reason: code for code, reason in REASONS.items()}


def track_to_msg(track: Track, frame_id: str, backend: str = "") -> TrackMsg:
    """Return a track as a message; ``frame_id`` is the image's, ``backend`` names what looked.

    The heat map stays behind.
    """
    msg = TrackMsg(
        header=header(track.stamp_ns, frame_id),
        sequence=track.sequence,
        acquired_steady_ns=track.acquired_steady_ns,
        boot_id=BOOT_ID,
        backend=backend,
        needle_reason=CODES[track.needle_reason],
        needle_reason_text=track.needle_reason.value,
        target_reason=CODES[track.target_reason],
        target_reason_text=track.target_reason.value,
    )
    if (needle := track.needle) is not None:
        msg.needle_found = True
        msg.tip_px = vector(needle.tip_px)
        msg.tip_covariance_px2 = flat(needle.tip_covariance_px2)
        msg.direction = vector(needle.direction)
        msg.direction_sigma_rad = float(needle.direction_sigma_rad)
        msg.needle_confidence = float(needle.confidence)
    if (target := track.target) is not None:
        msg.target_found = True
        msg.target_px = vector(target.px)
        msg.target_covariance_px2 = flat(target.covariance_px2)
        msg.target_confidence = float(target.confidence)
    return msg


def track_from_msg(msg: TrackMsg, boot_id: str | None = BOOT_ID) -> Track:
    """Return a message's track, without a heat map.

    Raises:
        ConversionError: A number is not finite, a reason unknown, the steady clock another's.
    """
    require_finite(msg)
    require_boot(msg, boot_id)
    needle = NeedleTrack(
        tip_px=vector(msg.tip_px),
        tip_covariance_px2=square(msg.tip_covariance_px2),
        direction=vector(msg.direction),
        direction_sigma_rad=msg.direction_sigma_rad,
        confidence=msg.needle_confidence,
    )
    target = TargetTrack(
        vector(msg.target_px), square(msg.target_covariance_px2), msg.target_confidence
    )
    return Track(
        sequence=msg.sequence,
        stamp_ns=stamp_from_msg(msg.header.stamp),
        acquired_steady_ns=msg.acquired_steady_ns,
        needle=needle if msg.needle_found else None,
        target=target if msg.target_found else None,
        needle_reason=_reason(msg.needle_reason),
        target_reason=_reason(msg.target_reason),
    )


def _reason(code: int) -> Reason:
    if code not in REASONS:
        raise ConversionError(f"Track: reason {code} is not one of {sorted(REASONS)}")
    return REASONS[code]


def fix_to_msg(fix: Fix) -> FixMsg:
    """Return a fix as a message."""
    msg = FixMsg(
        header=header(fix.stamp_ns, BASE),
        sequence=fix.sequence,
        acquired_steady_ns=fix.acquired_steady_ns,
        boot_id=BOOT_ID,
        tip_m=vector(fix.tip_m),
        tip_covariance_m2=flat(fix.tip_covariance_m2),
        direction=vector(fix.direction),
        direction_covariance=flat(fix.direction_covariance),
        breath_m=float(fix.breath_m),
        breath_rate_mps=float(fix.breath_rate_mps),
        breath_period_s=float(fix.breath_period_s),
        insertion_m=float(fix.insertion_m),
        geometry_epoch=fix.geometry_epoch,
        coasted=fix.coasted,
        target_coasted=fix.target_coasted,
        unseen=vector(() if fix.unseen is None else fix.unseen),
        plane=int(fix.plane),
    )
    if fix.target_m is not None and fix.target_covariance_m2 is not None:
        msg.target_found = True
        msg.target_m = vector(fix.target_m)
        msg.target_covariance_m2 = flat(fix.target_covariance_m2)
    if fix.target_rest_m is not None:
        msg.target_rest_found = True
        msg.target_rest_m = vector(fix.target_rest_m)
    return msg


def fix_from_msg(msg: FixMsg, boot_id: str | None = BOOT_ID) -> Fix:
    """Return a message's fix.

    Raises:
        ConversionError: A number is not finite, the frame is not the robot's base, a vector has not
            three numbers, the steady clock is another's.
    """
    require_finite(msg)
    require_boot(msg, boot_id)
    require_base(msg)
    if len(msg.unseen) not in (0, 3):
        raise ConversionError(f"Fix: unseen has {len(msg.unseen)} numbers, it must be 3 or none")
    if msg.plane not in {*Plane}:
        raise ConversionError(
            f"Fix: plane {msg.plane} is not one of {[int(plane) for plane in Plane]}"
        )
    return Fix(
        sequence=msg.sequence,
        stamp_ns=stamp_from_msg(msg.header.stamp),
        acquired_steady_ns=msg.acquired_steady_ns,
        tip_m=vector(msg.tip_m),
        tip_covariance_m2=square(msg.tip_covariance_m2),
        direction=vector(msg.direction),
        direction_covariance=square(msg.direction_covariance),
        target_m=vector(msg.target_m) if msg.target_found else None,
        target_covariance_m2=square(msg.target_covariance_m2) if msg.target_found else None,
        insertion_m=msg.insertion_m,
        target_rest_m=vector(msg.target_rest_m) if msg.target_rest_found else None,
        breath_m=msg.breath_m,
        breath_rate_mps=msg.breath_rate_mps,
        breath_period_s=msg.breath_period_s,
        geometry_epoch=msg.geometry_epoch,
        coasted=msg.coasted,
        target_coasted=msg.target_coasted,
        unseen=vector(msg.unseen) if len(msg.unseen) else None,
        plane=Plane(msg.plane),
    )


def correction_to_msg(correction: Correction, now_steady_ns: int) -> CorrectionMsg:
    """Return a correction as a message; ``now_steady_ns`` gives the image's age."""
    return CorrectionMsg(
        header=header(correction.stamp_ns, BASE),
        sequence=correction.sequence,
        acquired_steady_ns=correction.acquired_steady_ns,
        expires_steady_ns=correction.expires_steady_ns,
        boot_id=BOOT_ID,
        mode=int(correction.mode),
        reason=correction.reason,
        plan_hash=correction.plan_hash,
        guide_rate=vector(correction.guide_rate),
        advance_mps=float(correction.advance_mps),
        roll_radps=float(correction.roll_radps),
        advance_limit_m=float(correction.advance_limit_m),
        across_sigma_m=float(correction.across_sigma_m),
        along_sigma_m=float(correction.along_sigma_m),
        remaining_m=float(correction.remaining_m),
        predicted_miss_m=float(correction.predicted_miss_m),
        image_age_ms=(now_steady_ns - correction.acquired_steady_ns) / NS_PER_MS,
        stages=stages_to_msg(correction.stage_ms),
    )


def correction_from_msg(msg: CorrectionMsg, boot_id: str | None = BOOT_ID) -> Correction:
    """Return a message's correction.

    Raises:
        ConversionError: A number is not finite, the mode unknown, the steady clock another's.
    """
    require_finite(msg)
    require_boot(msg, boot_id)
    if msg.mode not in list(Mode):
        raise ConversionError(f"Correction: mode {msg.mode} is not one of {[int(m) for m in Mode]}")
    x, y, pitch, yaw = (float(rate) for rate in msg.guide_rate)
    return Correction(
        sequence=msg.sequence,
        stamp_ns=stamp_from_msg(msg.header.stamp),
        acquired_steady_ns=msg.acquired_steady_ns,
        expires_steady_ns=msg.expires_steady_ns,
        mode=Mode(msg.mode),
        plan_hash=msg.plan_hash,
        guide_rate=(x, y, pitch, yaw),
        advance_mps=msg.advance_mps,
        roll_radps=msg.roll_radps,
        advance_limit_m=msg.advance_limit_m,
        across_sigma_m=msg.across_sigma_m,
        along_sigma_m=msg.along_sigma_m,
        remaining_m=msg.remaining_m,
        predicted_miss_m=msg.predicted_miss_m,
        reason=msg.reason,
        stage_ms=stages_from_msg(msg.stages),
    )
