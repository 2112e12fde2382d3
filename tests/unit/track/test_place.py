# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Places and how they are put together."""

import numpy as np

from ir_guidance.track.place import Place, both, on_axis


def test_a_place_is_moved_aside_onto_the_axis_and_not_along_it():
    direction = np.array([0.6, 0.8])
    moved = on_axis(Place(np.array([10.0, 20.0]), 4 * np.eye(2), 0.9), np.zeros(2), direction, 0.5)
    aside = np.array([-0.8, 0.6])
    assert abs(moved.place @ aside) < 1e-12
    assert np.isclose(moved.place @ direction, np.array([10.0, 20.0]) @ direction)
    assert np.isclose(direction @ moved.covariance @ direction, 4.0)
    assert np.isclose(aside @ moved.covariance @ aside, 0.25)


def test_two_places_meet_nearer_to_the_surer_one():
    near = Place(np.zeros(2), np.eye(2), 1.0)
    met = both(near, Place(np.array([4.0, 0.0]), 3 * np.eye(2), 0.5))
    assert np.allclose(met.place, [1.0, 0.0]) and np.allclose(met.covariance, 0.75 * np.eye(2))
