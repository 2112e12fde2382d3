# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""`ir-guidance demo`: every node in a process of its own, watched to the end, summed up."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import rclpy
import yaml
from rclpy.experimental.events_executor import EventsExecutor
from rclpy.parameter import Parameter
from rclpy.signals import SignalHandlerOptions
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from ir_guidance.commands.processes import Processes
from ir_guidance.commands.summary import Run
from ir_guidance.nodes.graph import NodeSpec, Procedure, parameters_of, simulation
from ir_guidance.nodes.monitor_node import MonitorNode, Watched
from ir_guidance.nodes.running import steady_ns
from ir_guidance.profiles import Profile
from ir_guidance.values import Level

SETTLE_S = 0.3  # reports of the last image are still under way when the needle has arrived
PREPARE_S = (
    60.0  # from start to the insertion: nodes start, the breath is learned, a plan is approved
)
LATCHED_TOO_LONG_S = 20.0
GRAPH = {"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}


class Interrupted(Exception):  # noqa: N818 - what happened, not an error
    """The person who started the run ended it."""


def run_demo(
    profile: Profile,
    procedure: Procedure,
    seed: int,
    folder: Path,
    console: Console,
    *,
    headless: bool,
    others: Mapping[str, list[str]] | None = None,
) -> Run:
    """Run one simulated procedure in real time and return what was seen of it.

    ``others`` are the command lines of processes that are no nodes of ours, by name: Gazebo, where it moves the robot.
    Writes ``session.mcap``, ``parameters.yaml`` and the nodes' logs into ``folder``.
    """
    os.environ.update(GRAPH)
    os.environ.setdefault("ROS_DOMAIN_ID", str(1 + os.getpid() % 100))
    os.environ.setdefault("GZ_PARTITION", f"ir_guidance_{os.environ['ROS_DOMAIN_ID']}")
    os.environ.setdefault("GZ_IP", "127.0.0.1")  # Gazebo's own discovery leaves the host otherwise
    bag = str((folder / "session.mcap").resolve())
    specs = simulation(procedure, seed, bag=bag, operator=headless)
    logs = folder / "logs"
    logs.mkdir()
    parameters = folder / "parameters.yaml"
    parameters.write_text(yaml.safe_dump(parameters_of(specs)), encoding="utf-8")
    processes = Processes(logs)
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    try:
        for name, words in (others or {}).items():
            # Where Gazebo starves, simulated time lags and the arm with it: the gate stops.
            processes.start(name, words, GRAPH, first=True)
        for spec in specs:
            processes.start(spec.executable, command(spec, parameters), GRAPH)
        monitor = MonitorNode()
        outcome = _watch(monitor, profile, seed, processes, console, headless=headless)
    finally:
        killed = processes.stop()
        rclpy.try_shutdown()
    if killed:
        console.print(f"had to be killed: {', '.join(killed)}")
    return run_of(monitor.seen, profile, seed, "scripted" if headless else "terminal", outcome)


def command(spec: NodeSpec, parameters: Path) -> list[str]:
    """Return the command line of a node's process."""
    module = f"ir_guidance.nodes.{spec.executable}"
    return [sys.executable, "-m", module, "--ros-args", "--params-file", str(parameters)]


def _watch(
    monitor: MonitorNode,
    profile: Profile,
    seed: int,
    processes: Processes,
    console: Console,
    *,
    headless: bool,
) -> str:
    """Spin until the procedure has ended and return how."""
    ending = _Ending(profile, processes)
    executor = EventsExecutor()
    executor.add_node(monitor)
    with ExitStack() as stack:
        stack.callback(executor.shutdown)
        stack.callback(monitor.destroy_node)
        if not headless:
            stack.enter_context(_terminal_operator(executor, seed, profile, console))
        for number in (signal.SIGINT, signal.SIGTERM):
            before = signal.signal(number, _interrupt)
            stack.callback(signal.signal, number, before)
        live = stack.enter_context(Live(console=console, refresh_per_second=5, transient=True))
        shown_s = 0.0
        try:
            while not (outcome := ending.outcome(monitor.seen)):
                executor.spin_once(timeout_sec=0.05)
                if time.monotonic() - shown_s > 0.2:
                    shown_s = time.monotonic()
                    live.update(screen(monitor.seen, ending.elapsed_s))
            settled_s = time.monotonic() + SETTLE_S
            while time.monotonic() < settled_s:
                executor.spin_once(timeout_sec=0.05)
        except Interrupted:
            outcome = "interrupted"
    return outcome


def _interrupt(number: int, _frame: object) -> None:
    raise Interrupted(signal.Signals(number).name)


class _Ending:
    """Knows when a procedure is over."""

    def __init__(self, profile: Profile, processes: Processes) -> None:
        self._profile, self._processes = profile, processes
        self._started_s = time.monotonic()
        self._latched_s: float | None = None

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._started_s

    def outcome(self, seen: Watched) -> str:
        """Return how it ended, empty while it goes on."""
        if seen.arrived_steady_ns is not None:
            return "arrived"
        dead = self._processes.ended()
        if dead is not None:
            return f"{dead.name} ended: {dead.last_words()}"
        gate = seen.gate
        if gate is not None and gate.level == Level.R4:
            return f"protective stop: {', '.join(gate.reasons)}"
        if gate is None or not gate.latched:
            self._latched_s = None
        else:
            self._latched_s = self._latched_s or time.monotonic()
            if time.monotonic() - self._latched_s > LATCHED_TOO_LONG_S:
                return f"held: {', '.join(gate.reasons)}"
        if self.elapsed_s > PREPARE_S + self._profile.longest_s:
            return f"timed out in phase {seen.phase.name.lower()} {seen.phase_text}".strip()
        return ""


def _terminal_operator(
    executor: EventsExecutor, seed: int, profile: Profile, console: Console
) -> ExitStack:
    """Return a context in which the person at the terminal holds consent with the space bar."""
    from ir_guidance.commands.keyboard import HeldKey
    from ir_guidance.nodes.operator_node import OperatorNode

    stack = ExitStack()
    key = stack.enter_context(HeldKey(steady_ns))
    told = {"seed": seed, "procedure": profile.name, "modality": str(profile.modality)}
    told |= {"views": profile.views}
    node = OperatorNode(
        key.held, parameter_overrides=[Parameter(name, value=value) for name, value in told.items()]
    )
    executor.add_node(node)
    node.trigger_configure()
    node.trigger_activate()
    stack.callback(node.destroy_node)
    console.print(
        "The script points at the lesion and approves the plan; hold SPACE to consent, r to retract, Ctrl-C to end."
    )
    console.print(
        "Hold x y p w i o to jog guide_x, guide_y, pitch, yaw, insertion, roll; capitals jog down."
    )
    return stack


def screen(seen: Watched, elapsed_s: float) -> Table:
    """Return the one screen of a run under way."""
    grid = Table.grid(padding=(0, 2))
    gate = seen.gate
    level = "-" if gate is None else f"R{gate.level} {', '.join(gate.reasons)}"
    grid.add_row("time", f"{elapsed_s:.0f} s")
    grid.add_row("phase", f"{seen.phase.name.lower()} {seen.phase_text}")
    grid.add_row("depth", _depth(seen))
    grid.add_row("gate", escape(level))
    grid.add_row("frames", f"{seen.frames}, {seen.dropped} dropped")
    if seen.end_to_end_ms:
        recent = sorted(seen.end_to_end_ms[-100:])
        grid.add_row(
            "image to robot", f"{recent[len(recent) // 2]:.1f} ms median of the last {len(recent)}"
        )
    return grid


def _depth(seen: Watched) -> str:
    if seen.plan is None or not seen.fixes:
        return "-"
    depth_m = max(seen.fixes[-1].insertion_m, 0.0)
    done = min(depth_m / seen.plan.length_m, 1.0)
    bar = "#" * round(30 * done) + "." * (30 - round(30 * done))
    return f"{bar} {depth_m * 1e3:.1f} of {seen.plan.length_m * 1e3:.1f} mm"


def run_of(seen: Watched, profile: Profile, seed: int, operator: str, outcome: str) -> Run:
    """Return what the summary and the picture are made from."""
    gate = seen.gate
    refused_late = gate.over_budget_count if gate is not None else 0
    return Run(
        procedure=profile.name,
        modality=profile.modality,
        seed=seed,
        operator=operator,
        backend=seen.backend,
        outcome=outcome,
        tolerance_m=profile.tolerance_m,
        success=profile.success,
        ablation=profile.plan.ablation,
        arrived_steady_ns=seen.arrived_steady_ns,
        frames=seen.frames,
        dropped_frames=seen.dropped,
        end_to_end_ms=seen.end_to_end_ms,
        stage_ms=seen.stage_ms,
        deadline_misses=seen.late + refused_late,
        blind_travel_m=gate.blind_travel_max_m if gate is not None else 0.0,
        levels=sorted(int(level) for level in seen.levels),
        gate_times=seen.gate_times,
        truths=seen.truths,
        fixes=seen.fixes,
        plan=seen.plan,
    )
