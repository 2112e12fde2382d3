# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Ways through anatomy: round what is in the way, through a hole, along an arc; and why not the others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ir_guidance.geometry import arc_points
from ir_guidance.plan import NoPlanError, PlanRequest, PlanSettings, plan
from ir_guidance.plan.no_go import NoGo, no_go_from_labels
from ir_guidance.plan.search import Candidate, search
from ir_guidance.plan.skin import Skin, fixed_entry, flat_skin
from ir_guidance.values import Plan, Sphere, Vector

DOWN = np.array([0.0, 0.0, -1.0])
TARGET_M = np.array([0.010, 0.0, -0.040])
REGION = flat_skin(np.linspace(-0.045, -0.015, 25), np.linspace(-0.015, 0.015, 25))
SETTINGS = PlanSettings(
    entry_x_m=(-0.05, -0.01), pitch_rad=(0.4, 1.3), yaw_rad=0.6, longest_m=0.09, curvature_per_m=8.0
)
ARC = SETTINGS.model_copy(update={"planner": "arc"})
SIDE_M = 0.0008
WALL_Z_M, HOLE_M = -0.020, np.array([-0.010, 0.004])
CENTRED = np.diag([SIDE_M, SIDE_M, SIDE_M, 1.0])
CENTRED[:3, 3] = [-0.060, -0.040, -0.060]


def request(**changes: Any) -> PlanRequest:
    asked = PlanRequest(TARGET_M, None, geometry_epoch=1, skin=REGION)
    return replace(asked, **changes)


def wall(hole_radius_m: float) -> NoGo:
    """Return a wall, three voxels thick at z = ``WALL_Z_M``, with a round hole in it."""
    shape = (150, 100, 80)
    x, y, z = (CENTRED[n, 3] + SIDE_M * np.arange(shape[n]) for n in range(3))
    away_m = np.hypot(x[:, None] - HOLE_M[0], y[None, :] - HOLE_M[1])
    labels = np.zeros(shape, np.uint8)
    labels[..., np.abs(z - WALL_Z_M) < 1.5 * SIDE_M] = (away_m > hole_radius_m)[..., None]
    return no_go_from_labels(labels, CENTRED, {1: "wall"})


def points_m(found: Plan) -> Vector:
    depths_m = np.linspace(0, found.length_m, 3000)
    return arc_points(found.entry_m, found.direction, found.bend_per_m, depths_m)


def test_path_goes_through_the_hole_in_a_wall():
    found = plan(request(no_go=wall(0.0075)), SETTINGS)
    way_m = points_m(found)
    crossing_m = way_m[np.argmin(np.abs(way_m[:, 2] - WALL_Z_M)), :2]
    true_m = 0.0075 - np.linalg.norm(crossing_m - HOLE_M)
    assert true_m > SETTINGS.clearance_m
    assert SETTINGS.clearance_m <= found.clearance_m <= true_m + SIDE_M
    assert found.no_go == wall(0.0075).digest


def test_a_wall_whose_hole_is_too_narrow_lets_nothing_through():
    with pytest.raises(NoPlanError, match=r"too near a no-go region: \d+, most often wall"):
        plan(request(no_go=wall(0.003)), SETTINGS)


def test_arc_goes_round_what_stands_before_a_fixed_entry():
    entry_m = np.array([-0.020, 0.0, 0.0])
    in_the_way = Sphere(tuple((entry_m + TARGET_M) / 2), 0.001)
    asked = request(skin=fixed_entry(entry_m, DOWN), obstacles=(in_the_way,))
    settings = SETTINGS.model_copy(update={"clearance_m": 0.0015})
    with pytest.raises(NoPlanError, match="too near a no-go region: 1, most often a marked region"):
        plan(asked, settings)
    found = plan(asked, settings.model_copy(update={"planner": "arc"}))
    assert found.planner == "arc"
    assert 0 < np.linalg.norm(found.bend_per_m) <= SETTINGS.curvature_per_m + 1e-9
    np.testing.assert_array_equal(found.entry_m, entry_m)
    np.testing.assert_allclose(points_m(found)[-1], TARGET_M, atol=1e-12)
    nearest_m = np.linalg.norm(points_m(found) - in_the_way.centre_m, axis=1).min() - 0.001
    assert settings.clearance_m <= found.clearance_m <= nearest_m + 1e-7
    assert found.clearance_m == pytest.approx(nearest_m, abs=1e-4)


def test_an_arc_is_not_taken_where_a_line_is_as_clear():
    np.testing.assert_array_equal(plan(request(), ARC).bend_per_m, np.zeros(3))


