# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The bevel's duty cycle: over the way, its mean direction is the curvature that was asked for."""

from __future__ import annotations

import numpy as np
import pytest

from ir_guidance.correct.bevel import TURN_RAD, Bevel

TURN_M, LIMIT_RAD, DT_S = 0.006, 6.4, 1 / 30


def mean_direction(curve: np.ndarray, advance_mps: float, way_m: float = 0.30) -> np.ndarray:
    """Return the mean of the bevel's direction (2,) over a long way, which is the mean curvature's."""
    bevel, roll, way = Bevel(TURN_M, LIMIT_RAD), 0.3, []
    for insertion_m in np.arange(0.0, way_m, advance_mps * DT_S):
        rate = bevel.step(curve, roll, float(insertion_m), advance_mps)
        assert abs(rate) <= TURN_RAD / TURN_M * advance_mps + 1e-12
        roll += rate * DT_S
        assert abs(roll) <= LIMIT_RAD + 1e-9, "the cable does not wind up"
        way.append([np.cos(roll), np.sin(roll)])
    return np.mean(way, axis=0)


@pytest.mark.parametrize("advance_mps", [0.0008, 0.003])
def test_needle_that_always_turns_goes_straight(advance_mps):
    assert np.linalg.norm(mean_direction(np.zeros(2), advance_mps)) < 0.15


@pytest.mark.parametrize("angle_rad", [0.0, 1.0, 2.5, -2.0])
@pytest.mark.parametrize("share", [0.25, 0.5])
def test_mean_curvature_is_the_share_asked_for_where_it_was_asked_for(angle_rad, share):
    wanted = share * np.array([np.cos(angle_rad), np.sin(angle_rad)])
    assert mean_direction(wanted, 0.003) == pytest.approx(wanted, abs=0.15)


def test_nothing_turns_while_the_needle_stands():
    bevel = Bevel(TURN_M, LIMIT_RAD)
    assert bevel.step(np.array([0.5, 0.0]), 1.0, 0.02, 0.0) == 0.0
