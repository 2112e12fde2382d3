# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The trained weights: one ONNX file for each modality, what it is beside it, and a card in README.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ir_guidance.values import Modality


def model_path(modality: Modality) -> Path:
    """Return the file of weights for one kind of image."""
    return Path(__file__).with_name(f"{modality}.onnx")


def about(model: Path) -> dict[str, Any]:
    """Return what the file beside the weights says of them; empty where there is none."""
    card = model.with_suffix(".json")
    found: dict[str, Any] = json.loads(card.read_text()) if card.exists() else {}
    return found
