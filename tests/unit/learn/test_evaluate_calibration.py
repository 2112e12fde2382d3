# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Figures of uncertainty, on errors drawn from the very covariances they are compared with."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ir_guidance.learn.calibration import bins, calibration, coverage, pearson


def drawn(count=4000, spread=0.8, boast=1.0, seed=3):
    """Return predicted sigmas, errors and squared errors over covariance; ``boast`` is true over told sigma."""
    generator = np.random.default_rng(seed)
    sigma = np.exp(spread * generator.standard_normal(count))
    errors = boast * sigma[:, None] * generator.standard_normal((count, 2))
    return (
        np.sqrt(2.0) * sigma,
        np.linalg.norm(errors, axis=1),
        (errors**2).sum(axis=1) / sigma**2,
    )


def test_an_honest_tracker_is_found_to_be_one():
    found = calibration(*drawn(), "mm")
    assert found.nees_mean == pytest.approx(2.0, abs=0.1)
    assert found.pearson_r_bins > 0.98 > 0.89 > found.pearson_r
    for percent, share in found.coverage.items():
        assert share == pytest.approx(float(percent) / 100, abs=0.03)
    for part in found.bins:
        assert part.measured == pytest.approx(part.predicted, rel=0.15)
    assert sum(part.n for part in found.bins) == found.n == 4000


def test_a_boastful_tracker_is_found_out():
    found = calibration(*drawn(boast=3.0), "mm")
    assert found.nees_mean == pytest.approx(18.0, rel=0.1)
    assert found.coverage["95"] < 0.4
    assert all(part.measured > 2 * part.predicted for part in found.bins)


def test_correlation_needs_something_to_vary():
    assert pearson(np.array([1.0, 2.0, 4.0]), np.array([2.0, 4.0, 8.0])) == pytest.approx(1.0)
    assert pearson(np.array([1.0, 1.0, 1.0]), np.array([2.0, 4.0, 8.0])) is None
    assert pearson(np.array([1.0, 2.0]), np.array([2.0, 4.0])) is None


def test_even_an_honest_tracker_does_not_correlate_perfectly():
    honest = pearson(*drawn(count=40_000, spread=0.5)[:2])
    assert 0.5 < honest < 0.89


def test_coverage_is_that_of_two_dimensions():
    assert coverage(np.array([1.38, 1.39, 5.98, 6.0])) == {
        "50": 0.25,
        "68": 0.5,
        "90": 0.5,
        "95": 0.75,
    }


def test_few_points_are_not_put_into_bins():
    predicted, errors, nees = drawn(count=19)
    assert bins(predicted, errors) == ()
    found = calibration(predicted, errors, nees, "px").as_dict()
    assert found["nees_n"] == 19
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_nothing_to_compare_is_said():
    none = np.array([])
    found = calibration(none, none, none, "px")
    assert (found.n, found.pearson_r, found.nees_mean, found.coverage) == (0, None, None, None)
