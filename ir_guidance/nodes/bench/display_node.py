# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A display: takes every image that it can get, as a viewer would, and does no more with it."""

from __future__ import annotations

import sys

import numpy as np
from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import Image

from ir_guidance.nodes import qos, topics
from ir_guidance.nodes.parameters import OPTIONS, NodeSettings, read_settings
from ir_guidance.nodes.running import run


class DisplayNode(LifecycleNode):
    """Subscribes to images the way displays of REP 2003 do: best effort, the newest."""

    def __init__(self, **options: object) -> None:
        super().__init__("display", **(OPTIONS | options))
        read_settings(self, NodeSettings)
        self.shown: np.ndarray | None = None
        self.create_subscription(Image, topics.IMAGE, self._on_image, qos.IMAGES_WANTED)

    def _on_image(self, msg: Image) -> None:
        self.shown = np.frombuffer(msg.data, np.uint8).reshape(msg.height, msg.width)


def main(args: list[str] | None = None) -> None:
    """Look until interrupted."""
    sys.exit(run(lambda: [DisplayNode()], args))


if __name__ == "__main__":
    main()
