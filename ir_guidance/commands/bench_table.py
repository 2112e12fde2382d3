# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The benchmark's figures as one would read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.table import Table

from ir_guidance.bench.compare import Change
from ir_guidance.bench.statistics import PERCENTILES

TITLES = {"p50": "p50 ms", "p90": "p90 ms", "p99": "p99 ms", "p999": "p99.9 ms", "max": "max ms"}
IN_PROCESS = (
    "decode", "preprocess", "decode_heat_map", "track", "localise", "plan", "correct", "gate",
)  # fmt: skip


def latency_table(found: dict[str, Any]) -> Table:
    """Return the headline figures, what they are compared with, and where the time goes."""
    shown = _table(
        f"{found['modality']} {found['size_px']} px at {found['rate_hz']:.0f} Hz, {found['backend']}",
        "in milliseconds",
    )
    _add(shown, "acquisition to command accepted", found["end_to_end"])
    _add(shown, "the plain way", found["baseline"])
    _add(shown, "floor: network + image hop + command hop", found["floor"])
    shown.add_section()
    for name in ("network", "image_hop", "command_hop"):
        _add(shown, name.replace("_", " "), found[name])
    shown.add_section()
    for stage, spread in found["end_to_end"].get("stages", {}).items():
        _add(shown, f"live: {stage.replace('_', ' ')}", spread)
    shown.add_section()
    for stage in IN_PROCESS:
        _add(shown, f"alone: {stage.replace('_', ' ')}", found["stages"].get(stage, {}))
    shown.add_section()
    for backend, spread in found["backends"].items():
        _add(shown, f"infer: {backend}", spread)
    shown.caption = _caption(found)
    return shown


def _caption(found: dict[str, Any]) -> str:
    ratios, ours = found["ratios"], found["end_to_end"]
    lines = [
        f"the plain way takes {_of(ratios['baseline_to_ours'], 'p50')} times as long at p50, "
        f"{_of(ratios['baseline_to_ours'], 'p99')} at p99; "
        f"ours is {_of(ratios['ours_to_floor'], 'p50')} times the floor at p50, "
        f"{_of(ratios['ours_to_floor'], 'p99')} at p99",
        f"{ours['frames']} frames, {ours.get('dropped', 0)} without a command, "
        f"{ours.get('deadline_misses', 0)} not within {ours.get('deadline_ms', 0):.0f} ms; "
        f"gate {ours.get('gate_states', {})}",
    ]
    return "\n".join(lines)


def _of(ratios: dict[str, float], name: str) -> str:
    return f"{ratios[name]:.2f}" if name in ratios else "?"


def cells_table(found: dict[str, Any]) -> Table:
    """Return the same loop under other circumstances."""
    shown = _table("acquisition to command accepted, by cell", "cell")
    for name in ("without", "late", "age p99", "jitter p99"):
        shown.add_column(name, justify="right")
    for cell, spread in ({"idle": found["end_to_end"]} | found["cells"]).items():
        _add(shown, cell.replace("_", " "), spread, _more(spread))
    shown.caption = "without: frames without a command; late: those and the ones over the deadline"
    return shown


def _more(spread: dict[str, Any]) -> list[str]:
    if not spread["n"]:
        return [spread.get("skipped", "")]
    ages, jitters = (spread[name].get("latency_ms", {}) for name in ("age_at_actuation", "jitter"))
    return [
        str(spread["dropped"]),
        str(spread["deadline_misses"]),
        *(f"{each['p99']:.1f}" if each else "" for each in (ages, jitters)),
    ]


def changes_table(found: Sequence[Change]) -> Table:
    """Return every percentile of both reports, and whether it changed beyond noise."""
    shown = Table(title="before and after; sure where the 95 % intervals do not meet")
    shown.add_column("what")
    for name in ("", "before ms", "after ms", "ratio"):
        shown.add_column(name, justify="right")
    shown.add_column("verdict")
    for change in found:
        numbers = f"{change.before_ms:.2f}", f"{change.after_ms:.2f}", f"{change.ratio:.2f}"
        shown.add_row(change.what, change.percentile, *numbers, change.verdict)
    return shown


def _table(title: str, first: str) -> Table:
    shown = Table(title=title)
    shown.add_column(first)
    shown.add_column("n", justify="right")
    for name in PERCENTILES:
        shown.add_column(TITLES[name], justify="right")
    return shown


def _add(shown: Table, name: str, spread: dict[str, Any], more: Sequence[str] = ()) -> None:
    """Add a row; one that was not measured has its reason, or nothing, beside it."""
    times = spread.get("latency_ms", {})
    values = [f"{times[each]:.2f}" if times else "" for each in PERCENTILES]
    shown.add_row(name, str(spread.get("n", "")), *values, *more)
