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
    shown = Table(title="acquisition to command accepted, by cell, in milliseconds")
    for name in ("cell", "n", "p50", "p99", "p99.9", "max", "lost", "late", "age", "jitter"):
        shown.add_column(name, justify="left" if name == "cell" else "right")
    for cell, spread in ({"idle": found["end_to_end"]} | found["cells"]).items():
        name = cell.replace("_", " ")
        shown.add_row(
            f"{name}: {spread['skipped']}" if "skipped" in spread else name, *_row(spread)
        )
    shown.caption = (
        "lost: frames without a command; late: those and the ones over the deadline; "
        "age: of the image that the drive acts on, p99; jitter: of the intervals between commands, p99"
    )
    return shown


def _row(spread: dict[str, Any]) -> list[str]:
    if not spread["n"]:
        return ["0"]
    times = spread["latency_ms"]
    ages, jitters = (spread[name].get("latency_ms", {}) for name in ("age_at_actuation", "jitter"))
    return [
        str(spread["n"]),
        *(f"{times[name]:.1f}" for name in ("p50", "p99", "p999", "max")),
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


def _add(shown: Table, name: str, spread: dict[str, Any]) -> None:
    """Add a row; nothing is said of what could not be measured but that."""
    times = spread.get("latency_ms", {})
    values = [f"{times[each]:.2f}" for each in PERCENTILES] if times else ["not here"]
    shown.add_row(name, str(spread.get("n", "")), *values)
