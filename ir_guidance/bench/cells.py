# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The circumstances under which the loop is measured."""

from __future__ import annotations

import os
from dataclasses import dataclass

BESIDE = ("stress", "recorder", "one_display", "three_displays", "gpu")
"""Cells with something beside the loop that is already running, in the order in which they are measured."""

OWN = ("whole_image", "256", "512", "1024", "other_modality")
"""Cells that need a loop of their own; that of the headline's own size is no cell."""

CELLS = (*BESIDE, *OWN)


@dataclass(frozen=True, slots=True)
class Beside:
    """What runs beside the loop in a cell: modules with a name each, and nodes by their executable."""

    modules: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()


def beside(cell: str) -> Beside:
    """Return what runs beside the loop in one of ``BESIDE``."""
    return {
        "stress": Beside(modules=("ir_guidance.bench.stress",) * (os.cpu_count() or 1)),
        "recorder": Beside(nodes=("recorder_node",)),
        "one_display": Beside(nodes=("bench.display_node",)),
        "three_displays": Beside(nodes=("bench.display_node",) * 3),
        "gpu": Beside(modules=("ir_guidance.bench.gpu_stress",)),
    }[cell]


def cell_frames(frames: int) -> int:
    """Return over how many frames a cell is measured when the headline figure takes so many."""
    return min(frames, max(300, frames // 5))
