# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""How a node's process starts, spins and ends: bad settings exit 2, a signal ends it cleanly."""

from __future__ import annotations

import gc
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import wraps
from typing import Any

import rclpy
from lifecycle_msgs.srv import ChangeState
from rclpy.clock import Clock, ClockType
from rclpy.experimental.events_executor import EventsExecutor
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.logging import LoggingSeverity, set_logger_level
from rclpy.signals import SignalHandlerOptions

from ir_guidance.nodes.realtime import go_before_others, go_realtime, keep_awake
from ir_guidance.settings import SettingsError

BAD_SETTINGS = 2

RCLError = rclpy_implementation.RCLError
STEADY = Clock(clock_type=ClockType.STEADY_TIME)
"""For every timer: simulated time that stands still must not stop a watchdog."""


class NotStartedError(Exception):
    """A node that could not be started, and has said why."""


def steady_ns() -> int:
    """Return this host's steady clock; the same in every process until the next boot."""
    return time.monotonic_ns()


def run(
    make: Callable[[], Sequence[LifecycleNode]],
    args: list[str] | None = None,
    *,
    priority: int = 0,
    awake: bool = False,
) -> int:
    """Make the nodes, start them and spin until SIGINT or SIGTERM; return the exit status.

    A ``priority`` above 0 is for what must not starve: a frame on its way to a command, the gate, the drive with its
    watchdog. It goes before other work where the user may ask for that; where the nodes' ``realtime`` is set, in
    real time or not at all, with every core kept ``awake`` by one of the processes.
    """
    if priority:
        go_before_others()
    asked_to_end = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked_to_end.append(True))
    if not _begun(args):
        return BAD_SETTINGS
    nodes: Sequence[LifecycleNode] = ()
    executor = EventsExecutor()
    try:
        nodes = make()
        for node in nodes:
            answer_wrong_transitions(node)
            executor.add_node(node)
        for node in nodes:
            start(node)
        _keep_time(nodes[0], priority, awake=awake)
        while not asked_to_end:
            executor.spin_once(timeout_sec=0.1)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return BAD_SETTINGS
    except NotStartedError:
        return BAD_SETTINGS
    finally:
        executor.shutdown()
        for node in reversed(nodes):
            with suppress(RCLError):  # it was shut down by hand before
                node.trigger_shutdown()
            node.destroy_node()
        rclpy.try_shutdown()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # Python, too, ends cleanly when asked twice
    return 0


def _keep_time(node: LifecycleNode, priority: int, *, awake: bool) -> None:
    """Run in real time where the node's settings ask for it, and never search what was made to stay."""
    if priority and node.get_parameter("realtime").value:
        if awake:
            keep_awake()
        go_realtime(priority)
    gc.collect()
    gc.freeze()  # not in the middle of a frame


def _begun(args: list[str] | None) -> bool:
    """Return whether ROS could begin with these arguments; if not, one line says why."""
    set_logger_level("rcl", LoggingSeverity.FATAL)  # it says in a line of its own what it raises
    try:
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    except RCLError as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return False
    set_logger_level("rcl", LoggingSeverity.UNSET)
    return True


def start(node: LifecycleNode) -> None:
    """Configure and activate a node that is to start by itself.

    Raises:
        NotStartedError: It cannot be configured or activated.
    """
    if not node.get_parameter("autostart").value:
        return
    for transition in (node.trigger_configure, node.trigger_activate):
        if transition() != TransitionCallbackReturn.SUCCESS:
            raise NotStartedError(node.get_name())


def answer_wrong_transitions(node: LifecycleNode) -> None:
    """Answer a transition that its state does not allow with "no": rclpy lets it end the process."""
    for service in node.services:
        if service.srv_type is ChangeState:
            service.callback = _refusing(service.callback)


def _refusing(change: Callable[..., Any]) -> Callable[..., Any]:
    def refusing(request: ChangeState.Request, response: ChangeState.Response) -> Any:
        try:
            return change(request, response)
        except RCLError:  # rcl has logged it; the state is what it was
            response.success = False
            return response

    return refusing


def reported(
    transition: Callable[[Any, LifecycleState], TransitionCallbackReturn],
) -> Callable[[Any, LifecycleState], TransitionCallbackReturn]:
    """Log what a transition raises: rclpy takes every exception for an error and says nothing."""

    @wraps(transition)
    def logged(node: Any, state: LifecycleState) -> TransitionCallbackReturn:
        try:
            return transition(node, state)
        except Exception as error:
            node.get_logger().error(f"{transition.__name__}: {type(error).__name__}: {error}")
            raise

    return logged
