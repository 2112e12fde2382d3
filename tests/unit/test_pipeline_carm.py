# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Under a C-arm: when there is a fix, where a target must lie, and how paths and no-go regions are given."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ir_guidance.geometry import BASE_FROM_PROBE_DOWN, px_from_base_carm, transform
from ir_guidance.kinematics import guide_pose, straight_tip
from ir_guidance.localise import Place
from ir_guidance.pipeline import See, path_normal
from ir_guidance.pointed import marked, misplaced_m
from ir_guidance.profiles import load_profile
from ir_guidance.values import (
    CarmGeometry,
    Frame,
    Modality,
    NeedleTrack,
    ProbeGeometry,
    RobotState,
    TargetTrack,
    Track,
)

PROFILE = load_profile("biopsy", "fluoroscopy")
SHAPE = (480, 512)
STANDS = np.column_stack([[0.0, -1.0, 0.0], [0.0, 0.0, -1.0], [1.0, 0.0, 0.0]])
CARM = CarmGeometry(
    sdd_m=1.1,
    sid_m=0.75,
    primary_angle_rad=0.75,
    secondary_angle_rad=0.0,
    imager_spacing_m=(3e-4, 3e-4),
    base_from_isocentre=transform(STANDS, np.array([0.0, 0.0, -0.03])),
    epoch=2,
)
PROBE = ProbeGeometry((1.2e-4, 1.2e-4), (256.0, 0.0), transform(BASE_FROM_PROBE_DOWN, np.zeros(3)))
JOINTS = np.array([-0.028, 0.0, 0.70, 0.0, 0.04])
ROBOT = RobotState(0, JOINTS, np.zeros(5), JOINTS)
TARGET_M = np.array([0.008, 0.0, -0.030])
PLACE = Place(TARGET_M, 0.001)


class Sees:
    """A tracker that sees tip and target where they are, and says what runs it."""

    name = "a network, f32"

    def __init__(self):
        self.priors = []
        self.selected = None

    def select_target(self, px):
        self.selected = px

    def catch_up(self):
        pass

    def track(self, frame, prior=None):
        self.priors.append(prior)
        tip_px = px_from_base_carm(straight_tip(guide_pose(JOINTS)), CARM, SHAPE)
        target_px = px_from_base_carm(TARGET_M, CARM, SHAPE)
        return Track(
            sequence=frame.sequence,
            stamp_ns=frame.stamp_ns,
            acquired_steady_ns=frame.acquired_steady_ns,
            needle=NeedleTrack(tip_px, np.eye(2), np.array([0.6, -0.8]), 0.5, 0.9),
            target=TargetTrack(target_px, np.eye(2), 0.9),
        )


def frame(sequence, geometry=CARM):
    now_ns = sequence * 66_000_000
    pixels = np.zeros(SHAPE, np.uint8)
    return Frame(pixels, sequence, now_ns, now_ns, Modality.FLUOROSCOPY, geometry=geometry)


def seeing():
    tracker = Sees()
    return See(tracker, PROFILE, lambda: 0, "auto"), tracker


def test_there_is_a_fix_of_the_target_once_its_place_is_known():
    see, tracker = seeing()
    see.step(frame(1), ROBOT)
    see.select_target(np.array([1.0, 2.0]))
    _, fix = see.step(frame(2), ROBOT)
    assert fix.target_m is None and fix.geometry_epoch == 2
    see.select_target(np.array([1.0, 2.0]), PLACE)
    _, fix = see.step(frame(3), ROBOT)
    np.testing.assert_allclose(fix.target_m, TARGET_M, atol=1e-4)
    assert tracker.selected.tolist() == [1.0, 2.0]


def test_tracker_is_told_where_the_shaft_is_expected():
    see, tracker = seeing()
    see.step(frame(1), ROBOT)
    expected = px_from_base_carm(straight_tip(guide_pose(JOINTS)), CARM, SHAPE)
    np.testing.assert_allclose(tracker.priors[0].tip_px, expected)


BEHIND = transform(STANDS, np.array([0.0, 0.0, 2.0]))


@pytest.mark.parametrize(
    "geometry",
    [None, replace(CARM, base_from_isocentre=None), replace(CARM, base_from_isocentre=BEHIND)],
    ids=["unknown", "stands nowhere", "does not have the needle before it"],
)
def test_without_a_c_arm_that_can_show_the_needle_there_is_a_track_and_no_fix(geometry):
    see, tracker = seeing()
    track, fix = see.step(frame(1, geometry), ROBOT)
    assert track.needle is not None
    assert (fix, tracker.priors) == (None, [None])


def test_what_looks_is_called_by_its_own_name_or_as_it_was_chosen():
    assert seeing()[0].backend == "a network, f32"
    assert See(object(), PROFILE, lambda: 0, "classical").backend == "classical"


def test_a_place_far_from_the_ray_is_misplaced_by_what_no_breath_explains():
    px = px_from_base_carm(TARGET_M, CARM, SHAPE)
    assert misplaced_m(px, PLACE, frame(1)) == 0.0
    assert misplaced_m(px + 40, PLACE, frame(1)) == 0.0, "12 mm: a breath, and the sigma"
    assert misplaced_m(px + 100, PLACE, frame(1)) == pytest.approx(0.029 - 0.013, abs=0.002)
    assert misplaced_m(px + 100, PLACE, frame(1, None)) == 0.0


def test_paths_lie_in_the_plane_of_ultrasound_and_upright_under_x_rays():
    np.testing.assert_allclose(path_normal(PROBE), PROBE.base_from_image[:3, 2])
    np.testing.assert_allclose(path_normal(CARM), [0.0, 1.0, 0.0])


def test_marks_in_ultrasound_become_spheres_in_its_plane():
    (sphere,) = marked([(256.0, 250.0, 25.0)], PROBE)
    np.testing.assert_allclose(sphere.centre_m, [0.0, 0.0, -0.030], atol=1e-12)
    assert sphere.radius_m == pytest.approx(0.003)
