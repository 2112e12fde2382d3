# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Which nodes run, with which parameters: the one description behind the demo and the launch files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """One process: its module in ``ir_guidance.nodes`` and what each of its nodes is told.

    ``executable`` is the name for ``ros2 run ir_guidance``; ``parameters`` maps node names to values.
    """

    executable: str
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()


def simulation(procedure: str, seed: int, *, bag: str, operator: bool = True) -> list[NodeSpec]:
    """Return the nodes of a simulated procedure; ``bag`` is the file to record to."""
    nodes = [
        NodeSpec("room_node", {"room": {"procedure": procedure, "seed": seed}}),
        *_guided(procedure, bag),
    ]
    if operator:
        nodes.append(NodeSpec("operator_node", {"operator": {"procedure": procedure, "seed": seed}}))
    return nodes


def procedure_room(procedure: str, source: str, modality: str, *, bag: str) -> list[NodeSpec]:
    """Return the nodes of a real room: a live source in place of the simulated one."""
    return [_source(source, modality, loop=False), *_guided(procedure, bag)]


def replay(procedure: str, source: str, modality: str) -> list[NodeSpec]:
    """Return the nodes that look at recorded images again: no robot, no gate, nothing moves."""
    return [_source(source, modality, loop=True), _guidance(procedure)]


def _source(source: str, modality: str, *, loop: bool) -> NodeSpec:
    return NodeSpec("source_node", {"source": {"source": source, "modality": modality, "loop": loop}})


def _guidance(procedure: str) -> NodeSpec:
    told = {"procedure": procedure}
    return NodeSpec("guidance_node", {"tracker": told, "planner": told})


def _guided(procedure: str, bag: str) -> list[NodeSpec]:
    return [
        _guidance(procedure),
        NodeSpec("robot_node", {"robot": {"procedure": procedure}}),
        NodeSpec("recorder_node", {"recorder": {"procedure": procedure, "file": bag}}),
    ]
