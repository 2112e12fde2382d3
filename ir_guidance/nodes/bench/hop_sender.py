# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Sends an image and, half a period later, a command, again and again: what a hop between processes costs.

python -m ir_guidance.nodes.bench.hop_sender SEQUENCE SIZE
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import Image

from ir_guidance.bench.sequence import load, resized
from ir_guidance.nodes import conversions, qos
from ir_guidance.nodes.conversions import Delivery
from ir_guidance.nodes.parameters import OPTIONS
from ir_guidance.nodes.running import run, steady_ns
from ir_guidance.values import NS_PER_S, Command
from ir_guidance_msgs.msg import Command as CommandMsg

IMAGE, COMMAND = "hop/image", "hop/command"


class HopSender(LifecycleNode):
    """Stamps each message with the steady time just before it is made."""

    def __init__(self, file: str, size_px: str) -> None:
        super().__init__("hop_sender", **OPTIONS)
        self.declare_parameter("autostart", True)
        self._sequence = resized(load(Path(file)), int(size_px))
        self._images = self.create_publisher(Image, IMAGE, qos.IMAGES_OFFERED)
        self._commands = self.create_publisher(CommandMsg, COMMAND, qos.COMMANDS)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._send, name="hops")
        self._thread.start()

    def destroy_node(self) -> None:
        """End the thread before the publishers."""
        self._stop.set()
        self._thread.join()
        super().destroy_node()

    def _send(self) -> None:
        first_ns, number = steady_ns(), 0
        half_s = 0.5 / self._sequence.rate_hz
        while not self._stop.is_set():
            number += 1
            due_ns = first_ns + round(number * half_s * NS_PER_S)
            time.sleep(max(0.0, (due_ns - steady_ns()) / NS_PER_S))
            if number % 2:
                self._images.publish(self._image(number))
            else:
                self._commands.publish(conversions.command_to_msg(command(number)))

    def _image(self, number: int) -> Image:
        now_ns = steady_ns()
        frame = self._sequence.frame(number, now_ns, now_ns)
        image, _ = conversions.frame_to_msg(frame, Delivery(now_ns))
        return image


def command(number: int) -> Command:
    """Return a command made now."""
    still = (0.0,) * 6
    return Command("hop", number, number, 0, steady_ns(), 0, True, still, still)


def main() -> None:
    """Send until interrupted."""
    file, size_px = sys.argv[1:3]
    sys.exit(run(lambda: [HopSender(file, size_px)]))


if __name__ == "__main__":
    main()
