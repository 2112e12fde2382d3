# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Needles for ablation cover a lesion and its margin, keep apart, and spare what must not be burnt."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from scipy.spatial import cKDTree

from ir_guidance.plan import NoPlanError, PlanRequest, PlanSettings
from ir_guidance.plan.ablation import Ablation, Zone, needle_distances, plan_ablation
from ir_guidance.plan.identity import hash_of
from ir_guidance.plan.lesion import Lesion, ellipsoid, lesion_of_mask
from ir_guidance.plan.paths import straight
from ir_guidance.plan.settings import AblationSettings
from ir_guidance.plan.skin import Skin, flat_skin
from ir_guidance.values import Sphere

CENTRE_M = np.array([0.010, 0.0, -0.050])
REQUEST = PlanRequest(
    CENTRE_M,
    None,
    geometry_epoch=1,
    skin=flat_skin(np.linspace(-0.050, -0.010, 11), np.linspace(-0.020, 0.020, 11)),
)


def settings(**changes: Any) -> PlanSettings:
    wanted = AblationSettings(
        zone_m=(0.018, 0.014), zone_behind_m=0.006, margin_m=0.005, covered=0.99, grid_m=0.005
    )
    return PlanSettings(
        entry_x_m=(-0.055, 0.0),
        pitch_rad=(0.4, 1.4),
        yaw_rad=0.5,
        longest_m=0.12,
        ablation=wanted.model_copy(update=changes),
    )


def ball(radius_m: float, margin_m: float = 0.005) -> Lesion:
    return ellipsoid(radius_m * np.eye(3), CENTRE_M, margin_m, 0.0015)


def share(found: Ablation, lesion: Lesion) -> float:
    """Return what share of the points some zone holds, by the definition of an ellipsoid."""
    held = np.zeros(len(lesion.points_m), dtype=bool)
    for zone in found.zones:
        offset_m = lesion.points_m - zone.centre_m
        along_m = offset_m @ zone.axis
        across_m = np.linalg.norm(offset_m - along_m[:, None] * zone.axis, axis=1)
        held |= np.hypot(along_m / zone.half_m[0], across_m / zone.half_m[1]) <= 1
    return float(held.mean())


def test_lesion_and_margin_have_the_volumes_of_their_balls():
    lesion = ellipsoid(0.010 * np.eye(3), CENTRE_M, 0.005, 0.001)
    volume_m3 = 0.001**3
    assert lesion.inside.sum() * volume_m3 == pytest.approx(4 / 3 * np.pi * 0.010**3, rel=0.03)
    assert len(lesion.points_m) * volume_m3 == pytest.approx(4 / 3 * np.pi * 0.015**3, rel=0.05)
    np.testing.assert_allclose(lesion.centre_m, CENTRE_M, atol=1e-6)


def test_a_turned_ellipsoid_lies_as_its_axes_do():
    axes_m = np.array([[0.012, 0.009, 0.0], [-0.003, 0.004, 0.0], [0.0, 0.0, 0.004]])
    lesion = ellipsoid(axes_m, CENTRE_M, 0.0, 0.0005)
    offset_m = lesion.points_m - CENTRE_M
    assert lesion.inside.all()
    assert np.abs(offset_m @ [0.8, 0.6, 0.0]).max() == pytest.approx(0.015, abs=0.0006)
    assert np.abs(offset_m @ [-0.6, 0.8, 0.0]).max() == pytest.approx(0.005, abs=0.0006)


def test_zone_is_an_ellipsoid_about_its_needle():
    axis = np.array([0.6, 0.0, -0.8])
    zone = Zone(CENTRE_M, axis, (0.018, 0.014))
    for length_m, way in ((0.018, axis), (0.014, np.array([0.0, 1.0, 0.0]))):
        assert zone.holds(CENTRE_M + 0.999 * length_m * way)
        assert not zone.holds(CENTRE_M + 1.001 * length_m * way)


@pytest.mark.parametrize("half_m", [(0.018, 0.014), (0.010, 0.020), (0.030, 0.002)])
def test_all_of_a_zone_is_near_its_points(half_m):
    zone = Zone(CENTRE_M, np.array([0.48, 0.6, -0.64]), half_m)
    points_m = zone.points(0.002)
    assert Zone(CENTRE_M, zone.axis, (half_m[0] + 1e-9, half_m[1] + 1e-9)).holds(points_m).all()
    some_m = CENTRE_M + np.random.default_rng(0).uniform(-0.03, 0.03, (200_000, 3))
    away_m, _ = cKDTree(points_m).query(some_m[zone.holds(some_m)])
    assert away_m.max() <= 0.002


