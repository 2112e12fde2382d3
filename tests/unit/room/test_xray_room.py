# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""One seed, one room; what its images show is where its truth says it is, and frames are quick."""

import time
from functools import cache

import numpy as np
import pytest

from ir_guidance.geometry import base_ray_from_px_carm, px_from_base_carm
from ir_guidance.kinematics import guide_pose
from ir_guidance.room.breathing import BreathingSettings
from ir_guidance.room.fluoroscopy_room import FluoroscopyRoom, FluoroscopyRoomSettings
from ir_guidance.room.needle import NeedleSettings
from ir_guidance.room.xray.carm import CarmSettings
from ir_guidance.room.xray.interior import InteriorSettings
from ir_guidance.room.xray.variety import drawn_fluoroscopy

PITCH_RAD = 0.7
CLEAR = CarmSettings(
    dose_gym2=(1e-6, 1e-6), lag=(0.0, 0.0), collimator="open", blur_px=(0.45, 0.45),
    sharpen=(0.0, 0.0), flatten=(0.0, 0.0), gamma=(0.6, 0.6), log_chance=0.0, grey=(100.0, 100.0),
)  # fmt: skip
STILL = BreathingSettings(amplitude_m=(0.0, 0.0))


def make(seed=3, views=1, **values):
    settings = {"carm": CLEAR, "breathing": STILL, "devices": 0} | values
    return FluoroscopyRoom(FluoroscopyRoomSettings(**settings), seed, views)


def guide(room, insertion_m, away_m=0.0):
    x, y, z = room.target_rest_m
    return guide_pose(
        np.array([x + z / np.tan(PITCH_RAD) + away_m, y, PITCH_RAD, 0.0, insertion_m])
    )


def insert(room, insertion_m, start_s=1.0):
    steps = round(insertion_m / 0.0005)
    for step in range(steps + 1):
        room.step(start_s + step / 100, guide(room, insertion_m * step / max(steps, 1)))
    return room


def middle_of_dark(image, empty, near_px, reach=14):
    """Return the centre (u, v) of what an image has darker than another, near a pixel."""
    u, v = np.round(near_px).astype(int)
    part = np.s_[v - reach : v + reach + 1, u - reach : u + reach + 1]
    dark = np.clip(empty[part].astype(float) - image[part], 0, None)
    dark[dark < 0.35 * dark.max()] = 0
    rows, columns = np.mgrid[part]
    return np.array([(columns * dark).sum(), (rows * dark).sum()]) / dark.sum()


@cache
def inserted():
    """Return a room with two planes and the needle in; not to be stepped on."""
    return insert(make(views=2), 0.045)


@cache
def empty():
    """Return the same room without needle or clip; not to be stepped on."""
    room = make(views=2, interior=InteriorSettings(target="ct_point"))
    room.step(1.0, guide(room, -0.02, away_m=0.3))
    return room


@cache
def empty_image(view):
    return empty().render(empty().snapshot(), view)


def test_same_seed_gives_the_same_images_and_another_seed_others():
    first, again, other = (insert(make(seed), 0.01) for seed in (3, 3, 4))
    image = first.render(first.snapshot())
    assert image.shape == first.shape == (512, 512)
    assert image.dtype == np.uint8
    assert (image == again.render(again.snapshot())).all()
    assert (image != other.render(other.snapshot())).any()


@pytest.mark.parametrize("view", [0, 1])
def test_clip_appears_where_the_target_is(view):
    room = make(views=2)
    room.step(1.0, guide(room, -0.02, away_m=0.3))
    px = room.px_of(room.target_rest_m, view)
    image = room.render(room.snapshot(), view)
    assert middle_of_dark(image, empty_image(view), px) == pytest.approx(px, abs=0.5)


@pytest.mark.parametrize("view", [0, 1])
def test_needle_ends_at_the_true_tip(view):
    room = inserted()
    truth = room.truth(0)
    tip = room.px_of(truth.tip_m, view)
    back = room.px_of(truth.tip_m - 0.01 * truth.direction, view)
    along = (tip - back) / np.linalg.norm(tip - back)
    gap = empty_image(view).astype(float) - room.render(room.snapshot(), view)
    at_back, at_front = (
        gap[tuple(np.round(tip + away * along).astype(int)[::-1])] for away in (-6, 4)
    )
    assert at_back > 12
    assert at_front < 0.4 * at_back


def test_needle_in_the_air_can_be_seen_above_the_skin():
    room = make()
    room.step(1.0, guide(room, -0.005))
    truth = room.truth(0)
    change = empty_image(0).astype(float) - room.render(room.snapshot())
    u, v = np.round(room.px_of(truth.tip_m - 0.01 * truth.direction)).astype(int)
    assert change[v - 3 : v + 4, u - 3 : u + 4].max() > 8


def test_contrast_agent_darkens_the_target_and_a_point_of_a_ct_does_not():
    filled = make(interior=InteriorSettings(target="contrast", hollow_density=(0.25, 0.25)))
    filled.step(1.0, guide(filled, -0.02, away_m=0.3))
    change = empty_image(0).astype(float) - filled.render(filled.snapshot())
    u, v = np.round(filled.px_of(filled.target_rest_m)).astype(int)
    assert change[v - 4 : v + 5, u - 4 : u + 5].mean() > 8
    assert abs(change[v + 60 : v + 70, u - 5 : u + 6].mean()) < 2


