# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Draw why latency matters: python tests/bench/motion_to_motion.py [--seeds 4] [--json FILE] [--picture FILE].

A target breathes at 0.2, 0.25 and 0.3 Hz; the guide follows it by images that arrive 0 to 300 ms late, with
and without moving on what was seen by the time until it acts. Simulated clock: the same numbers every time.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from ir_guidance.bench.motion import following_errors_m
from ir_guidance.commands.progress import with_progress

LATENCIES_MS = (0, 25, 50, 100, 150, 200, 300)
BREATHS_HZ = (0.2, 0.25, 0.3)


def measured(seeds: int, console: Console) -> list[dict[str, Any]]:
    """Return a row of errors in millimetres for every latency and breath, with and without prediction."""
    cases = [
        (latency_ms, breath_hz, predicted)
        for latency_ms in LATENCIES_MS
        for breath_hz in BREATHS_HZ
        for predicted in (False, True)
    ]
    rows = []
    for latency_ms, breath_hz, predicted in with_progress(
        cases, len(cases), "motion to motion", console
    ):
        errors_mm = 1e3 * np.concatenate(
            [
                following_errors_m(breath_hz, latency_ms, predicted=predicted, seed=seed)
                for seed in range(seeds)
            ]
        )
        rows.append(
            {
                "latency_ms": latency_ms,
                "breath_hz": breath_hz,
                "predicted": predicted,
                "rms_mm": float(np.sqrt(np.mean(errors_mm**2))),
                "p95_mm": float(np.percentile(errors_mm, 95)),
                "max_mm": float(errors_mm.max()),
            }
        )
    return rows


def draw(rows: list[dict[str, Any]], file: Path) -> None:
    """Draw error against latency, a band over the breathing rates."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    for predicted, name, colour in (
        (False, "as it was seen", "tab:orange"),
        (True, "moved on by its rate", "tab:blue"),
    ):
        of = [
            [r for r in rows if r["latency_ms"] == ms and r["predicted"] is predicted]
            for ms in LATENCIES_MS
        ]
        for measure, style in (("rms_mm", "o-"), ("p95_mm", ".--")):
            middle = [float(np.median([r[measure] for r in each])) for each in of]
            axes.plot(LATENCIES_MS, middle, style, color=colour, label=f"{name}, {measure[:3]}")
        low, high = ([f(r["rms_mm"] for r in each) for each in of] for f in (min, max))
        axes.fill_between(LATENCIES_MS, low, high, color=colour, alpha=0.2)
    axes.axhline(2.0, color="grey", linestyle=":", label="tolerance of a biopsy")
    axes.set(
        title="a target that breathes 10 mm at 0.25 Hz; band: 0.2 to 0.3 Hz",
        xlabel="latency from image to drive [ms]",
        ylabel="guide to target [mm]",
        xlim=(0, LATENCIES_MS[-1]),
        ylim=(0, None),
    )
    axes.legend()
    figure.savefig(file, dpi=120)


def main() -> None:
    """Print the errors, and write and draw them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--picture", type=Path, metavar="FILE")
    given = parser.parse_args()
    rows = measured(given.seeds, Console(stderr=True))
    for row in rows:
        way = "predicted" if row["predicted"] else "as seen"
        print(
            f"{row['latency_ms']:3d} ms, {row['breath_hz']:.2f} Hz, {way}: rms {row['rms_mm']:.2f}, "
            f"p95 {row['p95_mm']:.2f}, max {row['max_mm']:.2f} mm"
        )
    if given.json:
        given.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    if given.picture:
        draw(rows, given.picture)


if __name__ == "__main__":
    main()
