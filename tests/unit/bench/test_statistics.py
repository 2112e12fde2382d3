# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Tails, their uncertainty, and the age of what is acted on, from times whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from ir_guidance.bench.statistics import age_ms, jitter_ms, spread_ms, sum_of
from ir_guidance.values import NS_PER_MS

PERIOD_MS = 30
ACQUIRED_NS = np.arange(100, dtype=np.int64) * PERIOD_MS * NS_PER_MS


def accepted(latency_ms):
    return ACQUIRED_NS + np.int64(latency_ms * NS_PER_MS)


def test_percentiles_are_those_of_the_samples():
    found = spread_ms(np.arange(1001.0))
    assert found["n"] == 1001
    known = {"p50": 500, "p90": 900, "p99": 990, "p999": 999, "max": 1000}
    assert found["latency_ms"] == pytest.approx(known)


def test_nothing_is_said_of_no_samples():
    assert spread_ms([]) == {"n": 0}


def test_intervals_hold_the_percentile_and_are_the_same_every_time():
    samples = np.random.default_rng(0).gamma(2.0, 5.0, 600)
    found = spread_ms(samples)
    assert found == spread_ms(samples)
    assert "max" not in found["interval_ms"]
    for name, (low, high) in found["interval_ms"].items():
        assert low <= found["latency_ms"][name] <= high


def test_frames_that_share_their_luck_are_worth_less_than_as_many_that_do_not():
    lucky = np.repeat(np.random.default_rng(0).normal(10.0, 2.0, 30), 20)
    alone = np.random.default_rng(0).permutation(lucky)
    together, apart = (np.ptp(spread_ms(each)["interval_ms"]["p50"]) for each in (lucky, alone))
    assert together > 2 * apart


def test_the_age_of_what_is_acted_on_runs_from_latency_to_latency_and_a_period():
    ages = age_ms(ACQUIRED_NS, accepted(10))
    assert ages.min() == pytest.approx(10)
    assert ages.max() == pytest.approx(10 + PERIOD_MS - 1)


def test_a_lost_frame_makes_ages_grow_and_latencies_not():
    kept = np.arange(100) != 50
    ages = age_ms(ACQUIRED_NS[kept], accepted(10)[kept])
    assert ages.max() == pytest.approx(10 + 2 * PERIOD_MS - 1)


def test_an_image_that_is_overtaken_does_not_make_information_older():
    accepted_ns = accepted(10)
    accepted_ns[50] = accepted_ns[52]
    assert age_ms(ACQUIRED_NS, accepted_ns).max() == pytest.approx(10 + 2 * PERIOD_MS - 1)


@pytest.mark.parametrize("latency_ms", [0, 40])
def test_a_steady_latency_has_no_jitter(latency_ms):
    assert jitter_ms(ACQUIRED_NS, accepted(latency_ms)).max() == 0


def test_one_late_command_makes_two_intervals_wrong():
    accepted_ns = accepted(10)
    accepted_ns[20] += 7 * NS_PER_MS
    jitter = jitter_ms(ACQUIRED_NS, accepted_ns)
    assert jitter[jitter > 0].tolist() == [7.0, 7.0]


def test_a_sum_s_tail_is_shorter_than_the_sum_of_the_tails():
    parts = np.random.default_rng(3).exponential(1.0, (3, 4000))
    total = sum_of(*parts)
    assert np.mean(total) == pytest.approx(parts.mean(axis=1).sum(), rel=0.05)
    assert np.percentile(total, 99) < np.percentile(parts, 99, axis=1).sum()
