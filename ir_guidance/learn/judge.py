# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""How well a network does on samples it is not trained on, in pixels of the view."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from ir_guidance.learn.sample import CELLS
from ir_guidance.learn.stream import Batch
from ir_guidance.track.heat import most_likely


@torch.no_grad()
def judged(network: nn.Module, batches: list[Batch], device: torch.device) -> dict[str, float]:
    """Return medians and 95th percentiles of errors (px) of the view, and shares of wrong flags."""
    network.eval()
    errors: dict[str, list[float]] = {"tip": [], "target": []}
    wrong = np.zeros(3)
    count = 0
    angles: list[float] = []
    for batch in batches:
        places, shaft, flags = (out.float().cpu().numpy() for out in network(batch[0].to(device)))
        present = batch[4].numpy() > 0.5
        wrong += ((flags > 0) != present).sum(axis=0)
        count += len(flags)
        for i in range(len(flags)):
            for which, name in enumerate(errors):
                if present[i, which + 1]:
                    found, _ = most_likely(places[i, which])
                    truth = 2 * batch[1][i, which].numpy() + 0.5
                    errors[name].append(float(np.linalg.norm(found.place - truth)))
            angles += _angle_error(shaft[i, 1:], batch[3][i].numpy())
    network.train()
    figures = {
        f"{name}_wrong": float(wrong[i] / count)
        for i, name in enumerate(("needle", "tip", "target"))
    }
    for name, values in errors.items():
        figures[f"{name}_px_median"] = float(np.median(values)) if values else float("nan")
        figures[f"{name}_px_p95"] = float(np.quantile(values, 0.95)) if values else float("nan")
    figures["angle_deg_median"] = float(np.median(angles)) if angles else float("nan")
    return figures


def _angle_error(found: np.ndarray, truth: np.ndarray) -> list[float]:
    on = (truth**2).sum(axis=0) > 0
    if on.sum() < CELLS // 8:
        return []
    mean, wanted = found[:, on].mean(axis=1), truth[:, on].mean(axis=1)
    cross = mean[0] * wanted[1] - mean[1] * wanted[0]
    return [float(np.degrees(abs(np.arctan2(cross, mean @ wanted))))]
