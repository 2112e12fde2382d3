# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What a run leaves behind: summary.json, a table and a picture."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.markup import escape
from rich.table import Table

from ir_guidance import __version__
from ir_guidance.geometry import across_and_along
from ir_guidance.plan.settings import AblationSettings
from ir_guidance.profiles.success import Achieved, Ellipsoid, Success, achieved, is_through
from ir_guidance.timing import percentiles_ms
from ir_guidance.values import Fix, Plan, Truth

STAGES = (
    "source",
    "image_hop",
    "track",
    "localise",
    "correct",
    "correction_hop",
    "gate",
    "command_hop",
)
BLIND_LIMIT_MM = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One procedure as it was watched; positions in metres in ``base_link``."""

    procedure: str
    modality: str
    seed: int
    operator: str
    backend: str
    outcome: str
    tolerance_m: float
    success: Success
    ablation: AblationSettings
    arrived_steady_ns: int | None
    frames: int
    dropped_frames: int
    end_to_end_ms: Sequence[float]
    stage_ms: Mapping[str, Sequence[float]]
    deadline_misses: int
    blind_travel_m: float
    levels: Sequence[int]
    gate_times: Sequence[tuple[int, int]]
    truths: Sequence[Truth]
    fixes: Sequence[Fix]
    plan: Plan | None


def final_truth(run: Run) -> Truth | None:
    """Return the truth nearest to the arrival, or the last there is."""
    if not run.truths:
        return None
    if run.arrived_steady_ns is None:
        return run.truths[-1]
    return min(run.truths, key=lambda truth: abs(truth.steady_ns - (run.arrived_steady_ns or 0)))


def errors_m(truth: Truth, further_m: float) -> tuple[float, float | None, float | None]:
    """Return how far the tip is from where it was to go; of that across the direction of view, and along it.

    That is the target's centre, or so far beyond it as the plan says.
    Along it an image shows nothing: out of an ultrasound's plane, along an X-ray. None where the truth does not say.
    """
    error = truth.tip_m - truth.target_m - further_m * truth.direction
    view = truth.extra.get("view")
    across_m, along_m = (None, None) if view is None else across_and_along(error, np.array(view))
    return float(np.linalg.norm(error)), across_m, along_m


def purpose_of(run: Run, truth: Truth) -> Achieved | None:
    """Return what the needle's last place is worth by the profile's own measure; None where no target is told."""
    if "target_radii_m" not in truth.extra:
        return None
    targets = (
        (each, Ellipsoid(each.target_m, np.array(each.extra["target_radii_m"])))
        for each in run.truths
        if each.steady_ns <= truth.steady_ns and "target_radii_m" in each.extra
    )
    pierced = any(is_through(each.tip_m, each.direction, target) for each, target in targets)
    target = Ellipsoid(truth.target_m, np.array(truth.extra["target_radii_m"]))
    return achieved(
        run.success,
        truth.tip_m,
        truth.direction,
        target,
        pierced=pierced,
        ablation=run.ablation,
    )


def beyond_m(run: Run) -> float:
    """Return how far beyond the target's centre the tip was to go."""
    return 0.0 if run.plan is None else run.plan.beyond_m


def _mm(length_m: float | None) -> float | None:
    return None if length_m is None else length_m * 1e3


