# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Find needle and target in one frame, in pixels, or say honestly that they are not there."""

from __future__ import annotations

from typing import Protocol

from ir_guidance.models import about, model_path
from ir_guidance.track import backends
from ir_guidance.track.settings import TrackSettings
from ir_guidance.values import Frame, Modality, ShaftPrior, Track, Vector

__all__ = ["BACKENDS", "TrackSettings", "Tracker", "make_tracker"]

LEARNED = ("auto", *backends.BACKENDS)
"""What can run the learned tracker; ``auto`` takes the fastest that works here."""

BACKENDS = (*LEARNED, "classical")
"""The trackers there are; each one's libraries are imported only when it is chosen."""


class Tracker(Protocol):
    """Anything that finds needle and target in a frame, or says why it cannot.

    ``name`` says what runs, as in "openvino f32".
    """

    name: str

    def track(self, frame: Frame, prior: ShaftPrior | None = None) -> Track:
        """Return what is seen in the frame; with a prior only the band round it is searched."""
        ...

    def catch_up(self) -> None:
        """Do what the frame just tracked could wait for; called once its answer is on its way."""
        ...

    def select_target(self, px: Vector) -> None:
        """Learn the target at (u, v), the operator's click, when the next frame comes."""
        ...

    def reset(self) -> None:
        """Forget the target and every earlier frame."""
        ...


def make_tracker(
    backend: str, modality: Modality, settings: TrackSettings | None = None, *, threads: int = 0
) -> Tracker:
    """Return the tracker of that name for one kind of image, on so many threads of a CPU (0: every core).

    Raises:
        ValueError: No backend has that name, or it cannot run here; one line says which and why.
    """
    settings = settings or TrackSettings()
    model = model_path(modality)
    if backend == "auto" and not model.exists():
        backend = "classical"  # this version has no weights for the modality
    if backend in LEARNED:
        from ir_guidance.track.backends import BackendSettings, load_network
        from ir_guidance.track.learned import LearnedTracker
        from ir_guidance.track.learned_settings import Calibration

        network = load_network(backend, model, BackendSettings(threads=threads))
        calibration = Calibration(**about(model).get("calibration", {}))
        return LearnedTracker(modality, settings, network, calibration)
    if backend == "classical":
        from ir_guidance.track.classical import ClassicalTracker

        return ClassicalTracker(modality, settings)
    raise ValueError(f"unknown tracker backend {backend!r}; choose one of: {', '.join(BACKENDS)}")