def test_target_follows_the_breath_in_truth_and_image():
    deep = BreathingSettings(amplitude_m=(0.01, 0.01), amplitude_spread=0.0)
    with_clip, without = (
        make(breathing=deep, interior=InteriorSettings(target=target))
        for target in ("clip", "ct_point")
    )
    times_s = np.arange(120) / 20
    moved_m = []
    for time_s in times_s:
        with_clip.step(time_s, guide(with_clip, -0.02, away_m=0.3))
        moved_m.append(np.linalg.norm(with_clip.truth(0).breathing_m))
    for room in (with_clip, without):
        room.step(times_s[np.argmax(moved_m)], guide(room, -0.02, away_m=0.3))
    target_m = with_clip.truth(0).target_m
    assert np.linalg.norm(target_m - with_clip.target_rest_m) > 0.008
    image, bare = (room.render(room.snapshot()) for room in (with_clip, without))
    px = with_clip.px_of(target_m)
    assert middle_of_dark(image, bare, px) == pytest.approx(px, abs=0.6)


def test_two_calibrated_planes_give_the_target_to_within_their_error():
    room = inserted()
    tip_m = room.truth(0).tip_m
    normals, offsets = [], []
    for view, geometry in enumerate(room.geometries):
        source_m, ray = base_ray_from_px_carm(room.px_of(tip_m, view), geometry, room.shape)
        square = np.eye(3) - np.outer(ray, ray)
        normals.append(square)
        offsets.append(square @ source_m)
    found_m = np.linalg.solve(sum(normals), sum(offsets))
    assert 1e-6 < np.linalg.norm(found_m - tip_m) < 0.0025


def test_calibration_is_off_by_little():
    room = inserted()
    for view, geometry in enumerate(room.geometries):
        said = px_from_base_carm(room.target_rest_m, geometry, room.shape)
        assert 0 < np.linalg.norm(said - room.px_of(room.target_rest_m, view)) < 8
    assert room.geometry is room.geometries[0]


def test_registered_target_is_off_by_its_registration():
    exact, off = (make(registration_sigma_m=sigma) for sigma in (0.0, 0.005))
    assert exact.registered_target_m == pytest.approx(exact.target_rest_m)
    assert 0.001 < np.linalg.norm(off.registered_target_m - off.target_rest_m) < 0.02


def test_dose_grows_with_every_pulse():
    room = make()
    room.step(1.0, guide(room, -0.02))
    room.snapshot()
    before = room.exposure()
    room.step(2.0, guide(room, -0.02))
    assert room.exposure() == before, "a pulse that was left out costs nothing"
    for _ in range(30):
        room.snapshot()
    after = room.exposure()
    assert after.pulse_rate_hz == room.pulse_rate_hz == 15
    added = after.dose_area_product_gym2 - before.dose_area_product_gym2
    assert added == pytest.approx(30 * 1e-6)


def test_less_dose_is_more_noise():
    def spread(dose_gym2):
        carm = CLEAR.model_copy(update={"dose_gym2": (dose_gym2, dose_gym2)})
        room = make(carm=carm)
        images = []
        for step in range(2):
            room.step(1.0 + step, guide(room, -0.02, away_m=0.3))
            images.append(room.render(room.snapshot()).astype(float))
        grey = (images[0] > 20) & (images[0] < 230)
        return (images[1] - images[0])[grey].std()

    assert spread(2.5e-8) > 3 * spread(1e-6)


def test_tip_that_cuts_a_vessel_is_noticed():
    room = make(needle=NeedleSettings(curvature_per_m=0.0))
    centre = np.array(room.obstacles[0].centre_m)
    assert not room.touched_obstacle
    entry = centre[0] + centre[2] / np.tan(PITCH_RAD)
    for step in range(120):
        joints = np.array([entry, centre[1], PITCH_RAD, 0.0, 0.0005 * step])
        room.step(1 + step / 100, guide_pose(joints))
    assert room.touched_obstacle


def test_a_third_plane_is_refused():
    with pytest.raises(ValueError, match="one plane or two"):
        FluoroscopyRoom(FluoroscopyRoomSettings(), 0, 3)


def test_drawn_rooms_differ_and_are_drawn_again_alike():
    drawn = [drawn_fluoroscopy(seed) for seed in range(8)]
    assert drawn[2] == drawn_fluoroscopy(2)
    assert len({settings.interior.target for settings in drawn}) > 1
    assert len({settings.needle.diameter_m for settings in drawn}) > 2
    room = FluoroscopyRoom(drawn[5], 5)
    room.step(1.0, guide(room, 0.0))
    assert np.ptp(room.render(room.snapshot())) > 50


def test_frame_takes_less_than_a_thirtieth_of_a_second():
    room, times = inserted(), []
    snapshot = room.snapshot()
    for _ in range(8):
        start = time.process_time()
        room.render(snapshot)
        times.append(time.process_time() - start)
    assert min(times) < 1 / 30
