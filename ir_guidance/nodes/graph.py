# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Which nodes run, with which parameters: the one description behind the demo and the launch files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ir_guidance.robot.model import URDF

JOINT_STATES = "joint_states"
"""Where Gazebo and ros2_control report the joints; the robot node's own default."""


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """One process: its module in ``ir_guidance.nodes`` and what each of its nodes is told.

    ``executable`` is the name for ``ros2 run ir_guidance``; ``parameters`` maps node names to values.
    """

    executable: str
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Procedure:
    """What all nodes are told alike: the profile, how its images are made and of how many planes, what tracks in them.

    An empty ``modality`` is the profile's own, an empty ``ct`` the built-in torso. ``sim_level`` says what moves:
    0 the embedded robot, 1 Gazebo, 2 hardware, 3 hardware shadowed by the embedded robot. With ``realtime`` what must
    not starve has real-time priority (``ir_guidance.nodes.realtime``), or does not start.
    """

    name: str
    modality: str = ""
    backend: str = "auto"
    ct: str = ""
    views: int = 1
    sim_level: int = 0
    realtime: bool = False

    @property
    def told(self) -> dict[str, Any]:
        """Parameters of any node."""
        chosen = {"modality": self.modality} if self.modality else {}
        planes = {"views": self.views} if self.views > 1 else {}
        urgent = {"realtime": True} if self.realtime else {}
        return {"procedure": self.name} | chosen | planes | urgent


def simulation(
    procedure: Procedure, seed: int, *, bag: str, operator: bool = True
) -> list[NodeSpec]:
    """Return the nodes of a simulated procedure; ``bag`` is the file to record to.

    Above level 0 the needle in the room goes with the joints that the robot elsewhere reports.
    """
    told = procedure.told | {"seed": seed}
    patient = {"fluoroscopy.ct": procedure.ct} if procedure.ct else {}
    moved = {"joints_from": JOINT_STATES} if procedure.sim_level else {}
    nodes = [NodeSpec("room_node", {"room": told | patient | moved}), *_guided(procedure, bag)]
    if operator:
        nodes.append(NodeSpec("operator_node", {"operator": told}))
    return nodes


def procedure_room(
    procedure: Procedure, source: str, *, bag: str, advisory: bool = False
) -> list[NodeSpec]:
    """Return the nodes of a room with real images; the embedded robot, alone or as a shadow, has no patient.

    ``advisory``: a person holds the needle and is told what would help; no robot, no gate.
    """
    if advisory:
        images = _source(procedure, source, loop=False)
        return [images, _guidance(procedure), _recorder(procedure, bag)]
    embedded = procedure.told | {"images": False, "shadow": procedure.sim_level == 3}
    return [
        _source(procedure, source, loop=False),
        *([NodeSpec("room_node", {"room": embedded})] if procedure.sim_level in (0, 3) else []),
        *_guided(procedure, bag),
    ]


def replay(procedure: Procedure, source: str) -> list[NodeSpec]:
    """Return the nodes that look at recorded images again: no robot, no gate, nothing moves."""
    return [_source(procedure, source, loop=True), _guidance(procedure)]


def _source(procedure: Procedure, source: str, *, loop: bool) -> NodeSpec:
    told = {"procedure": procedure.name, "modality": procedure.modality, "source": source}
    urgent = {"realtime": True} if procedure.realtime else {}
    return NodeSpec("source_node", {"source": told | {"loop": loop} | urgent})


def _guidance(procedure: Procedure) -> NodeSpec:
    tracker = procedure.told | {"backend": procedure.backend}
    return NodeSpec("guidance_node", {"tracker": tracker, "planner": procedure.told})


def _robot(procedure: Procedure) -> NodeSpec:
    told = procedure.told | {"sim_level": procedure.sim_level}
    if procedure.sim_level == 1:  # Gazebo publishes no description: its world is made to this one
        told |= {"controller.description_file": str(URDF)}
    return NodeSpec("robot_node", {"robot": told})


def _guided(procedure: Procedure, bag: str) -> list[NodeSpec]:
    return [
        _guidance(procedure),
        _robot(procedure),
        _recorder(procedure, bag),
    ]


def _recorder(procedure: Procedure, bag: str) -> NodeSpec:
    return NodeSpec("recorder_node", {"recorder": procedure.told | {"file": bag}})


def parameters_of(specs: list[NodeSpec]) -> dict[str, dict[str, object]]:
    """Return the parameters of all nodes in the form of a ROS parameter file, whatever their namespace."""
    told: dict[str, dict[str, object]] = {}
    for spec in specs:
        for node, values in spec.parameters.items():
            told[f"/**/{node}"] = {"ros__parameters": dict(values)}
    return told
