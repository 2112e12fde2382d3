# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A model's file: read once, and trusted only when its card beside it names its hash."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ir_guidance.track.backends import CHANNELS, SIDE_PX, BackendError

CELLS = SIDE_PX // 2

Tensors = dict[str, tuple[str, tuple[int, ...]]]
"""Element type and shape by name."""

INPUTS: Tensors = {"view": ("uint8", (1, CHANNELS, SIDE_PX, SIDE_PX))}
OUTPUTS: Tensors = {
    "places": ("float32", (1, 2, CELLS, CELLS)),
    "shaft": ("float32", (1, 3, CELLS, CELLS)),
    "flags": ("float32", (1, 3)),
}


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """An ONNX file whose hash is the one on its card."""

    path: Path
    data: bytes
    sha256: str


def read_weights(path: Path) -> Weights:
    """Return a model whose card (the same name, .json) gives its hash.

    Raises:
        BackendError: A file is missing, or the model is not the one of the card.
    """
    card = read_card(path.with_suffix(".json"))
    data = read_bytes(path)
    return Weights(path, data, checked_hash(path, data, card))


def read_bytes(path: Path) -> bytes:
    """Return what is in a file.

    Raises:
        BackendError: It cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise BackendError(f"{path}: {error.strerror}") from None


def read_card(path: Path) -> dict[str, Any]:
    """Return what a file's card says of it.

    Raises:
        BackendError: There is none, or it is no JSON object with a ``sha256``.
    """
    text = read_bytes(path)
    try:
        card = json.loads(text)
    except ValueError:
        raise BackendError(f"{path}: not JSON; export the model again") from None
    if not isinstance(card, dict) or not isinstance(card.get("sha256"), str):
        raise BackendError(f"{path}: gives no sha256; export the model again")
    return card


def checked_hash(path: Path, data: bytes, card: dict[str, Any]) -> str:
    """Return the hash of a file's content.

    Raises:
        BackendError: It is not the card's.
    """
    found = hashlib.sha256(data).hexdigest()
    if found != card["sha256"]:
        raise BackendError(
            f"{path}: sha256 {found[:12]}..., its card says {card['sha256'][:12]}...; "
            "damaged or exchanged: restore the file, or export it again"
        )
    return found


def check_tensors(path: Path, inputs: Tensors, outputs: Tensors) -> None:
    """Refuse a network that takes or gives something other than the tracker does.

    Raises:
        BackendError: With the first difference.
    """
    for role, found, expected in (("input", inputs, INPUTS), ("output", outputs, OUTPUTS)):
        for name in expected.keys() | found.keys():
            if found.get(name) != expected.get(name):
                raise BackendError(
                    f"{path}: {role} {name!r} is {_said(found.get(name))}, "
                    f"expected {_said(expected.get(name))}; export it with this version"
                )


def _said(tensor: tuple[str, tuple[int, ...]] | None) -> str:
    return "absent" if tensor is None else f"{tensor[0]} {tensor[1]}"
