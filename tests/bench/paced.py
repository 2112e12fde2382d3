# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Time inferences in a row, at the rate of images, and with cores kept awake: python tests/bench/paced.py [--turns 5].

A core that sleeps between two images is slow when it wakes. How much of that there is depends on the machine,
on a virtual one on its neighbours too: the three are measured in turns.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ir_guidance.models import model_path
from ir_guidance.nodes.realtime import keep_awake
from ir_guidance.track.backends import CHANNELS, SIDE_PX, BackendSettings, load_network
from ir_guidance.values import NS_PER_MS, NS_PER_S, Modality

WAYS = ("in a row", "paced", "paced, awake")
WARM_UP = 30


def main() -> None:
    """Print percentiles of each way over all turns."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--n", type=int, default=150, help="Inferences in a turn of each way.")
    parser.add_argument("--rate", type=float, default=30.0, help="Of images, in hertz.")
    parser.add_argument("--backend", default="auto")
    given = parser.parse_args()
    network = load_network(
        given.backend, model_path(Modality.ULTRASOUND), BackendSettings(threads=1)
    )
    views = np.random.default_rng(0).integers(0, 256, (8, CHANNELS, SIDE_PX, SIDE_PX), np.uint8)
    took_ms: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(given.turns):
        for way, taken in took_ms.items():
            awake = keep_awake() if way.endswith("awake") else []
            period_ns = 0 if way == "in a row" else round(NS_PER_S / given.rate)
            taken += turn(network, views, given.n + WARM_UP, period_ns)[WARM_UP:]
            end(awake)
    print(f"{network.name}, one thread, {given.turns} turns of {given.n}; milliseconds")
    for way, taken in took_ms.items():
        p10, p50, p90, p99 = np.percentile(taken, (10, 50, 90, 99))
        print(f"{way:14} p10 {p10:5.2f}  p50 {p50:5.2f}  p90 {p90:5.2f}  p99 {p99:5.2f}")


def turn(network, views, count: int, period_ns: int) -> list[float]:
    """Return what each of so many inferences takes, so far apart."""
    taken, first_ns = [], time.monotonic_ns()
    for number in range(count):
        time.sleep(max(0, first_ns + number * period_ns - time.monotonic_ns()) / NS_PER_S)
        started_ns = time.perf_counter_ns()
        network.infer(views[number % len(views)])
        taken.append((time.perf_counter_ns() - started_ns) / NS_PER_MS)
    return taken


def end(processes: list[subprocess.Popen[bytes]]) -> None:
    """End what keeps the cores awake."""
    for process in processes:
        process.kill()
        process.wait()


if __name__ == "__main__":
    main()
