# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Watches a procedure for the person who started it: what the screen and the summary are made of."""

from __future__ import annotations

from dataclasses import dataclass, field

from rclpy.node import Node

from ir_guidance.nodes import conversions, qos, topics
from ir_guidance.pipeline import Phase
from ir_guidance.values import Fix, Level, Plan, Truth
from ir_guidance_msgs.msg import Fix as FixMsg
from ir_guidance_msgs.msg import FrameInfo, GateState, GroundTruth, LatencyReport, PhaseState, Track
from ir_guidance_msgs.msg import Plan as PlanMsg


@dataclass(slots=True)
class Watched:
    """What was seen of a procedure so far; arrays in ``base_link``."""

    phase: Phase = Phase.IDLE
    phase_text: str = ""
    gate: GateState | None = None
    levels: set[Level] = field(default_factory=set)
    gate_times: list[tuple[int, int]] = field(default_factory=list)
    plan: Plan | None = None
    truths: list[Truth] = field(default_factory=list)
    fixes: list[Fix] = field(default_factory=list)
    end_to_end_ms: list[float] = field(default_factory=list)
    stage_ms: dict[str, list[float]] = field(default_factory=dict)
    late: int = 0
    frames: int = 0
    dropped: int = 0
    backend: str = ""
    last_sequence: int | None = None
    source_dropped: int = 0
    arrived_steady_ns: int | None = None


class MonitorNode(Node):
    """Subscribes to what is reported; commands nothing."""

    def __init__(self, **options: object) -> None:
        super().__init__("monitor", **options)
        self.seen = Watched()
        subscribe = self.create_subscription
        subscribe(PhaseState, topics.PHASE, self._on_phase, qos.LATCHED)
        subscribe(GateState, topics.GATE_STATE, self._on_gate, qos.LATCHED)
        subscribe(PlanMsg, topics.PLAN, self._on_plan, qos.LATCHED)
        subscribe(GroundTruth, topics.GROUND_TRUTH, self._on_truth, qos.STREAM)
        subscribe(FixMsg, topics.FIX, self._on_fix, qos.STREAM)
        subscribe(Track, topics.TRACK, self._on_track, qos.STREAM)
        subscribe(FrameInfo, topics.FRAME_INFO, self._on_info, qos.STREAM)
        subscribe(LatencyReport, topics.LATENCY, self._on_latency, qos.STREAM)

    def _on_phase(self, msg: PhaseState) -> None:
        self.seen.phase, self.seen.phase_text = Phase(msg.phase), msg.text

    def _on_gate(self, msg: GateState) -> None:
        self.seen.gate = msg
        self.seen.levels.add(Level(msg.level))
        self.seen.gate_times.append((msg.steady_ns, msg.level))
        if self.seen.arrived_steady_ns is None and list(msg.reasons) == ["arrived"]:
            self.seen.arrived_steady_ns = msg.steady_ns

    def _on_plan(self, msg: PlanMsg) -> None:
        self.seen.plan = conversions.plan_from_msg(msg)

    def _on_truth(self, msg: GroundTruth) -> None:
        self.seen.truths.append(conversions.truth_from_msg(msg))

    def _on_fix(self, msg: FixMsg) -> None:
        self.seen.fixes.append(conversions.fix_from_msg(msg))

    def _on_track(self, msg: Track) -> None:
        seen = self.seen
        if seen.last_sequence is not None:
            seen.dropped += max(0, msg.sequence - seen.last_sequence - 1)
        seen.last_sequence, seen.backend = msg.sequence, msg.backend
        seen.frames += 1

    def _on_info(self, msg: FrameInfo) -> None:
        self.seen.source_dropped = msg.dropped

    def _on_latency(self, msg: LatencyReport) -> None:
        self.seen.end_to_end_ms.append(msg.end_to_end_ms)
        self.seen.late += not msg.within_budget
        for stage in msg.stages:
            self.seen.stage_ms.setdefault(stage.stage, []).append(stage.duration_ms)
