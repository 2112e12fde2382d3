# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The needle bends as far as coaxial needles do, and follows guide and tissue the right way."""

from typing import Any

import numpy as np
import pytest

from ir_guidance.kinematics import guide_pose, lateral_axes, straight_tip
from ir_guidance.room.breathing import Breathing, BreathingSettings
from ir_guidance.room.cut_path import CutPath
from ir_guidance.room.needle import Needle, NeedleSettings
from ir_guidance.values import GuidePose

STILL = np.zeros(3)
DEPTHS_M = (0.009, 0.017)
LENGTH_M = 0.0575


def needle(seed: int, **settings: Any) -> Needle:
    generator = np.random.default_rng(seed)
    breathing = Breathing(BreathingSettings(), generator, 1.0)
    return Needle(NeedleSettings(**settings), generator, DEPTHS_M, breathing.share)


def pose(
    insertion_m: float, pitch_rad: float = 0.7, yaw_rad: float = 0.0, roll_rad: float = 0.0
) -> GuidePose:
    return guide_pose(np.array([-0.03, 0.0, pitch_rad, yaw_rad, insertion_m, roll_rad]))


def inserted(seed: int, length_m: float = LENGTH_M, **settings: float) -> Needle:
    it = needle(seed, **settings)
    for insertion_m in np.append(np.arange(-0.001, length_m, 0.0003), length_m):
        it.step(pose(insertion_m), STILL)
    return it


def deflection_m(it: Needle) -> float:
    return float(np.linalg.norm(it.shape_m[-1] - straight_tip(pose(LENGTH_M))))


def test_uncorrected_insertion_deflects_by_two_to_five_millimetres():
    deflections = [deflection_m(inserted(seed)) for seed in range(30)]
    assert min(deflections) >= 0.0020
    assert max(deflections) <= 0.0050
    assert 0.0030 <= np.median(deflections) <= 0.0040


def test_deflection_is_mostly_in_the_vertical_plane():
    out = [inserted(seed).shape_m[-1, 1] for seed in range(20)]
    assert np.median(np.abs(out)) < 0.001


def test_deflection_grows_with_insertion():
    sizes = []
    for length_m in (0.02, 0.035, 0.05):
        tip = inserted(1, length_m).shape_m[-1]
        sizes.append(np.linalg.norm(tip - straight_tip(pose(length_m))))
    assert sizes[0] < sizes[1] < sizes[2]


def test_without_a_bevel_the_needle_goes_straight():
    assert deflection_m(inserted(0, curvature_per_m=0.0)) < 1e-6


@pytest.mark.parametrize("roll_rad", [0.0, np.pi / 2, np.pi, -np.pi / 2])
def test_needle_curves_to_where_its_bevel_was_rolled(roll_rad):
    it = needle(3, bevel_sigma_rad=0.0)
    for insertion_m in np.arange(-0.001, LENGTH_M, 0.0003):
        it.step(pose(insertion_m, roll_rad=roll_rad), STILL)
    off = lateral_axes(pose(0.0).direction) @ (it.shape_m[-1] - straight_tip(pose(LENGTH_M)))
    towards = np.array([np.cos(roll_rad), np.sin(roll_rad)])
    assert off @ towards > 0.002
    assert abs(off[0] * towards[1] - off[1] * towards[0]) < 1e-4


def test_needle_that_turns_as_it_advances_goes_straight():
    it = needle(3)
    for insertion_m in np.append(np.arange(-0.001, LENGTH_M, 0.0003), LENGTH_M):
        it.step(pose(insertion_m, roll_rad=2 * np.pi * max(insertion_m, 0.0) / 0.006), STILL)
    assert deflection_m(it) < 0.1 * deflection_m(inserted(3))


def test_needle_that_turns_where_it_stands_stays():
    it = inserted(3)
    before = it.shape_m[-1]
    it.step(pose(LENGTH_M, roll_rad=3.0), STILL)
    assert it.shape_m[-1] == pytest.approx(before, abs=1e-9)


def test_far_from_the_guide_the_path_has_the_curvature_of_the_settings():
    """A very long insertion, where the clamp is forgotten: the unicycle of the module's docstring."""
    it = needle(
        0, bevel_sigma_rad=0.0, curvature_spread=0.0, longest_m=0.3, rigidity_nm2=(0.002, 0.002),
        fat_npm2=(2e4, 2e4), muscle_npm2=(2e4, 2e4), organ_npm2=(2e4, 2e4), curvature_per_m=0.5,
    )  # fmt: skip
    directions = []
    for insertion_m in np.arange(0.0, 0.2501, 0.0005):
        it.step(pose(insertion_m, pitch_rad=1.2), STILL)
        directions.append(it.direction)
    turned = np.linalg.norm(directions[-1] - directions[-101])
    assert turned / 0.050 == pytest.approx(0.5, rel=0.05)


