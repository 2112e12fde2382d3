# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""How the needle answers to the guide's pivot: a Jacobian learned while steering.

A rigid needle would move the point at the target's depth by the lever times the angle. Tissue leaves a
share of that, another in each direction: a 2x2 matrix, kept free of the lever's length so that it stays
true as the needle goes in. It is corrected by Broyden's rank-one update (Math Comp 19:577, 1965) whenever
the guide has turned by enough to tell the answer from the image's noise.
"""

from __future__ import annotations

import numpy as np

from ir_guidance.values import Matrix, Vector

FIRST_SHARE = 0.6
"""Before anything is learned; the room's needle answers with 0.4 to 0.8."""
SHARES = (0.3, 1.1)
"""What no answer may leave, lest a few bad images turn the steering round or make it wild."""
TURNED_M = 0.0008
"""A rigid needle's answer from which the real one is told from noise."""
ADVANCED_M = 0.010
"""Advance after which an answer can no longer be told from what the tissue did meanwhile."""
GAIN = 0.5


class Response:
    """The share of a rigid needle's answer that the real one gives, as a matrix (2, 2) across the needle."""

    def __init__(self) -> None:
        """Start with what is likely before anything is seen."""
        self.reset()

    def reset(self) -> None:
        """Forget what was learned."""
        self.share: Matrix = FIRST_SHARE * np.eye(2)
        self._from: tuple[Vector, Vector, float] | None = None

    def learn(self, rigid_m: Vector, arrival_m: Vector, insertion_m: float) -> None:
        """Take where a rigid needle (2,) and the real one (2,) would now arrive, went both on straight."""
        if self._from is None or insertion_m - self._from[2] > ADVANCED_M:
            self._from = rigid_m, arrival_m, insertion_m
            return
        expected, answered = rigid_m - self._from[0], arrival_m - self._from[1]
        size2 = float(expected @ expected)
        if size2 < TURNED_M**2:
            return
        surprise = answered - self.share @ expected
        self.share = _bounded(self.share + GAIN * np.outer(surprise, expected) / size2)
        self._from = rigid_m, arrival_m, insertion_m


def _bounded(share: Matrix) -> Matrix:
    """Return the symmetric part of a matrix with its eigenvalues within ``SHARES``."""
    values, vectors = np.linalg.eigh(0.5 * (share + share.T))
    bounded: Matrix = vectors @ np.diag(np.clip(values, *SHARES)) @ vectors.T
    return bounded
