# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Which nodes run at which level, and what each is told of the robot."""

from __future__ import annotations

import pytest

from ir_guidance.nodes.graph import JOINT_STATES, Procedure, procedure_room, simulation
from ir_guidance.robot.model import URDF


def told(specs):
    """Return what every node is told, by its name."""
    return {node: values for spec in specs for node, values in spec.parameters.items()}


def test_at_level_0_the_rooms_own_robot_moves():
    nodes = told(simulation(Procedure("biopsy"), 3, bag="x.mcap"))
    assert "joints_from" not in nodes["room"]
    assert nodes["robot"]["sim_level"] == 0


@pytest.mark.parametrize("level", [1, 2])
def test_above_it_the_rooms_needle_goes_with_the_joints_that_are_reported(level):
    nodes = told(simulation(Procedure("biopsy", sim_level=level), 3, bag="x.mcap"))
    assert nodes["room"]["joints_from"] == JOINT_STATES
    assert nodes["robot"]["sim_level"] == level


def test_gazebos_limits_are_read_from_the_urdf_and_hardwares_from_the_hardware():
    robots = [
        told(simulation(Procedure("biopsy", sim_level=level), 0, bag="x.mcap"))["robot"]
        for level in (1, 2)
    ]
    assert robots[0]["controller.description_file"] == str(URDF)
    assert "controller.description_file" not in robots[1]


@pytest.mark.parametrize(
    ("level", "room"),
    [
        (0, {"images": False, "shadow": False}),
        (2, None),
        (3, {"images": False, "shadow": True}),
    ],
)
def test_under_real_images_the_simulated_robot_is_the_robot_or_a_shadow_or_absent(level, room):
    nodes = told(procedure_room(Procedure("biopsy", sim_level=level), "film.avi", bag="x.mcap"))
    assert nodes["robot"]["sim_level"] == level
    if room is None:
        assert "room" not in nodes
    else:
        assert nodes["room"] == {"procedure": "biopsy"} | room
