# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What runs the network: one interface, an accelerator to a file, imported only when it is chosen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ir_guidance.settings import Settings, SettingsError

SIDE_PX = 256
"""Rows and columns of a view, which is what the network sees."""

CHANNELS = 5
"""Of the input: three frames, oldest first; where the shaft is expected; where the target is."""

BACKENDS = (
    "tensorrt",
    "tensorrt-f32",
    "torch",
    "torch-f32",
    "openvino",
    "openvino-bf16",
    "onnxruntime",
)
"""What can be asked for; a plain name runs in the precision that docs/backends.md gives for it."""

AUTO = ("tensorrt", "torch", "openvino-bf16", "openvino", "onnxruntime")
"""What ``auto`` tries, fastest first; the first two need a GPU, the third a CPU that computes in bf16."""


class BackendError(SettingsError):
    """A network that must not be used; one line: which backend or file, what is wrong, what to do."""


def in_one_line(said: object) -> str:
    """Return what a library said, without its line breaks and not without end."""
    return " ".join(str(said).split())[:300]


def check_view(view: NDArray[np.uint8]) -> None:
    """Refuse what is no view: numpy would stretch it to one.

    Raises:
        ValueError: It is not uint8 (5, 256, 256).
    """
    if view.shape != (CHANNELS, SIDE_PX, SIDE_PX) or view.dtype != np.uint8:
        raise ValueError(f"view: {view.dtype} {view.shape}, expected uint8 (5, 256, 256)")


class BackendSettings(Settings):
    """How a backend uses the machine."""

    threads: int = Field(0, ge=0, le=256, description="Threads on a CPU; 0: one for each core.")


@dataclass(frozen=True, slots=True, eq=False)
class Maps:
    """What the network says of one view; all float32, on a grid of half the view's resolution.

    ``places`` (2, 128, 128) are logits of where tip and target are: softmax over a map is a
    probability for each cell. ``shaft`` (3, 128, 128) is the logit of being on the shaft, and its
    direction towards the tip (u, v), not normalised. ``flags`` (3,) are logits that a needle is in
    the view, that its tip is, that the target is. Valid until the next ``infer``.
    """

    places: NDArray[np.float32]
    shaft: NDArray[np.float32]
    flags: NDArray[np.float32]


class Network(Protocol):
    """A network loaded on some accelerator; made in one thread, used in one.

    ``name`` says what runs it and in which precision, as in "openvino f32".
    """

    name: str

    def infer(self, view: NDArray[np.uint8]) -> Maps:
        """Return what the network says of a view (5, 256, 256)."""
        ...

    def close(self) -> None:
        """Give the accelerator back; maps that it gave are no longer to be read."""
        ...


def load_network(name: str, model: Path, settings: BackendSettings | None = None) -> Network:
    """Return a model's network on a backend, warmed up and found to give the same answer twice.

    ``auto`` takes the first of ``AUTO`` that works here. A model is an ONNX file with its card
    beside it, or for ``tensorrt`` an engine that ``ir-guidance build-engine`` wrote.

    Raises:
        BackendError: No such backend, no such library, driver or engine here, or a model that is
            not what its card says.
    """
    from ir_guidance.track.backends.loading import first_that_works, load

    settings = settings or BackendSettings()
    if name == "auto":
        return first_that_works(AUTO, model, settings)
    return load(name, model, settings)
