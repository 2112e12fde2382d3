# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A frame's way over the GPU in PyTorch: upload, preprocessing, network, decoding, download; eager or in graphs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ir_guidance.models import model_path
from ir_guidance.track.backends import CHANNELS, SIDE_PX
from ir_guidance.track.backends.torch import halve, network_of
from ir_guidance.track.backends.weights import read_weights
from ir_guidance.track.heat import REACH_CELLS
from ir_guidance.values import Modality

IMAGE_PX = 512
CELLS = SIDE_PX // 2
STAGES = ("upload", "preprocess", "network", "decode", "download")

Work = Callable[[], None]


def shipped_network(device: str, *, half: bool) -> nn.Module:
    """Return the shipped ultrasound network on a device, in half or single precision."""
    network = network_of(read_weights(model_path(Modality.ULTRASOUND)))
    if half:
        halve(network)
    moved: nn.Module = network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return moved


@dataclass
class Chain:
    """The stages on fixed buffers, each a call without arguments, so that they can be captured.

    ``image`` (512, 512) uint8 and ``tip`` (6,) are in host memory, pinned where there is a GPU: the
    tip is u, v, their variances and covariance in cells, and the probability within reach.
    """

    stages: dict[str, Work]
    image: Tensor
    tip: Tensor

    def run(self) -> None:
        """Queue every stage of one frame."""
        for stage in self.stages.values():
            stage()


def chain(network: nn.Module, device: str) -> Chain:
    """Return the stages round a network on a device."""
    pinned = device != "cpu"
    image = torch.zeros((IMAGE_PX, IMAGE_PX), dtype=torch.uint8, pin_memory=pinned)
    tip = torch.zeros(6, pin_memory=pinned)
    image_there = torch.zeros_like(image, device=device)
    view = torch.zeros((1, CHANNELS, SIDE_PX, SIDE_PX), dtype=torch.uint8, device=device)
    places = torch.zeros((CELLS, CELLS), device=device)
    tip_there = torch.zeros_like(tip, device=device)
    cells = torch.arange(CELLS, dtype=torch.float32, device=device)
    first = (IMAGE_PX - SIDE_PX) // 2

    def upload() -> None:
        image_there.copy_(image, non_blocking=True)

    def preprocess() -> None:
        view[0, 0].copy_(view[0, 1].clone())
        view[0, 1].copy_(view[0, 2].clone())
        view[0, 2].copy_(image_there[first : first + SIDE_PX, first : first + SIDE_PX])

    def infer() -> None:
        places.copy_(network(view)[0][0, 0])

    def decode() -> None:
        tip_there.copy_(decoded(places, cells))

    def download() -> None:
        tip.copy_(tip_there, non_blocking=True)

    calls = (upload, preprocess, infer, decode, download)
    return Chain(dict(zip(STAGES, calls, strict=True)), image, tip)


def decoded(places: Tensor, cells: Tensor) -> Tensor:
    """Return the place that a map of logits (128, 128) says, as ``Chain`` has it; ``cells`` counts 0 to 127."""
    odds = torch.softmax(places.flatten(), 0).reshape(CELLS, CELLS)
    likely = torch.argmax(odds)
    v, u = likely // CELLS, likely % CELLS
    near = ((cells[:, None] - v).abs() <= REACH_CELLS) & ((cells[None] - u).abs() <= REACH_CELLS)
    part = odds * near
    mass = part.sum()
    column, row = part.sum(0) / mass, part.sum(1) / mass
    at_u, at_v = (column * cells).sum(), (row * cells).sum()
    off_u, off_v = cells - at_u, cells - at_v
    mixed = (part * off_v[:, None] * off_u[None]).sum() / mass
    spread = (column * off_u**2).sum(), (row * off_v**2).sum()
    return torch.stack([at_u, at_v, *spread, mixed, mass])


def captured(work: Work) -> Work:
    """Return what replays some work on the GPU as one CUDA graph."""
    stream: Any = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):  # cuDNN chooses and memory is reserved before the capture
            work()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()
    return graph.replay


def stage_times_ms(stages: dict[str, Work], n: int, warm_up: int) -> dict[str, list[float]]:
    """Return each stage's time by CUDA events; eager, that holds what the host takes to launch it."""
    event: Any = torch.cuda.Event
    marks = [event(enable_timing=True) for _ in range(len(stages) + 1)]
    taken: dict[str, list[float]] = {name: [] for name in stages}
    for number in range(n + warm_up):
        marks[0].record()
        for mark, stage in zip(marks[1:], stages.values(), strict=True):
            stage()
            mark.record()
        torch.cuda.synchronize()
        for name, before, after in zip(stages, marks, marks[1:], strict=False):
            if number >= warm_up:
                taken[name].append(before.elapsed_time(after))
    return taken
