# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Stopwatch, budgets and percentiles; the clock is always an argument."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from pydantic import Field, model_validator

from ir_guidance.settings import Settings
from ir_guidance.values import NS_PER_MS

Clock = Callable[[], int]
PERCENTILES = {"p50": 50.0, "p99": 99.0, "p999": 99.9, "max": 100.0}


class Budget(Settings):
    """How long an image may take to become a command."""

    total_ms: float = Field(60.0, gt=0, le=150, description="From acquisition to the gate.")
    stage_ms: dict[str, float] = Field(
        default_factory=lambda: {"track": 25.0, "localise": 5.0, "correct": 5.0},
        description="Longest time of each stage; a longer one is counted and diagnosed.",
    )

    @model_validator(mode="after")
    def _stages_fit(self) -> Budget:
        for stage, limit_ms in self.stage_ms.items():
            if not 0 < limit_ms <= self.total_ms:
                raise ValueError(
                    f"stage_ms.{stage} = {limit_ms} must lie in (0, total_ms = {self.total_ms}]"
                )
        return self


class Stopwatch:
    """Measures the stages of one frame after another."""

    def __init__(self, clock_ns: Clock) -> None:
        """Keep the steady clock to measure with."""
        self._clock_ns = clock_ns
        self.stage_ms: dict[str, float] = {}

    def restart(self) -> None:
        """Forget the last frame."""
        self.stage_ms = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time one stage of the current frame."""
        started_ns = self._clock_ns()
        try:
            yield
        finally:
            self.stage_ms[name] = (self._clock_ns() - started_ns) / NS_PER_MS


def percentiles_ms(samples_ms: Sequence[float]) -> dict[str, float | int]:
    """Return n and the percentiles of durations in milliseconds; an empty list gives n = 0 and nothing else."""
    if not len(samples_ms):
        return {"n": 0}
    values = np.percentile(np.asarray(samples_ms), list(PERCENTILES.values()))
    return {"n": len(samples_ms)} | {
        name: float(value) for name, value in zip(PERCENTILES, values, strict=True)
    }
