# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Engines for the GPU that is here, each compared with the reference before it is called good."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from ir_guidance.learn.engine import Builder, kept_engine
from ir_guidance.models import model_path
from ir_guidance.track.backends import BackendError, load_network
from ir_guidance.track.backends.agreement import (
    REFERENCE,
    TOLERANCE,
    largest_difference,
    sample_views,
)
from ir_guidance.track.backends.engine import SUFFIX, write_engine
from ir_guidance.track.backends.weights import read_weights
from ir_guidance.values import Modality

COMPARED = 20


def build_engines(
    model: Path | None, precision: str, out: Path | None, *, portable: bool, console: Console
) -> None:
    """Build the engine of a model, or of every model of this package, unless it is there already.

    Raises:
        BackendError: The model is not what its card says, or no engine can be built here.
    """
    if precision not in ("f16", "f32"):
        raise BackendError(f"--precision {precision}: choose f16 or f32")
    models = [model] if model else [m for m in map(model_path, Modality) if m.exists()]
    if out is not None:
        _check_out(out, models)
    if not models:
        raise BackendError("build-engine: no trained model is installed; give one with --model")
    for each in models:
        _build(each, precision, out, portable=portable, console=console)


def _check_out(out: Path, models: list[Path]) -> None:
    if out.suffix != SUFFIX:
        raise BackendError(f"--out {out}: an engine's file ends in {SUFFIX}")
    if out.exists():
        raise BackendError(f"--out {out}: exists already; give another name")
    if len(models) != 1:
        raise BackendError(f"--out {out}: is for one engine; say of which model with --model")


def _build(
    model: Path, precision: str, out: Path | None, *, portable: bool, console: Console
) -> None:
    weights, builder = read_weights(model), Builder()
    key = builder.key(weights, precision, portable=portable)
    path = out or kept_engine(weights, key)
    if path.exists():
        console.print(f"{path}: built already; delete it to build it again", soft_wrap=True)
        return
    with console.status(f"{model.name}, {precision}: TensorRT measures kernels (minutes)"):
        write_engine(path, builder.build(weights, key), key)
    off = _compare(model, path, precision)
    console.print(f"{path}: within {off:.1e} of {REFERENCE} f32", soft_wrap=True)


def _compare(model: Path, path: Path, precision: str) -> float:
    """Return how far an engine is from the reference; one that is too far is taken away again."""
    network, reference = load_network("tensorrt", path), load_network(REFERENCE, model)
    off = largest_difference(network, reference, sample_views(COMPARED))
    network.close()
    reference.close()
    if off > TOLERANCE[precision]:
        path.unlink()
        path.with_suffix(".json").unlink()
        raise BackendError(
            f"{path}: off by {off:.1e} of the largest value, {precision} allows "
            f"{TOLERANCE[precision]:.0e}; removed, try --precision f32"
        )
    return off
