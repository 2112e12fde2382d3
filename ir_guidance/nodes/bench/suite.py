# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Everything that is measured with real processes, in its order: loop, cells, hops, plain chain."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ir_guidance.bench.cells import BESIDE, beside, cell_frames
from ir_guidance.bench.render import Shown
from ir_guidance.nodes.bench.hops import measure_hops
from ir_guidance.nodes.bench.loop import Loop, Setting, beside_it, running
from ir_guidance.nodes.bench.plain import measure_plain
from ir_guidance.nodes.bench.watch_node import Window, report
from ir_guidance.nodes.demo import GRAPH
from ir_guidance.settings import SettingsError


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """The windows of the headline figure and of the plain chain, the reports of the cells, and the hops."""

    loop: Window
    plain: Window
    cells: dict[str, dict[str, Any]]
    image_hop_ms: list[float]
    command_hop_ms: list[float]


def measure(
    setting: Setting,
    other: Setting | None,
    frames: int,
    cells: Iterable[str],
    budget_ms: float,
    folder: Path,
    shown: Shown,
) -> Measured:
    """Measure a setting's loop and its cells; ``other`` is the setting of the other modality.

    Raises:
        SettingsError: Something could not be started, or stopped.
    """
    os.environ.update(GRAPH)
    os.environ.setdefault("ROS_DOMAIN_ID", str(1 + os.getpid() % 100))
    few, chosen = cell_frames(frames), list(cells)
    hops = measure_hops(folder / "hops", setting, few, shown)
    reports: dict[str, dict[str, Any]] = {}
    with running(folder / "loop", setting, shown) as loop:
        window = loop.measure(frames, shown, "image to command")
        for cell in (each for each in BESIDE if each in chosen):
            reports[cell] = _with_company(loop, setting, cell, few, budget_ms, folder, shown)
    for cell, own in _own(setting, other).items():
        if cell in chosen:
            reports[cell] = _alone(own, cell, few, budget_ms, folder, shown)
    plain = measure_plain(folder / "plain", setting, few, shown)
    return Measured(window, plain, reports, *hops)


def _with_company(
    loop: Loop,
    setting: Setting,
    cell: str,
    frames: int,
    budget_ms: float,
    folder: Path,
    shown: Shown,
) -> dict[str, Any]:
    if cell == "gpu" and shutil.which("nvidia-smi") is None:
        return {"n": 0, "skipped": "no GPU here"}
    try:
        with beside_it(folder / cell, setting.procedure, beside(cell)):
            return report(loop.measure(frames, shown, cell), budget_ms)
    except (
        RuntimeError
    ) as error:  # what a cell does to the loop is a finding, and no end of the others
        return {"n": 0, "skipped": str(error)}


def _alone(
    setting: Setting, cell: str, frames: int, budget_ms: float, folder: Path, shown: Shown
) -> dict[str, Any]:
    try:
        with running(folder / cell, setting, shown) as loop:
            return report(loop.measure(frames, shown, cell), budget_ms)
    except SettingsError as error:
        return {"n": 0, "skipped": str(error)}


def _own(setting: Setting, other: Setting | None) -> dict[str, Setting]:
    """Return the settings of the cells that need a loop of their own."""
    sizes = {str(side): replace(setting, size_px=side) for side in (256, 512, 1024)}
    sizes.pop(str(setting.size_px), None)
    whole = replace(setting, guidance="bench.whole_image_node")
    return {"whole_image": whole} | sizes | ({} if other is None else {"other_modality": other})
