# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The command line's part about the network: judge it, train it, export it, build its engines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ir_guidance.commands.options import Backend, ReportFile, Seed, console, only
from ir_guidance.settings import SettingsError


def evaluate(
    data: Annotated[Path | None, typer.Option(help="Folder of images with labels.json.")] = None,
    simulated: Annotated[
        int | None, typer.Option(min=1, max=100_000, help="Sequences to simulate instead.")
    ] = None,
    scenes: Annotated[
        bool, typer.Option("--scenes", help="Simulate single scenes, of all that training draws.")
    ] = False,
    seed: Seed = 0,
    modality: Annotated[
        str | None, typer.Option(help="Of the simulated images; ultrasound if not given.")
    ] = None,
    no_prior: Annotated[
        bool, typer.Option("--no-prior", help="Simulate without a robot that knows its joints.")
    ] = False,
    backend: Backend = "auto",
    out: Annotated[
        Path | None, typer.Option(help="Folder for worst.png and calibration.png.")
    ] = None,
    json: ReportFile = None,
) -> None:
    """Judge a tracker by labelled images, or by fresh simulated ones whose truth is known."""
    from ir_guidance.commands.evaluate import evaluate as judge
    from ir_guidance.commands.evaluate import labelled_test, scenes_test, simulated_test
    from ir_guidance.values import Modality

    if (data is None) == (simulated is None):
        raise SettingsError("evaluate: give either --data FOLDER or --simulated N")
    if modality is not None:
        only("--modality", modality, [str(each) for each in Modality])
    if data is not None:
        if modality is not None:
            raise SettingsError(
                f"--modality {modality}: with --data, labels.json says it; leave it out"
            )
        test = labelled_test(data)
    elif simulated is not None:
        kind = Modality(modality or Modality.ULTRASOUND)
        test = (
            scenes_test(kind, simulated, seed)
            if scenes
            else simulated_test(kind, simulated, seed, with_prior=not no_prior)
        )
    judge(test, backend=backend, out=out, json=json, console=console)


def train(
    modality: Annotated[str, typer.Option(help="What to learn to see in.")],
    out: Annotated[Path | None, typer.Option(help="Folder for checkpoint, log and curves.")] = None,
    steps: Annotated[int, typer.Option(help="Batches in all.")] = 12_000,
    minutes: Annotated[
        float | None, typer.Option(help="End sooner, after so long, the rate gone down to nothing.")
    ] = None,
    batch: Annotated[int, typer.Option(help="Samples in a batch, over all processes.")] = 16,
    workers: Annotated[int, typer.Option(help="Processes that simulate, for each trainer.")] = 1,
    echo: Annotated[
        int,
        typer.Option(help="Steps for each batch of new samples; the others repeat earlier ones."),
    ] = 1,
    check: Annotated[int, typer.Option(help="Steps between checks on fresh scenes.")] = 500,
    seed: Annotated[int, typer.Option(help="Draws weights and every scene.")] = 0,
    rate: Annotated[float, typer.Option(help="Peak of the learning rate.")] = 0.003,
    begin: Annotated[
        Path | None, typer.Option(help="Exported weights to begin with; random if not given.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the folder's checkpoint.")
    ] = False,
) -> None:
    """Train the network on simulated scenes; under torchrun, on every GPU."""
    from ir_guidance.commands.train import train as learn
    from ir_guidance.values import Modality

    only("--modality", modality, [str(each) for each in Modality])
    folder = out or Path("build/train") / modality
    learn(
        Modality(modality),
        folder,
        resume=resume,
        begin=begin,
        console=console,
        steps=steps,
        minutes=minutes,
        batch=batch,
        workers=workers,
        echo=echo,
        judge_every=check,
        seed=seed,
        learning_rate=rate,
    )


def export(
    folder: Annotated[Path, typer.Argument(help="Where train wrote its checkpoint.")],
    out: Annotated[Path, typer.Option(help="The ONNX file to write.")],
) -> None:
    """Write a training's weights as ONNX, for every backend."""
    from ir_guidance.commands.train import export as write

    write(folder, out, console)


def build_engine(
    model: Annotated[
        Path | None, typer.Option(help="ONNX file; every installed model if not given.")
    ] = None,
    precision: Annotated[str, typer.Option(help="f16 or f32.")] = "f16",
    portable: Annotated[
        bool, typer.Option("--portable", help="For the lean runtime and later TensorRT, too.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="File for the engine, instead of the user's cache.")
    ] = None,
) -> None:
    """Build TensorRT engines for the GPU that is here, and compare each with the reference."""
    from ir_guidance.commands.build_engine import build_engines

    build_engines(model, precision, out, portable=portable, console=console)
