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


def simulation(procedure: str, seed: int, *, bag: str, operator: bool = True) -> list[NodeSpec]:
    """Return the nodes of a simulated procedure; ``bag`` is the file to record to."""
    nodes = [
        NodeSpec("room_node", {"room": {"procedure": procedure, "seed": seed}}),
        *_guided(procedure, bag),
    ]
    if operator:
        nodes.append(
            NodeSpec("operator_node", {"operator": {"procedure": procedure, "seed": seed}})
        )
    return nodes


def procedure_room(procedure: str, source: str, modality: str, *, bag: str) -> list[NodeSpec]:
    """Return the nodes of a room with real images; the robot is the embedded one, without its patient."""
    return [
        _source(procedure, source, modality, loop=False),
        NodeSpec("room_node", {"room": {"procedure": procedure, "images": False}}),
        *_guided(procedure, bag),
    ]


def replay(procedure: str, source: str, modality: str) -> list[NodeSpec]:
    """Return the nodes that look at recorded images again: no robot, no gate, nothing moves."""
    return [_source(procedure, source, modality, loop=True), _guidance(procedure)]


def _source(procedure: str, source: str, modality: str, *, loop: bool) -> NodeSpec:
    told = {"procedure": procedure, "source": source, "modality": modality, "loop": loop}
    return NodeSpec("source_node", {"source": told})


def _guidance(procedure: str) -> NodeSpec:
    told = {"procedure": procedure}
    return NodeSpec("guidance_node", {"tracker": told, "planner": told})


def _guided(procedure: str, bag: str) -> list[NodeSpec]:
    return [
        _guidance(procedure),
        NodeSpec("robot_node", {"robot": {"procedure": procedure}}),
        NodeSpec("recorder_node", {"recorder": {"procedure": procedure, "file": bag}}),
    ]


def parameters_of(specs: list[NodeSpec]) -> dict[str, dict[str, object]]:
    """Return the parameters of all nodes in the form of a ROS parameter file, whatever their namespace."""
    told: dict[str, dict[str, object]] = {}
    for spec in specs:
        for node, values in spec.parameters.items():
            told[f"/**/{node}"] = {"ros__parameters": dict(values)}
    return told
