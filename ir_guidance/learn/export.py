# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Trained weights as an ONNX file that every backend reads, with its hash beside it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from torch.optim.swa_utils import AveragedModel

from ir_guidance.learn.network import GuidanceNetwork
from ir_guidance.learn.train import CHECKPOINT
from ir_guidance.track.backends import CHANNELS, SIDE_PX

OPSET = 18


def export(folder: Path, out: Path) -> dict[str, Any]:
    """Write the running mean of a training's weights to ``out`` and what it is to ``out`` with .json.

    Raises:
        FileNotFoundError: The folder has no checkpoint.
    """
    kept = torch.load(folder / CHECKPOINT, map_location="cpu", weights_only=True)
    mean = AveragedModel(GuidanceNetwork(), use_buffers=True)
    mean.load_state_dict(kept["mean"])
    network = mean.module.eval()
    torch.onnx.export(
        network,
        (torch.zeros((1, CHANNELS, SIDE_PX, SIDE_PX), dtype=torch.uint8),),
        str(out),
        input_names=["view"],
        output_names=["places", "shaft", "flags"],
        opset_version=OPSET,
        dynamo=False,
        do_constant_folding=True,
    )
    about = {
        "sha256": hashlib.sha256(out.read_bytes()).hexdigest(),
        "architecture": "GuidanceNetwork",
        "step": kept["step"],
        "training": kept["settings"],
        "begun_from": kept["begun_from"],
    }
    out.with_suffix(".json").write_text(json.dumps(about, indent=2) + "\n")
    return about
