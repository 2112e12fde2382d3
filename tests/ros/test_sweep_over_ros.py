# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A probe that is swept when asked: where it was goes with each image, and X-rays have none to sweep."""

from __future__ import annotations

import numpy as np
from std_srvs.srv import Trigger

from graph import active, node_command, processes, told
from ir_guidance.nodes import qos, topics
from ir_guidance.room.patients import SWEPT
from ir_guidance_msgs.msg import FrameInfo, ProbeGeometry


def out_m(info: FrameInfo, laid: ProbeGeometry) -> float:
    """Return how far out of the laid plane an image's probe was."""
    was, now = (np.array(msg.base_from_image).reshape(4, 4) for msg in (laid, info))
    return float(was[:3, 2] @ (now[:3, 3] - was[:3, 3]))


def test_the_probe_is_swept_when_asked_and_each_image_says_where_it_was(graph, tmp_path):
    with processes(tmp_path) as start:
        room = start(node_command("room", *told(seed=3)))
        active(room, "/room")
        laid = graph.heard(ProbeGeometry, topics.PROBE_GEOMETRY, qos.LATCHED)
        infos = graph.heard(FrameInfo, topics.FRAME_INFO, qos.STREAM)
        graph.until(lambda: laid and len(infos) > 5, "images with their probe's place")
        assert laid[0].tracked
        near_m = 6 * SWEPT.tracking_sigma_m
        assert all(abs(out_m(info, laid[0])) < near_m for info in infos)
        del infos[:]
        assert graph.call(Trigger, topics.SWEEP_PROBE, Trigger.Request()).success
        far_m = SWEPT.sweep_m - near_m
        graph.until(
            lambda: (
                any(out_m(info, laid[0]) > far_m for info in infos)
                and any(out_m(info, laid[0]) < -far_m for info in infos)
            ),
            "the probe at either side",
        )
        del infos[:]
        graph.until(
            lambda: len(infos) > 5 and all(abs(out_m(i, laid[0])) < near_m for i in infos[-5:]),
            "the probe back where it was laid",
        )


def test_a_c_arm_has_no_probe_to_sweep(graph, tmp_path):
    with processes(tmp_path) as start:
        room = start(node_command("room", *told(seed=3, modality="fluoroscopy")))
        active(room, "/room")
        answer = graph.call(Trigger, topics.SWEEP_PROBE, Trigger.Request())
        assert not answer.success and answer.message
