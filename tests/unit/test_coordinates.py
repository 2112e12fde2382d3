# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Axes and units from outside: conversions on points whose place is known, and every mix-up is caught."""

import numpy as np
import pytest

from ir_guidance.coordinates import Axes, MixUpError, PatientPoints, Unit, check_reach, check_rigid
from ir_guidance.frames.ct import RAS_TO_LPS
from ir_guidance.geometry import small_motion

RIGHT, FRONT, HEAD = np.eye(3)
"""One step to the patient's right, front and head, as RAS has them."""

IN_RAS = PatientPoints(np.stack([RIGHT, FRONT, HEAD]), Axes.RAS, Unit.METRE)


@pytest.mark.parametrize(
    ("axes", "expected"),
    [
        (Axes.RAS, [[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
        (Axes.LPS, [[-1, 0, 0], [0, -1, 0], [0, 0, 1]]),
        (Axes.ROS, [[0, -1, 0], [1, 0, 0], [0, 0, 1]]),
    ],
)
def test_right_front_and_head_are_where_each_convention_has_them(axes, expected):
    np.testing.assert_allclose(IN_RAS.to(axes, Unit.METRE).values, expected, atol=1e-15)


@pytest.mark.parametrize("axes", Axes)
@pytest.mark.parametrize("unit", Unit)
def test_there_and_back_is_nowhere_else(axes, unit):
    points = PatientPoints(np.array([[0.01, -0.2, 0.3]]), Axes.LPS, Unit.METRE)
    back = points.to(axes, unit).to(Axes.LPS, Unit.METRE)
    np.testing.assert_allclose(back.values, points.values, atol=1e-15)


def test_millimetres_become_metres():
    points = PatientPoints(np.array([[120.0, -30.0, 5.0]]), Axes.LPS, Unit.MILLIMETRE)
    metres = points.to(Axes.LPS, Unit.METRE)
    np.testing.assert_allclose(metres.values, [[0.120, -0.030, 0.005]])
    np.testing.assert_allclose(points.to(Axes.LPS, Unit.METRE).offsets_m(metres), 0.0)


def test_ct_files_are_turned_by_the_same_matrix():
    np.testing.assert_array_equal(RAS_TO_LPS[:3, :3] @ RIGHT, [-1, 0, 0])


@pytest.mark.parametrize(
    "other",
    [
        PatientPoints(np.zeros((3, 3)), Axes.LPS, Unit.METRE),
        PatientPoints(np.zeros((3, 3)), Axes.ROS, Unit.METRE),
        PatientPoints(np.zeros((3, 3)), Axes.RAS, Unit.MILLIMETRE),
    ],
)
def test_points_in_other_axes_or_units_do_not_meet(other):
    with pytest.raises(MixUpError, match="bring both to one"):
        IN_RAS.offsets_m(other)


def test_millimetres_said_to_be_metres_are_caught():
    with pytest.raises(MixUpError, match="millimetres taken for metres"):
        PatientPoints(np.array([[120.0, -30.0, 5.0]]), Axes.LPS, Unit.METRE)


@pytest.mark.parametrize("place_m", [(0.0, 0.0, 284.0), (np.nan, 0.0, 0.0)])
def test_points_out_of_reach_are_caught(place_m):
    with pytest.raises(MixUpError):
        check_reach(np.array(place_m), "a place")


def pose(diagonal, place_m=(0.1, 0.2, 0.3)):
    matrix = np.diag([*diagonal, 1.0])
    matrix[:3, 3] = place_m
    return matrix


@pytest.mark.parametrize(
    ("matrix", "said"),
    [
        (pose((1, 1, 1), (100.0, 20.0, -30.0)), "millimetres"),
        (pose((1, 1, -1)), "mirrors"),
        (pose((1e-3, 1e-3, 1e-3)), "not rigid"),
        (pose((1, 1, np.nan)), "not rigid"),
    ],
)
def test_a_pose_that_is_none_is_caught(matrix, said):
    with pytest.raises(MixUpError, match=said):
        check_rigid(matrix, "the probe")


def test_a_pose_in_metres_passes():
    check_rigid(small_motion(np.array([0.3, 1.0, -2.0]), np.array([0.5, -1.0, 2.0])), "the probe")
