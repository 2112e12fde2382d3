# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Ranges that a seed draws from."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import AfterValidator


def _ordered(limits: tuple[float, float]) -> tuple[float, float]:
    if limits[0] > limits[1]:
        raise ValueError(f"the lower end {limits[0]} lies above the upper end {limits[1]}")
    return limits


Range = Annotated[tuple[float, float], AfterValidator(_ordered)]
"""Lower and upper end of a quantity that differs between patients; equal ends fix it."""


def uniform(generator: np.random.Generator, limits: tuple[float, float]) -> float:
    """Return a number drawn evenly between the two limits, in their unit."""
    return float(generator.uniform(*limits))


def log_uniform(generator: np.random.Generator, limits: tuple[float, float]) -> float:
    """Return a number whose logarithm is drawn evenly between the two limits', both above 0."""
    return float(np.exp(generator.uniform(*np.log(limits))))


def sign(generator: np.random.Generator) -> float:
    """Return -1.0 or 1.0, each half of the time."""
    return 1.0 if generator.random() < 0.5 else -1.0
