# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Mirrors in standard types say what the values say."""

from __future__ import annotations

import dataclasses
import inspect
from array import array
from pathlib import Path

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from scipy.spatial.transform import Rotation

from ir_guidance.geometry import px_from_base_carm, transform
from ir_guidance.nodes import mirrors
from ir_guidance.nodes.mirrors.poses import UNKNOWN_ANGLE_RAD2
from ir_guidance.nodes.mirrors.system import TFMessage
from ir_guidance.values import CarmGeometry, Fix, Frame, GuidePose, NeedleTrack, Plan, Sphere, Track
from wire import over_the_wire

STAMP_NS = 1_700_000_000_123_456_789
FIX = Fix(
    sequence=7,
    stamp_ns=STAMP_NS,
    acquired_steady_ns=0,
    tip_m=np.array([0.01, 0.02, -0.03]),
    tip_covariance_m2=np.diag([1e-8, 2e-8, 3e-8]),
    direction=np.array([0.6, 0.0, -0.8]),
    direction_covariance=np.diag([0.0, 4e-4, 0.0]),
    target_m=np.array([0.02, 0.02, -0.05]),
    target_covariance_m2=np.diag([1e-7, 1e-7, 1e-7]),
    insertion_m=0.04,
)
PLAN = Plan(
    np.zeros(3),
    FIX.target_m,
    np.array([0.0, 0.0, -1.0]),
    0.05,
    0.004,
    1,
    (Sphere((0.0, 0.0, -0.02), 0.003),),
    "hash",
)
JAZZYS_TF_MESSAGE = "RIHS01_e369d0f05a23ae52508854b66f6aa0437f3449d652e8cbf22d5abe85d020f087"
TF = pytest.mark.skipif(TFMessage is None, reason="tf2_msgs is not installed")


def xyz(point):
    return [point.x, point.y, point.z]


def rotation_of(quaternion):
    return Rotation.from_quat([*xyz(quaternion), quaternion.w])


@pytest.mark.parametrize(
    "direction", [(0.6, 0.0, -0.8), (0.0, 0.0, 1.0), (0.0, 0.0, -1.0), (-0.36, 0.48, 0.8)]
)
def test_the_tip_poses_z_axis_is_the_shaft(direction):
    fix = dataclasses.replace(FIX, direction=np.array(direction))
    pose = over_the_wire(mirrors.tip_pose(fix)).pose.pose
    np.testing.assert_allclose(xyz(pose.position), FIX.tip_m)
    turned = rotation_of(pose.orientation).apply([0.0, 0.0, 1.0])
    np.testing.assert_allclose(turned, direction, atol=1e-12)


def test_the_tip_poses_covariance_is_that_of_small_rotations():
    covariance = over_the_wire(mirrors.tip_pose(FIX)).pose.covariance.reshape(6, 6)
    np.testing.assert_allclose(covariance[:3, :3], FIX.tip_covariance_m2)
    rng = np.random.default_rng(0)
    tilt = covariance[3:, 3:] - UNKNOWN_ANGLE_RAD2 * np.outer(FIX.direction, FIX.direction)
    small = rng.multivariate_normal(np.zeros(3), tilt, size=20_000)
    turned = Rotation.from_rotvec(small).apply(FIX.direction)
    np.testing.assert_allclose(np.cov(turned.T), FIX.direction_covariance, atol=2e-5)


def test_a_target_that_is_not_known_is_not_mirrored():
    assert mirrors.target_pose(dataclasses.replace(FIX, target_m=None)) is None
    pose = over_the_wire(mirrors.target_pose(FIX))
    np.testing.assert_allclose(xyz(pose.pose.pose.position), FIX.target_m)
    assert pose.header.frame_id == "base_link"


def test_a_c_arm_is_a_pinhole_camera():
    carm = CarmGeometry(1.2, 0.8, 0.0, 0.0, (0.0003, 0.0004))
    info = over_the_wire(mirrors.camera_info(carm, (480, 640), STAMP_NS))
    np.testing.assert_allclose(
        info.k.reshape(3, 3), [[4000, 0, 319.5], [0, 3000, 239.5], [0, 0, 1]]
    )
    assert (info.height, info.width) == (480, 640)
    aside = dataclasses.replace(carm, centre_px=(300.0, 200.0))
    k = mirrors.camera_info(aside, (480, 640), STAMP_NS).k.reshape(3, 3)
    assert k[:2, 2].tolist() == [300.0, 200.0]


@TF
def test_a_c_arms_detector_stands_where_its_pixels_are():
    """A point on the detector, put there by the transform, is seen at its own pixel."""
    stands = np.column_stack([[0.0, -1.0, 0.0], [0.0, 0.0, -1.0], [1.0, 0.0, 0.0]])
    carm = CarmGeometry(
        1.2, 0.8, 0.7, -0.2, (0.0003, 0.0004), base_from_isocentre=transform(stands, np.ones(3))
    )
    tip, detector = over_the_wire(mirrors.scene(FIX, carm)).transforms
    assert (tip.child_frame_id, detector.child_frame_id) == ("needle_tip", "carm_detector_optical")
    turn, at = rotation_of(detector.transform.rotation), xyz(detector.transform.translation)
    for px in ((319.5, 239.5), (0.0, 0.0), (600.0, 30.0)):
        flat = (np.array(px) - (319.5, 239.5)) * carm.imager_spacing_m
        pixel_m = turn.apply([*flat, 0.001]) + at  # a millimetre before the detector
        np.testing.assert_allclose(px_from_base_carm(pixel_m, carm, (480, 640)), px, atol=1.0)
    assert [t.child_frame_id for t in mirrors.scene(FIX, None).transforms] == ["needle_tip"]


