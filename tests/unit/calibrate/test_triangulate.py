# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Two views give a known point, and a covariance that many repetitions bear out."""

import numpy as np
import pytest

from calibration_cases import MIDDLE_M, carm
from ir_guidance.calibrate import CalibrationError
from ir_guidance.calibrate.triangulate import Sighting, nees, triangulate
from ir_guidance.geometry import carm_axes, px_from_base_carm

SHAPE = (512, 512)
VIEWS = (carm(0.8, 0.05), carm(-0.6, -0.1))
COVARIANCE_PX2 = np.array([[0.25, 0.12], [0.12, 0.81]])


def sightings(point_m, views=VIEWS, covariance_px2=COVARIANCE_PX2, generator=None):
    found = []
    for view in views:
        px = px_from_base_carm(point_m, view, SHAPE)
        if generator is not None:
            px = px + generator.multivariate_normal([0, 0], covariance_px2)
        found.append(Sighting(px, covariance_px2, view, SHAPE))
    return found


@pytest.mark.parametrize("offset_m", [(0, 0, 0), (0.04, -0.03, 0.02), (-0.06, 0.05, -0.05)])
def test_exact_pixels_give_the_exact_point(offset_m):
    point_m = MIDDLE_M + offset_m
    found = triangulate(sightings(point_m))
    np.testing.assert_allclose(found.point_m, point_m, atol=1e-9)
    assert found.chi2 < 1e-9


def test_squared_error_over_covariance_is_three_on_average():
    generator = np.random.default_rng(0)
    squares, chi2 = [], []
    for _ in range(600):
        point_m = MIDDLE_M + generator.uniform(-0.04, 0.04, 3)
        found = triangulate(sightings(point_m, generator=generator))
        squares.append(nees(found, point_m))
        chi2.append(found.chi2)
    # Means of 600 draws of chi squared with 3 and 1 degrees of freedom: 4 sigma.
    assert np.mean(squares) == pytest.approx(3.0, abs=4 * np.sqrt(6 / 600))
    assert np.mean(chi2) == pytest.approx(1.0, abs=4 * np.sqrt(2 / 600))


def test_covariance_is_the_spread_of_many_repetitions():
    generator = np.random.default_rng(1)
    point_m = MIDDLE_M + np.array([0.02, 0.01, -0.03])
    found = [triangulate(sightings(point_m, generator=generator)) for _ in range(1500)]
    spread = np.cov(np.stack([each.point_m for each in found]).T)
    np.testing.assert_allclose(spread, found[0].covariance_m2, atol=0.12 * np.trace(spread))


def test_a_narrow_angle_is_uncertain_along_the_rays():
    narrow = (carm(0.2), carm(-0.1))
    covariance = triangulate(sightings(MIDDLE_M, narrow)).covariance_m2
    ray = carm_axes(carm(0.05))[2] @ np.linalg.inv(narrow[0].base_from_isocentre)[:3, :3]
    values, vectors = np.linalg.eigh(covariance)
    assert abs(vectors[:, -1] @ ray) > 0.99
    assert values[-1] > 20 * values[0]


def test_three_views_are_better_than_two():
    two, three = (
        triangulate(sightings(MIDDLE_M, views)) for views in (VIEWS, (*VIEWS, carm(0.1, 0.4)))
    )
    gain = np.linalg.eigvalsh(two.covariance_m2 - three.covariance_m2)
    assert (
        gain[0] > -1e-15 and (gain[1:] > 1e-9).all()
    )  # nothing is gained across its own rays' plane


def test_views_along_one_line_are_refused():
    with pytest.raises(CalibrationError, match="degrees apart"):
        triangulate(sightings(MIDDLE_M, (carm(0.3), carm(0.35))))
    with pytest.raises(CalibrationError, match="two are needed"):
        triangulate(sightings(MIDDLE_M, VIEWS[:1]))


def test_it_must_be_known_where_the_carm_stands():
    unplaced = [
        Sighting(np.array([256.0, 256.0]), np.eye(2), carm(angle, placed=False), SHAPE)
        for angle in (0.8, -0.6)
    ]
    with pytest.raises(ValueError, match="base_from_isocentre"):
        triangulate(unplaced)
