# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Find needle and target in one frame, in pixels, or say honestly that they are not there."""

from __future__ import annotations

from typing import Protocol

from ir_guidance.track.settings import TrackSettings
from ir_guidance.values import Frame, Modality, ShaftPrior, Track, Vector

__all__ = ["BACKENDS", "TrackSettings", "Tracker", "make_tracker"]

BACKENDS = ("classical",)
"""The trackers there are; each one's libraries are imported only when it is chosen."""


class Tracker(Protocol):
    """Anything that finds needle and target in a frame, or says why it cannot."""

    def track(self, frame: Frame, prior: ShaftPrior | None = None) -> Track:
        """Return what is seen in the frame; with a prior only the band round it is searched."""
        ...

    def select_target(self, px: Vector) -> None:
        """Learn the target at (u, v), the operator's click, when the next frame comes."""
        ...

    def reset(self) -> None:
        """Forget the target and every earlier frame."""
        ...


def make_tracker(
    backend: str, modality: Modality, settings: TrackSettings | None = None
) -> Tracker:
    """Return the tracker of that name for one kind of image.

    Raises:
        ValueError: No backend has that name; the message lists those there are.
    """
    settings = settings or TrackSettings()
    if backend == "classical":
        from ir_guidance.track.classical import ClassicalTracker

        return ClassicalTracker(modality, settings)
    raise ValueError(f"unknown tracker backend {backend!r}; choose one of: {', '.join(BACKENDS)}")
