# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""``ir-guidance evaluate``: judge a tracker on labelled images or on fresh simulated sequences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from ir_guidance.commands.evaluate_pictures import Worst, draw_calibration
from ir_guidance.commands.evaluate_table import frames_table, summary_table
from ir_guidance.commands.output import check_free, output_folder
from ir_guidance.commands.overlay_files import write_png
from ir_guidance.commands.progress import with_progress
from ir_guidance.commands.trials import check_new, write_json
from ir_guidance.learn.case import Case
from ir_guidance.learn.evaluate import Judgement, judge
from ir_guidance.learn.labelled import labelled_folder
from ir_guidance.learn.scene import FRAMES as SCENE_FRAMES
from ir_guidance.learn.scene_cases import scene_cases
from ir_guidance.learn.sequences import FRAMES, simulated_cases
from ir_guidance.settings import SettingsError
from ir_guidance.track import Tracker, make_tracker
from ir_guidance.values import Modality

SHEET, CALIBRATION = "worst.png", "calibration.png"


@dataclass(frozen=True, slots=True)
class Test:
    """What a tracker is judged by; ``about`` is what the report says of it."""

    title: str
    modality: Modality
    frames: int
    cases: Callable[[], Iterator[Case]]
    about: dict[str, Any]


def labelled_test(folder: Path) -> Test:
    """Return the test of a folder with ``labels.json``.

    Raises:
        SourceError: The folder or its labels cannot be used.
    """
    found = labelled_folder(folder)
    return Test(
        title=str(folder),
        modality=found.modality,
        frames=len(found.labels),
        cases=found.cases,
        about={"data": str(folder), "modality": str(found.modality)},
    )


def simulated_test(modality: Modality, count: int, seed: int, *, with_prior: bool) -> Test:
    """Return the test of so many fresh sequences."""
    return Test(
        title=f"{count} simulated {modality} sequences, seed {seed}",
        modality=modality,
        frames=count * FRAMES,
        cases=lambda: simulated_cases(modality, count, seed, with_prior=with_prior),
        about={
            "simulated": count,
            "seed": seed,
            "modality": str(modality),
            "prior": with_prior,
        },
    )


def scenes_test(modality: Modality, count: int, seed: int) -> Test:
    """Return the test of so many scenes as training draws them."""
    return Test(
        title=f"{count} simulated {modality} scenes, seed {seed}",
        modality=modality,
        frames=count * SCENE_FRAMES,
        cases=lambda: scene_cases(modality, count, seed),
        about={"scenes": count, "seed": seed, "modality": str(modality)},
    )


def evaluate(
    test: Test,
    *,
    backend: str,
    out: Path | None = None,
    json: Path | None = None,
    console: Console,
) -> dict[str, Any]:
    """Judge a tracker, print a table, and write the report to ``json`` and pictures to ``out``.

    Raises:
        SettingsError: There is no such backend.
        SourceError: An image cannot be read.
        OutputError: What is asked for exists already, or cannot be written.
    """
    if json is not None:
        check_new(json)
    if out is not None:
        check_free(out)
    tracker = _tracker(backend, test.modality)
    judgement, worst = Judgement(), Worst()
    cases = with_progress(test.cases(), test.frames, "evaluating", console)
    for judged in judge(cases, tracker):
        judgement.add(judged)
        worst.add(judged)
    report = {
        **test.about,
        "summary": judgement.summary(getattr(tracker, "name", backend)),
        "rows": [row.as_dict() for row in judgement.rows],
    }
    if "data" in report:
        console.print(frames_table(judgement.rows))
    console.print(summary_table(report["summary"], test.title))
    if json is not None:
        write_json(report, json)
        console.print(f"written: {json}")
    if out is not None:
        _draw(judgement, worst, test.title, out)
        console.print(f"{out}/: {SHEET}, {CALIBRATION}")
    return report


def _tracker(backend: str, modality: Modality) -> Tracker:
    try:
        return make_tracker(backend, modality)
    except ValueError as error:
        raise SettingsError(f"--backend {backend}: {error}") from None


def _draw(judgement: Judgement, worst: Worst, title: str, out: Path) -> None:
    with output_folder(out) as draft:
        write_png(draft / SHEET, worst.drawn(title))
        draw_calibration(judgement.rows, title, draft / CALIBRATION)
