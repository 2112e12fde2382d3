# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A known lag between two signals is found to a fraction of a sample; what is no common motion is refused."""

import numpy as np
import pytest

from ir_guidance.calibrate import CalibrationError
from ir_guidance.calibrate.temporal import bottom_px, calibrate_lag, main_motion_m

POSE_S = np.arange(0.0, 16.0, 0.02)
IMAGE_S = np.arange(1.5, 14.0, 1 / 15)


def motion_m(time_s):
    """Return an up-and-down that is not quite regular."""
    return 0.01 * (np.sin(2 * np.pi * 0.6 * time_s) + 0.3 * np.sin(2 * np.pi * 1.13 * time_s + 1))


@pytest.mark.parametrize("lag_s", [-0.311, -0.0648, 0.0, 0.0042, 0.237])
def test_a_known_lag_is_found(lag_s):
    depth_px = 300 - 5e3 * motion_m(IMAGE_S + lag_s)
    found = calibrate_lag(IMAGE_S, depth_px, POSE_S, motion_m(POSE_S))
    assert found.lag_s == pytest.approx(lag_s, abs=0.0002)
    assert found.correlation > 0.9999


def test_with_noise_the_error_is_what_sigma_says():
    errors, sigmas = [], []
    for seed in range(40):
        generator = np.random.default_rng(seed)
        depth_px = 5e3 * motion_m(IMAGE_S + 0.1) + generator.normal(0, 4.0, len(IMAGE_S))
        found = calibrate_lag(IMAGE_S, depth_px, POSE_S, motion_m(POSE_S))
        errors.append(found.lag_s - 0.1)
        sigmas.append(found.sigma_s)
    assert np.std(errors) == pytest.approx(np.mean(sigmas), rel=0.4)
    assert np.abs(errors).max() < 4 * np.mean(sigmas)


@pytest.mark.parametrize(
    ("image_s", "depth_px", "said"),
    [
        (IMAGE_S, motion_m(IMAGE_S + 0.7), "end of the search|do not show one motion"),
        (IMAGE_S, np.random.default_rng(0).normal(size=len(IMAGE_S)), "do not show one motion"),
        (IMAGE_S, np.full(len(IMAGE_S), 7.0), "does not move"),
        (IMAGE_S[::-1], motion_m(IMAGE_S), "do not go forward"),
        (IMAGE_S + 100, motion_m(IMAGE_S), "0 images lie within the pose stream"),
    ],
)
def test_streams_without_one_motion_are_refused(image_s, depth_px, said):
    with pytest.raises(CalibrationError, match=said):
        calibrate_lag(image_s, depth_px, POSE_S, motion_m(POSE_S), largest_lag_s=0.3)


def test_the_largest_motion_is_along_its_line():
    line = np.array([0.6, -0.64, 0.48])
    generator = np.random.default_rng(0)
    places_m = motion_m(POSE_S)[:, None] * line + generator.normal(0, 1e-5, (len(POSE_S), 3))
    correlation = np.corrcoef(main_motion_m(places_m), motion_m(POSE_S))[0, 1]
    assert abs(correlation) > 0.9999


@pytest.mark.parametrize("depth_px", [60.0, 100.3, 140.75])
def test_the_depth_of_a_flat_bottom_is_found_below_a_pixel(depth_px):
    generator = np.random.default_rng(0)
    v, u = np.indices((200, 240))
    line = depth_px + 0.05 * (u - 119.5)
    image = 180 * np.exp(-(((v - line) / 3.0) ** 2)) + 6 * generator.rayleigh(1.0, v.shape)
    image[20:26, 90:110] = 250  # a bubble
    assert bottom_px(image.astype(np.uint8)) == pytest.approx(depth_px, abs=0.3)


def test_a_black_image_has_no_bottom():
    assert bottom_px(np.zeros((100, 100), np.uint8)) is None
