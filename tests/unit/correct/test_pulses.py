# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""X-ray pulses: all of them while the needle moves, is about to, or is not well known; fewer while it rests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ir_guidance.correct.pulses import ALL, PulseSettings, pulses_wanted
from ir_guidance.values import Correction, Fix, Mode

SETTINGS = PulseSettings(resting=3, ahead_s=0.5, unsure=0.8)
REST_M, LIMITS_M = 0.0008, (0.002, 0.002)
FIX = Fix(
    sequence=1,
    stamp_ns=0,
    acquired_steady_ns=0,
    tip_m=np.zeros(3),
    tip_covariance_m2=np.eye(3),
    direction=np.array([0.0, 0.0, -1.0]),
    direction_covariance=np.eye(3),
    target_m=np.zeros(3),
    target_covariance_m2=np.eye(3),
    insertion_m=0.02,
    unseen=None,
    target_rest_m=np.zeros(3),
    breath_m=0.006,
    breath_rate_mps=0.0,
    breath_period_s=4.0,
)


def correction(mode, across_m=0.001, along_m=0.001):
    return Correction(
        sequence=1,
        stamp_ns=0,
        acquired_steady_ns=0,
        expires_steady_ns=1,
        mode=mode,
        plan_hash="",
        guide_rate=(0.0, 0.0, 0.0, 0.0),
        advance_mps=0.0,
        advance_limit_m=0.0,
        across_sigma_m=across_m,
        along_sigma_m=along_m,
        remaining_m=0.01,
        predicted_miss_m=0.0,
    )


def wanted(fix=FIX, said=None, settings=SETTINGS):
    return pulses_wanted(fix, said, settings, REST_M, LIMITS_M)


@pytest.mark.parametrize("mode", [Mode.ADVANCE, Mode.ALIGN])
def test_a_needle_that_moves_is_seen_on_every_pulse(mode):
    assert wanted(said=correction(mode)) == ALL


@pytest.mark.parametrize("mode", [Mode.WAIT_FOR_BREATH, Mode.HOLD, Mode.ARRIVED])
def test_while_it_rests_fewer_are_made(mode):
    assert wanted(said=correction(mode)) == 3
    assert wanted(said=None) == 3


@pytest.mark.parametrize("sigmas_m", [(0.0017, 0.0), (0.0, 0.0017)])
def test_an_uncertainty_near_its_limit_asks_for_all(sigmas_m):
    assert wanted(said=correction(Mode.WAIT_FOR_BREATH, *sigmas_m)) == ALL


def test_all_are_made_again_before_the_breath_is_at_rest():
    comes_back = replace(FIX, breath_m=0.003, breath_rate_mps=-0.006)
    far_off = replace(FIX, breath_m=0.009, breath_rate_mps=-0.006)
    assert wanted(comes_back, correction(Mode.WAIT_FOR_BREATH)) == ALL
    assert wanted(far_off, correction(Mode.WAIT_FOR_BREATH)) == 3


@pytest.mark.parametrize("lost", [{"coasted": 1}, {"target_coasted": 1}])
def test_what_is_out_of_sight_is_looked_for_on_every_pulse(lost):
    assert wanted(replace(FIX, **lost), correction(Mode.WAIT_FOR_BREATH)) == ALL
    assert wanted(None, None) == ALL


def test_nothing_is_saved_unless_a_profile_says_so():
    assert wanted(said=correction(Mode.WAIT_FOR_BREATH), settings=PulseSettings()) == ALL
