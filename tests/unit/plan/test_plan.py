# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Plans reach the target within every limit, or say what stood in the way; their hash names them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ir_guidance.plan import NoPlanError, PlanRequest, PlanSettings, plan
from ir_guidance.values import Plan, Sphere

SETTINGS = PlanSettings(
    entry_x_m=(-0.045, -0.020),
    entry_step_m=0.0005,
    pitch_rad=(0.50, 1.00),
    longest_m=0.075,
    clearance_m=0.003,
    best_pitch_rad=0.62,
)
TARGET_M = np.array([0.010, 0.001, -0.032])
ACROSS = np.array([0.0, 1.0, 0.0])
MIDWAY = Sphere((-0.012, 0.001, -0.018), 0.002)
NAN = float("nan")


def request(**changes: Any) -> PlanRequest:
    return replace(PlanRequest(TARGET_M, ACROSS, geometry_epoch=2), **changes)


def distance_m(found: Plan, sphere: Sphere) -> float:
    """Return the distance of a path to the surface of a sphere, by brute force."""
    ways = np.linspace(0, found.length_m, 2000)[:, None] * found.direction + found.entry_m
    return float(np.linalg.norm(ways - sphere.centre_m, axis=1).min()) - sphere.radius_m


def randomly(seed: int) -> PlanRequest:
    generator = np.random.default_rng(seed)
    target_m = np.array([0.0, 0.0, -0.030]) + generator.uniform(-0.008, 0.008, 3)
    spheres = tuple(
        Sphere(tuple(generator.uniform([-0.03, -0.01, -0.03], [0.02, 0.01, 0.0])), 0.003)
        for _ in range(3)
    )
    return request(target_m=target_m, obstacles=spheres)


def assert_within_limits(found: Plan, wanted: PlanRequest) -> None:
    end_m = found.entry_m + found.length_m * found.direction
    np.testing.assert_allclose(end_m, wanted.target_m, atol=1e-12)
    assert found.entry_m[2] == 0
    assert SETTINGS.entry_x_m[0] <= found.entry_m[0] <= SETTINGS.entry_x_m[1]
    assert found.length_m <= SETTINGS.longest_m
    pitch_rad = np.arctan2(-found.direction[2], found.direction[0])
    assert SETTINGS.pitch_rad[0] <= pitch_rad <= SETTINGS.pitch_rad[1]
    nearest_m = min(distance_m(found, sphere) for sphere in wanted.obstacles)
    assert nearest_m >= SETTINGS.clearance_m - 1e-6
    assert found.clearance_m == pytest.approx(nearest_m, abs=1e-5)
    assert (found.geometry_epoch, found.obstacles) == (2, wanted.obstacles)


def test_plan_reaches_the_target_within_every_limit():
    checked = 0
    for seed in range(40):
        wanted = randomly(seed)
        try:
            found = plan(wanted, SETTINGS)
        except NoPlanError:
            continue
        assert_within_limits(found, wanted)
        checked += 1
    assert checked >= 30, "most anatomies have a way in"


@pytest.mark.parametrize("turn_rad", [-0.4, 0.0, 0.3])
def test_path_stays_in_the_image_plane(turn_rad):
    normal = np.array([np.sin(turn_rad), np.cos(turn_rad), 0.0])
    wide = {"longest_m": 0.2, "pitch_rad": (0.3, 1.2), "yaw_rad": 0.5, "skin_angle_rad": 0.2}
    settings = SETTINGS.model_copy(update=wide)
    found = plan(request(normal=normal), settings)
    assert (found.entry_m - TARGET_M) @ normal == pytest.approx(0, abs=1e-12)


def test_path_goes_round_what_lies_in_the_way():
    straight, round_it = plan(request(), SETTINGS), plan(request(obstacles=(MIDWAY,)), SETTINGS)
    assert distance_m(straight, MIDWAY) < SETTINGS.clearance_m
    assert distance_m(round_it, MIDWAY) >= SETTINGS.clearance_m


