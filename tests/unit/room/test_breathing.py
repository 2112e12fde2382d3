# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A breath rests at end-exhale, stays within its limit, and leaves the skin where it is."""

import numpy as np
import pytest

from ir_guidance.room.breathing import Breathing, BreathingSettings
from ir_guidance.settings import SettingsError, checked

SEEDS = range(8)


def breathing(seed: int) -> Breathing:
    return Breathing(BreathingSettings(), np.random.default_rng(seed), 1.0)


def course(seed: int) -> np.ndarray:
    breath = breathing(seed)
    return np.array([breath.displacement_m(time_s) for time_s in np.arange(0.0, 60.0, 0.02)])


@pytest.mark.parametrize("seed", SEEDS)
def test_no_breath_exceeds_the_limit_and_each_reaches_ten_millimetres_or_nearly(seed):
    size_m = np.linalg.norm(course(seed), axis=1)
    assert size_m.max() <= 0.0115 + 1e-12
    assert size_m.max() > 0.0095


@pytest.mark.parametrize("seed", SEEDS)
def test_end_exhale_is_zero_and_lasts_longer_than_inhale(seed):
    size_m = np.linalg.norm(course(seed), axis=1)
    assert size_m.min() < 1e-6
    assert np.mean(size_m < 0.1 * size_m.max()) > 0.4
    assert np.mean(size_m > 0.9 * size_m.max()) < 0.25


@pytest.mark.parametrize("seed", SEEDS)
def test_movement_is_continuous_from_breath_to_breath(seed):
    speed_mps = np.linalg.norm(np.diff(course(seed), axis=0), axis=1) / 0.02
    assert speed_mps.max() < 0.030


@pytest.mark.parametrize("seed", SEEDS)
def test_movement_leaves_the_plane_by_ten_to_twenty_five_degrees(seed):
    out_rad = np.arcsin(abs(breathing(seed).direction[1]))
    assert 0.17 < out_rad < 0.44


def test_breaths_differ_from_one_another():
    size_m = np.linalg.norm(course(0), axis=1)
    peaks = size_m[1:-1][(size_m[1:-1] > size_m[:-2]) & (size_m[1:-1] >= size_m[2:])]
    assert np.ptp(peaks[peaks > 0.003]) > 1e-4


def test_the_same_time_gives_the_same_displacement_in_any_order():
    first, second = breathing(3), breathing(3)
    late_first = second.displacement_m(200.0)
    for time_s in (0.0, 7.3, 200.0):
        assert np.array_equal(first.displacement_m(time_s), second.displacement_m(time_s))
    assert np.array_equal(first.displacement_m(200.0), late_first)


def test_time_before_the_room_is_refused():
    with pytest.raises(ValueError, match="begins at 0"):
        breathing(0).displacement_m(-0.1)


def test_tissue_shares_the_movement_from_none_at_the_skin_to_all_in_the_organ():
    share = breathing(0).share(np.linspace(-0.01, 0.06, 100))
    assert share[0] == 0.0
    assert share[-1] == 1.0
    assert (np.diff(share) >= 0.0).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_rest_depth_undoes_the_movement(seed):
    breath = breathing(seed)
    rest_m = np.linspace(0.0, 0.06, 200)
    now_m = rest_m - breath.share(rest_m) * breath.limit_m[2]
    assert np.abs(breath.rest_depth(now_m, breath.limit_m) - rest_m).max() < 1e-4


def test_a_range_upside_down_is_refused():
    with pytest.raises(SettingsError, match="period_s"):
        checked(BreathingSettings, {"period_s": (5.0, 3.0)}, "breathing")
