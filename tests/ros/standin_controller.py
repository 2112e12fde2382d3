# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A process that stands in for ros2_control: a joint trajectory controller, its joints and its description.

It is no ros2_control: it plays trajectories as that documents, with an arm that follows exactly.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import rclpy
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from trajectory_msgs.msg import JointTrajectory

from ir_guidance.kinematics import JOINTS
from ir_guidance.nodes import conversions, qos
from ir_guidance.robot import DriveSettings
from ir_guidance.robot.model import URDF
from ir_guidance.values import NS_PER_S
from trajectory_player import TrajectoryPlayer

RATE_HZ = 200.0
ORDER = (*reversed(JOINTS),)  # a broadcaster's order is its own


class StandInController(Node):
    """Plays what comes on needle_controller/joint_trajectory and says where the joints are."""

    def __init__(self) -> None:
        super().__init__("standin_controller")
        self._player = TrajectoryPlayer(np.array(DriveSettings().home))
        self._joints = self.create_publisher(JointState, "joint_states", 10)
        description = self.create_publisher(String, "robot_description", qos.LATCHED)
        description.publish(String(data=URDF.read_text("utf-8")))
        topic = "needle_controller/joint_trajectory"
        self.create_subscription(JointTrajectory, topic, self._play, 10)
        self.create_timer(1 / RATE_HZ, self._tell)

    def _play(self, msg: JointTrajectory) -> None:
        at = [msg.joint_names.index(name) for name in JOINTS]
        points = [
            (
                point.time_from_start.sec + point.time_from_start.nanosec / NS_PER_S,
                np.array(point.positions)[at],
                np.array(point.velocities)[at],
            )
            for point in msg.points
        ]
        start_ns = conversions.stamp_from_msg(msg.header.stamp) or None
        self._player.play(points, time.time_ns(), start_ns)

    def _tell(self) -> None:
        now_ns = time.time_ns()
        position, velocity = self._player.at(now_ns)
        at = [JOINTS.index(name) for name in ORDER]
        self._joints.publish(
            JointState(
                header=conversions.header(now_ns, ""),
                name=list(ORDER),
                position=position[at].tolist(),
                velocity=velocity[at].tolist(),
            )
        )


if __name__ == "__main__":
    rclpy.init(args=sys.argv)
    rclpy.spin(StandInController())
