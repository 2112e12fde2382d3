# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""How a node's process starts, spins and ends: bad settings exit 2, a signal ends it cleanly."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.signals import SignalHandlerOptions

from ir_guidance.settings import SettingsError

BAD_SETTINGS = 2
RCLError = rclpy_implementation.RCLError


def steady_ns() -> int:
    """Return this host's steady clock; the same in every process until the next boot."""
    return time.monotonic_ns()


def run(make: Callable[[], Sequence[LifecycleNode]], args: list[str] | None = None) -> int:
    """Make the nodes, start them and spin until SIGINT or SIGTERM; return the exit status."""
    asked_to_end = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked_to_end.append(True))
    try:
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    except RCLError as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return BAD_SETTINGS
    nodes: Sequence[LifecycleNode] = ()
    executor = SingleThreadedExecutor()
    try:
        nodes = make()
        for node in nodes:
            executor.add_node(node)
        for node in nodes:
            start(node)
        while not asked_to_end:
            executor.spin_once(timeout_sec=0.1)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return BAD_SETTINGS
    finally:
        executor.shutdown()
        for node in reversed(nodes):
            node.trigger_shutdown()
            node.destroy_node()
        rclpy.try_shutdown()
    return 0


def start(node: LifecycleNode) -> None:
    """Configure and activate a node that is to start by itself.

    Raises:
        SettingsError: It cannot be configured or activated.
    """
    if not node.get_parameter("autostart").value:
        return
    for transition in (node.trigger_configure, node.trigger_activate):
        if transition() != TransitionCallbackReturn.SUCCESS:
            raise SettingsError(f"node {node.get_name()}: could not be started, see the line above")


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
