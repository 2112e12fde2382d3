# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The target under a probe: where it is seen, unseen, and forgotten."""

from __future__ import annotations

import numpy as np
import pytest

from under_probe import (
    DEPTH_M,
    NAN,
    OFFSET_M,
    SETTINGS,
    Run,
    sighting,
    sigma_m,
    spot,
    straight_m,
)

TARGET_M = np.array([0.005, 0.0, -0.040])


def test_target_is_found_where_it_is_and_no_surer_than_the_plane_is_centred():
    run = Run()
    for _ in range(30):
        fix = run.step(-0.01, None, spot(TARGET_M))
    assert fix.target_m is not None and fix.target_covariance_m2 is not None
    assert np.linalg.norm(fix.target_m - TARGET_M) < 1e-6
    assert np.linalg.eigvalsh(fix.target_covariance_m2)[0] > 0
    assert fix.target_coasted == 0


def test_target_that_is_not_seen_is_counted_and_taken_where_it_comes_back():
    run = Run()
    first = run.step(-0.01, None, spot(TARGET_M))
    for missed in range(1, 11):
        fix = run.step(-0.01, None)
        assert fix.target_coasted == missed
    assert first.target_covariance_m2 is not None and fix.target_covariance_m2 is not None
    assert np.trace(fix.target_covariance_m2) > np.trace(first.target_covariance_m2)
    elsewhere_m = TARGET_M + np.array([0.006, 0.0, 0.0])
    fix = run.step(-0.01, None, spot(elsewhere_m))
    assert fix.target_m is not None and fix.target_coasted == 0
    assert np.linalg.norm(fix.target_m - elsewhere_m) < 1e-6


@pytest.mark.parametrize("changes", [{"px": np.array([NAN, 1])}, {"covariance_px2": -np.eye(2)}])
def test_unsound_target_is_as_good_as_not_seen(changes):
    run = Run()
    run.step(-0.01, None, spot(TARGET_M))
    assert run.step(-0.01, None, spot(TARGET_M, **changes)).target_coasted == 1
    fix = run.step(-0.01, None, spot(TARGET_M))
    assert fix.target_m is not None and np.isfinite(fix.target_m).all()


def test_reset_forgets_needle_target_and_breath():
    run = Run()
    for _ in range(300):
        fix = run.step(DEPTH_M, sighting(straight_m(DEPTH_M) + OFFSET_M), spot(TARGET_M))
    assert fix.target_rest_m is not None
    run.localiser.reset()
    fix = run.step(DEPTH_M, None)
    np.testing.assert_allclose(fix.tip_m, straight_m(DEPTH_M))
    assert (fix.target_m, fix.target_rest_m) == (None, None)
    assert (sigma_m(fix) >= SETTINGS.registration_sigma_m).all()
