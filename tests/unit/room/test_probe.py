# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A probe that is swept: where it is, what its images show, and what its tracker says of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ir_guidance.kinematics import guide_pose
from ir_guidance.room.patient import Room, RoomSettings
from ir_guidance.room.probe import Probe, ProbeSettings

SWEPT = ProbeSettings(sweep_m=0.002, sweep_s=1.6)
IN_PLANE = np.array([-0.035, 0.0, 0.70, 0.0, 0.050])
START_S = 2.0


@pytest.fixture(scope="module")
def room() -> Room:
    """Return a room with a needle 50 mm in, near the plane."""
    room = Room(RoomSettings(probe=SWEPT), 4)
    for number in range(200):
        joints = IN_PLANE.copy()
        joints[4] *= number / 199
        room.step(START_S + 0.01 * number, guide_pose(joints))
    return room


def test_a_sweep_goes_to_both_sides_and_comes_back():
    probe = Probe(SWEPT, 0)
    assert probe.out_m(3.0) == 0.0
    probe.sweep(3.0)
    places_m = np.array([probe.out_m(3.0 + 0.01 * step) for step in range(161)])
    assert places_m[[0, -1]] == pytest.approx([0.0, 0.0], abs=1e-12)
    assert places_m.max() == pytest.approx(0.002, rel=0.01)
    assert places_m.min() == pytest.approx(-0.002, rel=0.01)
    assert probe.out_m(2.9) == probe.out_m(9.0) == 0.0


def test_who_asks_again_during_a_sweep_does_not_begin_another():
    probe = Probe(SWEPT, 0)
    probe.sweep(3.0)
    before_m = probe.out_m(3.4)
    probe.sweep(3.3)
    assert probe.out_m(3.4) == before_m
    probe.sweep(4.7)
    assert probe.out_m(5.1) == pytest.approx(0.002)


def test_the_tracker_errs_by_its_sigma_and_the_same_way_at_the_same_time():
    probe = Probe(SWEPT, 0)
    errors_m = np.array([probe.tracked_m(0.01 * step, 0.001) - 0.001 for step in range(2000)])
    assert errors_m.std() == pytest.approx(SWEPT.tracking_sigma_m, rel=0.1)
    assert abs(errors_m.mean()) < 0.1 * SWEPT.tracking_sigma_m
    assert probe.tracked_m(1.0, 0.001) == probe.tracked_m(1.0, 0.001)


def test_a_probe_that_is_held_still_is_where_it_was_calibrated():
    still = Room(RoomSettings(), 4)
    still.step(START_S, guide_pose(IN_PLANE))
    assert not still.sweep_probe()
    told = still.geometry_of(still.snapshot())
    np.testing.assert_array_equal(told.base_from_image, still.geometry.base_from_image)
    assert not told.tracked


def test_a_needle_fades_as_the_plane_leaves_it(room: Room):
    snapshot = room.snapshot()
    at_m = float(snapshot.shaft_m[-1, 1])
    tip_px = room.px_of(snapshot.shaft_m[-1])
    back_px = room.px_of(snapshot.shaft_m[-1] - 0.008 * room.truth(0).direction)
    u, v = np.round(np.linspace(back_px, tip_px, 60)).astype(int).T

    def brightness(off_m: float) -> float:
        image = room.render(replace(snapshot, probe_out_m=at_m + off_m))
        return float(image[v, u].mean())

    near, beside, far = brightness(0.0), brightness(0.0009), brightness(0.0019 - at_m)
    assert near > beside + 5 > far + 10
    assert brightness(-0.0009) == pytest.approx(beside, abs=15)


def test_a_swept_image_shows_the_tissue_that_is_there(room: Room):
    """Two breaths that bring the same slice into view, one of the patient and one of the probe, show the same."""
    snapshot = replace(room.snapshot(), inserted=False, push_m=np.zeros(3))
    still = room.render(replace(snapshot, breath_m=np.zeros(3)))
    aside = room.render(replace(snapshot, breath_m=np.zeros(3), probe_out_m=0.0015))
    moved = replace(snapshot, breath_m=np.array([0.0, -0.0015, 0.0]))
    deep = slice(round(0.028 / 0.00012), round(0.055 / 0.00012))  # tissue there moves as one
    breathed = room.render(moved)
    same = np.corrcoef(aside[deep].ravel(), breathed[deep].ravel())[0, 1]
    other = np.corrcoef(aside[deep].ravel(), still[deep].ravel())[0, 1]
    assert same > 0.95 > 0.8 > other


def test_a_geometry_says_where_the_probe_was_for_that_image(room: Room):
    snapshot = replace(room.snapshot(), probe_out_m=0.0015)
    laid, told = room.geometry, room.geometry_of(snapshot)
    moved_m = told.base_from_image[:3, 3] - laid.base_from_image[:3, 3]
    along = laid.base_from_image[:3, 2]
    assert moved_m @ along == pytest.approx(0.0015, abs=5 * SWEPT.tracking_sigma_m)
    np.testing.assert_allclose(moved_m - (moved_m @ along) * along, 0.0, atol=1e-12)
    assert told.tracked and told.epoch == laid.epoch