def test_what_lies_between_the_target_and_a_path_that_ends_beyond_it_is_in_the_way():
    settings = SETTINGS.model_copy(update={"beyond_m": 0.008})
    free = plan(request(), settings)
    np.testing.assert_allclose(free.target_m, TARGET_M, atol=1e-12)
    to_target_m = np.linalg.norm(TARGET_M - free.entry_m)
    assert (free.length_m, free.beyond_m) == (pytest.approx(to_target_m + 0.008), 0.008)
    behind = Sphere(tuple(TARGET_M + 0.006 * free.direction), 0.002)
    with pytest.raises(NoPlanError, match="too near a no-go region"):
        plan(request(obstacles=(behind,)), settings)


def test_region_beyond_the_target_is_not_in_the_way():
    beyond = Sphere(tuple(TARGET_M + 0.010 * plan(request(), SETTINGS).direction), 0.004)
    assert plan(request(obstacles=(beyond,)), SETTINGS).clearance_m >= SETTINGS.clearance_m


def test_same_request_same_plan_same_hash():
    first, second = (plan(request(obstacles=(MIDWAY,)), SETTINGS) for _ in range(2))
    assert first.hash == second.hash
    np.testing.assert_array_equal(first.entry_m, second.entry_m)
    assert len(first.hash) == 64


@pytest.mark.parametrize(
    "changes",
    [
        {"target_m": TARGET_M + 1e-9},
        {"geometry_epoch": 3},
        {"obstacles": (MIDWAY,)},
        {"obstacles": (replace(MIDWAY, radius_m=0.0021),)},
        {"obstacles": (Sphere((0.03, 0.03, -0.03), 0.001),)},
        {"normal": np.array([0.1, np.sqrt(0.99), 0.0])},  # another entry
    ],
)
def test_hash_changes_with_all_that_the_needle_will_do(changes):
    others = {plan(request(), SETTINGS).hash, plan(request(obstacles=(MIDWAY,)), SETTINGS).hash}
    if changes.get("obstacles") == (MIDWAY,):
        others.discard(plan(request(**changes), SETTINGS).hash)
    assert plan(request(**changes), SETTINGS).hash not in others


def test_hash_changes_with_nothing_else():
    before = plan(request(), SETTINGS).hash
    assert plan(request(normal=-ACROSS), SETTINGS).hash == before
    assert plan(request(normal=2 * ACROSS), SETTINGS).hash == before
    wider = SETTINGS.model_copy(update={"clearance_m": 0.002})
    assert plan(request(), wider).hash == before


@pytest.mark.parametrize(
    ("changes", "settings", "why"),
    [
        ({"target_m": np.array([0.0, 0.0, 0.001])}, {}, "does not lie below the skin"),
        ({"target_m": np.zeros(3)}, {}, "does not lie below the skin"),
        ({"target_m": np.array([NAN, 0.0, -0.03])}, {}, "does not lie below the skin"),
        ({}, {"longest_m": 0.03}, r"none of 50 paths is allowed \(too long: 50\)"),
        ({}, {"pitch_rad": (1.40, 1.50)}, r"\(too flat or too steep: 50\)"),
        (
            {"obstacles": (Sphere((0.0, 0.0, -0.02), 0.015),)},
            {},
            r"too near a no-go region: \d+, most often a marked region",
        ),
        ({"obstacles": (Sphere((NAN, 0.0, -0.02), 0.001),)}, {}, "is not a sphere"),
        ({"obstacles": (Sphere((0.0, 0.0, -0.02), NAN),)}, {}, "is not a sphere"),
        ({"obstacles": (Sphere((0.0, 0.0, -0.02), -0.01),)}, {}, "is not a sphere"),
        ({"normal": np.array([1.0, 0.0, 0.0])}, {}, "lies the wrong way"),
        ({"normal": np.array([0.0, 0.0, 1.0])}, {}, "lies the wrong way"),
        ({"normal": np.array([0.0, NAN, 0.0])}, {}, "is none"),
        ({"normal": np.zeros(3)}, {}, "is none"),
        ({"normal": None}, {}, "neither an image plane nor a region of skin"),
    ],
)
def test_no_plan_says_why(changes, settings, why):
    with pytest.raises(NoPlanError, match=why):
        plan(request(**changes), SETTINGS.model_copy(update=settings))
