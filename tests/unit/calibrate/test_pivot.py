# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Pivot calibration finds a known tip, says how well, and refuses poses that cannot tell it."""

import numpy as np
import pytest

from calibration_cases import pivoting
from ir_guidance.calibrate import CalibrationError
from ir_guidance.calibrate.pivot import calibrate_pivot

TIP_M, PIVOT_M = np.array([0.010, -0.020, 0.150]), np.array([0.2, 0.1, -0.3])


def test_without_noise_the_tip_is_exact():
    found = calibrate_pivot(pivoting(np.random.default_rng(0), TIP_M, PIVOT_M, noise_m=0.0))
    np.testing.assert_allclose(found.tip_m, TIP_M, atol=1e-12)
    np.testing.assert_allclose(found.pivot_m, PIVOT_M, atol=1e-12)
    assert found.rms_m < 1e-12


def test_the_covariance_is_that_of_many_repetitions():
    squares = []
    for seed in range(60):
        found = calibrate_pivot(pivoting(np.random.default_rng(seed), TIP_M, PIVOT_M, count=60))
        off = found.tip_m - TIP_M
        squares.append(off @ np.linalg.solve(found.tip_covariance_m2, off))
    assert 2.2 < np.mean(squares) < 3.9
    assert found.rms_m == pytest.approx(0.0003 * np.sqrt(3), rel=0.2)


def test_poses_that_slipped_are_left_out():
    generator = np.random.default_rng(1)
    poses = pivoting(generator, TIP_M, PIVOT_M)
    poses[::20, :3, 3] += generator.choice([-0.02, 0.02], (10, 3))
    found = calibrate_pivot(poses)
    assert not found.used[::20].any()
    assert np.linalg.norm(found.tip_m - TIP_M) < 0.0003


def test_a_tip_that_wandered_is_refused():
    poses = pivoting(np.random.default_rng(4), TIP_M, PIVOT_M, noise_m=0.004)
    with pytest.raises(CalibrationError, match="did not stay put"):
        calibrate_pivot(poses)


def test_turning_about_one_axis_is_refused():
    poses = pivoting(np.random.default_rng(2), TIP_M, PIVOT_M, swing_deg=0.0)
    with pytest.raises(CalibrationError, match="swing it both ways"):
        calibrate_pivot(poses)


def test_a_handful_of_poses_is_refused():
    with pytest.raises(CalibrationError, match="only 5 poses"):
        calibrate_pivot(pivoting(np.random.default_rng(3), TIP_M, PIVOT_M, count=5))
