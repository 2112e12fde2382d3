# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Distances to what must not be touched are never too large and little too small; what is missing is said."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ir_guidance.geometry import transform
from ir_guidance.plan.mesh import no_go_from_meshes
from ir_guidance.plan.no_go import REACH_M, NoGo, NoGoError, no_go_from_labels

SPACING_M = np.array([0.0007, 0.0009, 0.0025])
TURN = Rotation.from_rotvec([0.3, -0.5, 1.1]).as_matrix()
BASE_FROM_INDEX = transform(TURN, np.array([0.01, -0.02, -0.03])) @ np.diag([*SPACING_M, 1.0])
NAMES = {3: "vessel", 7: "bone"}
SHAPE = (24, 20, 8)


def some_labels(seed: int) -> np.ndarray:
    """Return labels with a few lone voxels of either structure, and a third that does not matter."""
    generator = np.random.default_rng(seed)
    labels = np.zeros(SHAPE, np.int16)
    for label in (3, 7, 5):
        labels[tuple(generator.integers(0, SHAPE, (6, 3)).T)] = label
    labels[1, 1, 1], labels[2, 2, 2] = 3, 7
    return labels


def index_of(points_m: np.ndarray) -> np.ndarray:
    index_from_base = np.linalg.inv(BASE_FROM_INDEX)
    return points_m @ index_from_base[:3, :3].T + index_from_base[:3, 3]


def truly_m(labels: np.ndarray, points_m: np.ndarray, label: int) -> np.ndarray:
    """Return the distance of points (n, 3) to the boxes of a label's voxels, by brute force; 0 inside."""
    boxes = np.argwhere(labels == label)
    beside = np.maximum(np.abs(index_of(points_m)[:, None] - boxes) - 0.5, 0.0) * SPACING_M
    return np.linalg.norm(beside, axis=2).min(axis=1)


def points_within(seed: int, count: int = 400) -> np.ndarray:
    generator = np.random.default_rng(seed)
    index = generator.uniform(-0.4, np.array(SHAPE) - 0.6, (count, 3))
    return index @ BASE_FROM_INDEX[:3, :3].T + BASE_FROM_INDEX[:3, 3]


@pytest.mark.parametrize("seed", range(5))
def test_distance_is_never_too_large_and_little_too_small(seed):
    labels, points_m = some_labels(seed), points_within(seed)
    found_m, number = no_go_from_labels(labels, BASE_FROM_INDEX, NAMES).at(points_m)
    each = np.stack([truly_m(labels, points_m, label) for label in NAMES])
    near = each.min(axis=0)
    diagonal_m = np.linalg.norm([0.0007, 0.0009, 0.0025 / 3])  # slices are cut in three
    outside = near > 0
    assert (found_m <= near + 1e-7).all()
    assert (found_m[outside] >= np.minimum(near, REACH_M)[outside] - 1.5 * diagonal_m - 1e-7).all()
    assert (found_m[~outside] < 0).all()
    named = each[number, np.arange(len(points_m))]
    assert (named <= near + 2 * diagonal_m).all(), "the structure named is the nearest, or as near"


def test_deep_inside_a_structure_is_deeply_negative():
    labels = np.zeros((40, 40, 40), np.uint8)
    labels[10:30, 10:30, 10:30] = 1
    field = no_go_from_labels(labels, np.diag([1e-3, 1e-3, 1e-3, 1.0]), {1: "box"})
    found_m, _ = field.at(np.array([0.0195, 0.0195, 0.0195]))
    assert -0.0125 < found_m <= -0.010


def test_a_part_of_the_volume_has_the_distances_of_the_whole():
    labels = some_labels(1)
    whole = no_go_from_labels(labels, BASE_FROM_INDEX, NAMES)
    points_m = points_within(1)
    index = index_of(points_m)
    points_m = points_m[((index > [6, 5, 2]) & (index < [14, 13, 5])).all(axis=1)]
    part = no_go_from_labels(
        labels, BASE_FROM_INDEX, NAMES, (points_m.min(axis=0), points_m.max(axis=0))
    )
    np.testing.assert_allclose(part.at(points_m)[0], whole.at(points_m)[0], atol=1e-7)
    assert part.distance_m.size < whole.distance_m.size


