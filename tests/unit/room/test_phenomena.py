# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What makes ultrasound hard to read is in the image, where it belongs."""

from dataclasses import replace

import numpy as np
import pytest

from ir_guidance.room import Room, RoomSettings
from ir_guidance.room.breathing import BreathingSettings
from ir_guidance.room.clutter import ClutterSettings
from ir_guidance.room.draw_anatomy import AnatomySettings, draw_anatomy
from ir_guidance.room.haze import HazeSettings
from ir_guidance.room.needle_echo import NeedleEchoSettings
from ir_guidance.room.scanner import ScannerSettings
from ir_guidance.room.screen import ScreenSettings

CONVEX = ScannerSettings(
    probe="convex",
    aperture_m=0.06,
    depth_m=0.10,
    spacing_m=0.00025,
    face_row_px=30.0,
    slice_step_m=0.001,
)
BARE = AnatomySettings(rib_chance=0.0)
STILL = BreathingSettings(amplitude_m=(0.0, 0.0), limit_m=0.001)


def shaft(tip_m: tuple[float, float, float], pitch_rad: float = 0.6) -> np.ndarray:
    run = np.array([np.cos(pitch_rad), 0.0, -np.sin(pitch_rad)])
    return np.array(tip_m) - np.linspace(0.035, 0.0, 60)[:, None] * run


def added(room: Room, shaft_m: np.ndarray) -> np.ndarray:
    """Return by how much a needle changes the grey."""
    snapshot = replace(room.snapshot(), shaft_m=shaft_m, inserted=True)
    without = room.render(replace(snapshot, inserted=False)).astype(np.float32)
    return room.render(snapshot) - without


@pytest.mark.parametrize("x_m", [-0.015, 0.0, 0.02])
def test_a_convex_probe_shows_the_tip_where_it_is(x_m):
    bright = NeedleEchoSettings(specular_db=(36.0, 36.0))
    room = Room(RoomSettings(scanner=CONVEX, anatomy=BARE, needle_echo=bright), 3)
    shaft_m = shaft((x_m, 0.0, -0.05))
    change = added(room, shaft_m)
    u, v = np.round(room.px_of(shaft_m[-1])).astype(int)
    assert change[v - 4 : v + 5, u - 6 : u + 2].mean() > 15.0
    assert abs(change[v - 4 : v + 5, u + 12 : u + 24].mean()) < 5.0


def test_a_convex_probes_lesion_moves_as_the_truth_says():
    room = Room(RoomSettings(scanner=CONVEX, anatomy=BARE), 4)
    for time_s in (0.5, 1.5, 2.5):
        breath_m = room.breath_m(time_s)
        target_m = room.moved_m(room.target_rest_m, breath_m)
        image = room.render(replace(room.snapshot(), breath_m=breath_m, target_m=target_m))
        u, v = np.round(room.px_of(target_m)).astype(int)
        beside = [image[v - 8 : v + 9, u + d - 5 : u + d + 6].mean() for d in (-48, 48)]
        assert image[v - 8 : v + 9, u - 8 : u + 9].mean() < np.mean(beside) - 8.0


def test_nothing_is_seen_behind_a_bone_and_the_room_knows():
    settings = RoomSettings(anatomy=BARE.model_copy(update={"bones": (2, 2)}), breathing=STILL)
    room = Room(settings, 2)
    image = room.render(room.snapshot())
    bone = min(room.anatomy.bones, key=lambda one: one.depth_m)
    u, v = room.px_of(np.array([bone.x_m, 0.0, -bone.depth_m - 0.012]))
    line, row = np.array([u / 2]), np.array([v - 8])
    assert room.in_shadow(line, row, np.zeros(3)).all()
    assert not room.in_shadow(line, np.array([5.0]), np.zeros(3)).any()
    here = image[int(v) - 5 : int(v) + 6, int(u) - 8 : int(u) + 9].mean()
    assert here < 0.7 * np.median(image)


def test_arteries_pulsate_and_only_they():
    anatomy = BARE.model_copy(update={"pulse": (0.08, 0.08)})
    room = Room(RoomSettings(anatomy=anatomy, breathing=STILL), 1)
    frames = np.stack(
        [
            room.render(replace(room.snapshot(), time_s=t)).astype(np.float32)
            for t in np.arange(0.0, 1.6, 0.1)
        ]
    )
    changes = frames.std(axis=0)
    x, y, z = room.anatomy.vessels[0].centre_m
    u, v = np.round(room.px_of(np.array([x, y, z]))).astype(int)
    reach = int(1.5 * room.anatomy.vessels[0].radius_m / 0.00012)
    near = changes[v - reach : v + reach, u - reach : u + reach].mean()
    assert near > 1.5 * np.median(changes[200:480])


