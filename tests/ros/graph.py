# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Processes of nodes, ended whatever happens, and a node of the test's own on the same graph."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import rclpy
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.experimental.events_executor import EventsExecutor

ROOT = Path(__file__).resolve().parents[2]
MARK = "IR_GUIDANCE_TEST"
TRANSITIONS = {
    "configure": Transition.TRANSITION_CONFIGURE,
    "activate": Transition.TRANSITION_ACTIVATE,
    "deactivate": Transition.TRANSITION_DEACTIVATE,
    "cleanup": Transition.TRANSITION_CLEANUP,
}


def node_command(name: str, *told: str) -> list[str]:
    """Return the command line of a node's process; ``told`` are ROS arguments such as ``-p``."""
    return [sys.executable, "-m", f"ir_guidance.nodes.{name}_node", "--ros-args", *told]


def told(**values: object) -> list[str]:
    """Return parameters as ROS arguments; a double underscore stands for a dot."""
    arguments = []
    for name, value in values.items():
        shown = str(value).lower() if isinstance(value, bool) else value
        arguments += ["-p", f"{name.replace('__', '.')}:={shown}"]
    return arguments


class Started:
    """A process with all that it starts: each is known by a mark that it inherits."""

    def __init__(self, command: Sequence[str], folder: Path, stdin: int = subprocess.DEVNULL):
        self._mark = uuid.uuid4().hex
        self._log = folder / f"{self._mark}.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                command,
                stdin=stdin,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env=os.environ | {MARK: self._mark},
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        """What it has said so far, on either stream."""
        return self._log.read_text(errors="replace")

    def family(self) -> dict[int, str]:
        """Return the command lines of its living processes by number, its children's included."""
        wanted = f"{MARK}={self._mark}".encode()
        found = {}
        for place in Path("/proc").glob("[0-9]*"):
            try:
                if wanted in (place / "environ").read_bytes().split(b"\0"):
                    words = (place / "cmdline").read_bytes().split(b"\0")
                    found[int(place.name)] = b" ".join(words).decode(errors="replace").strip()
            except OSError:
                continue  # it has ended, or is not ours to look at
        return found

    def end(self, number: int, timeout_s: float = 20.0) -> tuple[int, float]:
        """Send a signal and wait; return the exit status and the seconds it took."""
        asked_s = time.monotonic()
        self.process.send_signal(number)
        status = self.process.wait(timeout_s)
        return status, time.monotonic() - asked_s

    def close(self) -> None:
        """End it, and kill what is left of it; it leaves the graph first, where it still can."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(3.0)
        self.kill()

    def kill(self) -> None:
        """End it and its children at once; a stopped process too."""
        while family := self.family():
            for pid in family:
                os.kill(pid, signal.SIGKILL)
            self.process.poll()  # reap it, or it would be looked for forever
        self.process.wait(10)


@contextmanager
def processes(folder: Path) -> Iterator[Callable[..., Started]]:
    """Give what starts a process by its command line; at the end all of them are ended."""
    running: list[Started] = []

    def start(command: Sequence[str], **options: Any) -> Started:
        running.append(Started(command, folder, **options))
        return running[-1]

    try:
        yield start
    finally:
        for process in running:
            process.close()


class Graph:
    """A node of the test's own; whatever is waited for is spun for, up to a deadline."""

    def __init__(self, name: str = "test") -> None:
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        self.node = rclpy.create_node(name, context=self._context)
        self._executor = EventsExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._clients: dict[str, Any] = {}
        self._kept: list[Any] = []

    def add(self, make: Callable[..., Any]) -> Any:
        """Make another node in this context and spin it too."""
        node = make(context=self._context)
        self._executor.add_node(node)
        return node

    def kept(self, part: Any) -> Any:
        """Keep what belongs to our node, such as an action's client, until we leave the graph."""
        self._kept.append(part)
        return part

    def close(self) -> None:
        """Leave the graph."""
        nodes = self._executor.get_nodes()
        self._executor.shutdown()
        for part in self._kept:
            part.destroy()
        for node in nodes:
            node.destroy_node()
        rclpy.try_shutdown(context=self._context)

    def until(self, condition: Callable[[], Any], what: str = "", timeout_s: float = 20.0) -> Any:
        """Spin until the condition holds and return what it gave; fail at the deadline."""
        found = self.waited(condition, timeout_s)
        assert found, f"not within {timeout_s} s: {what or condition}"
        return found

    def waited(self, condition: Callable[[], Any], timeout_s: float) -> Any:
        """Spin until the condition holds or the time is over; return what it gave."""
        deadline_s = time.monotonic() + timeout_s
        while not (found := condition()) and time.monotonic() < deadline_s:
            self._executor.spin_once(timeout_sec=0.02)
        return found

    def spin(self, seconds: float) -> None:
        """Spin for a time: only to see that something does not happen."""
        end_s = time.monotonic() + seconds
        self.until(lambda: time.monotonic() >= end_s)

    def heard(self, kind: type, topic: str, profile: Any) -> list[Any]:
        """Subscribe, and return the list to which every message is appended."""
        messages: list[Any] = []
        self.node.create_subscription(kind, topic, messages.append, profile)
        return messages

    def call(self, kind: type, service: str, request: Any, timeout_s: float = 20.0) -> Any:
        """Call a service and return its answer."""
        answer = self.asked(kind, service, request, timeout_s)
        assert answer is not None, f"no answer of {service} within {timeout_s} s"
        return answer

    def asked(self, kind: type, service: str, request: Any, timeout_s: float = 1.0) -> Any:
        """Call a service and return its answer, None when there is none in time."""
        if service not in self._clients:
            self._clients[service] = self.node.create_client(kind, service)
        client = self._clients[service]
        if not self.waited(client.service_is_ready, timeout_s):
            return None
        answer = client.call_async(request)
        self.waited(answer.done, timeout_s)
        return answer.result() if answer.done() else None

    def state(self, node: str) -> str:
        """Return the lifecycle state of a node; a first answer can be lost while they discover us."""
        service = f"{node}/get_state"
        ask = partial(self.asked, GetState, service, GetState.Request())
        return self.until(ask, f"an answer of {service}").current_state.label

    def change(self, node: str, transition: str | int) -> bool:
        """Ask for a transition by its name or number; return whether it succeeded."""
        request = ChangeState.Request()
        request.transition.id = TRANSITIONS.get(transition, transition)
        return self.call(ChangeState, f"{node}/change_state", request).success


def active(process: Started, *nodes: str, timeout_s: float = 30.0) -> None:
    """Wait until nodes of a process are active; fail as soon as the process ends."""
    asking = Graph("asking")
    try:
        found = asking.waited(lambda: _all_active(asking, process, nodes), timeout_s)
        assert found, f"{nodes} not active within {timeout_s} s: {process.output}"
    finally:
        asking.close()


def _all_active(asking: Graph, process: Started, nodes: Sequence[str]) -> bool:
    assert process.process.poll() is None, process.output
    answers = [asking.asked(GetState, f"{node}/get_state", GetState.Request()) for node in nodes]
    return all(answer and answer.current_state.label == "active" for answer in answers)
