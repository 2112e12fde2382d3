# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Time corrections in tissue, the horizon included: python tests/bench/correct_time.py [--n 4000] [--json FILE].

Straight needles that answer a pivot by a share of it are steered onto targets beside their plan, one after the
other. Exit status 1 where the median takes a core longer than the 2 ms that a step may.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ir_guidance.values import Mode
from tests.unit.correct.test_steering import SIDES, Needle

LONGEST_MS = 2.0
FRAMES = 400


def needles() -> Iterator[Needle]:
    """Yield needles without end, each with its target to another side and another answer."""
    number = 0
    while True:
        yield Needle(SIDES[number % len(SIDES)], share=(0.4, 0.7, 1.0)[number % 3])
        number += 1


def times_ms(count: int) -> tuple[list[float], list[float]]:
    """Return what corrections take in processor time and by the wall clock, in milliseconds."""
    core_ms: list[float] = []
    wall_ms: list[float] = []
    for needle in needles():
        for _ in range(FRAMES):
            core_ns, wall_ns = time.process_time_ns(), time.perf_counter_ns()
            correction = needle.answer()
            core_ms.append((time.process_time_ns() - core_ns) / 1e6)
            wall_ms.append((time.perf_counter_ns() - wall_ns) / 1e6)
            if len(core_ms) == count:
                return core_ms, wall_ms
            if correction.mode is not Mode.ADVANCE:
                break
            needle.follow(correction)
    raise AssertionError("needles end")


def spread(taken_ms: list[float]) -> dict[str, float]:
    """Return percentiles."""
    marks = {"p50": 50.0, "p99": 99.0, "p999": 99.9, "max": 100.0}
    return {name: round(float(np.percentile(taken_ms, at)), 3) for name, at in marks.items()}


def main() -> int:
    """Print the distributions, and write them."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--n", type=int, default=4000)
    arguments.add_argument("--json", type=Path)
    given = arguments.parse_args()
    core_ms, wall_ms = times_ms(given.n)
    found = {"n": given.n, "core_ms": spread(core_ms), "wall_ms": spread(wall_ms)}
    print(json.dumps(found, indent=2))
    if given.json is not None:
        with given.json.open("x", encoding="utf-8") as stream:
            json.dump(found, stream, indent=2)
    return int(found["core_ms"]["p50"] > LONGEST_MS)  # type: ignore[index]


if __name__ == "__main__":
    sys.exit(main())
