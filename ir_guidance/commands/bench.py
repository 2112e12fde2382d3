# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""`ir-guidance bench`: how long an image takes to become a command, how far its tail goes, and compared with what."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rich.console import Console

import ir_guidance.nodes  # noqa: F401 - first: numpy on one thread, as the nodes have it
from ir_guidance.bench.cells import BESIDE, CELLS
from ir_guidance.bench.compare import changes, read_report, unlike
from ir_guidance.bench.machine import machine, stolen_s
from ir_guidance.bench.render import Shown, render
from ir_guidance.bench.sequence import SIZES_PX, Sequence, overrides, resized, save
from ir_guidance.bench.stages import Times, backend_times_ms, rehearse
from ir_guidance.bench.statistics import spread_ms, sum_of
from ir_guidance.commands.bench_pictures import draw
from ir_guidance.commands.bench_table import cells_table, changes_table, latency_table
from ir_guidance.commands.output import check_free, unused
from ir_guidance.commands.progress import with_progress
from ir_guidance.commands.trials import check_new, write_json
from ir_guidance.profiles import Profile, load_profile
from ir_guidance.profiles.profile import merged_profile
from ir_guidance.settings import SettingsError
from ir_guidance.values import Modality

if TYPE_CHECKING:
    from ir_guidance.nodes.bench.suite import Measured

PROCEDURE, SEED = "biopsy", 0
MOST_STAGES = 2000
INFERENCES = 200
WORDS: dict[str, tuple[str, ...]] = {"all": CELLS, "beside": BESIDE, "none": ()}

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Request:
    """What to measure: frames for the headline figure, of which images, in which cells besides."""

    frames: int
    modality: Modality
    size_px: int
    cells: tuple[str, ...]
    backend: str
    realtime: bool = False


def chosen_cells(names: str) -> tuple[str, ...]:
    """Return the cells of a comma-separated list; "all", "beside" and "none" are words for several.

    Raises:
        SettingsError: There is no such cell.
    """
    if names in WORDS:
        return WORDS[names]
    chosen = tuple(name.strip() for name in names.split(","))
    for name in chosen:
        if name not in CELLS:
            raise SettingsError(f"--cells {name}: choose from {', '.join((*WORDS, *CELLS))}")
    return chosen


def checked_size(size_px: int) -> int:
    """Return a size of images that is measured.

    Raises:
        SettingsError: It is not.
    """
    if size_px not in SIZES_PX:
        raise SettingsError(f"--size {size_px}: choose from {', '.join(map(str, SIZES_PX))}")
    return size_px


def bench(request: Request, out: Path | None, file: Path | None, console: Console) -> None:
    """Measure, print the tables, and write bench.json and latency.png into a folder, the JSON also to a file.

    Raises:
        SettingsError: Something cannot run here.
        OutputError: Something is in the way of what is to be written.
    """
    if file is not None:
        check_new(file)
    folder = out or unused(Path("build/bench"))

    def shown(items: Iterable[Item], total: int | None, what: str) -> Iterator[Item]:
        return with_progress(items, total, what, console)

    check_free(folder)
    folder.mkdir(parents=True, exist_ok=True)
    found, measured = _measure(request, folder, shown)
    draw(found, measured, folder / "latency.png")
    write_json(found, folder / "bench.json")
    console.print(latency_table(found))
    console.print(cells_table(found))
    if file is not None:
        write_json(found, file)
    console.print(f"{folder}/: bench.json, latency.png, logs of every process")


