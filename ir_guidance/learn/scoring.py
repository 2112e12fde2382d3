# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""How far a track is from the truth, frame by frame: the definitions that every figure rests on."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ir_guidance.learn.case import Case
from ir_guidance.values import Matrix, NeedleTrack, Track, Vector

DETECTED_SHARE = 0.05
"""A tip within this share of the image's longer side is detected."""

ASTRAY_M = 0.005
"""A target reported farther from its centre than this is something else."""

ASTRAY_SHARE = 0.05
"""The same where the pixel spacing is not known, as a share of the image's longer side."""

NEARLY_INVISIBLE = 1.0
"""A shaft of less contrast than this is nearly invisible."""


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one frame; None where it does not apply or is not known.

    ``scored`` frames with a visible needle are the n of every share. ``detected`` is false
    wherever no tip is to be found. ``tip_sigma_px`` is the tracker's own: the root of the trace of
    its covariance, so the distance it expects to be off by (root mean square). ``tip_nees`` is the
    squared error over the covariance, the reader's added. ``target_astray``: it is something else.
    """

    file: str
    scored: bool
    needle_visible: bool | None
    reported: bool
    detected: bool
    false_alarm: bool
    tip_error_px: float | None
    tip_error_mm: float | None
    angle_error_deg: float | None
    tip_sigma_px: float | None
    tip_sigma_mm: float | None
    tip_nees: float | None
    confidence: float | None
    reason: str
    contrast: float | None
    nearly_invisible: bool | None
    target_error_px: float | None
    target_error_mm: float | None
    target_sigma_px: float | None
    target_sigma_mm: float | None
    target_nees: float | None
    target_astray: bool | None
    target_reason: str
    track_ms: float

    def as_dict(self) -> dict[str, Any]:
        """Return the row as JSON has it."""
        return asdict(self)


def score(case: Case, track: Track, track_ms: float) -> Row:
    """Return how far a track of a case's frame is from its truth."""
    needle, target = track.needle, track.target
    tip = aim = UNKNOWN
    if needle is not None and case.needle_visible and case.tip_px is not None:
        tip = _off(case, needle.tip_px - case.tip_px, needle.tip_covariance_px2, case.tip_sigma_px)
    if target is not None and case.target_px is not None:
        aim = _off(case, target.px - case.target_px, target.covariance_px2, 0.0)
    limit_px = DETECTED_SHARE * max(case.frame.pixels.shape)
    return Row(
        file=case.file,
        scored=case.needle_visible is not None,
        needle_visible=case.needle_visible,
        reported=needle is not None,
        detected=tip.px is not None and tip.px <= limit_px,
        false_alarm=needle is not None and case.needle_visible is False,
        tip_error_px=tip.px,
        tip_error_mm=tip.mm,
        angle_error_deg=None if needle is None else _angle_deg(case, needle),
        tip_sigma_px=tip.sigma_px,
        tip_sigma_mm=tip.sigma_mm,
        tip_nees=tip.nees,
        confidence=None if needle is None else needle.confidence,
        reason=str(track.needle_reason),
        contrast=case.contrast,
        nearly_invisible=None if case.contrast is None else case.contrast < NEARLY_INVISIBLE,
        target_error_px=aim.px,
        target_error_mm=aim.mm,
        target_sigma_px=aim.sigma_px,
        target_sigma_mm=aim.sigma_mm,
        target_nees=aim.nees,
        target_astray=_astray(case, aim),
        target_reason=str(track.target_reason),
        track_ms=track_ms,
    )


@dataclass(frozen=True, slots=True)
class _Off:
    """A distance from the truth, how far it was expected to be, and its square over the covariance."""

    px: float | None = None
    mm: float | None = None
    sigma_px: float | None = None
    sigma_mm: float | None = None
    nees: float | None = None


UNKNOWN = _Off()


def _off(case: Case, error_px: Vector, covariance_px2: Matrix, truth_sigma_px: float) -> _Off:
    both = covariance_px2 + truth_sigma_px**2 * np.eye(2)
    spacing_mm = _spacing_mm(case)
    return _Off(
        px=float(np.linalg.norm(error_px)),
        mm=None if spacing_mm is None else float(np.linalg.norm(error_px * spacing_mm)),
        sigma_px=float(np.sqrt(np.trace(covariance_px2))),
        sigma_mm=None
        if spacing_mm is None
        else float(np.sqrt(np.diag(covariance_px2) @ spacing_mm**2)),
        nees=float(error_px @ np.linalg.solve(both, error_px)),
    )


def _spacing_mm(case: Case) -> Vector | None:
    spacing_m = case.frame.spacing_m
    return None if spacing_m is None else np.array(spacing_m) * 1e3


def _angle_deg(case: Case, needle: NeedleTrack) -> float | None:
    """Return the angle from 0 to 90 degrees between the shafts, as lines: the tip's error tells the ends apart."""
    if not case.needle_visible or case.shaft_px is None or case.tip_px is None:
        return None
    spacing_mm = _spacing_mm(case)
    scale = np.ones(2) if spacing_mm is None else spacing_mm
    true, found = (case.tip_px - case.shaft_px) * scale, needle.direction * scale
    cross = true[0] * found[1] - true[1] * found[0]
    return float(np.degrees(np.arctan2(abs(cross), abs(true @ found))))


def _astray(case: Case, target: _Off) -> bool | None:
    """Return whether what is reported as the target is something else; None where that is not known."""
    if target.px is None:
        return None
    if target.mm is not None:
        return target.mm > ASTRAY_M * 1e3
    return target.px > ASTRAY_SHARE * float(max(case.frame.pixels.shape))