def test_what_lies_outside_of_the_part_still_counts():
    labels = np.zeros((60, 20, 20), np.uint8)
    labels[30] = 1
    box = np.zeros(3), np.array([0.024, 0.019, 0.019])
    field = no_go_from_labels(labels, np.diag([1e-3, 1e-3, 1e-3, 1.0]), {1: "wall"}, box)
    found_m, _ = field.at(np.array([0.024, 0.010, 0.010]))
    assert 0.0045 <= found_m <= 0.0055


def test_nothing_is_known_to_be_free_outside_of_the_volume():
    labels = np.zeros((30, 30, 30), np.uint8)
    labels[15, 15, 15] = 1
    field = no_go_from_labels(labels, np.diag([1e-3, 1e-3, 1e-3, 1.0]), {1: "dot"})
    away_m = np.array([[-x, 0.0, 0.0] for x in (0.0, 0.005, 0.010, 0.030)])
    found_m, _ = field.at(away_m)
    np.testing.assert_allclose(np.diff(found_m), [-0.005, -0.005, -0.020], atol=1e-9)
    assert found_m[-1] < 0


def test_a_volume_whose_structures_are_all_far_off_is_free():
    labels = np.zeros((80, 10, 10), np.uint8)
    labels[79] = 1
    box = np.zeros(3), np.array([0.010, 0.009, 0.009])
    field = no_go_from_labels(labels, np.diag([1e-3, 1e-3, 1e-3, 1.0]), {1: "wall"}, box)
    assert field.at(np.array([0.005, 0.005, 0.005]))[0] == pytest.approx(REACH_M)


def test_digest_names_labels_place_and_names():
    labels = some_labels(2)
    first = no_go_from_labels(labels, BASE_FROM_INDEX, NAMES)
    assert first.digest == no_go_from_labels(labels.copy(), BASE_FROM_INDEX.copy(), NAMES).digest
    moved, other = BASE_FROM_INDEX.copy(), labels.copy()
    moved[0, 3] += 1e-6
    other[12, 12, 4] = 3
    others = [
        no_go_from_labels(other, BASE_FROM_INDEX, NAMES),
        no_go_from_labels(labels, moved, NAMES),
        no_go_from_labels(labels, BASE_FROM_INDEX, {3: "vessel", 7: "rib"}),
    ]
    assert len({first.digest, *(it.digest for it in others)}) == 4
    assert len(first.digest) == 64


def test_a_field_cannot_be_changed_and_survives_a_pipe():
    field = no_go_from_labels(some_labels(3), BASE_FROM_INDEX, NAMES)
    with pytest.raises(ValueError, match="read-only"):
        field.distance_m[0, 0, 0] = 1.0
    again = pickle.loads(pickle.dumps(field))
    assert again.digest == field.digest
    np.testing.assert_array_equal(again.distance_m, field.distance_m)


SHEARED = BASE_FROM_INDEX.copy()
SHEARED[:3, 0] += 0.2 * SHEARED[:3, 1]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"names": {3: "vessel", 9: "aorta", 11: "heart"}}, "not in the volume.*: aorta, heart"),
        ({"names": {0: "air"}}, "not in the volume.*: air"),
        ({"names": {}}, "0 structures"),
        ({"base_from_index": SHEARED}, "sheared"),
        ({"base_from_index": np.full((4, 4), np.nan)}, "not finite"),
        ({"labels": np.zeros((3, 3), int)}, "expected a volume"),
        ({"labels": -np.ones((3, 3, 3), int)}, "numbers from 0 up"),
        (
            {"box_m": (np.array([1.0, 1.0, 1.0]), np.array([1.1, 1.1, 1.1]))},
            "outside of the volume",
        ),
    ],
)
def test_labels_that_cannot_be_kept_clear_of_are_refused(changes, why):
    given = {"labels": some_labels(0), "base_from_index": BASE_FROM_INDEX, "names": NAMES}
    with pytest.raises(NoGoError, match=why):
        no_go_from_labels(**(given | changes))


