# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Places from maps: sub-pixel means, honest covariances, one candidate at a time."""

import numpy as np
import pytest

from ir_guidance.track.heat import CELL_VARIANCE, most_likely, near, probability


def blob(centre, sigma, side=128, level=0.0):
    v, u = np.mgrid[:side, :side]
    gaps = (u - centre[0]) ** 2 / sigma[0] ** 2 + (v - centre[1]) ** 2 / sigma[1] ** 2
    return (level - 0.5 * gaps).astype(np.float32)


@pytest.mark.parametrize("centre", [(40.0, 70.0), (40.3, 70.8), (5.5, 120.2)])
def test_a_gaussian_is_found_to_a_fraction_of_a_cell(centre):
    place, odds = most_likely(blob(centre, (1.5, 2.5)))
    assert (place.place - 0.5) / 2 == pytest.approx(centre, abs=0.02)
    assert place.mass > 0.99
    assert odds.sum() == pytest.approx(1.0, abs=1e-3)


def test_the_covariance_is_the_spread_in_pixels_of_the_view():
    place, _ = most_likely(blob((60, 60), (1.0, 3.0)))
    wanted = 4 * (np.array([1.0, 9.0]) + CELL_VARIANCE)
    assert np.diag(place.covariance) == pytest.approx(wanted, rel=0.05)
    assert place.covariance[0, 1] == pytest.approx(0.0, abs=0.1)
    slanted = np.zeros((128, 128), np.float32) - 50
    slanted[np.arange(50, 60), np.arange(50, 60)] = 0
    slanted_place, _ = most_likely(slanted)
    assert slanted_place.covariance[0, 1] > 0
    assert np.linalg.eigvalsh(slanted_place.covariance)[0] > 0


def test_of_two_candidates_the_likelier_is_given_and_the_other_shows_in_the_mass():
    two = np.logaddexp(
        blob((30, 30), (2, 2), level=np.log(0.7)), blob((90, 90), (2, 2), level=np.log(0.3))
    )
    place, _ = most_likely(two.astype(np.float32))
    assert (place.place - 0.5) / 2 == pytest.approx((30, 30), abs=0.05)
    assert place.mass == pytest.approx(0.7, abs=0.02)


def test_a_prior_chooses_between_candidates():
    two = np.logaddexp(blob((30, 30), (2, 2), level=0.5), blob((90, 90), (2, 2)))
    place, _ = most_likely(two.astype(np.float32), blob((88, 92), (12, 12)))
    assert (place.place - 0.5) / 2 == pytest.approx((90, 90), abs=0.2)


def test_logits_out_of_all_bounds_are_still_probabilities():
    assert probability(1e30) == pytest.approx(1.0)
    assert probability(-1e30) == pytest.approx(0.0, abs=1e-12)


def test_what_the_map_says_near_a_place_is_not_what_it_says_elsewhere():
    odds = np.zeros((128, 128), np.float32)
    odds[40, 30], odds[40, 90] = 0.3, 0.7
    found = near(odds, np.array([62.0, 81.0]))
    assert found.place == pytest.approx([60.5, 80.5])
    assert found.mass == pytest.approx(0.3)
