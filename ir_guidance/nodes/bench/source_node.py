# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The open-loop source: a sequence from host memory at times fixed in advance, whatever happens downstream.

A frame that goes out late, because this process was kept waiting, is still stamped with the time at
which it was due: a stall anywhere makes ages longer and is never hidden.
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import numpy as np
from pydantic import Field
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from sensor_msgs.msg import Image

from ir_guidance.bench.sequence import load, resized
from ir_guidance.nodes import conversions, qos, topics
from ir_guidance.nodes.conversions import Delivery
from ir_guidance.nodes.parameters import OPTIONS, NodeSettings, read_settings
from ir_guidance.nodes.realtime import IMAGES
from ir_guidance.nodes.running import reported, run, steady_ns
from ir_guidance.nodes.source_node import numbered
from ir_guidance.values import NS_PER_S, CarmGeometry, Truth
from ir_guidance_msgs.msg import CarmGeometry as CarmGeometryMsg
from ir_guidance_msgs.msg import FrameInfo, GroundTruth
from ir_guidance_msgs.msg import ProbeGeometry as ProbeGeometryMsg

LEAD_S = 0.5  # from activation to the first frame


class OpenLoopSettings(NodeSettings):
    """What is shown, how large."""

    sequence: Path = Field(description="What ir_guidance.bench.sequence saved.")
    size_px: int = Field(512, ge=64, le=4096, description="Longer side of the images.")


class OpenLoopSourceNode(LifecycleNode):
    """Publishes images, their information and geometry; and what a person would see, for the operator."""

    def __init__(self, **options: object) -> None:
        super().__init__("source", **(OPTIONS | options))
        self.settings, _ = read_settings(self, OpenLoopSettings)
        publisher = self.create_lifecycle_publisher
        self._images = publisher(Image, topics.IMAGE, qos.IMAGES_OFFERED)
        self._infos = publisher(FrameInfo, topics.FRAME_INFO, qos.STREAM)
        self._truths = publisher(GroundTruth, topics.GROUND_TRUTH, qos.STREAM)
        self._probes = publisher(ProbeGeometryMsg, topics.PROBE_GEOMETRY, qos.LATCHED)
        self._carms = publisher(CarmGeometryMsg, topics.CARM_GEOMETRY, qos.LATCHED_VIEWS)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @reported
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._sequence = resized(load(self.settings.sequence), self.settings.size_px)
        return TransitionCallbackReturn.SUCCESS

    @reported
    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        result = super().on_activate(state)
        self._stop.clear()
        self._thread = threading.Thread(target=self._stream, name="source")
        self._thread.start()
        return result

    @reported
    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._rest()
        return super().on_deactivate(state)

    @reported
    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._rest()
        return TransitionCallbackReturn.SUCCESS

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._rest()
        return TransitionCallbackReturn.SUCCESS

    def _rest(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _stream(self) -> None:
        first_ns = steady_ns() + int(LEAD_S * NS_PER_S)
        wall_ns = time.time_ns() - steady_ns()
        number = 0
        while not self._stop.is_set():
            number += 1
            due_ns = first_ns + round(number * NS_PER_S / self._sequence.rate_hz)
            time.sleep(max(0.0, (due_ns - steady_ns()) / NS_PER_S))
            self._send(number, due_ns + wall_ns, due_ns)

    def _send(self, number: int, stamp_ns: int, due_ns: int) -> None:
        frame = numbered(self._sequence.frame(number, stamp_ns, due_ns), number)
        if number == 1:
            self._send_geometry(frame.geometry, stamp_ns)
        image, info = conversions.frame_to_msg(frame, Delivery(host_steady_ns=steady_ns()))
        self._infos.publish(info)
        self._images.publish(image)
        none = np.zeros(3)
        seen = self._sequence.sight(number)
        truth = Truth(due_ns, none, none, none, none, 0.0, 0.0, seen)
        self._truths.publish(conversions.truth_to_msg(truth, stamp_ns))

    def _send_geometry(self, geometry, stamp_ns: int) -> None:
        if isinstance(geometry, CarmGeometry):
            self._carms.publish(conversions.carm_geometry_to_msg(geometry, stamp_ns))
        else:
            self._probes.publish(conversions.probe_geometry_to_msg(geometry, stamp_ns))


def main(args: list[str] | None = None) -> None:
    """Stream until interrupted."""
    sys.exit(run(lambda: [OpenLoopSourceNode()], args, priority=IMAGES))


if __name__ == "__main__":
    main()
