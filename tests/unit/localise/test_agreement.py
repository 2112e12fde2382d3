# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What a view errs by beyond what it says."""

from __future__ import annotations

import numpy as np

from ir_guidance.localise.agreement import Agreement

NOISE_M2 = np.diag([0.0003, 0.0003]) ** 2
PREDICTED_M2 = np.diag([0.0005, 0.0005]) ** 2
MOST_M = 0.0015
BORDER = np.array([0.6, 0.8])


def learned(sigma_m: float, views: int = 1) -> list[np.ndarray]:
    """Return what is learned of each view, the first of which errs by so much more along a border."""
    generator = np.random.default_rng(7)
    agreement = Agreement(0.05, MOST_M)
    found = [np.zeros((2, 2))] * views
    for frame in range(400):
        view = frame % views
        innovation = generator.multivariate_normal(np.zeros(2), NOISE_M2 + PREDICTED_M2)
        if view == 0:
            innovation = innovation + generator.normal(0, sigma_m) * BORDER
        found[view] = agreement.unsaid_m2(view, innovation, PREDICTED_M2, NOISE_M2)
    return found


def test_a_view_that_errs_as_it_says_is_believed():
    (unsaid,) = learned(0.0)
    assert np.linalg.eigvalsh(unsaid)[-1] < 0.6 * (NOISE_M2 + PREDICTED_M2)[0, 0]


def test_what_it_errs_by_is_found_in_its_direction_and_in_that_view_alone():
    wandering, other = learned(0.001, views=2)
    values, ways = np.linalg.eigh(wandering)
    assert 0.0006 < np.sqrt(values[-1]) <= MOST_M
    assert abs(ways[:, -1] @ BORDER) > 0.95
    assert values[0] < 0.3 * values[-1]
    assert np.linalg.eigvalsh(other)[-1] < 0.3 * values[-1]


def test_no_view_is_disbelieved_altogether():
    (unsaid,) = learned(0.05)
    assert np.sqrt(np.linalg.eigvalsh(unsaid)[-1]) <= MOST_M * 1.0001
