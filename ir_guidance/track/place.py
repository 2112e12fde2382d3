# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A place in a view or an image, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass

from ir_guidance.values import Matrix, Vector


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where something is: (u, v) and covariance in pixels, and how much of the probability is there."""

    place: Vector
    covariance: Matrix
    mass: float
