# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The image shows what is there, where it is, the way ultrasound shows it."""

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest

from ir_guidance.kinematics import axis, guide_pose
from ir_guidance.room import Room, RoomSettings, Snapshot
from ir_guidance.room.scan_lines import ScanLines
from ir_guidance.room.scanner import ScannerSettings
from ir_guidance.room.speckle import blurred, scatterers

SPACING_M = 0.00012
FACE_PX = np.array([255.5, 8.0])


@cache
def room(seed: int) -> Room:
    return Room(RoomSettings(), seed)


@cache
def breath_direction(seed: int) -> np.ndarray:
    other = Room(RoomSettings(), seed)
    moved = []
    for time_s in np.arange(0.0, 6.0, 0.1):
        other.step(float(time_s), guide_pose(np.array([-0.03, 0.0, 0.7, 0.0, -0.01])))
        moved.append(other.truth(0).breathing_m)
    furthest = max(moved, key=lambda breath_m: float(np.linalg.norm(breath_m)))
    return furthest / np.linalg.norm(furthest)


def with_needle(
    seed: int, pitch_rad: float, out_m: float = 0.0, length_m: float = 0.045
) -> Snapshot:
    shaft_m = np.array([-0.027, out_m, 0.0]) + np.linspace(0, length_m, 50)[:, None] * axis(
        pitch_rad, 0
    )
    return replace(room(seed).snapshot(), shaft_m=shaft_m, inserted=True)


def difference(seed: int, snapshot: Snapshot) -> np.ndarray:
    """Return how much the needle brightens each pixel; breath and noise are the same."""
    without = room(seed).render(replace(snapshot, inserted=False))
    return np.clip(room(seed).render(snapshot).astype(np.float32) - without, 0.0, None)


def px(point_m: np.ndarray) -> np.ndarray:
    return FACE_PX + np.array([point_m[0], -point_m[2]]) / SPACING_M


def along_shaft(image: np.ndarray, snapshot: Snapshot, back_px: np.ndarray) -> np.ndarray:
    """Return the mean over 1.2 mm across the shaft at distances back from the tip."""
    tip, entry = px(snapshot.shaft_m[-1]), px(snapshot.shaft_m[0])
    run = (entry - tip) / np.linalg.norm(entry - tip)
    aside = np.arange(-5.0, 5.5, 0.5)
    u = tip[0] + back_px[:, None] * run[0] - aside * run[1]
    v = tip[1] + back_px[:, None] * run[1] + aside * run[0]
    return cv2.remap(image, u.astype(np.float32), v.astype(np.float32), cv2.INTER_LINEAR).mean(
        axis=1
    )


def test_envelope_of_homogeneous_tissue_has_the_signal_to_noise_ratio_of_speckle():
    scanner = ScannerSettings(lines=512)
    field = scatterers(np.random.default_rng(0), (512, 512))
    envelope = np.abs(blurred(field, scanner, ScanLines(scanner)))[20:-20]
    assert envelope.mean() / envelope.std() == pytest.approx(1.91, abs=0.06)
    assert (envelope**2).mean() == pytest.approx(1.0, abs=0.05)


def test_lateral_speckle_is_finest_at_the_focus():
    scanner = ScannerSettings(lines=512)
    field = scatterers(np.random.default_rng(1), (512, 512))
    seen = blurred(field, scanner, ScanLines(scanner))
    alike = np.abs((seen[:, 4:] * seen[:, :-4].conj()).mean(axis=1)) / (np.abs(seen) ** 2).mean(
        axis=1
    )
    focus = int(scanner.focus_m / SPACING_M)
    assert alike[focus - 20 : focus + 20].mean() < alike[-40:].mean() - 0.05


def test_image_has_the_shape_and_type_of_a_frame_and_is_the_callers_to_keep():
    first = room(0).render(room(0).snapshot())
    kept = first.copy()
    room(0).render(with_needle(0, 0.7))
    assert first.shape == (512, 512)
    assert first.dtype == np.uint8
    assert np.array_equal(first, kept)


