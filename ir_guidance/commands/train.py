# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""``ir-guidance train`` and ``ir-guidance export``: from simulated scenes to a file of weights."""

from __future__ import annotations

import json
import os
from contextlib import nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ir_guidance.commands.output import OutputError, check_free
from ir_guidance.settings import SettingsError, checked
from ir_guidance.values import Modality

CURVES = "curves.png"


def train(
    modality: Modality,
    out: Path,
    *,
    resume: bool,
    begin: Path | None = None,
    console: Console,
    **settings: Any,
) -> None:
    """Train in a folder: a checkpoint, a log and the curves stay there; ``begin`` is weights to begin with.

    Raises:
        SettingsError: torch is missing, or a setting is out of its bounds.
        OutputError: The folder holds files and no ``resume`` was asked for, or the other way round.
    """
    _need_torch("train")
    from ir_guidance.learn.train import CHECKPOINT, LOG, Trainer, TrainSettings
    from ir_guidance.learn.train import Progress as Step

    chosen = checked(TrainSettings, {"modality": modality, **settings}, "train")
    if resume and not (out / CHECKPOINT).exists():
        raise OutputError(f"{out}: no {CHECKPOINT} to go on from; leave --resume out to start anew")
    if not resume:
        check_free(out)
    out.mkdir(parents=True, exist_ok=True)
    main = int(os.environ.get("RANK", 0)) == 0
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[told]}"),
        console=console,
    )
    trainer = Trainer(chosen, out, begin)
    with bar if main else nullcontext():
        task = bar.add_task(f"train {modality}", total=chosen.steps, told="")

        def tell(step: Step) -> None:
            bar.update(
                task, completed=step.step, total=step.steps, told=_told(step.loss, step.figures)
            )
            if (step.step % chosen.judge_every == 0 or step.step == step.steps) and main:
                draw_curves(out / LOG, out / CURVES)

        trainer.run(tell)


def export(folder: Path, out: Path, console: Console) -> None:
    """Write a training's weights as ONNX to ``out`` and what they are beside it.

    Raises:
        SettingsError: torch is missing.
        OutputError: There is no checkpoint, or ``out`` exists.
    """
    _need_torch("export")
    from ir_guidance.learn.export import export as write
    from ir_guidance.learn.train import CHECKPOINT

    if not (folder / CHECKPOINT).exists():
        raise OutputError(f"{folder}: no {CHECKPOINT} here; give the folder that train wrote to")
    if out.exists():
        raise OutputError(f"{out}: exists already; give another file with --out")
    about = write(folder, out)
    console.print(
        f"{out}: {out.stat().st_size / 1e6:.1f} MB after step {about['step']}, sha256 {about['sha256'][:12]}"
    )


def draw_curves(log: Path, picture: Path) -> None:
    """Draw losses and errors over the steps of a training's log."""
    from matplotlib.figure import Figure

    rows = [json.loads(line) for line in log.read_text().splitlines()]
    steps = [row["step"] for row in rows]
    figure = Figure(figsize=(11, 4), layout="constrained")
    losses, errors = figure.subplots(1, 2)
    for name in (name for name in rows[0] if name.startswith("loss_")):
        losses.plot(steps, [row[name] for row in rows], label=name.removeprefix("loss_"))
    for name in ("tip_px_median", "tip_px_p95", "target_px_median", "target_px_p95"):
        errors.plot(steps, [row[name] for row in rows], label=name.replace("_px_", ", "))
    losses.set(xlabel="step", ylabel="loss of the last batch", yscale="log")
    errors.set(xlabel="step", ylabel="error on fresh scenes [px of the view]", yscale="log")
    for axes in (losses, errors):
        axes.legend(frameon=False)
        axes.grid(alpha=0.3)
    figure.savefig(picture, dpi=110)


def _told(loss: float, figures: dict[str, float]) -> str:
    told = f"loss {loss:.2f}"
    if figures:
        told += (
            f", tip {figures['tip_px_median']:.2f} px, target {figures['target_px_median']:.2f} px"
        )
    return told


def _need_torch(command: str) -> None:
    if find_spec("torch") is None:
        raise SettingsError(f"{command}: needs torch: pip install -r requirements-train.txt")
