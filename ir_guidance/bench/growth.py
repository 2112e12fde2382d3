# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""How cost grows: the exponent of a power law through medians, and the memory beside it."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

MIB = 2**20


@dataclass(frozen=True, slots=True)
class Growth:
    """What something costs at growing sizes: median milliseconds, and MiB where they were measured."""

    what: str
    of: str
    sizes: tuple[float, ...]
    took_ms: tuple[float, ...]
    memory_mib: tuple[float, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it, with its exponents; None where there is no law to fit."""
        return {
            "what": self.what,
            "of": self.of,
            "sizes": list(self.sizes),
            "took_ms": list(self.took_ms),
            "exponent": exponent(self.sizes, self.took_ms),
            "memory_mib": list(self.memory_mib),
            "memory_exponent": exponent(self.sizes, self.memory_mib),
        }


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float | None:
    """Return k of the power law cost = c size^k nearest to the costs; None of fewer than two that are positive."""
    pairs = [
        (size, cost) for size, cost in zip(sizes, costs, strict=False) if size > 0 and cost > 0
    ]
    if len({size for size, _ in pairs}) < 2:
        return None
    x, y = np.log(np.array(pairs)).T
    return float(np.polyfit(x, y, 1)[0])


def peak_mib(what: Callable[[], object]) -> float:
    """Return how much a call allocates at most, in Python and numpy, in MiB."""
    tracemalloc.start()
    try:
        what()
        return tracemalloc.get_traced_memory()[1] / MIB
    finally:
        tracemalloc.stop()


def resident_mib() -> float:
    """Return the memory that this process has in use, native libraries included, in MiB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MIB
