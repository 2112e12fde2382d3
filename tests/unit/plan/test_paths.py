# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Lines and arcs reach their targets with the bend they are said to have."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from ir_guidance.geometry import arc_points
from ir_guidance.plan import PlanRequest, PlanSettings
from ir_guidance.plan.clearance import MARKED, clearances
from ir_guidance.plan.paths import BENDS, PLANNERS, ROLLS, arc, straight
from ir_guidance.plan.skin import Skin, fixed_entry, flat_skin
from ir_guidance.values import Sphere

TARGET_M = np.array([0.010, 0.004, -0.045])
SKIN = flat_skin(np.linspace(-0.04, -0.02, 5), np.linspace(-0.01, 0.01, 3))
SETTINGS = PlanSettings(curvature_per_m=5.0)
SHARES = np.linspace(0, 1, 4001)


def test_arc_is_a_circle_of_its_radius():
    direction, bend = np.array([0.6, 0.0, -0.8]), 5.0 * np.array([0.0, 1.0, 0.0])
    start_m = np.array([0.01, 0.02, 0.03])
    points_m = arc_points(start_m, direction, bend, np.linspace(0, 0.1, 50))
    centre_m = start_m + 0.2 * np.array([0.0, 1.0, 0.0])
    np.testing.assert_allclose(np.linalg.norm(points_m - centre_m, axis=1), 0.2, rtol=1e-12)
    step_m = 1e-7
    first_m, second_m = arc_points(start_m, direction, bend, np.array([0.0, step_m]))
    np.testing.assert_allclose((second_m - first_m) / step_m, direction, atol=1e-6)


def test_arc_without_a_bend_is_a_line():
    direction = np.array([0.6, 0.0, -0.8])
    points_m = arc_points(np.zeros(3), direction, np.zeros(3), np.array([0.0, 0.05]))
    np.testing.assert_allclose(points_m, [np.zeros(3), 0.05 * direction], atol=1e-15)


@pytest.mark.parametrize("planner", PLANNERS.values(), ids=PLANNERS)
def test_every_path_runs_from_its_entry_to_the_target(planner):
    paths = planner(SKIN, TARGET_M, SETTINGS)
    ends_m = paths.at(np.array([0.0, 1.0]))
    np.testing.assert_allclose(ends_m[:, 0], paths.entries_m, atol=1e-15)
    np.testing.assert_allclose(
        ends_m[:, 1], np.broadcast_to(TARGET_M, ends_m[:, 1].shape), atol=1e-12
    )
    np.testing.assert_allclose(np.linalg.norm(paths.directions, axis=1), 1.0)
    np.testing.assert_allclose(
        np.sum(paths.directions * paths.bends_per_m, axis=1), 0.0, atol=1e-12
    )
    ways_m = np.linalg.norm(np.diff(paths.at(SHARES), axis=1), axis=2).sum(axis=1)
    np.testing.assert_allclose(ways_m, paths.lengths_m, rtol=1e-6)


@pytest.mark.parametrize("planner", PLANNERS.values(), ids=PLANNERS)
def test_a_path_that_goes_on_passes_through_its_target(planner):
    paths = planner(SKIN, TARGET_M, SETTINGS)
    longer = paths.beyond(0.008)
    passed_m = longer.points(np.arange(len(paths)), paths.lengths_m / longer.lengths_m)
    np.testing.assert_allclose(passed_m, np.tile(TARGET_M, (len(paths), 1)), atol=1e-12)
    np.testing.assert_allclose(longer.lengths_m, paths.lengths_m + 0.008)
    np.testing.assert_allclose(longer.targets_m, longer.at(np.ones(1))[:, 0])


def test_arcs_are_no_tighter_than_allowed_and_go_to_every_side():
    paths = arc(SKIN, TARGET_M, SETTINGS)
    assert len(paths) == len(SKIN.points_m) * (1 + ROLLS * BENDS)
    curvature = np.linalg.norm(paths.bends_per_m, axis=1)
    assert curvature.max() == pytest.approx(SETTINGS.curvature_per_m)
    lines = straight(SKIN, TARGET_M)
    assert (curvature[: len(lines)] == 0).all()
    np.testing.assert_array_equal(paths.directions[: len(lines)], lines.directions)
    middles = paths.at(np.array([0.5]))[:, 0] - (paths.entries_m + paths.targets_m) / 2
    of_first = np.all(paths.entries_m == SKIN.points_m[0], axis=1)
    np.testing.assert_allclose(middles[of_first].sum(axis=0), 0.0, atol=1e-12)


def test_an_arc_leaves_the_line_by_its_sagitta():
    paths = arc(
        fixed_entry(np.zeros(3), np.array([0.0, 0.0, -1.0])), np.array([0.0, 0.0, -0.06]), SETTINGS
    )
    aside_m = np.linalg.norm(paths.at(np.array([0.5]))[:, 0, :2], axis=1).max()
    radius_m = 1 / SETTINGS.curvature_per_m
    assert aside_m == pytest.approx(radius_m - np.sqrt(radius_m**2 - 0.03**2), rel=1e-9)


def test_some_arcs_stay_in_the_plane_of_an_ultrasound_image():
    paths = arc(flat_skin(np.array([-0.03]), np.zeros(1)), np.array([0.01, 0.0, -0.04]), SETTINGS)
    in_plane = np.abs(paths.at(SHARES)[..., 1]).max(axis=1) < 1e-12
    assert in_plane.sum() == 1 + 2 * BENDS


def test_angle_to_the_skin_is_to_the_skin_and_not_to_the_horizon():
    tilted = np.array([0.6, 0.0, -0.8])
    skin = Skin(np.zeros((2, 3)), np.array([[0.0, 0.0, -1.0], tilted]))
    paths = straight(skin, 0.05 * tilted)
    np.testing.assert_allclose(paths.skin_angles_rad, [np.arcsin(0.8), np.pi / 2], atol=1e-7)


@pytest.mark.parametrize("planner", PLANNERS.values(), ids=PLANNERS)
def test_distance_from_spheres_is_exact(planner):
    generator = np.random.default_rng(1)
    corner_m = np.array([0.06, 0.05, 0.07])
    spheres = tuple(
        Sphere(tuple((generator.uniform(-corner_m, corner_m) + TARGET_M / 2).tolist()), 0.002)
        for _ in range(100)
    )
    paths = planner(SKIN, TARGET_M, SETTINGS)
    found_m, what = clearances(paths, PlanRequest(TARGET_M, None, 1, spheres, skin=SKIN), 0.0)
    points_m = paths.at(SHARES)
    truly_m = np.min(
        [
            np.linalg.norm(points_m - it.centre_m, axis=2).min(axis=1) - it.radius_m
            for it in spheres
        ],
        axis=0,
    )
    np.testing.assert_allclose(found_m, truly_m, atol=1e-7)
    assert (what == MARKED).all()


def test_every_planner_can_be_chosen_by_a_profile():
    assert set(get_args(PlanSettings.model_fields["planner"].annotation)) == set(PLANNERS)
