# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The real nodes, each in its own process, under the open-loop source; one cell after another is measured."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rclpy
import yaml
from rclpy.executors import Executor
from rclpy.experimental.events_executor import EventsExecutor
from rclpy.signals import SignalHandlerOptions

from ir_guidance.bench.cells import Beside
from ir_guidance.bench.render import Shown
from ir_guidance.bench.sequence import Sequence, overrides
from ir_guidance.commands.processes import Processes
from ir_guidance.nodes.bench.watch_node import WatchNode, Window
from ir_guidance.nodes.demo import GRAPH, command
from ir_guidance.nodes.graph import NodeSpec, Procedure, parameters_of
from ir_guidance.settings import SettingsError

PREPARE_S = 60.0
WARM_UP_FRAMES = 150
"""Answered frames that are not counted, after the start and after every change."""
STALLED_S = 20.0


@dataclass(frozen=True, slots=True)
class Setting:
    """What is shown to whom: the file of the sequence, and how large its images are."""

    sequence: Sequence
    file: Path
    size_px: int
    procedure: Procedure
    guidance: str = "guidance_node"


def specs(setting: Setting) -> list[NodeSpec]:
    """Return the nodes of the loop; the robot is the embedded one and stands where the pictures have it."""
    procedure = setting.procedure

    def told(**more: object) -> dict[str, Any]:
        # Built anew for each node: rcl does not read the aliases that YAML has for what is shared.
        return procedure.told | overrides(setting.sequence.joints) | more

    source = {
        "procedure": procedure.name,
        "realtime": procedure.realtime,
        "sequence": str(setting.file),
        "size_px": setting.size_px,
    }
    return [
        NodeSpec("room_node", {"room": told(images=False)}),
        NodeSpec(setting.guidance, {"tracker": told(backend=procedure.backend), "planner": told()}),
        NodeSpec("robot_node", {"robot": told()}),
        NodeSpec("operator_node", {"operator": procedure.told | {"operator": {"presses": 20}}}),
        NodeSpec("bench.source_node", {"source": source}),
    ]


class Loop:
    """A running loop: waits until commands flow, and measures windows of frames."""

    def __init__(self, folder: Path, setting: Setting) -> None:
        """Start the processes; their logs and parameters go into ``folder``."""
        (folder / "logs").mkdir(parents=True)
        self._folder = folder
        self._processes = Processes(folder / "logs")
        self._procedure = setting.procedure
        self.watch = WatchNode()
        self._executor: Executor = EventsExecutor()
        self._executor.add_node(self.watch)
        for spec in specs(setting):
            self.start(spec)

    def start(self, spec: NodeSpec) -> None:
        """Start one more process."""
        parameters = self._folder / f"{spec.executable}.yaml"
        parameters.write_text(yaml.safe_dump(parameters_of([spec])), encoding="utf-8")
        self._processes.start(spec.executable, command(spec, parameters), GRAPH)

    def ready(self, shown: Shown) -> None:
        """Wait until ``WARM_UP_FRAMES`` commands were accepted.

        Raises:
            RuntimeError: A process ended, or nothing was accepted in time.
        """
        self._answered(WARM_UP_FRAMES, PREPARE_S, shown, "starting the nodes")

    def measure(self, frames: int, shown: Shown, what: str) -> Window:
        """Return the window of the next frames, after ``WARM_UP_FRAMES`` that do not count.

        Raises:
            RuntimeError: A process ended, or commands stopped being accepted.
        """
        self.watch.restart()
        self._answered(WARM_UP_FRAMES, STALLED_S, shown, f"{what}: warm-up")
        self.watch.restart()
        self._answered(frames, STALLED_S, shown, what)
        return self.watch.window

    def _answered(self, frames: int, patience_s: float, shown: Shown, what: str) -> None:
        for _ in shown(self._answers(frames, patience_s), frames, what):
            pass

    def _answers(self, frames: int, patience_s: float) -> Iterator[None]:
        """Yield for every frame sent since the window began, answered or not, until there are enough."""
        seen, last_s = 0, time.monotonic()
        while seen < frames:
            self._executor.spin_once(timeout_sec=0.1)
            for _ in range(seen, min(self.watch.window.frames, frames)):
                seen, last_s = seen + 1, time.monotonic()
                yield
            if time.monotonic() - last_s > patience_s:
                raise RuntimeError(f"no command was accepted for {patience_s:.0f} s: {self._why()}")
            if dead := self._processes.ended():
                raise RuntimeError(f"{dead.name} ended: {dead.last_words()}")

    def _why(self) -> str:
        gate = self.watch.gate
        return "the gate says nothing" if gate is None else ", ".join(gate.reasons) or "no reason"

    def stop(self) -> None:
        """End every process."""
        self._processes.stop()
        self._executor.shutdown()
        self.watch.destroy_node()


@contextmanager
def running(folder: Path, setting: Setting, shown: Shown) -> Iterator[Loop]:
    """Give a loop in which commands flow, and end it.

    Raises:
        SettingsError: It cannot be started or does not get going.
    """
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    loop = None
    try:
        loop = Loop(folder, setting)
        loop.ready(shown)
        yield loop
    except RuntimeError as error:
        raise SettingsError(f"bench: {error}; see {folder / 'logs'}") from None
    finally:
        if loop is not None:
            loop.stop()
        rclpy.try_shutdown()


@contextmanager
def beside_it(folder: Path, procedure: Procedure, company: Beside) -> Iterator[None]:
    """Run what a cell has beside the loop, and end it."""
    (folder / "logs").mkdir(parents=True)
    processes, bag = Processes(folder / "logs"), (folder / "session.mcap").resolve()
    try:
        for number, module in enumerate(company.modules):
            processes.start(f"{module}_{number}", [sys.executable, "-m", module], {})
        for number, executable in enumerate(company.nodes):
            told = {"procedure": procedure.name}
            if executable == "recorder_node":
                told["file"] = str(bag)
            name = executable.removeprefix("bench.").removesuffix("_node")
            spec = NodeSpec(executable, {name: told})
            parameters = folder / f"{executable}_{number}.yaml"
            parameters.write_text(yaml.safe_dump(parameters_of([spec])), encoding="utf-8")
            processes.start(f"{name}_{number}", command(spec, parameters), GRAPH)
        yield
        if dead := processes.ended():
            raise RuntimeError(f"{dead.name} ended: {dead.last_words()}")
    finally:
        processes.stop()
        bag.unlink(missing_ok=True)  # gigabytes that nobody will look at