def test_a_small_lesion_needs_one_needle_through_its_middle():
    lesion = ball(0.008)
    found = plan_ablation(REQUEST, lesion, settings())
    assert len(found.needles) == 1
    assert found.covered >= 0.99 and found.lesion_covered == 1.0
    assert np.linalg.norm(found.zones[0].centre_m - CENTRE_M) < 0.003
    needle = found.needles[0]
    np.testing.assert_allclose(
        needle.target_m - found.zones[0].centre_m, 0.006 * needle.direction, atol=1e-12
    )
    assert hash_of(needle) == needle.hash


@pytest.fixture(scope="module")
def large() -> tuple[Lesion, Ablation]:
    lesion = ball(0.013)
    return lesion, plan_ablation(REQUEST, lesion, settings(covered=0.97))


def test_a_large_lesion_needs_several_that_cover_what_they_say(large):
    lesion, found = large
    assert 2 <= len(found.needles) <= 4
    assert found.covered == pytest.approx(share(found, lesion), abs=1e-12)
    assert found.covered >= 0.97 and found.lesion_covered >= found.covered
    for needle in found.needles:
        assert needle.length_m <= 0.12
        np.testing.assert_allclose(
            needle.entry_m + needle.length_m * needle.direction, needle.target_m, atol=1e-12
        )


def test_needles_keep_apart_all_the_way(large):
    _, found = large
    shares = np.linspace(0, 1, 400)[:, None]
    ways_m = [it.entry_m + shares * it.length_m * it.direction for it in found.needles]
    for first, second in combinations(ways_m, 2):
        assert np.linalg.norm(first[:, None] - second[None], axis=2).min() >= 0.005


def test_distance_between_needles_is_that_of_their_segments():
    generator = np.random.default_rng(3)
    ends_m = generator.uniform(-0.02, 0.02, (2, 40, 3))
    ends_m[:, 1] = ends_m[:, 0] + [0.003, 0.0, 0.0]  # parallel to the first
    paths = straight(Skin(ends_m[0], np.tile([0.0, 0.0, -1.0], (40, 1))), ends_m[1])
    shares = np.linspace(0, 1, 300)
    ways_m = paths.at(shares)
    for one in (0, 7, 23):
        truly_m = [np.linalg.norm(way_m[:, None] - ways_m[one], axis=2).min() for way_m in ways_m]
        np.testing.assert_allclose(needle_distances(paths, one), truly_m, atol=1e-4)


def test_fewer_needles_would_not_do(large):
    lesion, found = large
    fewer = settings(covered=0.97, most_needles=len(found.needles) - 1)
    with pytest.raises(
        NoPlanError, match=r"needles cover [89]\d\.\d% of lesion and margin, 97.0% are asked"
    ):
        plan_ablation(REQUEST, lesion, fewer)


def beside_m(y_m: float) -> tuple[float, float, float]:
    x, y, z = CENTRE_M.tolist()
    return x, y + y_m, z


def test_zones_spare_what_must_not_be_burnt():
    lesion = ball(0.006, 0.003)
    beside = Sphere(beside_m(0.0165), 0.003)
    free = plan_ablation(REQUEST, lesion, settings())
    spared = plan_ablation(replace(REQUEST, obstacles=(beside,)), lesion, settings())

    def nearest_m(found: Ablation) -> float:
        grid = np.stack(np.meshgrid(*[np.linspace(-0.02, 0.02, 81)] * 3), axis=-1).reshape(-1, 3)
        burnt_m = found.zones[0].centre_m + grid
        burnt_m = burnt_m[found.zones[0].holds(burnt_m)]
        return float(np.linalg.norm(burnt_m - beside.centre_m, axis=1).min()) - beside.radius_m

    assert nearest_m(free) < 0.003 <= nearest_m(spared)
    around = tuple(Sphere(beside_m(y_m), 0.003) for y_m in (-0.010, 0.010))
    with pytest.raises(NoPlanError, match="a zone too near a no-go region"):
        plan_ablation(replace(REQUEST, obstacles=around), lesion, settings())


def test_same_request_same_needles_same_hash():
    found = [plan_ablation(REQUEST, ball(0.008), settings()) for _ in range(2)]
    assert found[0].hash == found[1].hash
    other = plan_ablation(REQUEST, ball(0.0085), settings(zone_behind_m=0.007))
    assert other.hash != found[0].hash


def test_an_ablation_that_cannot_be_says_why():
    with pytest.raises(NoPlanError, match="region of skin"):
        plan_ablation(
            replace(REQUEST, skin=None, normal=np.array([0.0, 1.0, 0.0])), ball(0.008), settings()
        )
    short = settings().model_copy(update={"longest_m": 0.02})
    with pytest.raises(
        NoPlanError, match=r"none of \d+ paths into the lesion is allowed \(too long: "
    ):
        plan_ablation(REQUEST, ball(0.008), short)
    with pytest.raises(ValueError, match="nothing in it is marked"):
        lesion_of_mask(np.zeros((3, 3, 3), bool), np.eye(4), 0.005)
