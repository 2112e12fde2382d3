# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Choosing the target under one X-ray view: its place in space is asked for, and must fit the image."""

from __future__ import annotations

import time

import numpy as np
import pytest
from geometry_msgs.msg import Point
from sensor_msgs.msg import Image

from graph import active, node_command, processes
from ir_guidance.geometry import px_from_base_carm, transform
from ir_guidance.nodes import conversions, qos, topics
from ir_guidance.nodes.conversions import Delivery
from ir_guidance.values import NS_PER_S, CarmGeometry, Frame, Modality, RobotState
from ir_guidance_msgs.msg import CarmGeometry as CarmGeometryMsg
from ir_guidance_msgs.msg import Fix, FrameInfo
from ir_guidance_msgs.msg import RobotState as RobotStateMsg
from ir_guidance_msgs.srv import ComputePlan, SelectTarget

SHAPE = (256, 256)
STANDS = np.column_stack([[0.0, -1.0, 0.0], [0.0, 0.0, -1.0], [1.0, 0.0, 0.0]])
CARM = CarmGeometry(
    sdd_m=1.1,
    sid_m=0.75,
    primary_angle_rad=0.75,
    secondary_angle_rad=0.0,
    imager_spacing_m=(6e-4, 6e-4),
    base_from_isocentre=transform(STANDS, np.array([0.0, 0.0, -0.03])),
    epoch=1,
)
TARGET_M = np.array([0.008, 0.0, -0.035])
TARGET_PX = px_from_base_carm(TARGET_M, CARM, SHAPE)
JOINTS = np.array([-0.035, 0.0, 0.70, 0.0, -0.010])
CODES = SelectTarget.Response


@pytest.fixture(scope="module")
def guidance(tmp_path_factory):
    """Run tracker and planner of a biopsy under X-rays."""
    told = ("-p", "tracker:backend:=classical", "-p", "modality:=fluoroscopy")
    with processes(tmp_path_factory.mktemp("guidance")) as start:
        process = start(node_command("guidance", *told))
        active(process, "/tracker", "/planner")
        yield process


class XRays:
    """Publishes what a C-arm and a robot at rest would, once at a time: a dark mark on grey."""

    def __init__(self, graph):
        node = graph.node
        self._graph, self._sequence = graph, 0
        self._images = node.create_publisher(Image, topics.IMAGE, qos.IMAGES_OFFERED)
        self._infos = node.create_publisher(FrameInfo, topics.FRAME_INFO, qos.STREAM)
        self._carms = node.create_publisher(CarmGeometryMsg, topics.CARM_GEOMETRY, qos.LATCHED)
        self._states = node.create_publisher(RobotStateMsg, topics.ROBOT_STATE, qos.COMMANDS)
        publishers = (self._images, self._infos, self._carms, self._states)
        graph.until(lambda: all(p.get_subscription_count() for p in publishers), "hearers")
        self._carms.publish(conversions.carm_geometry_to_msg(CARM, time.time_ns()))
        self.fixes = graph.heard(Fix, topics.FIX, qos.RECORDED)
        rng = np.random.default_rng(0)
        rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
        mark = np.hypot(columns - TARGET_PX[0], rows - TARGET_PX[1]) < 8
        self._picture = np.where(mark, 60, 140) + rng.normal(0, 3, SHAPE)

    def frame(self):
        """Show one image and return the fix."""
        self._sequence += 1
        heard, now_ns = len(self.fixes), time.monotonic_ns()
        self.stamp_ns = stamp_ns = time.time_ns()
        state = RobotState(now_ns, JOINTS, np.zeros(5), JOINTS)
        self._states.publish(conversions.robot_state_to_msg(state, stamp_ns))
        rng = np.random.default_rng(self._sequence)
        pixels = np.clip(self._picture + rng.normal(0, 2, SHAPE), 0, 255).astype(np.uint8)
        frame = Frame(
            pixels,
            self._sequence,
            stamp_ns,
            now_ns,
            Modality.FLUOROSCOPY,
            (4e-4, 4e-4),
            CARM,
        )
        image, info = conversions.frame_to_msg(frame, Delivery(now_ns))
        self._infos.publish(info)
        self._images.publish(image)
        self._graph.until(lambda: len(self.fixes) > heard, "a fix", timeout_s=10.0)
        return self.fixes[-1]


@pytest.fixture
def x_rays(guidance, graph):
    shown = XRays(graph)
    graph.spin(0.2)  # the geometry arrives
    shown.frame()
    return shown


def select(graph, px=TARGET_PX, place_m=TARGET_M, sigma_m=0.001, *, known=True, stamp_ns=0):
    request = SelectTarget.Request(u_px=float(px[0]), v_px=float(px[1]), place_known=known)
    request.stamp = conversions.stamp_to_msg(stamp_ns)
    request.place = Point(**dict(zip("xyz", map(float, place_m), strict=True)))
    request.place_sigma_m = sigma_m
    return graph.call(SelectTarget, topics.SELECT_TARGET, request)


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        ({"known": False}, CODES.NO_PLACE, "shows no depth"),
        ({"sigma_m": 0.0}, CODES.INVALID, "must be positive"),
        ({"place_m": [0.0, np.nan, 0.0]}, CODES.INVALID, "not finite"),
        ({"px": [-1.0, 5.0]}, CODES.OUTSIDE_IMAGE, "outside 256 x 256"),
        (
            {"place_m": TARGET_M + np.array([0.04, 0.0, 0.0])},
            CODES.MISPLACED,
            "too far from the ray",
        ),
    ],
)
def test_a_target_that_cannot_be_placed_is_refused(x_rays, graph, asked, code, said):
    answer = select(graph, **asked)
    assert (answer.accepted, answer.error_code) == (False, code)
    assert said in answer.message
    assert not x_rays.frame().target_found


@pytest.mark.parametrize(("late_s", "accepted"), [(0.2, True), (1.5, False)])
def test_a_point_in_an_image_of_before_is_refused(x_rays, graph, late_s, accepted):
    """One that came 1.5 s late was taken for one in the newest image: the needle arrived 7.4 mm beside the target."""
    x_rays.frame()
    answer = select(graph, stamp_ns=x_rays.stamp_ns - round(late_s * NS_PER_S))
    assert answer.accepted == accepted
    if not accepted:
        assert answer.error_code == CODES.TOO_LATE and "from 1.5 s ago" in answer.message


def test_a_placed_target_is_found_in_space(x_rays, graph):
    place_m = TARGET_M + np.array([0.0, 0.001, 0.0])
    assert select(graph, place_m=place_m).accepted
    fix = [x_rays.frame() for _ in range(5)][-1]
    assert fix.target_found
    assert np.linalg.norm(np.array(fix.target_m) - TARGET_M) < 0.002
    spread = np.array(fix.target_covariance_m2).reshape(3, 3)
    assert np.sqrt(np.linalg.eigvalsh(spread)[-1]) > 0.001, "no surer than the CT along the ray"


def test_marks_in_an_x_ray_image_are_no_regions_in_space(x_rays, graph):
    request = ComputePlan.Request(obstacles=[Point(x=100.0, y=100.0, z=10.0)])
    answer = graph.call(ComputePlan, topics.COMPUTE_PLAN, request)
    assert answer.error_code == ComputePlan.Response.NO_TARGET
    assert "no depth" in answer.message
