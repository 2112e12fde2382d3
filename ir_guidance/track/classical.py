# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The classical tracker: ridge and line finding; the reference that learnt ones are compared with."""

from __future__ import annotations

import numpy as np

from ir_guidance.track.finder import Finder
from ir_guidance.track.quality import Quality
from ir_guidance.track.settings import TrackSettings
from ir_guidance.track.strip import Image, full_scale
from ir_guidance.track.target import TargetFollower
from ir_guidance.values import (
    Frame,
    Modality,
    NeedleTrack,
    Reason,
    ShaftPrior,
    TargetTrack,
    Track,
    Vector,
)


class ClassicalTracker:
    """Finds the needle's ridge and follows the target's look; no learning, no ground truth.

    Every frame is searched for itself: the past cannot make a needle.
    """

    name = "classical"

    def __init__(self, modality: Modality, settings: TrackSettings) -> None:
        """Start without a target."""
        self._field_m = settings.of(modality).field_m
        self._finder = Finder(modality, settings.of(modality))
        self._quality = Quality(settings.quality)
        self._target = TargetFollower(settings.of(modality).target)

    def select_target(self, px: Vector) -> None:
        """Learn the target at (u, v), the operator's click, when the next frame comes."""
        self._target.select(px)

    def reset(self) -> None:
        """Forget the target and every earlier frame."""
        self._quality.reset()
        self._target.reset()

    def track(self, frame: Frame, prior: ShaftPrior | None = None) -> Track:
        """Return needle and target in the frame; with a prior only the band round it is searched."""
        full = full_scale(frame.pixels)
        unusable = self._quality.judge(frame.pixels, full)
        if unusable is not Reason.OK:
            return _track(frame, (None, unusable), (None, unusable), None)
        spacing_m = self._spacing_m(frame)
        if prior is None:
            needle, heat = self._finder.anywhere(frame.pixels, full, spacing_m)
        else:
            needle, heat = self._finder.near(frame.pixels, full, prior, spacing_m)
        target = self._target.follow(frame.pixels, full, spacing_m, frame.acquired_steady_ns)
        return _track(frame, (needle, Reason.OK if needle else Reason.NOT_FOUND), target, heat)

    def catch_up(self) -> None:
        """Nothing waits."""

    def _spacing_m(self, frame: Frame) -> float:
        if frame.spacing_m is not None:
            return float(np.sqrt(frame.spacing_m[0] * frame.spacing_m[1]))
        return self._field_m / float(max(frame.pixels.shape))


def _track(
    frame: Frame,
    needle: tuple[NeedleTrack | None, Reason],
    target: tuple[TargetTrack | None, Reason],
    heat: Image | None,
) -> Track:
    return Track(
        sequence=frame.sequence,
        stamp_ns=frame.stamp_ns,
        acquired_steady_ns=frame.acquired_steady_ns,
        needle=needle[0],
        target=target[0],
        needle_reason=needle[1],
        target_reason=target[1],
        heat=heat,
    )
