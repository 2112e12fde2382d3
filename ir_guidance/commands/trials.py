# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""`ir-guidance trials`: many procedures in lockstep, a table, and JSON."""

from __future__ import annotations

import json
import multiprocessing
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from ir_guidance.commands.output import OutputError
from ir_guidance.lockstep import TrialRow, chosen_tracker, run_trial
from ir_guidance.profiles import Profile


def run_trials(
    profile: Profile,
    trials: int,
    seed: int,
    jobs: int,
    *,
    backend: str = "auto",
    open_loop: bool,
    ct: Path | None = None,
    console: Console,
) -> dict[str, Any]:
    """Run the trials of seeds seed, seed + 1, ... and return the report; the same whatever ``jobs``.

    Raises:
        SettingsError: The tracker cannot run here.
    """
    named = getattr(chosen_tracker(backend, profile), "name", backend)
    seeds = range(seed, seed + trials)
    rows: list[TrialRow] = []
    progress = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=console, transient=True,
    )  # fmt: skip
    spawn = multiprocessing.get_context("spawn")
    with progress, ProcessPoolExecutor(max_workers=min(jobs, trials), mp_context=spawn) as pool:
        task = progress.add_task("open-loop trials" if open_loop else "trials", total=trials)
        run = partial(run_trial, profile, backend=backend, open_loop=open_loop, ct=ct)
        futures = [pool.submit(run, each) for each in seeds]
        for future in as_completed(futures):
            rows.append(future.result())
            progress.advance(task)
    rows.sort(key=lambda row: row.seed)
    return report(rows, profile, backend=named, open_loop=open_loop)


def report(
    rows: list[TrialRow], profile: Profile, *, backend: str, open_loop: bool
) -> dict[str, Any]:
    """Return what the contract asks of `trials --json`."""
    return {
        "procedure": profile.name,
        "modality": str(profile.modality),
        "views": profile.views,
        "backend": backend,
        "open_loop": open_loop,
        "operator": "scripted",
        "trials": len(rows),
        "purpose": rows[0].purpose,
        "achieved": {
            "median": float(np.median([row.achieved for row in rows])),
            "least": float(min(row.achieved for row in rows)),
        },
        "success_rate": float(np.mean([row.success for row in rows])),
        "tip_error_mm": _spread([row.tip_error_mm for row in rows]),
        "across_view_mm": _spread([row.across_view_mm for row in rows]),
        "along_view_mm": _spread([row.along_view_mm for row in rows]),
        "obstacle_hits": int(sum(row.obstacle_hit for row in rows)),
        "blind_travel_mm_max": float(max(row.blind_travel_mm_max for row in rows)),
        "rows": [row.as_dict() for row in rows],
    }


def _spread(errors_mm: list[float]) -> dict[str, float]:
    return {
        "median": float(np.median(errors_mm)),
        "p95": float(np.percentile(errors_mm, 95)),
        "max": float(max(errors_mm)),
    }


def table(found: dict[str, Any]) -> Table:
    """Return the report as one would read it."""
    planes = ", two planes" if found["views"] == 2 else ""
    title = "open loop" if found["open_loop"] else "closed loop"
    shown = Table(
        title=f"{found['trials']} {found['procedure']} trials by {found['modality']}{planes}, {title}, "
        f"{found['backend']}, scripted operator"
    )
    for name in (
        "seed",
        "outcome",
        "tip error mm",
        "across view",
        "along view",
        "blind mm",
        "levels",
        "time s",
    ):
        shown.add_column(name, justify="left" if name == "outcome" else "right")
    for row in found["rows"]:
        shown.add_row(
            str(row["seed"]),
            row["outcome"] + (", touched a no-go region" if row["obstacle_hit"] else ""),
            f"{row['tip_error_mm']:.2f}",
            f"{row['across_view_mm']:.2f}",
            f"{row['along_view_mm']:.2f}",
            f"{row['blind_travel_mm_max']:.2f}",
            " ".join(f"R{level}" for level in row["gate_levels"]),
            f"{row['time_s']:.0f}",
        )
    error, across, along = (
        found[name] for name in ("tip_error_mm", "across_view_mm", "along_view_mm")
    )
    shown.caption = (
        f"success {found['success_rate']:.0%}, tip error median {error['median']:.2f}, "
        f"p95 {error['p95']:.2f}, max {error['max']:.2f} mm; median across the view "
        f"{across['median']:.2f}, along it {along['median']:.2f} mm; "
        f"{found['purpose'].replace('_', ' ')}: median {found['achieved']['median']:.2f}, "
        f"least {found['achieved']['least']:.2f}"
    )
    return shown


def check_new(path: Path) -> None:
    """Refuse a file that exists.

    Raises:
        OutputError: It does, or its folder does not.
    """
    if path.exists():
        raise OutputError(f"{path}: exists already; give another file with --json")
    if not path.parent.is_dir():
        raise OutputError(f"{path}: its folder does not exist; make it first")


def write_json(found: dict[str, Any], path: Path) -> None:
    """Write a report to a new file."""
    with path.open("x", encoding="utf-8") as stream:
        stream.write(json.dumps(found, indent=2, allow_nan=False) + "\n")