def test_arrays_that_do_not_fit_each_other_are_refused():
    field = no_go_from_labels(some_labels(0), BASE_FROM_INDEX, NAMES)
    made = {
        "distance_m": field.distance_m.copy(),
        "nearest": field.nearest.copy(),
        "base_from_index": BASE_FROM_INDEX.copy(),
        "names": field.names,
    }
    spoilt = made["distance_m"].copy()
    spoilt[0, 0, 0] = np.nan
    for changes in ({"nearest": made["nearest"][:-1]}, {"names": ("one",)}, {"distance_m": spoilt}):
        with pytest.raises(NoGoError):
            NoGo(**(made | changes))
    assert replace(field).digest == field.digest


def box_mesh(low_m: np.ndarray, high_m: np.ndarray) -> np.ndarray:
    """Return the twelve triangles of a box."""
    triangles = []
    for axis in range(3):
        a, b = (axis + 1) % 3, (axis + 2) % 3
        for side in (low_m, high_m):
            corners = [np.array(side, float) for _ in range(4)]
            for corner, (u, v) in zip(corners, [(0, 0), (1, 0), (1, 1), (0, 1)], strict=True):
                corner[a], corner[b] = (low_m, high_m)[u][a], (low_m, high_m)[v][b]
            triangles += [corners[:3], [corners[0], *corners[2:]]]
    return np.array(triangles)


def test_distance_to_a_mesh_is_never_too_large_and_little_too_small():
    low_m, high_m = np.array([-0.012, 0.001, -0.030]), np.array([0.009, 0.017, -0.013])
    field = no_go_from_meshes({"box": box_mesh(low_m, high_m)}, (low_m, high_m), 0.001)
    generator = np.random.default_rng(0)
    points_m = generator.uniform(low_m - 0.012, high_m + 0.012, (2000, 3))
    beside_m = np.linalg.norm(
        np.maximum(np.maximum(low_m - points_m, points_m - high_m), 0.0), axis=1
    )
    found_m, _ = field.at(points_m)
    outside = beside_m > 0
    assert (found_m[outside] <= beside_m[outside] + 1e-7).all()
    assert (found_m[outside] >= np.minimum(beside_m, REACH_M)[outside] - 0.0035).all()
    assert (found_m[~outside] < 0).all(), "a closed mesh encloses its inside"
    assert field.at((low_m + high_m) / 2)[0] < -0.005


def test_paths_far_from_a_mesh_are_free_within_the_box_that_was_asked_for():
    low_m, high_m = np.array([0.0, 0.0, 0.0]), np.array([0.010, 0.010, 0.010])
    box_m = np.array([-0.060, 0.0, 0.0]), high_m
    field = no_go_from_meshes({"box": box_mesh(low_m, high_m)}, box_m, 0.001)
    assert field.at(np.array([-0.060, 0.005, 0.005]))[0] > 0.013


@pytest.mark.parametrize(
    ("meshes", "why"),
    [
        ({}, "0 meshes"),
        ({"rib": np.zeros((0, 3, 3))}, "'rib'"),
        ({"rib": np.full((1, 3, 3), np.nan)}, "'rib'"),
        ({"rib": np.array([[[0, 0, 0], [10, 0, 0], [10, 10, 10]]], float)}, "too many"),
    ],
)
def test_meshes_that_cannot_be_kept_clear_of_are_refused(meshes, why):
    with pytest.raises(NoGoError, match=why):
        no_go_from_meshes(meshes, (np.zeros(3), np.ones(3) * 0.01))
