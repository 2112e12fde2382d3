# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The benchmark's picture: distribution, where the time goes, and the tail over time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ir_guidance.values import NS_PER_MS, NS_PER_S

if TYPE_CHECKING:
    from ir_guidance.nodes.bench.suite import Measured
    from ir_guidance.nodes.bench.watch_node import Window

OURS, PLAIN, FLOOR = "tab:blue", "tab:orange", "tab:green"
BINS = 120
SECONDS = 5.0


def latencies(window: Window) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return when each image was taken, in seconds from the first, and its latency in milliseconds."""
    if not window.answers:
        return np.empty(0), np.empty(0)
    _, acquired_ns, accepted_ns = np.array(window.answers, np.int64).T
    return (acquired_ns - acquired_ns[0]) / NS_PER_S, (accepted_ns - acquired_ns) / NS_PER_MS


def draw(found: dict[str, Any], measured: Measured, file: Path) -> None:
    """Draw the three panels into a PNG file."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 9), layout="constrained")
    top, middle, bottom = figure.subplots(3, 1)
    _histogram(top, found, measured)
    _waterfall(middle, found)
    _tail(bottom, measured)
    figure.suptitle(
        f"{found['modality']}, {found['size_px']} px, {found['rate_hz']:.0f} Hz, {found['backend']}, "
        f"{found['machine']['cores']} cores"
    )
    figure.savefig(file, dpi=120)


def _histogram(axes: Any, found: dict[str, Any], measured: Measured) -> None:
    both = ((measured.loop, "this loop", OURS), (measured.plain, "the plain way", PLAIN))
    samples = [(latencies(window)[1], name, colour) for window, name, colour in both]
    widest = max((float(np.percentile(each, 99.9)) for each, *_ in samples if each.size), default=1)
    edges = np.linspace(0.0, widest, BINS)
    for each, name, colour in samples:
        if each.size:
            share = np.full(each.size, 1 / each.size)
            axes.hist(
                each,
                edges,
                weights=share,
                color=colour,
                alpha=0.6,
                label=f"{name}, n = {each.size}",
            )
    for name, colour, style in (("p50", FLOOR, "-"), ("p99", FLOOR, ":")):
        at = found["floor"]["latency_ms"][name]
        axes.axvline(at, color=colour, linestyle=style, label=f"floor, {name} {at:.1f} ms")
    axes.set(xlabel="acquisition to command accepted [ms]", ylabel="share of frames")
    axes.legend()


def _waterfall(axes: Any, found: dict[str, Any]) -> None:
    """Draw the live stages one after the other: medians as steps, the way to the 99th percentile behind them."""
    start = 0.0
    stages = found["end_to_end"].get("stages", {})
    for row, spread in enumerate(stages.values()):
        p50, p99 = (spread["latency_ms"][name] for name in ("p50", "p99"))
        axes.barh(row, p99, left=start, color=OURS, alpha=0.25)
        axes.barh(row, p50, left=start, color=OURS)
        axes.text(start + p99, row, f"  {p50:.2f}, p99 {p99:.2f} ms", va="center", fontsize=8)
        start += p50
    axes.set_yticks(range(len(stages)), [name.replace("_", " ") for name in stages])
    axes.invert_yaxis()
    axes.set(xlabel="from acquisition [ms]; dark: median, pale: 99th percentile of each stage")
    axes.margins(x=0.15)


def _tail(axes: Any, measured: Measured) -> None:
    taken_s, latency_ms = latencies(measured.loop)
    if not taken_s.size:
        return
    part = (taken_s // SECONDS).astype(int)
    groups = [latency_ms[part == each] for each in range(part[-1] + 1)]
    middles = [(number + 0.5) * SECONDS for number, group in enumerate(groups) if group.size]
    for name, share, style in (("median", 50, ".-"), ("p99", 99, ".--"), ("max", 100, ".:")):
        axes.plot(
            middles,
            [float(np.percentile(group, share)) for group in groups if group.size],
            style,
            color=OURS,
            label=f"{name} of {SECONDS:.0f} s",
        )
    axes.set(xlabel="time [s]", ylabel="latency [ms]", ylim=(0, None))
    axes.legend()
