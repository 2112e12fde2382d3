# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Hand-eye calibration finds a known X of AX = XB, and refuses motions that cannot tell it."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from calibration_cases import posed
from ir_guidance.calibrate import CalibrationError
from ir_guidance.calibrate.hand_eye import calibrate_hand_eye
from ir_guidance.geometry import inverse, small_motion

HAND_FROM_EYE = posed([0.3, -0.8, 0.2], [0.03, 0.01, 0.10])
BASE_FROM_TARGET = posed([1.0, 0.2, 0.1], [0.5, 0.1, 0.0])


def moved(generator, count=20, axes=(1, 1, 1), noise_rad=0.0, noise_m=0.0):
    """Return poses of the hand and of the target in the eye."""
    hand, target = [], []
    for _ in range(count):
        base_from_hand = posed(
            generator.uniform(-0.7, 0.7, 3) * axes, generator.uniform(-0.2, 0.2, 3)
        )
        error = small_motion(generator.normal(0, noise_rad, 3), generator.normal(0, noise_m, 3))
        hand.append(base_from_hand)
        target.append(error @ inverse(HAND_FROM_EYE) @ inverse(base_from_hand) @ BASE_FROM_TARGET)
    return np.stack(hand), np.stack(target)


def test_without_noise_the_place_is_exact():
    found = calibrate_hand_eye(*moved(np.random.default_rng(0)))
    np.testing.assert_allclose(found.hand_from_eye, HAND_FROM_EYE, atol=1e-12)
    assert found.rotation_rms_rad < 1e-7 and found.translation_rms_m < 1e-12


def test_with_noise_the_place_is_near_and_the_residual_says_the_noise():
    found = calibrate_hand_eye(
        *moved(np.random.default_rng(1), 40, noise_rad=0.001, noise_m=0.0005)
    )
    off = inverse(HAND_FROM_EYE) @ found.hand_from_eye
    assert Rotation.from_matrix(off[:3, :3]).magnitude() < 0.001
    assert np.linalg.norm(off[:3, 3]) < 0.0005
    assert 0.001 < found.rotation_rms_rad < 0.005
    assert 0.0005 < found.translation_rms_m < 0.003


def test_rows_out_of_order_are_refused():
    hand, target = moved(np.random.default_rng(5))
    with pytest.raises(CalibrationError, match="no pairs, or the target moved"):
        calibrate_hand_eye(hand, np.roll(target, 1, axis=0))


def test_poses_the_wrong_way_round_are_refused():
    hand, target = moved(np.random.default_rng(6))
    with pytest.raises(CalibrationError, match="which pose is whose"):
        calibrate_hand_eye(np.linalg.inv(hand), target)


def test_turning_about_one_axis_is_refused():
    with pytest.raises(CalibrationError, match="about one axis only"):
        calibrate_hand_eye(*moved(np.random.default_rng(2), axes=(0, 0, 1)))


def test_three_poses_are_refused():
    with pytest.raises(CalibrationError, match="only 3 pairs"):
        calibrate_hand_eye(*moved(np.random.default_rng(3), 3))


def test_poses_that_are_no_pairs_are_refused():
    hand, target = moved(np.random.default_rng(4))
    with pytest.raises(CalibrationError, match="give pairs"):
        calibrate_hand_eye(hand, target[:-1])
