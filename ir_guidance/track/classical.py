# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The classical tracker: ridge and line finding; the reference that learnt ones are compared with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ir_guidance.track.quality import Quality
from ir_guidance.track.settings import TrackSettings
from ir_guidance.track.shaft import find_needle
from ir_guidance.track.strip import cut_strip, needle_bright
from ir_guidance.track.target import TargetFollower
from ir_guidance.values import Frame, Modality, NeedleTrack, Reason, ShaftPrior, Track, Vector


class ClassicalTracker:
    """Finds the needle's ridge and follows the target's look; no learning, no ground truth."""

    def __init__(self, modality: Modality, settings: TrackSettings) -> None:
        """Start without a target."""
        self._modality = modality
        self._settings = settings
        self._quality = Quality(settings.quality)
        self._target = TargetFollower(settings.target)

    def select_target(self, px: Vector) -> None:
        """Learn the target at (u, v), the operator's click, when the next frame comes."""
        self._target.select(px)

    def reset(self) -> None:
        """Forget the target and every earlier frame."""
        self._quality.reset()
        self._target.reset()

    def track(self, frame: Frame, prior: ShaftPrior | None = None) -> Track:
        """Return needle and target in the frame; with a prior only the band round it is searched."""
        unusable = self._quality.judge(frame.pixels)
        if unusable is not Reason.OK:
            return _track(frame, None, unusable)
        spacing_m = self._spacing_m(frame)
        needle, heat = self._find(frame, prior, spacing_m)
        target, target_reason = self._target.follow(
            frame.pixels, spacing_m, frame.acquired_steady_ns
        )
        return Track(
            sequence=frame.sequence,
            stamp_ns=frame.stamp_ns,
            acquired_steady_ns=frame.acquired_steady_ns,
            needle=needle,
            target=target,
            needle_reason=Reason.OK if needle else Reason.NOT_FOUND,
            target_reason=target_reason,
            heat=heat,
        )

    def _spacing_m(self, frame: Frame) -> float:
        if frame.spacing_m is not None:
            return float(np.sqrt(frame.spacing_m[0] * frame.spacing_m[1]))
        return self._settings.field_m / max(frame.pixels.shape[:2])

    def _find(
        self, frame: Frame, prior: ShaftPrior | None, spacing_m: float
    ) -> tuple[NeedleTrack | None, NDArray[np.float32] | None]:
        if prior is None:
            return None, None
        return self._find_near(frame, prior, spacing_m)

    def _find_near(
        self, frame: Frame, prior: ShaftPrior, spacing_m: float
    ) -> tuple[NeedleTrack | None, NDArray[np.float32] | None]:
        rows, columns = frame.pixels.shape[:2]
        u, v = prior.tip_px
        if not (0 <= u < columns and 0 <= v < rows):
            return None, None
        along = prior.tip_px - prior.entry_px
        along = along / max(float(np.linalg.norm(along)), 1e-9)
        settings = self._settings.shaft
        start = _enter(prior.entry_px, along, (columns, rows))
        end = prior.tip_px + settings.beyond_m / spacing_m * along
        half_width_px = settings.band_m / spacing_m
        layers_px = round(settings.layers_m / spacing_m)
        image = needle_bright(frame.pixels, self._modality, layers_px, settings.layers_share)
        strip = cut_strip(image, start, end, half_width_px)
        return find_needle(strip, settings, spacing_m, float((prior.tip_px - start) @ along))


def _enter(entry_px: Vector, along: Vector, size: tuple[int, int]) -> Vector:
    """Return where a line from the entry first is inside an image of that size (columns, rows)."""
    first = 0.0
    for at, step, length in zip(entry_px, along, size, strict=True):
        if at < 0 and step > 0:
            first = max(first, -at / step)
        elif at > length - 1 and step < 0:
            first = max(first, (length - 1 - at) / step)
    start: Vector = entry_px + first * along
    return start


def _track(frame: Frame, needle: NeedleTrack | None, reason: Reason) -> Track:
    return Track(
        sequence=frame.sequence,
        stamp_ns=frame.stamp_ns,
        acquired_steady_ns=frame.acquired_steady_ns,
        needle=needle,
        target=None,
        needle_reason=reason,
        target_reason=reason,
    )
