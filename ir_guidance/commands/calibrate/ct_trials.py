# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""``calibrate ct --trials N``: from how far away registration finds home, on simulated images of a CT by any C-arm."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from ir_guidance.calibrate.register import (
    capture_range_m,
    moved_about_isocentre,
    register,
    seen_of,
)
from ir_guidance.commands.calibrate.ct import ct_of, isocentre_in_ct_m
from ir_guidance.commands.calibrate.pictures import draw_capture
from ir_guidance.commands.calibrate.report import folder_for, mm, write_report
from ir_guidance.commands.progress import with_progress
from ir_guidance.geometry import carm_axes
from ir_guidance.room.xray.ct_views import CtViews, coarser
from ir_guidance.values import CarmGeometry, Matrix, Vector

SIDE_PX, SIDE_M = 512, 0.20
SUCCESS_M = 0.002
ANGLES_RAD = ((0.8, 0.05), (-0.6, -0.05))
TARGETS_M = np.stack(np.meshgrid(*[np.array([-0.04, 0.0, 0.04])] * 3), axis=-1).reshape(-1, 3)
"""Twenty-seven targets in a cube of 80 mm about the isocentre, where a needle may go."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Mean target registration errors in metres: at the start, at the end, of that across and along the first ray."""

    start_m: float
    end_m: float
    across_m: float
    along_m: float
    correlation: float


def ct_trials(
    ct: Path,
    isocentre: str | None,
    count: int,
    view_count: int,
    reach_m: float,
    seed: int,
    out: Path | None,
    console: Console,
) -> dict[str, Any]:
    """Register simulated images of the CT from random starts, and report capture range and error."""
    folder = folder_for("ct", out)
    body = ct_of(ct)
    middle_m = isocentre_in_ct_m(isocentre, body)
    geometries = [_view(*angles) for angles in ANGLES_RAD[:view_count]]
    generator = np.random.default_rng(seed)
    beams = CtViews(body, middle_m, geometries, SIDE_PX).beams()
    views = CtViews(coarser(body), middle_m, geometries, SIDE_PX)
    rows = []
    for number in with_progress(range(count), count, "registering", console):
        start = _start(generator, (number + 0.5) / count * reach_m)
        seen = [seen_of(beam.picture(generator)) for beam in beams]
        found = register(seen, views.line_integrals, start)
        rows.append(_judged(start, found.motion, found.correlation, geometries[0]))
    report = {
        "kind": "ct trials",
        "ct": str(ct),
        "views": view_count,
        "seed": seed,
        **_summary(rows, view_count),
        "rows": [
            {
                "start_mm": row.start_m * 1e3,
                "end_mm": row.end_m * 1e3,
                "across_mm": row.across_m * 1e3,
                "along_mm": row.along_m * 1e3,
                "correlation": row.correlation,
            }
            for row in rows
        ],
    }
    starts_m, ends_m, across_m = np.array([(r.start_m, r.end_m, r.across_m) for r in rows]).T
    draw = partial(draw_capture, starts_m, ends_m, across_m, SUCCESS_M)
    write_report(report, _said(report), folder, console, draw)
    return report


def _view(primary_rad: float, secondary_rad: float) -> CarmGeometry:
    return CarmGeometry(
        1.05, 0.72, primary_rad, secondary_rad, (SIDE_M / SIDE_PX, SIDE_M / SIDE_PX)
    )


def _start(generator: np.random.Generator, error_m: float) -> Matrix:
    """Return a random motion whose mean target error is what is asked for."""
    step_m = generator.normal(size=6) * error_m
    for _ in range(10):  # large turns are not quite linear
        step_m *= error_m / float(_offsets_m(moved_about_isocentre(step_m)).mean())
    return moved_about_isocentre(step_m)


def _offsets_m(motion: Matrix) -> Vector:
    """Return how far (n,) the targets are moved."""
    moved = TARGETS_M @ motion[:3, :3].T + motion[:3, 3] - TARGETS_M
    offsets: Vector = np.linalg.norm(moved, axis=1)
    return offsets


def _judged(start: Matrix, end: Matrix, correlation: float, geometry: CarmGeometry) -> Trial:
    off_m = TARGETS_M @ end[:3, :3].T + end[:3, 3] - TARGETS_M
    ray = carm_axes(geometry)[2]
    along_m = off_m @ ray
    across_m = np.linalg.norm(off_m - along_m[:, None] * ray, axis=1)
    return Trial(
        start_m=float(_offsets_m(start).mean()),
        end_m=float(np.linalg.norm(off_m, axis=1).mean()),
        across_m=float(across_m.mean()),
        along_m=float(np.abs(along_m).mean()),
        correlation=correlation,
    )


def _summary(rows: list[Trial], view_count: int) -> dict[str, Any]:
    """Return capture range, share of successes, and errors of those; with one view success is across the ray."""
    starts_m = np.array([row.start_m for row in rows])
    judged_m = np.array([row.end_m if view_count > 1 else row.across_m for row in rows])
    good = [row for row, error_m in zip(rows, judged_m, strict=True) if error_m < SUCCESS_M]
    summary: dict[str, Any] = {
        "trials": len(rows),
        "succeeded": len(good),
        "success_mm": SUCCESS_M * 1e3,
        "success_of": "mTRE" if view_count > 1 else "mTRE across the ray",
        "capture_range_mm": capture_range_m(starts_m, judged_m, SUCCESS_M) * 1e3,
    }
    for name in ("end_m", "across_m", "along_m"):
        values_mm = np.array([getattr(row, name) for row in good]) * 1e3
        summary[name.replace("_m", "_mm")] = (
            {"median": float(np.median(values_mm)), "largest": float(values_mm.max())}
            if good
            else None
        )
    return summary


def _said(report: dict[str, Any]) -> dict[str, str]:
    said = {
        "trials": f"{report['trials']}, {report['succeeded']} ended within {mm(SUCCESS_M)} ({report['success_of']})",
        "capture range": f"{report['capture_range_mm']:.0f} mm of mean target error at the start",
    }
    for name, what in (
        ("end_mm", "mTRE"),
        ("across_mm", "across the ray"),
        ("along_mm", "along the ray"),
    ):
        if report[name]:
            said[f"{what}, of those"] = (
                f"median {report[name]['median']:.2f}, largest {report[name]['largest']:.2f} mm"
            )
    return said
