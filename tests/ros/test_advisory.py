# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Without a robot a person holds the needle and is told where to turn; once a robot has spoken, nobody is."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from sensor_msgs.msg import Image

from graph import active, node_command, processes
from ir_guidance.learn.sequences import Sequence
from ir_guidance.nodes import conversions, qos, topics
from ir_guidance.nodes.conversions import Delivery
from ir_guidance.values import Modality, RobotState
from ir_guidance_msgs.msg import Advice, Command, Correction, Fix, FrameInfo, Track
from ir_guidance_msgs.msg import RobotState as RobotStateMsg
from ir_guidance_msgs.srv import SelectTarget

SEED, NUMBER = 12, 2
"""A sequence with needle and target to be seen."""
LAST = 20
"""Of its frames, those that are shown: with the needle well in."""


@pytest.fixture(scope="module")
def cases():
    return list(Sequence(Modality.ULTRASOUND, SEED, NUMBER, with_prior=False).cases())[-LAST:]


@pytest.fixture
def guidance(tmp_path):
    with processes(tmp_path) as start:
        process = start(node_command("guidance"))
        active(process, "/tracker", "/planner")
        yield process


class Scanner:
    """Publishes images that a person makes, each once the one before was answered."""

    def __init__(self, graph):
        node = graph.node
        self._graph = graph
        self._images = node.create_publisher(Image, topics.IMAGE, qos.IMAGES_OFFERED)
        self._infos = node.create_publisher(FrameInfo, topics.FRAME_INFO, qos.STREAM)
        self._states = node.create_publisher(RobotStateMsg, topics.ROBOT_STATE, qos.COMMANDS)
        self._tracks = graph.heard(Track, topics.TRACK, qos.STREAM)
        self.advice = graph.heard(Advice, topics.ADVICE, qos.STREAM)
        self.overlays = graph.heard(Image, topics.OVERLAY, qos.IMAGES_WANTED)
        self.moving = [
            graph.heard(kind, topic, qos.STREAM)
            for kind, topic in (
                (Fix, topics.FIX),
                (Correction, topics.CORRECTION),
                (Command, topics.COMMAND),
            )
        ]
        publishers = (self._images, self._infos, self._states)
        graph.until(lambda: all(p.get_subscription_count() for p in publishers), "hearers")
        self._number = 0

    def show(self, case):
        """Show one image and wait for what is seen in it."""
        self._number += 1
        answered, now_ns = len(self._tracks), time.monotonic_ns()
        frame = replace(
            case.frame,
            sequence=self._number,
            stamp_ns=time.time_ns(),
            acquired_steady_ns=now_ns,
            geometry=None,
        )
        image, info = conversions.frame_to_msg(frame, Delivery(now_ns))
        self._infos.publish(info)
        self._images.publish(image)
        self._graph.until(lambda: len(self._tracks) > answered, "a track")

    def robot_speaks(self):
        state = RobotState(time.monotonic_ns(), np.zeros(6), np.zeros(6), np.zeros(6))
        self._states.publish(conversions.robot_state_to_msg(state, time.time_ns()))


@pytest.fixture
def scanner(guidance, graph):
    return Scanner(graph)


def point_at(graph, px):
    request = SelectTarget.Request(u_px=float(px[0]), v_px=float(px[1]))
    return graph.call(SelectTarget, topics.SELECT_TARGET, request)


def beside_m(case):
    """Return how far the target truly lies beside the needle's line, positive to its right."""
    along = case.tip_px - case.shaft_px
    along = along / np.linalg.norm(along)
    return float((case.target_px - case.tip_px) @ [-along[1], along[0]]) * case.frame.spacing_m[0]


def test_a_person_who_holds_the_needle_is_told_where_to_turn_and_nothing_moves(
    scanner, graph, cases
):
    scanner.show(cases[0])
    assert point_at(graph, cases[0].target_px).accepted
    for case in cases[1:]:
        scanner.show(case)
    graph.until(lambda: scanner.overlays, "an overlay")
    assert len(scanner.advice) > len(cases) / 2
    last, truth_m = scanner.advice[-1], beside_m(cases[-1])
    assert abs(last.miss_m - truth_m) < 3 * last.miss_sigma_m + 0.0005
    assert last.text and last.header.frame_id == "us_image_optical"
    assert not any(scanner.moving)


def test_once_a_robot_has_spoken_its_silence_is_no_reason_to_advise(scanner, graph, cases):
    scanner.show(cases[0])
    assert point_at(graph, cases[0].target_px).accepted
    for case in cases[1:8]:
        scanner.show(case)
    graph.until(lambda: scanner.advice, "advice")
    scanner.robot_speaks()
    graph.spin(0.3)  # it arrives
    scanner.advice.clear()
    for case in cases[8:14]:
        scanner.show(case)
    assert not scanner.advice
