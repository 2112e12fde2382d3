# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The picture of a run: where the needle went, how far it was from the target, how long each image took."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ir_guidance.commands.summary import Run, beyond_m, errors_m, final_truth
from ir_guidance.geometry import arc_points
from ir_guidance.values import NS_PER_S, Modality

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Patch

NEEDLE, TARGET, PLAN, SEEN = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
)  # tell apart without colour vision

LEAST_MM = 0.05  # nobody needs to see a part of the error pass through nought


def draw_trajectory(run: Run, path: Path) -> None:
    """Write the picture; it says so where there is nothing to draw."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, ((side, error), (depth, latency)) = pyplot.subplots(
        2, 2, figsize=(13, 9), layout="constrained"
    )
    figure.suptitle(_title(run))
    _draw_side(side, run)
    _draw_error(error, run)
    _draw_depth(depth, run)
    _draw_latency(latency, run)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _title(run: Run) -> str:
    truth = final_truth(run)
    gap = "where the needle went was not recorded"
    if truth is not None:
        gap = f"tip to target {errors_m(truth, beyond_m(run))[0] * 1e3:.2f} mm"
    return f"{run.procedure} by {run.modality}, seed {run.seed}: {run.outcome}, {gap} ({run.operator} operator)"


def _draw_side(axes: Axes, run: Run) -> None:
    axes.set_title(
        "from the side" if run.modality == Modality.FLUOROSCOPY else "in the image plane"
    )
    axes.axhline(0, color="0.5", linewidth=1)
    axes.annotate("skin", (0.01, 0.5), xycoords=("axes fraction", "data"), color="0.4")
    if run.truths:
        tips = np.array([truth.tip_m for truth in run.truths]) * 1e3
        targets = np.array([truth.target_m for truth in run.truths]) * 1e3
        axes.plot(targets[:, 0], targets[:, 2], color=TARGET, alpha=0.4, label="target, breathing")
        axes.plot(tips[:, 0], tips[:, 2], color=NEEDLE, label="tip, true")
        axes.plot(*tips[-1, [0, 2]], "o", color=NEEDLE)
        axes.plot(*targets[-1, [0, 2]], "x", color=TARGET, markersize=10)
    seen = np.array([fix.tip_m for fix in run.fixes if fix.insertion_m > 0]) * 1e3
    if len(seen):
        axes.plot(seen[:, 0], seen[:, 2], ".", color=SEEN, markersize=2, label="tip, estimated")
    if run.plan is not None:
        plan, depths_m = run.plan, np.linspace(0.0, run.plan.length_m, 33)
        way = arc_points(plan.entry_m, plan.direction, plan.bend_per_m, depths_m) * 1e3
        axes.plot(way[:, 0], way[:, 2], "--", color=PLAN, label="plan")
        for sphere in plan.obstacles:
            x, _, z = sphere.centre_m
            axes.add_patch(_circle(x * 1e3, z * 1e3, sphere.radius_m * 1e3))
    axes.set_aspect("equal")
    axes.set_xlabel("lateral, mm")
    axes.set_ylabel("height, mm")
    if run.truths:
        axes.legend(loc="lower left", fontsize=8)


def _circle(x: float, y: float, radius: float) -> Patch:
    from matplotlib.patches import Circle

    return Circle((x, y), radius, fill=False, hatch="///", color="0.4")


def _times_s(run: Run, steady_ns: np.ndarray) -> np.ndarray:
    return (steady_ns - run.truths[0].steady_ns) / NS_PER_S


def _draw_error(axes: Axes, run: Run) -> None:
    axes.set_title("tip to target")
    if run.truths:
        when = _times_s(run, np.array([truth.steady_ns for truth in run.truths]))
        errors = [errors_m(truth, beyond_m(run)) for truth in run.truths]
        axes.semilogy(when, [error * 1e3 for error, _, _ in errors], color=NEEDLE)
        parts = [(across, along) for _, across, along in errors if across is not None]
        if len(parts) == len(errors):
            across, along = np.array(parts).T * 1e3
            axes.semilogy(when, across, color=PLAN, linewidth=1, label="across the view")
            axes.semilogy(when, along, ":", color=SEEN, linewidth=1, label="along it")
            axes.legend(loc="lower left", fontsize=8)
        axes.set_ylim(bottom=LEAST_MM)
        axes.axhline(run.tolerance_m * 1e3, color=TARGET, linestyle="--", linewidth=1)
        axes.annotate(
            "tolerance", (0.01, run.tolerance_m * 1e3 * 1.08), xycoords=("axes fraction", "data")
        )
    axes.set_xlabel("time, s")
    axes.set_ylabel("mm")
    axes.grid(alpha=0.3, which="both")


def _draw_depth(axes: Axes, run: Run) -> None:
    axes.set_title("insertion, breath and the gate's level")
    if run.truths:
        when = _times_s(run, np.array([truth.steady_ns for truth in run.truths]))
        axes.plot(
            when, [truth.insertion_m * 1e3 for truth in run.truths], color=NEEDLE, label="insertion"
        )
        breath = [float(np.linalg.norm(truth.breathing_m)) * 1e3 for truth in run.truths]
        axes.plot(when, breath, color=TARGET, linewidth=1, label="breath")
        gate = np.array(run.gate_times)
        if len(gate):
            levels = axes.twinx()
            levels.step(
                _times_s(run, gate[:, 0]), gate[:, 1], where="post", color="0.3", linewidth=1
            )
            levels.set_ylim(-0.2, 4.4)
            levels.set_yticks(range(5), [f"R{level}" for level in range(5)])
    axes.set_xlabel("time, s")
    axes.set_ylabel("mm")
    if run.truths:
        axes.legend(loc="upper left", fontsize=8)


def _draw_latency(axes: Axes, run: Run) -> None:
    axes.set_title(f"image to robot, n = {len(run.end_to_end_ms)}")
    if run.end_to_end_ms:
        axes.hist(run.end_to_end_ms, bins=80, color=NEEDLE)
        for name, share in (("p50", 50), ("p99", 99), ("p99.9", 99.9)):
            value = float(np.percentile(run.end_to_end_ms, share))
            axes.axvline(value, color=TARGET, linewidth=1)
            axes.annotate(
                f"{name} {value:.1f}", (value, 0.97), xycoords=("data", "axes fraction"),
                rotation=90, va="top", ha="right", fontsize=8,
            )  # fmt: skip
        axes.set_yscale("log")
    axes.set_xlabel("ms from acquisition to the drive")
    axes.set_ylabel("images")