def test_marked_regions_and_labelled_structures_are_both_kept_clear_of():
    hole = Sphere((*HOLE_M.tolist(), WALL_Z_M), 0.002)
    with pytest.raises(NoPlanError, match="too near a no-go region"):
        plan(request(no_go=wall(0.0075), obstacles=(hole,)), SETTINGS)


def test_the_path_stays_in_an_image_plane_that_is_given():
    normal = np.array([0.0, 1.0, 0.0])
    ranking = search(request(normal=normal), SETTINGS)
    allowed = list(ranking.allowed())
    assert allowed and all(abs(one.entry_m[1]) <= SETTINGS.plane_m for one in allowed)
    assert "out of the image plane" in {one.reason for one in ranking.rejected()}
    arcs = list(search(request(normal=normal), ARC).allowed())
    bent = [one for one in arcs if one.bend_per_m.any()]
    assert bent and all(abs(one.bend_per_m[1]) < 1e-9 for one in bent)


def test_candidates_are_ranked_and_every_other_one_says_why_not():
    ranking = search(request(no_go=wall(0.0075)), SETTINGS)
    allowed, rejected = list(ranking.allowed()), list(ranking.rejected())
    assert len(allowed) + len(rejected) == len(REGION.points_m)
    costs = [one.cost for one in allowed]
    assert costs == sorted(costs)
    for one in allowed:
        assert one.reason == ""
        assert one.cost == pytest.approx(sum(one.terms.values()))
        assert set(one.terms) == {"angle", "length", "clearance", "bend"}
        assert one.clearance_m is not None and one.clearance_m >= SETTINGS.clearance_m
    assert all(one.reason for one in rejected)
    assert any(one.reason.endswith("mm from wall") for one in rejected)
    assert np.array_equal(plan(request(no_go=wall(0.0075)), SETTINGS).entry_m, allowed[0].entry_m)


LIMITS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({}, {"longest_m": 0.03}, "too long"),
    ({}, {"pitch_rad": (0.1, 0.2)}, "too flat or too steep"),
    (
        {"skin": flat_skin(np.array([-0.02]), np.array([0.025]))},
        {"yaw_rad": 0.3},
        "turned too far aside",
    ),
    ({"skin": fixed_entry(np.array([-0.02, 0.0, -0.001]), DOWN)}, {}, "outside of where"),
    ({"skin": fixed_entry(np.array([0.02, 0.0, 0.0]), DOWN)}, {}, "outside of where"),
    (
        {"skin": fixed_entry(np.array([-0.02, 0.05, 0.0]), DOWN)},
        {},
        "outside of where",
    ),
    (
        {"skin": fixed_entry(np.array([-0.03, 0.0, 0.0]), np.array([0.8, 0.0, 0.6]))},
        {},
        "too flat to the skin",
    ),
    ({"skin": fixed_entry(np.array([-0.03, 0.0, 0.0]), -DOWN)}, {}, "too flat to the skin"),
]


@pytest.mark.parametrize(("changes", "settings", "why"), LIMITS)
def test_every_limit_is_kept_and_named(changes, settings, why):
    ranking = search(request(**changes), SETTINGS.model_copy(update=settings))
    assert not list(ranking.allowed())
    assert why in {one.reason[: len(why)] for one in ranking.rejected()}
    assert why in ranking.why_not()


def test_a_target_on_the_skin_has_no_direction():
    deep = SETTINGS.model_copy(update={"entry_z_m": (-0.1, 0.0)})
    ranking = search(request(skin=fixed_entry(TARGET_M, DOWN)), deep)
    assert [one.reason for one in ranking.rejected()] == ["of no length"]


def test_skin_below_the_guide_may_be_entered_where_the_profile_says_so():
    skin = Skin(REGION.points_m - [0.0, 0.0, 0.004], REGION.inward)
    with pytest.raises(NoPlanError, match="outside of where the needle may enter"):
        plan(request(skin=skin), SETTINGS)
    found = plan(request(skin=skin), SETTINGS.model_copy(update={"entry_z_m": (-0.01, 0.0)}))
    assert found.entry_m[2] == pytest.approx(-0.004)


def test_what_is_not_looked_at_has_no_clearance():
    one: Candidate = next(
        search(request(), SETTINGS.model_copy(update={"longest_m": 0.03})).rejected()
    )
    assert one.clearance_m is None and one.nearest == "nothing"


def test_the_hash_names_the_anatomy():
    hashes = {plan(request(no_go=it), SETTINGS).hash for it in (None, wall(0.0075), wall(0.0080))}
    assert len(hashes) == 3
    assert plan(request(no_go=wall(0.0075)), SETTINGS).hash in hashes
