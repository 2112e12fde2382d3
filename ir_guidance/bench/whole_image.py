# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What the tracker would cost without a region of interest, at the resolution that it has with one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ir_guidance.models import about, model_path
from ir_guidance.track.backends import SIDE_PX, BackendSettings, Maps, Network, load_network
from ir_guidance.track.learned import LearnedTracker
from ir_guidance.track.learned_settings import Calibration
from ir_guidance.track.settings import TrackSettings
from ir_guidance.track.view import FINE
from ir_guidance.values import Modality

VIEWS = (FINE // SIDE_PX) ** 2
"""Fine views that cover an image."""


class EveryView:
    """A network that is asked as often as it takes to cover the image; the answer is that of the view that matters."""

    def __init__(self, network: Network) -> None:
        """Ask this network."""
        self._network, self.name = network, f"{network.name}, {VIEWS} views"

    def infer(self, view: NDArray[np.uint8]) -> Maps:
        """Return what the network says of a view (5, 256, 256), after as much work as all views are."""
        for _ in range(VIEWS - 1):
            self._network.infer(view)
        return self._network.infer(view)

    def close(self) -> None:
        """Give the accelerator back."""
        self._network.close()


def whole_image_tracker(
    backend: str, modality: Modality, settings: TrackSettings | None = None, *, threads: int = 0
) -> LearnedTracker:
    """Return the learned tracker on a network that looks at everything.

    Raises:
        BackendError: The backend cannot run here.
    """
    model = model_path(modality)
    network = EveryView(load_network(backend, model, BackendSettings(threads=threads)))
    calibration = Calibration(**about(model).get("calibration", {}))
    return LearnedTracker(modality, settings or TrackSettings(), network, calibration)
