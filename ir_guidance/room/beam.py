# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A needle as a beam on an elastic foundation, solved with finite elements.

The foundation is the virtual springs of Glozman and Shoham, "Image-guided robotic flexible needle
steering", IEEE Trans Robotics 23:459 (2007). Elements are Euler-Bernoulli beams with a deflection
and a slope at each node; the springs are lumped at the nodes. Deflections are small and lateral to
a straight reference axis, in two planes that share one stiffness matrix.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpbsv

Array = NDArray[np.float64]


def _add_element(bands: Array, column: int, length_m: float, rigidity_nm2: float) -> None:
    """Add the bending stiffness of one element whose first unknown is ``column``."""
    scale = rigidity_nm2 / length_m**3
    turn = 6.0 * length_m * scale
    square = 2.0 * length_m**2 * scale
    bands[0, column : column + 4] += (12.0 * scale, 2.0 * square, 12.0 * scale, 2.0 * square)
    bands[1, column : column + 3] += (turn, -turn, -turn)
    bands[2, column : column + 2] += (-12.0 * scale, square)
    bands[3, column] += turn


class Beam:
    """A clamped beam whose free end may lie anywhere; everything that does not change is kept."""

    def __init__(self, rigidity_nm2: float, spring_npm2: Array, node_m: float) -> None:
        """Assemble for nodes ``node_m`` apart with foundation ``spring_npm2`` (n,) at each, in N/m^2."""
        self._rigidity = rigidity_nm2
        self._spring = spring_npm2
        self._node_m = node_m
        nodes = len(spring_npm2)
        self._inner = np.zeros((4, 2 * nodes))
        self._begun = np.zeros((4, 2 * nodes))
        for node in range(nodes - 1):
            _add_element(self._inner, 2 * node, node_m, rigidity_nm2)
        for node in range(1, nodes):
            self._begun[:, 2 * node : 2 * node + 2] = self._end_columns(node_m)

    def _end_columns(self, length_m: float) -> Array:
        bands = np.zeros((4, 4))
        _add_element(bands, 0, length_m, self._rigidity)
        return bands[:, 2:]

    def nodes_m(self, length_m: float) -> Array:
        """Return the arc lengths (n,) of the nodes of a beam of this length; the last is its end."""
        whole = max(int(length_m / self._node_m - 0.5), 0)
        nodes = np.empty(whole + 2)
        nodes[:-1] = np.arange(whole + 1) * self._node_m
        nodes[-1] = length_m
        return nodes

    def solve(
        self, nodes_m: Array, clamp: Array, rest_m: Array, tip_force_n: Array
    ) -> tuple[Array, Array]:
        """Return deflections (n, 2) in metres and the slope (2,) at the free end.

        Args:
            nodes_m: From ``nodes_m``.
            clamp: (2, 2): deflection in metres, then slope, at the first node, in both planes.
            rest_m: (n, 2), where the foundation would have each node.
            tip_force_n: (2,), lateral force at the free end.

        Raises:
            ArithmeticError: The stiffness is not positive definite, which no valid length gives.
        """
        count = len(nodes_m)
        last = 2 * (count - 2)
        bands = np.zeros((4, 2 * count))
        bands[:, :last] = self._inner[:, :last]
        bands[:, last : last + 2] = self._begun[:, last : last + 2]
        _add_element(bands, last, float(nodes_m[-1] - nodes_m[-2]), self._rigidity)
        spring = self._spring_at(nodes_m)
        bands[0, ::2] += spring
        load = np.zeros((2 * count, 2))
        load[::2] = spring[:, None] * rest_m
        load[-2] += tip_force_n
        load[2] -= bands[2, 0] * clamp[0] + bands[1, 1] * clamp[1]
        load[3] -= bands[3, 0] * clamp[0] + bands[2, 1] * clamp[1]
        _, free, fault = dpbsv(bands[:, 2:], load[2:], lower=1)
        if fault:
            raise ArithmeticError(f"beam of {count} nodes: LAPACK dpbsv returned {fault}")
        return np.concatenate((clamp[:1], free[::2])), free[-1]

    def _spring_at(self, nodes_m: Array) -> Array:
        """Return the springs (n,) in N/m lumped at the nodes."""
        count = len(nodes_m)
        share = np.full(count, self._node_m)
        share[0] = 0.5 * self._node_m
        half = 0.5 * float(nodes_m[-1] - nodes_m[-2])
        share[-2] = half + (0.5 * self._node_m if count > 2 else 0.0)
        share[-1] = half
        spring = np.append(
            self._spring[: count - 1], self._spring[min(count - 1, len(self._spring) - 1)]
        )
        return np.asarray(share * spring)
