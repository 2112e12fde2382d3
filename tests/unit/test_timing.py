# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Stopwatch, budgets and percentiles, on a clock of the test's own."""

import numpy as np
import pytest

from ir_guidance.settings import SettingsError, checked
from ir_guidance.timing import Budget, Stopwatch, percentiles_ms


def test_stopwatch_measures_each_stage_by_the_clock_it_was_given():
    moments = iter([0, 3_000_000, 10_000_000, 12_500_000])
    stopwatch = Stopwatch(lambda: next(moments))
    for name in ("track", "correct"):
        with stopwatch.stage(name):
            pass
    assert stopwatch.stage_ms == {"track": 3.0, "correct": 2.5}
    stopwatch.restart()
    assert stopwatch.stage_ms == {}


def test_stage_that_fails_is_timed_and_its_error_passes():
    moments = iter([0, 1_000_000])
    stopwatch = Stopwatch(lambda: next(moments))
    with pytest.raises(ZeroDivisionError), stopwatch.stage("track"):
        _ = 1 / 0
    assert stopwatch.stage_ms == {"track": 1.0}


def test_percentiles_of_nothing_are_not_made_up():
    assert percentiles_ms([]) == {"n": 0}


def test_percentiles_are_those_of_the_samples():
    samples = np.random.default_rng(0).permutation(np.arange(1001.0))
    found = percentiles_ms(samples)
    expected = {"n": 1001, "p50": 500.0, "p99": 990.0, "p999": 999.0, "max": 1000.0}
    assert found == pytest.approx(expected)


@pytest.mark.parametrize(
    "values",
    [
        {"total_ms": 0},
        {"total_ms": 151},
        {"total_ms": float("nan")},
        {"total_ms": 20.0},  # less than the default of a stage
        {"stage_ms": {"track": 0.0}},
        {"stage_ms": {"track": -1.0}},
        {"stage_ms": {"track": 61.0}},
        {"stage_ms": {"track": float("nan")}},
    ],
)
def test_budget_that_is_none_is_refused(values):
    with pytest.raises(SettingsError, match=r"^here: [^\n]*(total_ms|stage_ms)[^\n]*$"):
        checked(Budget, values, "here")
