# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Runs the plain chain and measures it as the loop is measured."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from std_msgs.msg import Int64MultiArray

from ir_guidance.bench.render import Shown
from ir_guidance.commands.processes import Processes
from ir_guidance.nodes.bench.loop import STALLED_S, WARM_UP_FRAMES, Setting
from ir_guidance.nodes.bench.plain_chain import LEAD_S
from ir_guidance.nodes.bench.watch_node import Window
from ir_guidance.nodes.demo import GRAPH
from ir_guidance.settings import SettingsError

MODULE = "ir_guidance.nodes.bench.plain_chain"


class PlainWatch(Node):
    """Hears what the plain robot takes."""

    def __init__(self) -> None:
        super().__init__("plain_watch")
        self.window = Window()
        self.create_subscription(Int64MultiArray, "plain/taken", self._on_taken, 100)

    def _on_taken(self, message: Int64MultiArray) -> None:
        number, acquired_ns, taken_ns = message.data
        self.window.answers.append((number, acquired_ns, taken_ns))


def measure_plain(folder: Path, setting: Setting, frames: int, shown: Shown) -> Window:
    """Return what the plain chain did with so many frames, after the same warm-up as the loop's.

    Raises:
        SettingsError: It did not get going.
    """
    (folder / "logs").mkdir(parents=True)
    processes = Processes(folder / "logs")
    arguments = {
        "robot": [],
        "controller": [],
        "inference": [str(setting.sequence.modality)],
        "preprocess": [],
        "source": [str(setting.file), str(setting.size_px)],
    }
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    try:
        watch = PlainWatch()
        for role, told in arguments.items():
            processes.start(role, [sys.executable, "-m", MODULE, role, *told], GRAPH)
        for count, what in ((WARM_UP_FRAMES, "plain chain: warm-up"), (frames, "plain chain")):
            watch.window = Window()
            for _ in shown(_taken(watch, count, processes, folder), count, what):
                pass
        return watch.window
    finally:
        processes.stop()
        rclpy.try_shutdown()


def _taken(watch: PlainWatch, frames: int, processes: Processes, folder: Path) -> Iterator[None]:
    executor = SingleThreadedExecutor()
    executor.add_node(watch)
    seen, last_s = 0, time.monotonic()
    while seen < frames:
        executor.spin_once(timeout_sec=0.1)
        for _ in range(seen, min(watch.window.frames, frames)):
            seen, last_s = seen + 1, time.monotonic()
            yield
        if time.monotonic() - last_s > STALLED_S + LEAD_S:
            raise SettingsError(f"bench: the plain chain is silent; see {folder / 'logs'}")
        if dead := processes.ended():
            raise SettingsError(f"bench: plain {dead.name} ended: {dead.last_words()}")
