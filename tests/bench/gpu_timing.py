# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Calls timed one by one by the host's clock, as fast as they go or at a rate, and the GPU's clocks meanwhile."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from shutil import which
from typing import Any

from ir_guidance.bench.statistics import spread_ms

WARM_UP = 200
LIMIT_MS = 2.0
"""What is counted as slow."""
STATE = ("clocks.sm", "clocks.mem", "clocks.max.sm", "power.draw", "temperature.gpu", "pstate")
QUERY = ["nvidia-smi", f"--query-gpu={','.join(STATE)}", "--format=csv,noheader,nounits", "--id=0"]
LONGEST_QUERY_S = 10.0


def nothing(number: int) -> None:
    """Make nothing ready for a frame."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to have a frame looked at; ``look`` takes its number and returns when the answer is there.

    ``ready`` is called before it and not timed. At ``rate_hz`` frames come whether or not the last one
    is done, and the GPU idles between; without, each comes when the last one is done. A way ends after
    ``longest_s``, however many of its ``n`` frames were timed.
    """

    name: str
    look: Callable[[int], object]
    n: int
    ready: Callable[[int], object] = nothing
    rate_hz: float | None = None
    longest_s: float = 25.0


def times_ms(way: Way, tell: Callable[[int], None]) -> list[float]:
    """Return how long each frame took, the warm-up left out; ``tell`` hears between frames how many are done."""
    taken, warm_up = list[float](), WARM_UP if way.rate_hz is None else 0
    period_s = 0.0 if way.rate_hz is None else 1.0 / way.rate_hz
    start_s = told_s = time.perf_counter()
    for number in range(way.n + warm_up):
        way.ready(number)
        if period_s:
            time.sleep(max(start_s + number * period_s - time.perf_counter(), 0.0))
        started_ns = time.perf_counter_ns()
        way.look(number)
        taken.append((time.perf_counter_ns() - started_ns) / 1e6)
        now_s = time.perf_counter()
        if now_s - told_s > 0.5:
            tell(number)
            told_s = now_s
        if now_s - start_s > way.longest_s and number > warm_up:
            break
    tell(way.n + warm_up)
    return taken[warm_up:]


def summed_up(taken_ms: list[float]) -> dict[str, Any]:
    """Return n, percentiles with their intervals, and how many frames were slow."""
    return spread_ms(taken_ms) | {
        "slow": sum(each > LIMIT_MS for each in taken_ms),
        "slow_is_ms": LIMIT_MS,
    }


def gpu_state(way: Way) -> dict[str, str]:
    """Return what nvidia-smi reads while frames go the same way; asked after the timing, which it would disturb."""
    if which(QUERY[0]) is None:
        return {}
    query = subprocess.Popen(QUERY, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    number, until_s = 0, time.perf_counter() + LONGEST_QUERY_S
    while query.poll() is None and time.perf_counter() < until_s:
        way.ready(number)
        way.look(number)
        if way.rate_hz is not None:
            time.sleep(1.0 / way.rate_hz)
        number += 1
    query.kill()
    said = query.communicate()[0].split("\n")[0].split(", ")
    return dict(zip(STATE, said, strict=True)) if len(said) == len(STATE) else {}