def test_veins_are_pressed_flat():
    anatomy = BARE.model_copy(update={"vessel_flatness": (0.5, 0.6)})
    drawn = (draw_anatomy(np.random.default_rng(seed), anatomy) for seed in range(8))
    veins = [vessel for one in drawn for vessel in one.vessels if vessel.flatness < 1.0]
    assert veins
    assert all(0.5 <= vein.flatness <= 0.6 and vein.pulse == 0.0 for vein in veins)


def test_steel_rings_below_the_shaft_and_has_a_ghost_above_it():
    dim = NeedleEchoSettings(specular_db=(0.0, 0.0), shade=(0.0, 0.0))
    shaft_m = shaft((0.005, 0.0, -0.04))
    below, above = (
        added(Room(RoomSettings(needle_echo=dim, haze=haze, anatomy=BARE), 5), shaft_m)
        for haze in (
            HazeSettings(tail=(3.0, 3.0), tail_m=(0.02, 0.02)),
            HazeSettings(ghost=(3.0, 3.0), ghost_above_m=(0.005, 0.005)),
        )
    )
    u, v = np.round(np.array([255.5, 8.0]) + np.array([-0.005, 0.033]) / 0.00012).astype(int)
    box = slice(u - 60, u + 40)
    assert below[v + 40 : v + 90, box].mean() > 15.0 > abs(below[v - 120 : v - 60, box].mean())
    assert above[v - 90 : v - 10, box].mean() > 5.0 + below[v - 90 : v - 10, box].mean()


def test_side_lobes_smear_the_echo_along_the_face():
    plain = NeedleEchoSettings(specular_db=(34.0, 34.0))
    lobed = plain.model_copy(update={"side_lobe_db": (-15.0, -15.0), "side_lobe_m": (0.003, 0.003)})
    shaft_m = shaft((0.005, 0.0, -0.04))
    u, v = np.round(np.array([255.5, 8.0]) + np.array([0.005, 0.04]) / 0.00012).astype(int)
    smears = [
        added(Room(RoomSettings(needle_echo=echo, anatomy=BARE), 6), shaft_m)[
            v - 12 : v + 2, u + 12 : u + 30
        ].mean()
        for echo in (plain, lobed)
    ]
    assert smears[1] > smears[0] + 4.0


def test_bands_of_reverberation_stay_when_the_tissue_moves():
    room = Room(RoomSettings(clutter=ClutterSettings(bands=(8.0, 8.0), band_m=(0.008, 0.008))), 7)
    for time_s in (0.1, 1.2, 2.0):
        breath_m = room.breath_m(time_s)
        image = room.render(replace(room.snapshot(), breath_m=breath_m, time_s=time_s))
        for number in (1, 2, 3):
            row = round(8 + number * 0.008 / 0.00012)
            assert image[row - 1 : row + 2].mean() > 1.1 * image[row - 12 : row - 6].mean()


def test_wires_are_dots_where_the_anatomy_says():
    anatomy = BARE.model_copy(update={"wires": (4, 4), "wire_strength": (60.0, 60.0)})
    room = Room(RoomSettings(anatomy=anatomy, breathing=STILL), 8)
    image = room.render(room.snapshot()).astype(float)
    for wire in room.anatomy.wires:
        u, v = np.round(room.px_of(np.array([wire.x_m, 0.0, -wire.depth_m]))).astype(int)
        if 20 < u < 490 and 20 < v < 490:
            around = image[v - 15 : v + 16, u - 15 : u + 16]
            assert image[v - 1 : v + 3, u - 1 : u + 2].mean() > around.mean() + 40.0


def test_the_screen_draws_over_the_image_and_hides_nothing_else():
    settings = RoomSettings(screen=ScreenSettings(texts=6, ruler=True, bar=True, crosses=3))
    plain, drawn = Room(RoomSettings(), 9), Room(settings, 9)
    image, over = plain.render(plain.snapshot()), drawn.render(drawn.snapshot())
    assert (over >= image).all()
    assert 100 < (over != image).sum() < 0.2 * image.size


def test_another_needle_looks_different_in_the_same_tissue():
    room = Room(RoomSettings(), 10)
    shaft_m = shaft((0.005, 0.0, -0.04))
    before = added(room, shaft_m).max()
    room.take_needle(NeedleEchoSettings(specular_db=(0.0, 0.0)), HazeSettings(), 0.001, 1)
    assert added(room, shaft_m).max() < before
