# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The phantom check from end to end: a hand drives to known points, and the robot's own error decides."""

from __future__ import annotations

import numpy as np
import pytest
from geometry_msgs.msg import Point, PoseStamped

from by_hand_rig import Keys, asked_to_move
from graph import active, node_command
from ir_guidance.kinematics import guide_pose, straight_tip
from ir_guidance.nodes import qos, topics
from ir_guidance_msgs.action import Move
from ir_guidance_msgs.srv import ApprovePlan, CheckPhantom
from rig import HOME, Rig

PLACES = [
    np.array(HOME) + np.array([x, y, 0, 0, 0, 0]) for x, y in ((0.004, 0), (0, 0.004), (0, 0))
]
CODES = CheckPhantom.Response


def point(place_m):
    x, y, z = (float(value) for value in place_m)
    return Point(x=x, y=y, z=z)


def check(graph, known_m, measured_m, name="a person"):
    request = CheckPhantom.Request(
        operator_name=name, known=point(known_m), measured=point(measured_m)
    )
    return graph.call(CheckPhantom, topics.CHECK_PHANTOM, request)


@pytest.mark.parametrize(("limit_m", "passes"), [(0.004, True), (0.00001, False)])
def test_the_robot_is_armed_only_if_the_tip_came_to_where_it_was_sent(
    start, graph, limit_m, passes
):
    """The drive's mounting error, which its encoders do not see, is what the check finds."""
    words = ("-p", "gate.phantom_points:=3", "-p", f"gate.phantom_error_m:={limit_m:.5f}")
    active(start(node_command("robot", *words)), "/robot")
    rig, poses = Rig(graph), graph.heard(PoseStamped, topics.MEASURED_CP, qos.STREAM)
    graph.until(lambda: poses, "the gate knows where the drive is")
    rig.show()
    graph.until(
        lambda: rig.approve().error_code == ApprovePlan.Response.STOPPED, "it wants a check"
    )
    keys = Keys(graph, rig)
    for place in PLACES:
        known_m = straight_tip(guide_pose(place))
        moved = asked_to_move(graph, place, eps_m=0.0002, eps_rad=0.002)
        found = keys.hold_until(moved, "the move to end")
        assert found.error_code == Move.Result.OK, found.message
        keys.let_go()
        graph.until(lambda: not any(rig.told[-1].velocity), "it rests")
        graph.spin(0.1)
        tip_m = straight_tip(guide_pose(rig.drive.true_joints))
        answer = check(graph, known_m, tip_m)
        assert answer.error_code == CODES.OK, answer.message
        assert answer.error_m == pytest.approx(np.linalg.norm(tip_m - known_m))
    assert (answer.points, answer.passed) == (3, passes)
    assert answer.worst_m > 0.0001
    assert rig.approve().accepted == passes


def test_a_point_that_was_not_driven_to_says_nothing(start, graph):
    active(start(node_command("robot", "-p", "gate.phantom_points:=1")), "/robot")
    rig = Rig(graph)
    here_m = straight_tip(guide_pose(np.array(HOME)))
    graph.until(lambda: check(graph, here_m, here_m, "").error_code == CODES.INVALID, "a robot")
    assert check(graph, here_m + 0.01, here_m).error_code == CODES.NOT_THERE
    assert check(graph, here_m, [np.nan, 0.0, 0.0]).error_code == CODES.INVALID
    assert check(graph, here_m, here_m).points == 1
    rig.approved()
