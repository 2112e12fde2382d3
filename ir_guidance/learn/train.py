# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The training loop: streams samples, keeps a running mean of the weights, can be stopped and resumed at any step."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import AveragedModel

from ir_guidance.learn.begin import begun_from
from ir_guidance.learn.echo import Echo
from ir_guidance.learn.judge import judged
from ir_guidance.learn.loss import losses, total
from ir_guidance.learn.network import GuidanceNetwork
from ir_guidance.learn.stream import Batch, SampleStream, batches
from ir_guidance.settings import Settings, SettingsError
from ir_guidance.values import Modality

CHECKPOINT = "checkpoint.pt"
LOG = "log.jsonl"
JUDGE_SEED = 2**31
"""No training stream draws a room from here."""


class TrainSettings(Settings):
    """What a training is, but for where it runs."""

    modality: Modality = Field(description="What to learn to see in.")
    seed: int = Field(0, ge=0, lt=2**31, description="Draws weights and every scene.")
    steps: int = Field(12_000, ge=1, description="Batches in all.")
    minutes: float | None = Field(
        None, gt=0, description="End sooner, after so long; None: no limit."
    )
    batch: int = Field(16, ge=1, le=4096, description="Samples in a batch, over all processes.")
    workers: int = Field(1, ge=0, le=256, description="Processes that simulate, for each trainer.")
    echo: int = Field(
        1,
        ge=1,
        le=16,
        description="Steps for each batch of new samples; the others repeat earlier ones.",
    )
    echo_samples: int = Field(
        32_768, ge=1, description="Samples kept for that, half a megabyte each."
    )
    learning_rate: float = Field(3e-3, gt=0, le=1, description="The highest.")
    warm_up_steps: int = Field(300, ge=0, description="Steps until it is reached.")
    weight_decay: float = Field(0.02, ge=0, le=1, description="Of AdamW.")
    mean_decay: float = Field(0.998, ge=0, lt=1, description="Of the running mean of the weights.")
    judge_every: int = Field(500, ge=1, description="Steps between checks on fresh scenes.")
    judge_batches: int = Field(16, ge=1, description="Batches in a check.")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a training is; ``figures`` are those of the last check.

    ``steps`` is how many there will be: with a limit of time an estimate, until the last.
    """

    step: int
    steps: int
    loss: float
    figures: dict[str, float]


class Trainer:
    """One process of a training; ``torchrun`` starts several, which share the batch."""

    def __init__(self, settings: TrainSettings, folder: Path, begin: Path | None = None) -> None:
        """Start anew, from exported weights (``begin``), or where ``folder`` says that a training stopped.

        Raises:
            SettingsError: A limit of time for several processes, whose clocks would part them.
        """
        self._settings, self._folder = settings, folder
        self._rank, self._world = (
            int(os.environ.get("RANK", 0)),
            int(os.environ.get("WORLD_SIZE", 1)),
        )
        if settings.minutes is not None and self._world > 1:
            raise SettingsError("train: --minutes is for one process; under torchrun give --steps")
        self._device = _device()
        if self._world > 1 and not torch.distributed.is_initialized():
            torch.distributed.init_process_group("nccl" if self._device.type == "cuda" else "gloo")
        torch.manual_seed(settings.seed)
        self._begun_from = None if begin is None else begin.name
        network = GuidanceNetwork() if begin is None else self._begun(begin)
        self._network = network.to(self._device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._mean = AveragedModel(self._network, avg_fn=self._averaged, use_buffers=True)
        self._optimiser = torch.optim.AdamW(
            self._network.parameters(), settings.learning_rate, weight_decay=settings.weight_decay
        )
        self._step, self._started = 0, 0
        self._made = 0
        self._echo = Echo(settings.echo_samples, settings.seed + self._rank, self._device)
        self._share = 0.0
        if (folder / CHECKPOINT).exists():
            self._resume()
        self._module: nn.Module = self._network
        if self._world > 1:
            self._module = DistributedDataParallel(self._network)

    def _begun(self, begin: Path) -> GuidanceNetwork:
        """Return a network with exported weights, its normalisations measured on fresh samples."""
        samples = batches(SampleStream(self._settings.modality, self._settings.seed), 32, 0)
        return begun_from(begin, next(samples)[0])

    def _averaged(self, mean: Tensor, new: Tensor, count: Tensor | int) -> Tensor:
        """Return the running mean; it follows closely at first, when the weights change most."""
        keep = min(self._settings.mean_decay, (1.0 + float(count)) / (10.0 + float(count)))
        return mean + (new - mean) * (1.0 - keep)

    def _resume(self) -> None:
        kept = torch.load(self._folder / CHECKPOINT, map_location=self._device, weights_only=True)
        self._network.load_state_dict(kept["network"])
        self._mean.load_state_dict(kept["mean"])
        self._optimiser.load_state_dict(kept["optimiser"])
        self._step, self._started = kept["step"], kept["started"] + 1
        self._begun_from = kept["begun_from"]

    def run(self, tell: Callable[[Progress], None]) -> None:
        """Train to the last step, telling of every step; a checkpoint is left at each check.

        What ``minutes`` limits begins here, and anew when a training is resumed.
        """
        settings, begun_s = self._settings, time.monotonic()
        stream = SampleStream(settings.modality, settings.seed, self._started, self._rank)
        samples = batches(stream, settings.batch // self._world, settings.workers)
        exam = self._exam() if self._rank == 0 else []
        figures: dict[str, float] = {}
        self._share = self._step / settings.steps
        while self._share < 1:
            parts = self._learn(self._next(samples))
            self._step += 1
            self._share = self._done(time.monotonic() - begun_s)
            if self._rank != 0:
                continue
            due = self._step % settings.judge_every == 0 or self._share == 1
            if due:
                figures = judged(self._mean, exam, self._device)
                self._keep(parts, figures)
            tell(Progress(self._step, self._expected(), float(total(parts)), figures))

    def _next(self, samples: Iterator[Batch]) -> Batch:
        """Return the next batch on the device: of new samples or, of each ``echo`` but one, of earlier ones."""
        settings = self._settings
        if self._made % settings.echo:
            self._made += 1
            return self._echo.drawn(settings.batch // self._world)
        self._made += 1
        there = [part.to(self._device, non_blocking=True) for part in next(samples)]
        batch: Batch = (there[0], there[1], there[2], there[3], there[4])
        if settings.echo > 1:
            self._echo.add(batch)
        return batch

    def _expected(self) -> int:
        """Return how many steps there will be; the step just made is the last one only when it is."""
        if self._share == 1:
            return self._step
        return max(round(self._step / self._share), self._step + 1)

    def _done(self, taken_s: float) -> float:
        """Return which share of the training is done, by its steps or its time, whichever is more."""
        share = self._step / self._settings.steps
        if self._settings.minutes is not None:
            share = max(share, taken_s / (60 * self._settings.minutes))
        return min(share, 1.0)

    def _exam(self) -> list[Batch]:
        """Return batches of scenes that no training sees."""
        unseen = SampleStream(self._settings.modality, JUDGE_SEED)
        many: Iterator[Batch] = batches(unseen, 16, 0)
        return list(islice(many, self._settings.judge_batches))

    def _learn(self, batch: Batch) -> dict[str, Tensor]:
        for group in self._optimiser.param_groups:
            group["lr"] = self._rate()
        with torch.autocast(self._device.type, dtype=torch.bfloat16):
            outputs = self._module(batch[0])
        parts = losses(outputs, batch)
        self._optimiser.zero_grad(set_to_none=True)
        total(parts).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._network.parameters(), 5.0)
        self._optimiser.step()
        self._mean.update_parameters(self._network)
        return {name: part.detach() for name, part in parts.items()}

    def _rate(self) -> float:
        """Return the learning rate: a linear warm-up, then half a cosine (Loshchilov and Hutter 2017)."""
        settings = self._settings
        warm = min((self._step + 1) / max(settings.warm_up_steps, 1), 1.0)
        return settings.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * self._share))

    def _keep(self, parts: dict[str, Tensor], figures: dict[str, float]) -> None:
        row: dict[str, Any] = {"step": self._step, "rate": self._rate()} | figures
        row |= {f"loss_{name}": float(part) for name, part in parts.items()}
        with (self._folder / LOG).open("a") as log:
            log.write(json.dumps(row) + "\n")
        kept = {
            "network": self._network.state_dict(),
            "mean": self._mean.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "step": self._step,
            "started": self._started,
            "settings": self._settings.model_dump(mode="json"),
            "begun_from": self._begun_from,
        }
        part = self._folder / f"{CHECKPOINT}.part"
        torch.save(kept, part)
        part.replace(self._folder / CHECKPOINT)


def _device() -> torch.device:
    """Return this process's GPU, or the CPU where there is none."""
    if not torch.cuda.is_available():
        return torch.device("cpu")
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
    torch.cuda.set_device(device)
    return device
