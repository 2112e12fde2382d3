# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Skin from a flat region, from one point, and from a body under a table's padding."""

from __future__ import annotations

import numpy as np
import pytest

from ir_guidance.plan.skin import Skin, fixed_entry, flat_skin, skin_of_body

SIDE_M = 0.001
BASE_FROM_INDEX = np.diag([SIDE_M, SIDE_M, SIDE_M, 1.0])
BASE_FROM_INDEX[:3, 3] = [-0.050, -0.040, -0.080]
X_M, Y_M = np.linspace(-0.03, 0.03, 13), np.linspace(-0.02, 0.02, 9)


def body(slope: float) -> np.ndarray:
    """Return a body whose skin rises with x, a thin sheet 10 mm above it."""
    x, _, z = (BASE_FROM_INDEX[n, 3] + SIDE_M * np.arange(100) for n in range(3))
    height_m = slope * x[:, None, None]
    return np.broadcast_to(
        (z < height_m) | (np.abs(z - height_m - 0.010) < 0.0015), (100, 100, 100)
    ).copy()


@pytest.mark.parametrize("slope", [0.0, 0.3])
def test_skin_lies_on_the_body_and_its_normals_point_in(slope):
    skin = skin_of_body(body(slope), BASE_FROM_INDEX, X_M, Y_M, (-0.05, 0.03))
    assert len(skin.points_m) == len(X_M) * len(Y_M)
    off_m = skin.points_m[:, 2] - slope * skin.points_m[:, 0]
    assert np.abs(off_m).max() <= 1.5 * SIDE_M, "the sheet above is not taken for skin"
    inward = np.array([slope, 0.0, -1.0]) / np.hypot(slope, 1)
    middle = np.abs(skin.points_m[:, 0]) < 0.015
    assert np.arccos(np.clip(skin.inward[middle] @ inward, -1, 1)).max() < 0.1


def test_columns_without_skin_are_left_out():
    some = body(0.0)
    some[:50] = False  # x < 0
    skin = skin_of_body(some, BASE_FROM_INDEX, X_M, Y_M, (-0.05, 0.03))
    assert (skin.points_m[:, 0] > -SIDE_M).all() and len(skin.points_m) == 7 * len(Y_M)
    with pytest.raises(ValueError, match="no skin"):
        skin_of_body(np.zeros_like(some), BASE_FROM_INDEX, X_M, Y_M, (-0.05, 0.03))
    with pytest.raises(ValueError, match="no room"):
        skin_of_body(some, BASE_FROM_INDEX, X_M, Y_M, (0.03, -0.05))


def test_flat_skin_has_every_pair_and_one_point_is_a_fixed_entry():
    assert flat_skin(X_M, Y_M).points_m.shape == (len(X_M) * len(Y_M), 3)
    one = fixed_entry(np.array([0.01, 0.0, 0.0]), np.array([0.0, 0.0, -1.0]))
    assert one.points_m.tolist() == [[0.01, 0.0, 0.0]]


@pytest.mark.parametrize(
    ("points_m", "inward", "why"),
    [
        (np.zeros((0, 3)), np.zeros((0, 3)), "not \\(n, 3\\)"),
        (np.zeros(3), np.zeros(3), "not \\(n, 3\\)"),
        (np.zeros((2, 3)), np.array([[0.0, 0.0, -1.0]]), "normals for"),
        (np.full((1, 3), np.nan), np.array([[0.0, 0.0, -1.0]]), "not finite"),
        (np.zeros((1, 3)), np.array([[0.0, 0.0, -2.0]]), "unit length"),
        (np.zeros((1, 3)), np.full((1, 3), np.nan), "unit length"),
    ],
)
def test_what_is_no_region_is_refused(points_m, inward, why):
    with pytest.raises(ValueError, match=why):
        Skin(points_m, inward)