def test_outside_tissue_the_needle_is_straight_and_follows_the_guide():
    it = needle(0)
    for pitch_rad in (0.6, 0.9):
        it.step(pose(-0.01, pitch_rad), np.array([0.008, 0.0, 0.0]))
        assert it.shape_m[-1] == pytest.approx(straight_tip(pose(-0.01, pitch_rad)))
        assert it.direction == pytest.approx(pose(-0.01, pitch_rad).direction)


def test_the_shaft_is_as_long_as_the_insertion_and_starts_at_the_remote_centre():
    it = inserted(2)
    lengths = np.linalg.norm(np.diff(it.shape_m, axis=0), axis=1)
    assert lengths.sum() == pytest.approx(LENGTH_M, abs=2e-5)
    assert it.shape_m[0] == pytest.approx(pose(0.0).remote_centre_m)


@pytest.mark.parametrize(
    ("pitch_rad", "yaw_rad"), [(0.75, 0.0), (0.65, 0.0), (0.7, 0.05), (0.7, -0.05)]
)
def test_turning_the_guide_moves_the_tip_the_same_way_but_less_than_a_rod(pitch_rad, yaw_rad):
    it = inserted(4)
    before = it.shape_m[-1]
    for share in np.linspace(0.0, 1.0, 50):
        it.step(pose(LENGTH_M, 0.7 + share * (pitch_rad - 0.7), share * yaw_rad), STILL)
    moved = it.shape_m[-1] - before
    rod = straight_tip(pose(LENGTH_M, pitch_rad, yaw_rad)) - straight_tip(pose(LENGTH_M))
    part = float(moved @ rod) / float(rod @ rod)
    assert 0.2 < part < 0.9


def test_turning_the_guide_early_steers_the_tip_further_than_late():
    tips = []
    for turn_at_m in (0.02, 0.05):
        it = needle(4)
        for insertion_m in np.arange(0.0, LENGTH_M, 0.0003):
            it.step(pose(insertion_m, 0.7 if insertion_m < turn_at_m else 0.74), STILL)
        tips.append(it.shape_m[-1])
    straight = inserted(4).shape_m[-1]
    assert np.linalg.norm(tips[0] - straight) > 1.3 * np.linalg.norm(tips[1] - straight)


def test_breathing_drags_the_needle_with_the_tissue_and_brings_it_back():
    it = inserted(5)
    before = it.shape_m[-1]
    breath = np.array([0.003, 0.003, 0.002])
    for share in np.linspace(0.0, 1.0, 40):
        it.step(pose(LENGTH_M), share * breath)
    dragged = it.shape_m[-1] - before
    lateral = breath - (breath @ it.direction) * it.direction
    assert 0.3 < float(dragged @ lateral) / float(lateral @ lateral) < 1.0
    for share in np.linspace(1.0, 0.0, 40):
        it.step(pose(LENGTH_M), share * breath)
    assert it.shape_m[-1] == pytest.approx(before, abs=2e-4)


def test_withdrawal_unloads_the_bevel_and_leaves_the_tissue_cleanly():
    it = inserted(6)
    assert it.loaded == 1.0
    it.step(pose(LENGTH_M - 0.002), STILL)
    assert it.loaded == 0.0
    it.step(pose(-0.005), STILL)
    assert it.shape_m[-1] == pytest.approx(straight_tip(pose(-0.005)))


def test_shape_hardly_depends_on_how_finely_the_guide_is_followed():
    coarse = needle(7)
    coarse.step(pose(-0.001), STILL)
    coarse.step(pose(LENGTH_M), STILL)
    assert coarse.shape_m[-1] == pytest.approx(inserted(7).shape_m[-1], abs=2e-4)


def test_shapes_that_were_handed_out_do_not_change():
    it = inserted(8)
    kept = it.shape_m
    copy = kept.copy()
    it.step(pose(LENGTH_M + 0.002, 0.75), STILL)
    assert np.array_equal(kept, copy)


def test_path_is_forgotten_beyond_where_it_was_cut_back():
    path = CutPath(0.001, 0.1)
    for arc_m in np.arange(0.0005, 0.02, 0.0005):
        path.extend(arc_m, np.array([arc_m, -arc_m]))
    path.cut_back(0.0102)
    assert path.front_m == pytest.approx(0.0102)
    assert path.at(np.array([0.005, 0.05])) == pytest.approx(
        np.array([[0.005, -0.005], [0.0102, -0.0102]]), abs=1e-9
    )