def _measure(request: Request, folder: Path, shown: Shown) -> tuple[dict[str, Any], Measured]:
    from ir_guidance.nodes.bench.hops import decode_times_ms
    from ir_guidance.nodes.bench.suite import measure

    here, before_s = machine(), stolen_s()
    profile = load_profile(PROCEDURE, request.modality)
    with tempfile.TemporaryDirectory(prefix="ir_guidance_bench_") as place:
        setting = _setting(request, request.modality, Path(place), shown)
        other = None
        if "other_modality" in request.cells:
            other = _setting(request, _other(request.modality), Path(place), shown)
        sequence = resized(setting.sequence, request.size_px)
        stages, network = _stages(request, sequence, shown)
        stages |= {"decode": decode_times_ms(sequence, min(request.frames, MOST_STAGES))}
        backends = backend_times_ms(request.modality, INFERENCES, shown)
        budget_ms = profile.budget.total_ms
        measured = measure(setting, other, request.frames, request.cells, budget_ms, folder, shown)
    found = {
        "frames": request.frames,
        "modality": str(request.modality),
        "size_px": request.size_px,
        "rate_hz": sequence.rate_hz,
        "backend": network,
        "realtime": request.realtime,
        "machine": here | {"stolen_s": stolen_s() - before_s},
    }
    return found | report(measured, stages, backends, profile), measured


def _setting(request: Request, modality: Modality, place: Path, shown: Shown) -> Any:
    from ir_guidance.nodes.bench.loop import Setting
    from ir_guidance.nodes.graph import Procedure

    sequence = render(load_profile(PROCEDURE, modality), SEED, shown, request.backend)
    file = place / f"{modality}.pickle"
    save(sequence, file)
    procedure = Procedure(PROCEDURE, str(modality), request.backend, realtime=request.realtime)
    return Setting(sequence, file, request.size_px, procedure)


def _other(modality: Modality) -> Modality:
    return next(each for each in Modality if each is not modality)


def _stages(request: Request, sequence: Sequence, shown: Shown) -> tuple[Times, str]:
    told = {"modality": str(request.modality)} | overrides(sequence.joints)
    profile = merged_profile(PROCEDURE, told, "bench")
    return rehearse(sequence, profile, request.backend, min(request.frames, MOST_STAGES), shown)


def report(
    measured: Measured,
    stages: Times,
    backends: dict[str, list[float] | str],
    profile: Profile,
) -> dict[str, Any]:
    """Return what the contract asks of `bench --json`: the measurements, their floor and the ratios."""
    from ir_guidance.nodes.bench.loop import WARM_UP_FRAMES
    from ir_guidance.nodes.bench.watch_node import report as window_report

    budget_ms = profile.budget.total_ms
    ours, plain = (window_report(each, budget_ms) for each in (measured.loop, measured.plain))
    floor_ms = sum_of(stages["network"], measured.image_hop_ms, measured.command_hop_ms)
    floor = spread_ms(floor_ms)
    return {
        "warm_up_frames": WARM_UP_FRAMES,
        "end_to_end": ours,
        "baseline": plain,
        "network": spread_ms(stages["network"]),
        "image_hop": spread_ms(measured.image_hop_ms),
        "command_hop": spread_ms(measured.command_hop_ms),
        "floor": floor,
        "ratios": {
            "baseline_to_ours": ratios(plain, ours),
            "ours_to_floor": ratios(ours, floor),
            "whole_image_to_ours": ratios(measured.cells.get("whole_image", {}), ours),
        },
        "stages": {name: spread_ms(taken) for name, taken in stages.items() if name != "network"},
        "backends": {
            name: {"skipped": taken} if isinstance(taken, str) else spread_ms(taken)
            for name, taken in backends.items()
        },
        "cells": measured.cells,
    }


def ratios(over: dict[str, Any], under: dict[str, Any]) -> dict[str, float]:
    """Return one measurement's percentiles over another's; none where either was not taken."""
    above, below = over.get("latency_ms", {}), under.get("latency_ms", {})
    return {name: above[name] / below[name] for name in above if below.get(name)}


def compare(before: Path, after: Path, console: Console) -> None:
    """Print what changed from one report to another beyond noise.

    Raises:
        SettingsError: A file is not such a report.
    """
    old, new = read_report(before), read_report(after)
    console.print(changes_table(changes(old, new)))
    for difference in unlike(old, new):
        console.print(f"not alike: {difference}")
