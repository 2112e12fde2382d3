# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Samples seen before, to learn from again while new ones are still being simulated.

Where a GPU waits for its workers, steps on samples that it has seen already cost no time and are worth nearly as
much as new ones (data echoing: Choi et al. 2019, arXiv:1907.05550).
"""

from __future__ import annotations

import torch
from torch import Tensor

from ir_guidance.learn.stream import Batch


class Echo:
    """Keeps the last samples on the device, and draws batches of them, half of them mirrored."""

    def __init__(self, keep: int, seed: int, device: torch.device) -> None:
        """Keep that many samples; what is drawn hangs on the seed alone."""
        self._keep, self._device = keep, device
        self._generator = torch.Generator().manual_seed(seed)
        self._parts: list[Tensor] = []
        self._added = 0

    def add(self, batch: Batch) -> None:
        """Take a batch on the device; the oldest make room for it."""
        if not self._parts:
            self._parts = [
                torch.empty((self._keep, *part.shape[1:]), dtype=part.dtype, device=self._device)
                for part in batch
            ]
        places = (self._added + torch.arange(len(batch[0]))) % self._keep
        for kept, part in zip(self._parts, batch, strict=True):
            kept[places.to(self._device)] = part
        self._added += len(batch[0])

    def drawn(self, size: int) -> Batch:
        """Return so many samples of those kept."""
        kept = min(self._added, self._keep)
        places = torch.randint(kept, (size,), generator=self._generator).to(self._device)
        view, cells, shaft, direction, flags = (part[places] for part in self._parts)
        batch = view, cells, shaft, direction, flags
        turned = bool(torch.rand(1, generator=self._generator) < 0.5)
        return mirrored(batch) if turned else batch


def mirrored(batch: Batch) -> Batch:
    """Return samples with left and right changed."""
    view, cells, shaft, direction, flags = batch
    across = torch.tensor([-1.0, 1.0], device=direction.device)[None, :, None, None]
    last = shaft.shape[-1] - 1
    return (
        view.flip(-1),
        torch.stack([last - cells[..., 0], cells[..., 1]], dim=-1),
        shaft.flip(-1),
        direction.flip(-1) * across,
        flags,
    )
