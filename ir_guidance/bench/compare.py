# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What changed from one report to another, beyond what a repeat would change by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ir_guidance.settings import SettingsError

WORTH = 0.02
"""A smaller relative change is not worth a word, however sure it is."""


@dataclass(frozen=True, slots=True)
class Change:
    """One percentile of one measurement in both reports; ``sure`` where the intervals do not meet."""

    what: str
    percentile: str
    before_ms: float
    after_ms: float
    sure: bool

    @property
    def ratio(self) -> float:
        """After over before."""
        return self.after_ms / self.before_ms if self.before_ms else float("inf")

    @property
    def verdict(self) -> str:
        """What one may say of it."""
        if not self.sure or abs(self.ratio - 1) < WORTH:
            return "within noise"
        return "slower" if self.ratio > 1 else "faster"


def read_report(path: Path) -> dict[str, Any]:
    """Return a report that `bench --json` wrote.

    Raises:
        SettingsError: It cannot be read, or is none.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"--compare: {path}: {error.strerror}") from None
    except ValueError as error:
        raise SettingsError(f"--compare: {path}: no JSON: {error}") from None
    if not isinstance(found, dict) or "end_to_end" not in found:
        raise SettingsError(f"--compare: {path}: not a report of 'ir-guidance bench --json'")
    return found


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[Change]:
    """Return every percentile with an interval that both reports have."""
    old = dict(_measured(before, ""))
    return [
        _change(what, name, old[what], spread)
        for what, spread in _measured(after, "")
        if what in old
        for name in spread["interval_ms"]
        if name in old[what]["interval_ms"]
    ]


def _change(what: str, name: str, before: dict[str, Any], after: dict[str, Any]) -> Change:
    (low, high), (new_low, new_high) = before["interval_ms"][name], after["interval_ms"][name]
    sure = new_low > high or new_high < low
    return Change(what, name, before["latency_ms"][name], after["latency_ms"][name], sure)


def _measured(found: dict[str, Any], where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every measurement with intervals below a part of a report, by its place."""
    for name, part in found.items():
        if not isinstance(part, dict):
            continue
        place = f"{where} {name}".strip().replace("_", " ")
        if "interval_ms" in part:
            yield place, part
        else:
            yield from _measured(part, place)


def unlike(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Return in what the circumstances differ, which may be why the figures do."""
    pairs = [
        (f"machine {key}", before.get("machine", {}).get(key), after.get("machine", {}).get(key))
        for key in ("processor", "cores", "kernel", "governor", "packages", "rmw")
    ]
    pairs += [(key, before.get(key), after.get(key)) for key in ("modality", "size_px", "backend")]
    return [f"{what}: {old} then, {new} now" for what, old, new in pairs if old != new]
