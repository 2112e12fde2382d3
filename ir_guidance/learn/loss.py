# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What training makes small.

A place is learnt by the logarithm of the probability that the map gave to it: a proper score
(Gneiting and Raftery 2007), so the map becomes the distribution of where the tip is, and its
spread the uncertainty, without a term for either.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from ir_guidance.learn.stream import Batch

WEIGHTS = {"tip": 1.0, "target": 0.5, "shaft": 6.0, "direction": 1.0, "flags": 1.0}
SHAFT_GAIN = 4.0
"""How much more a cell on the shaft counts than one beside it; few cells are on it."""


def losses(outputs: tuple[Tensor, Tensor, Tensor], batch: Batch) -> dict[str, Tensor]:
    """Return each part of the loss, not weighted, for the network's outputs and a batch on their device."""
    places, shaft, flags = outputs
    _, cells, line, direction, present = batch
    on_line = line.float() / 255.0
    weight = 1.0 + (SHAFT_GAIN - 1.0) * on_line
    pointing = (direction**2).sum(dim=1, keepdim=True) > 0
    miss = ((shaft[:, 1:] - direction) ** 2 * pointing).sum()
    return {
        "tip": _surprise(places[:, 0], cells[:, 0], present[:, 1]),
        "target": _surprise(places[:, 1], cells[:, 1], present[:, 2]),
        "shaft": functional.binary_cross_entropy_with_logits(shaft[:, 0], on_line, weight),
        "direction": miss / pointing.sum().clamp(min=1),
        "flags": functional.binary_cross_entropy_with_logits(flags, present),
    }


def total(parts: dict[str, Tensor]) -> Tensor:
    """Return the weighted sum."""
    return torch.stack([WEIGHTS[name] * part for name, part in parts.items()]).sum()


def _surprise(logits: Tensor, cells: Tensor, present: Tensor) -> Tensor:
    """Return the mean negative log probability of places (n, 2) between the cells of maps (n, 128, 128)."""
    rows, columns = logits.shape[1:]
    log_p = functional.log_softmax(logits.flatten(1), dim=1)
    first = cells.floor()
    part = cells - first
    u, v = first.long().unbind(dim=1)
    found = torch.zeros_like(present)
    for right in (0, 1):
        for down in (0, 1):
            share = (part[:, 0] if right else 1 - part[:, 0]) * (
                part[:, 1] if down else 1 - part[:, 1]
            )
            place = (v + down).clamp(max=rows - 1) * columns + (u + right).clamp(max=columns - 1)
            found = found + share * log_p.gather(1, place[:, None])[:, 0]
    return -(found * present).sum() / present.sum().clamp(min=1)
