# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Judge a tracker by cases: a row for each, and a summary in the form of the command line's contract."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ir_guidance.learn.calibration import Calibration, calibration
from ir_guidance.learn.case import Case
from ir_guidance.learn.scoring import Row, score
from ir_guidance.track import Tracker
from ir_guidance.values import Track, Vector


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A case, what the tracker made of it, and how far that is from the truth."""

    case: Case
    track: Track
    row: Row


def judge(cases: Iterable[Case], tracker: Tracker) -> Iterator[Judged]:
    """Yield each case as the tracker saw it; only ``track`` itself is timed."""
    for case in cases:
        if case.starts:
            tracker.reset()
        if case.click_px is not None:
            tracker.select_target(case.click_px)
        started_ns = time.perf_counter_ns()
        track = tracker.track(case.frame, case.prior)
        track_ms = (time.perf_counter_ns() - started_ns) / 1e6
        tracker.catch_up()
        yield Judged(case, track, score(case, track, track_ms))


class Judgement:
    """Rows as they come, and what they amount to."""

    def __init__(self) -> None:
        """Start without rows."""
        self.rows: list[Row] = []
        self._targets = _Targets()

    def add(self, judged: Judged) -> None:
        """Count one frame."""
        self.rows.append(judged.row)
        self._targets.add(judged)

    def summary(self, backend: str) -> dict[str, Any]:
        """Return what the contract asks of ``evaluate --json``, and more; None where nothing is known."""
        due = [row for row in self.rows if row.needle_visible]
        faint = [row for row in due if row.nearly_invisible]
        free = [row for row in self.rows if row.needle_visible is False]
        alarms = sum(row.false_alarm for row in free)
        milliseconds = np.array([row.track_ms for row in self.rows])
        return {
            "backend": backend,
            "frames": len(self.rows),
            **_tips(due),
            "needle_free_frames": len(free),
            "false_alarms": alarms,
            "false_alarm_rate": alarms / len(free) if free else None,
            "nearly_invisible": _tips(faint),
            "targets": self._targets.summary(self.rows),
            "calibration": calibration_of("tip", self.rows).as_dict(),
            "frames_per_second": 1e3 / float(milliseconds.mean()) if len(self.rows) else None,
            "track_ms_p50": _percentile(milliseconds, 50),
            "track_ms_p99": _percentile(milliseconds, 99),
        }


class _Targets:
    """Counts the frames on which a target was to be followed."""

    def __init__(self) -> None:
        self._due = self._found = self._unseen = self._switched = 0
        self._pointed = self._right = False

    def add(self, judged: Judged) -> None:
        case, row = judged.case, judged.row
        if case.starts:
            self._pointed = self._right = False
        self._pointed = self._pointed or case.click_px is not None
        if not self._pointed:
            return
        due = case.target_px is not None and case.target_visible
        self._due += due
        if row.target_astray is None:
            return
        self._found += due and not row.target_astray
        self._switched += row.target_astray and self._right
        self._right = not row.target_astray

    def summary(self, rows: Sequence[Row]) -> dict[str, Any]:
        astray = sum(bool(row.target_astray) for row in rows)
        error_px = _known(row.target_error_px for row in rows)
        error_mm = _known(row.target_error_mm for row in rows)
        return {
            "n": self._due,
            "found": self._found,
            "switched": self._switched,
            "false": astray,
            "target_error_px_median": _percentile(error_px, 50),
            "target_error_px_p95": _percentile(error_px, 95),
            "target_error_mm_median": _percentile(error_mm, 50),
            "target_error_mm_p95": _percentile(error_mm, 95),
            "calibration": calibration_of("target", rows).as_dict(),
        }


def calibration_of(what: str, rows: Sequence[Row]) -> Calibration:
    """Return how predicted and true errors agree, of "tip" or "target"; in millimetres where all spacings are known."""
    told = [row for row in rows if getattr(row, f"{what}_error_px") is not None]
    known_mm = all(getattr(row, f"{what}_error_mm") is not None for row in told)
    unit = "mm" if known_mm else "px"
    predicted, errors, nees = (
        _known(getattr(row, f"{what}_{name}") for row in told)
        for name in (f"sigma_{unit}", f"error_{unit}", "nees")
    )
    return calibration(predicted, errors, nees, unit)


def _tips(due: Sequence[Row]) -> dict[str, Any]:
    """Return counts and errors of frames with a visible needle; errors are of those where a tip was reported."""
    errors: dict[str, Any] = {}
    for name in ("tip_error_px", "tip_error_mm", "angle_error_deg"):
        values = _known(getattr(row, name) for row in due)
        errors[f"{name}_median"] = _percentile(values, 50)
        errors[f"{name}_p95"] = _percentile(values, 95)
    return {
        "n": len(due),
        "reported": sum(row.reported for row in due),
        "detected": sum(row.detected for row in due),
        **errors,
    }


def _known(values: Iterable[float | None]) -> Vector:
    return np.array([value for value in values if value is not None], dtype=np.float64)


def _percentile(values: Vector, share: float) -> float | None:
    return float(np.percentile(values, share)) if len(values) else None