def test_the_visible_tip_is_at_the_true_tip():
    back_px = np.arange(-25.0, 60.0, 0.25)
    errors_m = []
    for seed in range(4):
        for pitch_rad in (0.55, 0.7, 0.85):
            snapshot = with_needle(seed, pitch_rad)
            profile = along_shaft(difference(seed, snapshot), snapshot, back_px)
            end = np.flatnonzero(profile > 0.5 * np.median(profile[back_px > 5]))[0]
            errors_m.append(back_px[end] * SPACING_M)
    assert abs(np.mean(errors_m)) < 0.0002
    assert np.max(np.abs(errors_m)) < 0.0010


def test_the_echo_lies_along_the_curved_shaft():
    snapshot = with_needle(1, 0.6)
    aside = np.linspace(0.0, 1.0, 50)[:, None] ** 2 * 0.003 * np.array([0.0, 0.0, 1.0])
    bent = replace(snapshot, shaft_m=snapshot.shaft_m + aside)
    image = difference(1, bent)
    below = np.zeros(41)
    for node in bent.shaft_m[12:47]:
        u, v = np.round(px(node)).astype(int)
        below += image[v - 20 : v + 21, u]
    assert abs(int(below.argmax()) - 20) <= 3


def strength(pitch_rad: float, out_m: float) -> float:
    """Return the mean echo of a shaft of 16 mm about the middle of the image."""
    arc_m = np.linspace(-0.008, 0.008, 50)[:, None]
    shaft_m = np.array([0.0, out_m, -0.025]) + arc_m * axis(pitch_rad, 0.0)
    snapshot = replace(room(2).snapshot(), shaft_m=shaft_m, inserted=True)
    return float(along_shaft(difference(2, snapshot), snapshot, np.arange(10.0, 120.0)).mean())


def test_the_echo_fades_as_the_shaft_turns_from_across_the_beam():
    values = [strength(pitch_rad, 0.0) for pitch_rad in (0.1, 0.35, 0.6)]
    assert values[0] > 1.2 * values[1] > 1.2 * 1.2 * values[2]


def test_the_echo_fades_out_of_the_plane():
    values = [strength(0.5, out_m) for out_m in (0.0, 0.0015, 0.003, 0.006)]
    assert values[0] > values[1] > values[2]
    assert values[3] == 0.0


@pytest.mark.parametrize("seed", range(5))
def test_the_lesion_is_in_view_darker_than_the_organ_and_moves_as_the_truth_says(seed):
    here = room(seed)
    for breath_m in (np.zeros(3), 0.006 * breath_direction(seed)):
        target_m = here.target_rest_m + breath_m
        snapshot = replace(here.snapshot(), breath_m=breath_m, target_m=target_m)
        image = here.render(snapshot)
        u, v = np.round(px(target_m)).astype(int)
        assert 60 < u < 452
        inside = image[v - 18 : v + 19, u - 18 : u + 19].mean()
        aside = np.concatenate(
            [image[v - 18 : v + 19, u + d - 8 : u + d + 9].ravel() for d in (-82, 82)]
        )
        assert inside < aside.mean() - 12


def test_speckle_changes_with_movement_out_of_the_plane():
    here = room(1)
    box = slice(300, 500), slice(150, 400)

    def speckle(snapshot: Snapshot) -> np.ndarray:
        grey = here.render(snapshot).astype(np.float32)
        return (grey - cv2.GaussianBlur(grey, (0, 0), 12.0))[box].ravel()

    still = speckle(here.snapshot())
    alike = []
    for out_m in (0.0002, 0.001, 0.003):
        out = replace(
            here.snapshot(), breath_m=np.array([0.0, np.sign(breath_direction(1)[1]) * out_m, 0.0])
        )
        alike.append(np.corrcoef(still, speckle(out))[0, 1])
    assert alike[0] > 0.8
    assert alike[0] > alike[1] > alike[2]
    assert alike[2] < 0.35


def test_the_vessels_are_nearly_black():
    here = room(0)
    image = here.render(here.snapshot())
    for sphere in here.obstacles:
        u, v = np.round(px(np.array(sphere.centre_m))).astype(int)
        if abs(sphere.centre_m[1]) < 1e-3:
            assert image[v - 6 : v + 7, u - 6 : u + 7].mean() < 0.6 * image[300:500].mean()
