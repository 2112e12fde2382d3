# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Watches the loop for the benchmark: which frames became accepted commands, and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from rclpy.node import Node

from ir_guidance.bench.statistics import age_ms, jitter_ms, spread_ms
from ir_guidance.nodes import qos, topics
from ir_guidance.nodes.running import steady_ns
from ir_guidance.values import NS_PER_MS
from ir_guidance_msgs.msg import GateState, LatencyReport

AGES_APART = 29
"""Of the ages on a grid of milliseconds so many apart are kept: about one a frame, at ever other phases."""


@dataclass(slots=True)
class Window:
    """What was seen between two moments; ``answers`` are (sequence, acquired_ns, accepted_ns)."""

    answers: list[tuple[int, int, int]] = field(default_factory=list)
    stage_ms: dict[str, list[float]] = field(default_factory=dict)
    levels: dict[str, int] = field(default_factory=dict)
    refused: int = 0

    @property
    def frames(self) -> int:
        """How many frames were sent from the first that was answered to the last."""
        return self.answers[-1][0] - self.answers[0][0] + 1 if self.answers else 0


class WatchNode(Node):
    """Subscribes to two small topics; commands nothing."""

    def __init__(self, **options: object) -> None:
        super().__init__("bench_watch", **options)
        self.window = Window()
        self.gate: GateState | None = None
        self.answered_ns = 0
        self._refused_before = 0
        self.create_subscription(LatencyReport, topics.LATENCY, self._on_latency, qos.STREAM)
        self.create_subscription(GateState, topics.GATE_STATE, self._on_gate, qos.LATCHED)

    def restart(self) -> None:
        """Begin a new window now."""
        self.window = Window()
        self._refused_before = 0 if self.gate is None else self.gate.refused_count

    def _on_latency(self, msg: LatencyReport) -> None:
        self.answered_ns = steady_ns()
        window = self.window
        answer = msg.correction_sequence, msg.acquired_steady_ns, msg.accepted_steady_ns
        window.answers.append(answer)
        for stage in msg.stages:
            window.stage_ms.setdefault(stage.stage, []).append(stage.duration_ms)

    def _on_gate(self, msg: GateState) -> None:
        self.gate = msg
        level = f"R{msg.level}"
        self.window.levels[level] = self.window.levels.get(level, 0) + 1
        self.window.refused = msg.refused_count - self._refused_before


def report(window: Window, budget_ms: float) -> dict[str, Any]:
    """Return the figures of a window; frames without an accepted command in time are deadline misses."""
    if not window.answers:
        return {"n": 0, "frames": 0}
    _, acquired_ns, accepted_ns = np.array(window.answers, np.int64).T
    latency_ms = (accepted_ns - acquired_ns) / NS_PER_MS
    in_time = int((latency_ms <= budget_ms).sum())
    return spread_ms(latency_ms) | {
        "frames": window.frames,
        "dropped": window.frames - len(window.answers),
        "refused": window.refused,
        "deadline_ms": budget_ms,
        "deadline_misses": window.frames - in_time,
        "age_at_actuation": spread_ms(age_ms(acquired_ns, accepted_ns)[::AGES_APART]),
        "jitter": spread_ms(jitter_ms(acquired_ns, accepted_ns)),
        "stages": {stage: spread_ms(taken) for stage, taken in window.stage_ms.items()},
        "gate_states": dict(sorted(window.levels.items())),
    }
