# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Stage times on ``/diagnostics``, once a second: for people, never a watchdog (REP 107)."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.node import Node

from ir_guidance.nodes import mirrors, qos, topics
from ir_guidance.nodes.running import STEADY
from ir_guidance.timing import Budget, percentiles_ms

PERIOD_S = 1.0
KEPT = 300  # frames: ten seconds at 30 a second


class StageDiagnosis:
    """Keeps the last stage times of a node, counts those over their budget, and reports both."""

    def __init__(self, node: Node, budget: Budget) -> None:
        self._node, self._budget = node, budget
        self._times: dict[str, deque[float]] = {}
        self._misses: dict[str, int] = {}
        self._publisher = node.create_publisher(DiagnosticArray, topics.DIAGNOSTICS, qos.STREAM)
        node.create_timer(PERIOD_S, self._report, clock=STEADY)

    def add(self, stage_ms: Mapping[str, float]) -> None:
        """Take the stage times of one frame, in milliseconds."""
        for stage, ms in stage_ms.items():
            self._times.setdefault(stage, deque(maxlen=KEPT)).append(ms)
            self._misses[stage] = self._misses.get(stage, 0) + (
                ms > self._budget.stage_ms.get(stage, self._budget.total_ms)
            )

    def _report(self) -> None:
        statuses = [self._status(stage, list(times)) for stage, times in self._times.items()]
        if statuses:
            self._publisher.publish(mirrors.diagnostics(statuses, time.time_ns()))

    def _status(self, stage: str, times_ms: list[float]) -> DiagnosticStatus:
        limit_ms = self._budget.stage_ms.get(stage, self._budget.total_ms)
        found = percentiles_ms(times_ms)
        late = found["max"] > limit_ms
        values = {name: f"{value:.3f}" for name, value in found.items()}
        return mirrors.diagnostic(
            f"{self._node.get_name()}: {stage}",
            DiagnosticStatus.WARN if late else DiagnosticStatus.OK,
            "over budget" if late else "within budget",
            values | {"budget_ms": limit_ms, "over_budget": self._misses[stage]},
        )
