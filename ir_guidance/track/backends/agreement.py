# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""How far a backend's answers are from the reference's, on the same views."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from ir_guidance.track.backends import CHANNELS, SIDE_PX, Network

REFERENCE = "onnxruntime"

TOLERANCE = {"f32": 1e-4, "f16": 1e-2, "bf16": 5e-2}
"""The largest difference allowed, as a share of the largest value of the reference."""


def largest_difference(
    network: Network, reference: Network, views: Iterable[NDArray[np.uint8]]
) -> float:
    """Return the largest difference of any output, as a share of that output's largest value."""
    worst = 0.0
    for view in views:
        found, expected = network.infer(view), reference.infer(view)
        for name in ("places", "shaft", "flags"):
            value = getattr(expected, name)
            off = np.abs(getattr(found, name) - value).max() / np.abs(value).max()
            worst = max(worst, float(off))
    return worst


def sample_views(count: int, seed: int = 0) -> Iterator[NDArray[np.uint8]]:
    """Yield views of noise under a bright line, each brighter than the one before."""
    random = np.random.default_rng(seed)
    for number in range(count):
        view = random.integers(0, 60 + number % 100, (CHANNELS, SIDE_PX, SIDE_PX), np.uint8)
        along = np.arange(40, 200)
        view[:, along, along // 2 + int(random.integers(0, 100))] = 250
        yield view