def test_heat_is_an_image_of_the_frames_size_brightest_where_the_response_is():
    frame = Frame(np.zeros((64, 80), np.uint8), 1, STAMP_NS, 0)
    response = np.zeros((16, 20), np.float32)
    response[4, 15] = 0.2
    shown = over_the_wire(mirrors.heat(response, frame))
    grey = np.frombuffer(shown.data, np.uint8).reshape(64, 80)
    assert (shown.encoding, shown.header.stamp.nanosec) == ("mono8", 123_456_789)
    v, u = np.unravel_index(grey.argmax(), grey.shape)
    assert abs(u - 62) <= 2 and abs(v - 18) <= 2 and grey.max() > 150
    assert not any(mirrors.heat(np.zeros((16, 20), np.float32), frame).data)


def test_joints_have_the_names_of_the_model():
    measured = over_the_wire(mirrors.joint_state(np.arange(6.0), (0.1,) * 6, STAMP_NS))
    assert measured.name == ["guide_x", "guide_y", "pitch", "yaw", "insertion", "roll"]
    assert measured.position == array("d", range(6))
    assert measured.velocity == array("d", [0.1] * 6)


def test_entry_and_guide_point_along_the_needle():
    entry = over_the_wire(mirrors.entry_pose(PLAN, STAMP_NS)).pose
    np.testing.assert_allclose(rotation_of(entry.orientation).apply([0, 0, 1]), PLAN.direction)
    guide = GuidePose(np.array([0.01, 0.0, 0.0]), np.array([0.6, 0.0, -0.8]), 0.05)
    pose = over_the_wire(mirrors.guide_pose_stamped(guide, STAMP_NS)).pose
    np.testing.assert_allclose(xyz(pose.position), [0.04, 0.0, -0.04])
    np.testing.assert_allclose(rotation_of(pose.orientation).apply([0, 0, 1]), guide.direction)


def test_an_overlay_marks_the_tip_and_leaves_an_empty_image_alone():
    frame = Frame(np.zeros((64, 80), np.uint8), 1, STAMP_NS, 0)
    nothing = over_the_wire(mirrors.overlay(frame, Track(1, STAMP_NS, 0, None, None)))
    assert (nothing.encoding, nothing.step) == ("rgb8", 240) and not any(nothing.data)
    needle = NeedleTrack(np.array([40.0, 30.0]), np.eye(2), np.array([1.0, 0.0]), 0.01, 0.9)
    drawn = over_the_wire(mirrors.overlay(frame, Track(1, STAMP_NS, 0, needle, None)))
    assert np.frombuffer(drawn.data, np.uint8).reshape(64, 80, 3)[25:36, 35:46].any()


def test_markers_show_what_is_known_and_vanish_by_themselves():
    shown = over_the_wire(mirrors.markers(FIX, PLAN, STAMP_NS)).markers
    assert [marker.ns for marker in shown] == ["needle", "tip", "target", "plan", "obstacle"]
    assert len({marker.id for marker in shown}) == len(shown)
    assert all(marker.lifetime.sec > 0 for marker in shown)
    assert shown[-1].scale.x == pytest.approx(0.006)
    assert mirrors.markers(None, None, STAMP_NS).markers == []


def test_diagnostics_carry_values_as_text():
    status = mirrors.diagnostic("robot: gate", DiagnosticStatus.WARN, "hold", {"age_ms": 12.5})
    back = over_the_wire(mirrors.diagnostics([status], STAMP_NS))
    assert back.status[0].values[0].value == "12.5" and back.status[0].level == b"\x01"


@TF
def test_tf_is_of_the_type_that_a_full_ros_speaks():
    prefix = Path(inspect.getfile(TFMessage)).parents[5]
    described = prefix / "share" / "tf2_msgs" / "msg" / "TFMessage.json"
    assert f'"hash_string": "{JAZZYS_TF_MESSAGE}"' in described.read_text(encoding="utf-8")


@TF
def test_a_transform_comes_back_as_it_went():
    rotation = Rotation.from_euler("xyz", [0.1, -0.2, 0.3])
    sent = transform(rotation.as_matrix(), np.array([0.1, 0.2, 0.3]))
    stamped = mirrors.transform(sent, "base_link", "us_image_optical", STAMP_NS)
    back = over_the_wire(mirrors.tf_message([stamped])).transforms[0]
    np.testing.assert_allclose(xyz(back.transform.translation), sent[:3, 3])
    np.testing.assert_allclose(
        rotation_of(back.transform.rotation).as_matrix(), rotation.as_matrix(), atol=1e-12
    )
    assert (back.header.frame_id, back.child_frame_id) == ("base_link", "us_image_optical")
