# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""TensorRT engines on disk: found by what they were built for, and refused where that is not so."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from ir_guidance.track.backends import BackendError
from ir_guidance.track.backends.cuda import Gpu
from ir_guidance.track.backends.weights import checked_hash, read_bytes, read_card

SUFFIX = ".engine"


@dataclass(frozen=True, slots=True)
class EngineKey:
    """What an engine was built for; ``portable`` ones also run on later TensorRT of the same major version."""

    model_sha256: str
    precision: str
    gpu: str
    compute_capability: str
    tensorrt: str
    portable: bool

    def file_name(self, stem: str) -> str:
        """Return the name of its file, after the model's stem."""
        gpu = "-".join(self.gpu.lower().split())
        kind = f"{self.precision}{'-portable' if self.portable else ''}"
        runs_on = f"{gpu}-sm{self.compute_capability}-trt{self.tensorrt}"
        return f"{stem}-{self.model_sha256[:12]}-{kind}-{runs_on}{SUFFIX}"


def engine_folder() -> Path:
    """Return where engines are kept for this user, by the XDG base directory specification."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "ir_guidance" / "engines"


def write_engine(path: Path, data: bytes, key: EngineKey) -> None:
    """Write an engine and, beside it, its card; the card last, so that half an engine is none.

    Raises:
        BackendError: They cannot be written.
    """
    card = {"sha256": hashlib.sha256(data).hexdigest(), **asdict(key)}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.with_suffix(".json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise BackendError(f"{path}: {error.strerror}; give another place with --out") from None


def read_engine(path: Path, gpu: Gpu, tensorrt: str, *, lean: bool) -> tuple[bytes, EngineKey]:
    """Return an engine that this GPU and this TensorRT can run.

    Raises:
        BackendError: A file is missing or damaged, or the engine was built for something else.
    """
    card = read_card(path.with_suffix(".json"))
    data = read_bytes(path)
    checked_hash(path, data, card)
    try:
        key = EngineKey(**{field.name: card[field.name] for field in fields(EngineKey)})
    except KeyError as error:
        raise BackendError(f"{path}: its card has no {error}; build it again") from None
    wrong = _unfit(key, gpu, tensorrt, lean=lean)
    if wrong:
        raise BackendError(f"{path}: {wrong}; run ir-guidance build-engine here")
    return data, key


def _unfit(key: EngineKey, gpu: Gpu, tensorrt: str, *, lean: bool) -> str:
    """Say why an engine cannot run here; empty when it can."""
    here = f"{gpu.name} (compute capability {gpu.compute_capability})"
    built_for = f"{key.gpu} (compute capability {key.compute_capability})"
    if here != built_for:
        return f"built for {built_for}, this is {here}"
    if lean and not key.portable:
        return "not built with --portable, which the lean runtime needs"
    ours, theirs = _numbers(tensorrt), _numbers(key.tensorrt)
    fits = ours[:1] == theirs[:1] and ours >= theirs if key.portable else ours == theirs
    return "" if fits else f"built by TensorRT {key.tensorrt}, here is {tensorrt}"


def _numbers(version: str) -> list[Any]:
    return [int(part) if part.isdigit() else part for part in version.split(".")]
