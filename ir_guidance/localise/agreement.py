# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""How much more a view's sightings err than they say, learned from what two views expect of each other."""

from __future__ import annotations

import numpy as np

from ir_guidance.values import Matrix, Vector


class Agreement:
    """Matches innovations to what they should be, view by view: covariance matching (Mehra, IEEE TAC 17, 1972).

    A look can wander along whatever lies under the target, a rib's border or a lead, and be sure of itself all the
    while. One view cannot know; the other shows part of the same place, and the one that wanders jitters the more.
    """

    def __init__(self, share: float, most_m: float) -> None:
        """Start without a word against any view.

        ``share`` is how much a single sighting counts in what is learned, ``most_m`` the most that is learned: a
        filter that believes no view any more lags behind what moves, and finds them to err all the more for it.
        """
        self._share, self._most_m2 = share, most_m**2
        self._found: dict[int, Matrix] = {}

    def unsaid_m2(
        self, view: int, innovation: Vector, predicted_m2: Matrix, noise_m2: Matrix
    ) -> Matrix:
        """Take an innovation (2,) in metres; return what is to be added to its view's noise (2, 2).

        ``predicted_m2`` (2, 2) is the covariance of what the filter expected in that view.
        """
        found = self._found.get(view, noise_m2)
        found = found + self._share * (np.outer(innovation, innovation) - found)
        self._found[view] = found
        values, ways = np.linalg.eigh(found - predicted_m2 - noise_m2)
        unsaid: Matrix = (ways * np.clip(values, 0.0, self._most_m2)) @ ways.T
        return unsaid
