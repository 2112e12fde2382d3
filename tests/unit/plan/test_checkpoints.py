# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The needle stops below the skin, ahead of what is narrow, ahead of the target, and never goes far without."""

from __future__ import annotations

import numpy as np
import pytest

from ir_guidance.plan.checkpoints import checkpoints
from ir_guidance.plan.settings import CheckpointSettings

SETTINGS = CheckpointSettings(
    first_m=0.005,
    every_m=0.020,
    narrow_m=0.006,
    before_narrow_m=0.003,
    before_target_m=0.010,
    apart_m=0.003,
)
DEPTHS_M = np.linspace(0, 0.060, 121)
FREE_M = np.full(121, 0.050)


def near(*middles_m: float) -> np.ndarray:
    """Return gaps of a path that passes some places at a millimetre."""
    away_m = [np.abs(DEPTHS_M - middle_m) + 0.001 for middle_m in middles_m]
    return np.min([FREE_M, *away_m], axis=0)


def test_a_free_path_has_them_at_its_ends_and_evenly_between():
    found = checkpoints(0.060, DEPTHS_M, FREE_M, SETTINGS)
    np.testing.assert_allclose(found, [0.005, 0.020, 0.035, 0.050])


def test_the_needle_stops_ahead_of_every_narrow_part():
    found = checkpoints(0.060, DEPTHS_M, near(0.020, 0.040), SETTINGS)
    for begins_m in (0.0155, 0.0355):  # a millimetre at 20 and 40 mm is six at 5 mm before
        assert np.min(np.abs(np.array(found) - (begins_m - 0.003))) <= DEPTHS_M[1] + 1e-9


def test_those_close_together_are_one():
    found = checkpoints(0.060, DEPTHS_M, near(0.0145), SETTINGS)  # narrow from 10 mm, stop at 7
    assert 0.005 in found and not any(0.005 < depth < 0.008 for depth in found)


@pytest.mark.parametrize("length_m", [0.001, 0.004, 0.009, 0.013, 0.030, 0.085])
@pytest.mark.parametrize("narrow_at_m", [0.0, 0.004, 0.02, 1.0])
def test_they_ascend_lie_on_the_path_and_keep_their_distances(length_m, narrow_at_m):
    depths_m = np.linspace(0, length_m, 100)
    gaps_m = np.abs(depths_m - narrow_at_m) + 0.001
    found = np.array([0.0, *checkpoints(length_m, depths_m, gaps_m, SETTINGS)])
    assert (np.diff(found) > 0).all()
    assert (np.diff(found) <= SETTINGS.every_m + 1e-9).all()
    assert found[-1] <= max(length_m - SETTINGS.apart_m, 0.0)
    if length_m > 0.020:
        assert length_m - found[-1] <= SETTINGS.before_target_m + SETTINGS.apart_m
