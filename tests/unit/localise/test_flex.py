# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A pivoted needle in tissue against the beam's equation, solved by differences."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import linalg

from ir_guidance.localise.flex import pivot_shares

NODES = 240


def beam_shares(depth_m: float, flex_length_m: float) -> tuple[float, float]:
    """Return a free end's place and slope over a rigid needle's, clamped at a small angle at the other end.

    EI y'''' + k y = 0 by finite differences, k / EI = 4 / length^4; y(0) = 0, y'(0) = 1, y'' = y''' = 0 at the tip.
    """
    step = depth_m / NODES
    k = 4.0 / flex_length_m**4 * step**4
    matrix, right = (
        np.zeros((NODES + 5, NODES + 5)),
        np.zeros(NODES + 5),
    )  # two nodes beyond each end
    for node in range(NODES + 1):
        matrix[node, node : node + 5] = [1, -4, 6 + k, -4, 1]
    matrix[-4, 2] = 1.0
    matrix[-3, [1, 3]], right[-3] = [-0.5, 0.5], step
    matrix[-2, NODES + 1 : NODES + 4] = [1, -2, 1]
    matrix[-1, NODES : NODES + 5] = [-0.5, 1, 0, -1, 0.5]
    y = linalg.solve(matrix, right)
    slope = 0.5 * (y[NODES + 3] - y[NODES + 1]) / step
    return float(y[NODES + 2] / depth_m), float(slope)


@pytest.mark.parametrize("depth_m", [0.010, 0.030, 0.045, 0.060, 0.070])
@pytest.mark.parametrize("flex_length_m", [0.046, 0.049])
def test_the_tip_is_where_the_beams_equation_has_it(depth_m, flex_length_m):
    place, slope, _ = pivot_shares(depth_m, flex_length_m)
    by_place, by_slope = beam_shares(depth_m, flex_length_m)
    assert place == pytest.approx(by_place, abs=0.003)
    assert slope == pytest.approx(by_slope, abs=0.003)


def test_the_way_is_how_the_place_changes_with_advance():
    shallow, deep = (depth_m * pivot_shares(depth_m, 0.046).place for depth_m in (0.049, 0.051))
    assert pivot_shares(0.050, 0.046).way == pytest.approx((deep - shallow) / 0.002, abs=0.01)


def test_a_rigid_needle_does_all_of_a_pivot():
    assert pivot_shares(0.05, 0.0) == pivot_shares(-0.01, 0.046) == (1.0, 1.0, 1.0)