def summary(run: Run) -> dict[str, Any]:
    """Return what the contract asks of summary.json; lengths in millimetres, times in milliseconds."""
    truth = final_truth(run)
    error_m, across_m, along_m = (None,) * 3 if truth is None else errors_m(truth, beyond_m(run))
    violations = _violations(run, truth)
    arrived = run.outcome == "arrived" and error_m is not None
    purpose = None if truth is None else purpose_of(run, truth)
    met = purpose is None or purpose.met
    success = arrived and not violations and error_m <= run.tolerance_m and met  # type: ignore[operator]
    return {
        "outcome": run.outcome,
        "success": bool(success),
        "safety_violations": violations,
        "procedure": run.procedure,
        "modality": str(run.modality),
        "operator": run.operator,
        "purpose": None
        if purpose is None
        else {purpose.measure: purpose.value, "met": purpose.met},
        "tip_error_mm": _mm(error_m),
        "across_view_mm": _mm(across_m),
        "along_view_mm": _mm(along_m),
        "tolerance_mm": run.tolerance_m * 1e3,
        "frames": run.frames,
        "dropped_frames": run.dropped_frames,
        "latency_ms": percentiles_ms(run.end_to_end_ms),
        "stage_latency_ms": {
            stage: percentiles_ms(run.stage_ms[stage]) for stage in STAGES if stage in run.stage_ms
        },
        "deadline_misses": run.deadline_misses,
        "blind_travel_mm_max": run.blind_travel_m * 1e3,
        "gate_levels": [f"R{level}" for level in sorted(run.levels)],
        "backend": run.backend,
        "seed": run.seed,
        "version": __version__,
        "machine": {
            "cores": os.cpu_count(),
            "system": platform.platform(),
            "python": platform.python_version(),
        },
    }


def _violations(run: Run, truth: Truth | None) -> list[str]:
    """Return what must never happen and did."""
    found = []
    if run.blind_travel_m * 1e3 > BLIND_LIMIT_MM:
        found.append(f"blind travel {run.blind_travel_m * 1e3:.2f} mm over {BLIND_LIMIT_MM:.0f} mm")
    if 4 in run.levels:
        found.append("protective stop")
    if truth is not None and truth.extra.get("touched_obstacle"):
        found.append("the needle touched a no-go region")
    return found


def write_summary(found: Mapping[str, Any], folder: Path) -> None:
    """Write summary.json."""
    text = json.dumps(found, indent=2, allow_nan=False) + "\n"
    (folder / "summary.json").write_text(text, encoding="utf-8")


def table(found: Mapping[str, Any]) -> Table:
    """Return the latencies, stage by stage, under what the run came to."""
    error, across, along = (
        "unknown" if found[name] is None else f"{found[name]:.2f} mm"
        for name in ("tip_error_mm", "across_view_mm", "along_view_mm")
    )
    outcome = escape(found["outcome"])  # another program's last words may hold brackets
    shown = Table(
        title=f"{found['procedure']} by {found['modality']}, seed {found['seed']}: {outcome}"
    )
    for name in ("from image to robot", "n", "p50 ms", "p99 ms", "p99.9 ms", "max ms"):
        shown.add_column(name, justify="left" if name.startswith("from") else "right")
    for stage, times in found["stage_latency_ms"].items():
        _add_times(shown, stage.replace("_", " "), times)
    shown.add_section()
    _add_times(shown, "end to end", found["latency_ms"])
    shown.caption = (
        f"{purpose_line(found['purpose'])}{found['operator']} operator, tracker {found['backend']}; "
        f"tip to target {error} (across the view {across}, along it {along}; "
        f"tolerance {found['tolerance_mm']:.1f} mm), "
        f"blind travel {found['blind_travel_mm_max']:.2f} mm, "
        f"{found['frames']} frames, {found['dropped_frames']} dropped, "
        f"{found['deadline_misses']} over budget, gate {' '.join(found['gate_levels'])}"
    )
    return shown


def purpose_line(purpose: Mapping[str, Any] | None) -> str:
    """Return the profile's own measure in words, with a stop; nothing where there is none."""
    if purpose is None:
        return ""
    (measure, value), _ = purpose.items()
    return f"{measure.replace('_', ' ')} {value:.2f}, {'met' if purpose['met'] else 'NOT met'}. "


def _add_times(shown: Table, name: str, times: Mapping[str, float]) -> None:
    values = [f"{times[key]:.2f}" for key in ("p50", "p99", "p999", "max") if key in times]
    shown.add_row(name, str(times["n"]), *values)
