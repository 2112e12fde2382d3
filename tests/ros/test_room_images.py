# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""How often the simulated scanner makes an image."""

from __future__ import annotations

import numpy as np

from graph import active, node_command
from ir_guidance.nodes import qos, topics
from ir_guidance_msgs.msg import FrameInfo


def test_images_come_less_often_where_rendering_would_take_more_than_its_share(start, graph):
    """One part in a hundred is less than any image takes: every other one is left out, not more."""
    infos = graph.heard(FrameInfo, topics.FRAME_INFO, qos.RECORDED)
    room = start(node_command("room", "-p", "rendering_share:=0.01"))
    active(room, "/room")
    graph.until(lambda: len(infos) > 40, "forty images")
    stamps_s = np.array(
        [info.header.stamp.sec + info.header.stamp.nanosec * 1e-9 for info in infos]
    )
    assert 0.06 <= np.median(np.diff(stamps_s[10:])) < 0.1, (
        "ten images until it is known what one takes"
    )
    assert np.diff([info.sequence for info in infos]).max() <= 2, "what was not taken is not missed"
