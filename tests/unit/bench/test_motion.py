# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A guide that follows a breathing target: later images are farther off, and prediction helps."""

from __future__ import annotations

import numpy as np

from ir_guidance.bench.motion import following_errors_m


def rms_mm(latency_ms, *, predicted):
    errors_m = following_errors_m(0.25, latency_ms, predicted=predicted, seed=1, seconds=8.0)
    return 1e3 * float(np.sqrt(np.mean(errors_m**2)))


def test_latency_costs_accuracy_and_prediction_gives_some_of_it_back():
    at_once, late, foreseen = (
        rms_mm(latency_ms, predicted=predicted)
        for latency_ms, predicted in ((0, False), (100, False), (100, True))
    )
    assert at_once < foreseen < late


def test_the_same_seed_gives_the_same_errors():
    once, again = (
        following_errors_m(0.3, 50, predicted=True, seed=2, seconds=1.0) for _ in range(2)
    )
    np.testing.assert_array_equal(once, again)
