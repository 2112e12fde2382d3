# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What a hop costs between two processes that do nothing else, and what it costs to read an image message."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import rclpy
from rclpy.experimental.events_executor import EventsExecutor
from rclpy.node import Node
from rclpy.serialization import deserialize_message, serialize_message
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import Image

from ir_guidance.bench.render import Shown
from ir_guidance.bench.sequence import Sequence
from ir_guidance.bench.stages import timed_ms
from ir_guidance.commands.processes import Processes
from ir_guidance.nodes import conversions, qos
from ir_guidance.nodes.bench.hop_sender import COMMAND, IMAGE
from ir_guidance.nodes.bench.loop import STALLED_S, WARM_UP_FRAMES, Setting
from ir_guidance.nodes.conversions import Delivery
from ir_guidance.nodes.demo import GRAPH
from ir_guidance.nodes.running import steady_ns
from ir_guidance.settings import SettingsError
from ir_guidance.values import NS_PER_MS, NS_PER_S
from ir_guidance_msgs.msg import Command

SENDER = "ir_guidance.nodes.bench.hop_sender"


class HopReceiver(Node):
    """Notes how old each message is when its callback begins."""

    def __init__(self) -> None:
        super().__init__("hop_receiver")
        self.image_ms: list[float] = []
        self.command_ms: list[float] = []
        self.create_subscription(Image, IMAGE, self._on_image, qos.IMAGES_WANTED)
        self.create_subscription(Command, COMMAND, self._on_command, qos.COMMANDS_TAKEN)

    def _on_image(self, msg: Image) -> None:
        stamp = msg.header.stamp
        sent_ns = stamp.sec * NS_PER_S + stamp.nanosec
        self.image_ms.append((steady_ns() - sent_ns) / NS_PER_MS)

    def _on_command(self, msg: Command) -> None:
        self.command_ms.append((steady_ns() - msg.issued_steady_ns) / NS_PER_MS)


def measure_hops(
    folder: Path, setting: Setting, count: int, shown: Shown
) -> tuple[list[float], list[float]]:
    """Return what so many images and commands took from before they were made to the callback, in milliseconds.

    Raises:
        SettingsError: The sender ended, or nothing arrives.
    """
    (folder / "logs").mkdir(parents=True)
    processes = Processes(folder / "logs")
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    try:
        receiver, executor = HopReceiver(), EventsExecutor()
        executor.add_node(receiver)
        told = [str(setting.file), str(setting.size_px)]
        processes.start("hop_sender", [sys.executable, "-m", SENDER, *told], GRAPH)
        total = count + WARM_UP_FRAMES
        for _ in shown(_received(receiver, executor, total, processes), total, "hops"):
            pass
        executor.shutdown()
    finally:
        processes.stop()
        rclpy.try_shutdown()
    return receiver.image_ms[WARM_UP_FRAMES:], receiver.command_ms[WARM_UP_FRAMES:]


def _received(
    receiver: HopReceiver, executor: EventsExecutor, total: int, processes: Processes
) -> Iterator[None]:
    seen, last_s = 0, time.monotonic()
    while seen < total:
        executor.spin_once(timeout_sec=0.1)
        for _ in range(seen, min(len(receiver.image_ms), len(receiver.command_ms), total)):
            seen, last_s = seen + 1, time.monotonic()
            yield
        if time.monotonic() - last_s > STALLED_S:
            raise SettingsError("bench: no message arrives from another process; is DDS working?")
        if dead := processes.ended():
            raise SettingsError(f"bench: {dead.name} ended: {dead.last_words()}")


def decode_times_ms(sequence: Sequence, count: int) -> list[float]:
    """Return what it takes from the bytes of an image message to a frame, in milliseconds."""
    frame = sequence.frame(1, 1, 1)
    image, info = conversions.frame_to_msg(frame, Delivery(1))
    wire = serialize_message(image)

    def decode(_: int) -> object:
        return conversions.frame_from_msg(deserialize_message(wire, Image), info, frame.geometry)

    return timed_ms(decode, range(count))
