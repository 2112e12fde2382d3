# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""One seed, one room; what the truth says fits what the geometry says, up to the calibration's error."""

import threading
from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest

from ir_guidance.geometry import BASE_FROM_PROBE_DOWN, px_from_base
from ir_guidance.kinematics import guide_pose
from ir_guidance.room import Room, RoomSettings
from ir_guidance.room.breathing import BreathingSettings
from ir_guidance.room.needle import NeedleSettings


def approach(room: Room, share: float, target_m: np.ndarray | None = None):
    """Return a guide pose that has gone a share of the way to a place, the lesion if none is given."""
    x, y, z = room.target_rest_m if target_m is None else target_m
    pitch = 0.7
    joints = np.array([x + z / np.tan(pitch), y, pitch, 0.0, share * abs(z) / np.sin(pitch)])
    return guide_pose(joints)


def run(seed: int, seconds: float = 6.0, settings: RoomSettings | None = None) -> Room:
    room = Room(settings or RoomSettings(), seed)
    for time_s in np.arange(0.0, seconds, 0.02):
        room.step(float(time_s), approach(room, min(time_s / seconds, 1.0)))
    return room


@cache
def fresh(seed: int) -> Room:
    return Room(RoomSettings(), seed)


def test_the_same_seed_gives_the_same_room_bit_for_bit():
    first, second = run(3), run(3)
    assert np.array_equal(first.render(first.snapshot()), second.render(second.snapshot()))
    assert np.array_equal(first.truth(0).tip_m, second.truth(0).tip_m)
    assert np.array_equal(first.truth(0).target_m, second.truth(0).target_m)
    assert np.array_equal(first.geometry.base_from_image, second.geometry.base_from_image)


def test_another_seed_gives_another_room():
    assert not np.array_equal(fresh(0).target_rest_m, fresh(1).target_rest_m)
    assert not np.array_equal(
        fresh(0).render(fresh(0).snapshot()), fresh(1).render(fresh(1).snapshot())
    )


def test_frames_at_different_times_differ_though_nothing_moves():
    room = fresh(2)
    images = []
    for time_s in (0.0, 1e-4):
        room.step(time_s, approach(room, -0.1))
        images.append(room.render(room.snapshot()).astype(int))
    assert np.mean(images[0] != images[1]) > 0.1


def test_a_snapshot_outlives_later_steps_and_can_be_rendered_in_another_thread():
    room = run(4, 3.0)
    snapshot = room.snapshot()
    before = room.render(snapshot)
    after: list[np.ndarray] = []
    drawing = threading.Thread(target=lambda: after.append(room.render(snapshot)))
    drawing.start()
    for step in range(50):
        room.step(3.0 + 0.01 * step, approach(room, 0.6))
    drawing.join()
    assert np.array_equal(before, after[0])


@pytest.mark.parametrize("seed", range(5))
def test_lesion_lies_where_the_design_wants_it(seed):
    x, y, z = fresh(seed).target_rest_m
    assert 0.0 <= x <= 0.014
    assert abs(y) < 0.002
    assert 0.033 <= -z <= 0.045


@pytest.mark.parametrize("seed", range(5))
def test_truth_and_geometry_agree_up_to_the_calibration(seed):
    room = fresh(seed)
    geometry = room.geometry
    rotation = geometry.base_from_image[:3, :3]
    assert rotation @ rotation.T == pytest.approx(np.eye(3), abs=1e-9)
    turned = np.arccos(
        np.clip((np.trace(BASE_FROM_PROBE_DOWN.T @ rotation) - 1.0) / 2.0, -1.0, 1.0)
    )
    assert turned < 5.0 * RoomSettings().calibration_sigma_rad
    x, y, z = room.target_rest_m
    true_px = np.array([x, -z]) / geometry.spacing_m + geometry.face_px
    said_px, out_m = px_from_base(room.target_rest_m, geometry)
    assert np.linalg.norm(said_px - true_px) * geometry.spacing_m[0] < 0.004
    assert abs(out_m - y) < 0.004


def test_without_calibration_error_the_geometry_is_the_truth():
    settings = RoomSettings(calibration_sigma_m=0.0, calibration_sigma_rad=0.0)
    assert Room(settings, 0).geometry.base_from_image[:3, :3] == pytest.approx(BASE_FROM_PROBE_DOWN)


@pytest.mark.parametrize("seed", range(4))
def test_target_is_at_rest_at_end_exhale_and_follows_the_breath(seed):
    room = Room(RoomSettings(), seed)
    moved = []
    for time_s in np.arange(0.0, 12.0, 0.02):
        room.step(float(time_s), approach(room, -0.2))
        truth = room.truth(0)
        assert truth.target_m == pytest.approx(room.target_rest_m + truth.breathing_m)
        moved.append(np.linalg.norm(truth.breathing_m))
    assert min(moved) < 2e-6
    assert 0.009 < max(moved) <= 0.0115


def test_the_needle_pushes_the_target_by_at_most_a_millimetre_and_only_when_near():
    settings = RoomSettings()
    room = Room(settings, 5)
    pushed = []
    for share in np.linspace(0.0, 1.0, 200):
        room.step(0.0, approach(room, share))
        pushed.append(np.linalg.norm(room.snapshot().push_m))
    assert max(pushed) <= settings.push_m + 1e-12
    assert max(pushed) > 0.3 * settings.push_m
    assert max(pushed[:80]) < 1e-5


@pytest.mark.parametrize("seed", range(4))
def test_a_pushed_lesion_is_seen_to_move_as_a_whole(seed):
    """Its border moved by 0.6 of what its centre was said to move, and whoever saw it whole was 0.3 mm off."""
    room = Room(RoomSettings(), seed)
    room.step(0.0, approach(room, -0.2))
    still = room.snapshot()
    push_px = 0.001 / room.geometry.spacing_m[0]
    pushed = replace(still, push_m=np.array([0.001, 0.0, 0.0]))
    before, after = (room.render(shot).astype(np.float32) for shot in (still, pushed))
    u, v = room.px_of(still.target_m)
    half_u, half_v = (
        round(0.7 * float(radius) / room.geometry.spacing_m[0])
        for radius in room.target_radii_m[[0, 2]]
    )
    for aside in (-half_u, 0, half_u):  # its left border, its middle, its right one
        left, top = round(u + aside) - 20, round(v) - half_v
        patch = before[top : top + 2 * half_v, left : left + 40]
        found = cv2.matchTemplate(
            after[top : top + 2 * half_v, left - 20 : left + 60], patch, cv2.TM_CCOEFF_NORMED
        )
        assert cv2.minMaxLoc(found)[3][0] - 20 == pytest.approx(push_px, abs=1.5)


def test_touching_a_vessel_is_remembered():
    still = BreathingSettings(amplitude_m=(0.0, 0.0))
    straight = NeedleSettings(curvature_per_m=0.0)
    room = Room(RoomSettings(breathing=still, needle=straight), 0)
    room.step(0.0, approach(room, -0.1))
    assert not room.touched_obstacle
    aim = np.array(room.obstacles[1].centre_m)
    for share in np.linspace(0.0, 1.2, 200):
        room.step(0.0, approach(room, share, aim))
    assert room.touched_obstacle
    room.step(0.0, approach(room, -0.1, aim))
    assert room.touched_obstacle


def test_needle_in_the_air_is_not_in_the_image():
    room = Room(RoomSettings(), 1)
    room.step(0.5, approach(room, -0.1))
    assert not room.snapshot().inserted
