# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What ``ir-guidance evaluate`` shows on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.table import Table

from ir_guidance.learn.scoring import Row


def frames_table(rows: Sequence[Row]) -> Table:
    """Return a line for every frame."""
    shown = Table()
    shown.add_column("file", overflow="fold")
    for name in ("tip px", "tip mm", "angle deg", "predicted px", "confidence"):
        shown.add_column(name, justify="right")
    shown.add_column("")
    for row in rows:
        shown.add_row(
            row.file,
            _number(row.tip_error_px, 1),
            _number(row.tip_error_mm),
            _number(row.angle_error_deg, 1),
            _number(row.tip_sigma_px, 1),
            _number(row.confidence),
            verdict(row),
        )
    return shown


def verdict(row: Row) -> str:
    """Return in words what became of a frame."""
    if not row.scored:
        return "not scored"
    if row.false_alarm:
        return "false alarm"
    if not row.needle_visible:
        return "no needle, none reported"
    if row.detected:
        return "detected"
    return "reported elsewhere" if row.reported else f"missed: {row.reason}"


def summary_table(summary: dict[str, Any], title: str) -> Table:
    """Return what the frames amount to."""
    shown = Table(title=f"{title}, {summary['backend']}", show_header=False)
    shown.add_column("what")
    shown.add_column("figure", justify="right")
    for what, figure in [*_needle(summary), *_targets(summary["targets"]), *_trust(summary)]:
        shown.add_row(what, figure)
    return shown


def _needle(summary: dict[str, Any]) -> list[tuple[str, str]]:
    lines = [("detected", f"{summary['detected']} of {summary['n']}"), *_errors(summary)]
    if summary["needle_free_frames"]:
        alarms, free = summary["false_alarms"], summary["needle_free_frames"]
        lines.append(("false alarms", f"{alarms} of {free} frames without a needle"))
    faint = summary["nearly_invisible"]
    if faint["n"]:
        lines.append(("nearly invisible: detected", f"{faint['detected']} of {faint['n']}"))
        lines += [(f"nearly invisible: {what}", figure) for what, figure in _errors(faint)]
    return lines


def _errors(tips: dict[str, Any]) -> list[tuple[str, str]]:
    kinds = (("tip error", "tip_error_px", "px"), ("tip error", "tip_error_mm", "mm"),
             ("angle error", "angle_error_deg", "deg"))  # fmt: skip
    return [
        (what, _spread(tips[f"{key}_median"], tips[f"{key}_p95"], unit))
        for what, key, unit in kinds
        if tips[f"{key}_median"] is not None
    ]


def _targets(targets: dict[str, Any]) -> list[tuple[str, str]]:
    if not targets["n"]:
        return []
    lines = [
        ("target found", f"{targets['found']} of {targets['n']}"),
        ("target switched, false", f"{targets['switched']} times, {targets['false']} frames"),
    ]
    for unit in ("px", "mm"):
        median, p95 = (targets[f"target_error_{unit}_{which}"] for which in ("median", "p95"))
        if median is not None:
            lines.append(("target error", _spread(median, p95, unit)))
    return lines


def _trust(summary: dict[str, Any]) -> list[tuple[str, str]]:
    calibration = summary["calibration"]
    lines = []
    if calibration["pearson_r"] is not None:
        lines.append(("predicted against true error", f"Pearson r {calibration['pearson_r']:.2f}"))
    if calibration["nees_n"]:
        mean, within = calibration["nees_mean"], calibration["coverage"]["95"]
        lines.append(("squared error over covariance", f"mean {mean:.2f} (2 is honest)"))
        lines.append(("inside the 95 % ellipse", f"{within:.0%}"))
    lines.append(("tracking alone", f"{summary['frames_per_second']:.0f} frames/s"))
    return lines


def _spread(median: float, p95: float, unit: str) -> str:
    return f"median {median:.2f}, p95 {p95:.2f} {unit}"


def _number(value: float | None, digits: int = 2) -> str:
    return "" if value is None else f"{value:.{digits}f}"
