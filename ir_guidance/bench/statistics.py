# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Tails with their uncertainty: percentiles of latencies, the age of what is acted on, jitter.

Neighbouring frames share their luck (a busy core, a breath), so intervals come from a bootstrap of
blocks of frames, not of single ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ir_guidance.values import NS_PER_MS

PERCENTILES = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p999": 99.9, "max": 100.0}
BLOCK = 30
"""Frames in a block of the bootstrap: a second."""
DRAWS = 400
CONFIDENCE = 95.0
GRID_MS = 1.0

Times = NDArray[np.int64]
Samples = NDArray[np.float64]


def spread_ms(samples_ms: ArrayLike) -> dict[str, Any]:
    """Return n, percentiles and their 95 % intervals of latencies in the order in which they were measured.

    There is no interval for the maximum. Without samples n is 0 and nothing else is said.
    """
    samples = np.asarray(samples_ms, float)
    if not samples.size:
        return {"n": 0}
    drawn = np.array([_percentiles(one) for one in resampled(samples)])
    tails = (100 - CONFIDENCE) / 2, (100 + CONFIDENCE) / 2
    low, high = np.percentile(drawn, tails, axis=0)
    intervals = zip(PERCENTILES, low.tolist(), high.tolist(), strict=True)
    return {
        "n": int(samples.size),
        "latency_ms": dict(zip(PERCENTILES, _percentiles(samples).tolist(), strict=True)),
        "interval_ms": {name: [a, b] for name, a, b in intervals if name != "max"},
    }


def resampled(samples: Samples) -> Iterator[Samples]:
    """Yield the draws of a circular moving-block bootstrap (Politis and Romano 1992); always the same ones."""
    generator = np.random.default_rng(0)
    block = min(BLOCK, max(samples.size // 10, 1))
    within = np.arange(block)
    for _ in range(DRAWS):
        first = generator.integers(samples.size, size=-(-samples.size // block))
        chosen = (first[:, None] + within).ravel()[: samples.size] % samples.size
        yield samples[chosen]


def _percentiles(samples: Samples) -> Samples:
    return np.asarray(np.percentile(samples, list(PERCENTILES.values())), float)


def age_ms(acquired_ns: Times, accepted_ns: Times) -> Samples:
    """Return how old the image is that the drive acts on, every millisecond from the first acceptance to the last.

    Unlike latencies, ages grow while nothing comes: a frame that is lost makes the next one's wait longer.
    """
    order = np.argsort(accepted_ns)
    accepted, newest = accepted_ns[order], np.maximum.accumulate(acquired_ns[order])
    if accepted.size < 2:
        return np.empty(0)
    moments = np.arange(accepted[0], accepted[-1], int(GRID_MS * NS_PER_MS))
    latest = np.searchsorted(accepted, moments, side="right") - 1
    ages: Samples = (moments - newest[latest]) / NS_PER_MS
    return ages


def jitter_ms(acquired_ns: Times, accepted_ns: Times) -> Samples:
    """Return by how much each interval between commands differs from that between their images, unsigned."""
    order = np.argsort(acquired_ns)
    apart = np.diff(accepted_ns[order]) - np.diff(acquired_ns[order])
    jitter: Samples = np.abs(apart) / NS_PER_MS
    return jitter


def sum_of(*parts_ms: ArrayLike) -> Samples:
    """Return samples of a sum of durations that know nothing of each other: percentiles do not add up."""
    generator = np.random.default_rng(1)
    parts = [np.asarray(part, float) for part in parts_ms]
    n = max(part.size for part in parts)
    total: Samples = sum((generator.choice(part, n) for part in parts), np.zeros(n))
    return total
