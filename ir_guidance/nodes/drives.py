# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""How the gate's commands reach a robot: to the room's drive, or to a joint trajectory controller."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path
from typing import Protocol

import rclpy
from builtin_interfaces.msg import Duration
from pydantic import Field
from rclpy.lifecycle import LifecycleNode
from rclpy.wait_for_message import wait_for_message
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from ir_guidance.kinematics import JOINTS, RobotLimits
from ir_guidance.nodes import conversions, mirrors, qos, topics
from ir_guidance.nodes.conversions import ConversionError
from ir_guidance.nodes.running import steady_ns
from ir_guidance.robot import ControlledRobot
from ir_guidance.robot.model import ModelError, joint_limits
from ir_guidance.robot.trajectory import TrajectoryPoint, within_hardware
from ir_guidance.settings import Settings
from ir_guidance.values import NS_PER_MS, NS_PER_S, Command, RobotState
from ir_guidance_msgs.msg import Command as CommandMsg
from ir_guidance_msgs.msg import RobotState as RobotStateMsg

APART_NS = 4 * NS_PER_MS
"""Between two joint states that are taken: the gate decides every 10 ms, some controllers report every one."""


class SimLevel(IntEnum):
    """What moves: the room's embedded robot, Gazebo's, hardware, or hardware that a simulation shadows."""

    EMBEDDED = 0
    GAZEBO = 1
    HARDWARE = 2
    SHADOWED = 3


class ControllerSettings(Settings):
    """Where the joint trajectory controller is, and where the hardware says what it can do."""

    name: str = Field("needle_controller", min_length=1, description="Of the controller.")
    joint_states: str = Field("joint_states", min_length=1, description="Topic of the joints.")
    description_file: Path | None = Field(
        None, description="The robot's URDF; without one it is awaited on robot_description."
    )
    description_wait_s: float = Field(
        5.0, gt=0, le=60, description="How long it is awaited before the start is given up."
    )


class Drive(Protocol):
    """One robot, and the topics by which it is reached."""

    def prepare(self, limits: RobotLimits) -> RobotLimits:
        """Return the limits that hold for this robot under a profile's.

        Raises:
            ModelError: What the robot can do is not known, or is nothing that the profile allows.
        """

    def send(self, command: Command) -> None:
        """Hand a command on."""


def make_drive(
    node: LifecycleNode,
    level: SimLevel,
    controller: ControllerSettings,
    on_state: Callable[[RobotState], None],
    on_fault: Callable[[str], None],
) -> Drive:
    """Return the drive of a level; it says what is measured, and which state was none."""
    if level == SimLevel.EMBEDDED:
        return RoomDrive(node, on_state, on_fault)
    return ControllerDrive(node, level, controller, on_state)


class RoomDrive:
    """The embedded robot in the room's process, which has its own watchdog."""

    def __init__(
        self,
        node: LifecycleNode,
        on_state: Callable[[RobotState], None],
        on_fault: Callable[[str], None],
    ) -> None:
        self._on_state, self._on_fault = on_state, on_fault
        self._commands = node.create_lifecycle_publisher(CommandMsg, topics.COMMAND, qos.COMMANDS)
        node.create_subscription(RobotStateMsg, topics.ROBOT_STATE, self._take, qos.COMMANDS_TAKEN)

    def prepare(self, limits: RobotLimits) -> RobotLimits:
        """Return the profile's limits: the simulated robot is made by them."""
        return limits

    def send(self, command: Command) -> None:
        """Publish the command; the room's drive takes it or refuses it."""
        self._commands.publish(conversions.command_to_msg(command))

    def _take(self, msg: RobotStateMsg) -> None:
        try:
            state = conversions.robot_state_from_msg(msg)
        except ConversionError as error:
            self._on_fault(str(error))
            return
        self._on_state(state)


class ControllerDrive:
    """A joint trajectory controller, of Gazebo or of ros2_control.

    Whoever listens to the embedded robot hears the same of this one: commands, states, joints.
    """

    def __init__(
        self,
        node: LifecycleNode,
        level: SimLevel,
        settings: ControllerSettings,
        on_state: Callable[[RobotState], None],
    ) -> None:
        self._node, self._settings, self._on_state = node, settings, on_state
        self._simulated = level == SimLevel.GAZEBO
        self._robot: ControlledRobot | None = None
        self._taken_ns = 0
        publisher = node.create_lifecycle_publisher
        self._trajectories = publisher(
            JointTrajectory, f"{settings.name}/joint_trajectory", qos.COMMANDS
        )
        self._commands = publisher(CommandMsg, topics.COMMAND, qos.COMMANDS)
        self._states = publisher(RobotStateMsg, topics.ROBOT_STATE, qos.COMMANDS)
        self._joints = publisher(JointState, topics.MEASURED_JS, qos.STREAM)
        node.create_subscription(
            JointState, settings.joint_states, self._measure, qos.COMMANDS_TAKEN
        )

    def prepare(self, limits: RobotLimits) -> RobotLimits:
        """Read what the hardware can do and keep to the narrower of both."""
        kept = within_hardware(limits, joint_limits(self._description(), JOINTS))
        self._robot = ControlledRobot(self._publish, kept)
        return kept

    def _description(self) -> str:
        file, wait_s = self._settings.description_file, self._settings.description_wait_s
        if file is not None:
            try:
                return file.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise ModelError(f"robot description: {file}: {error}") from None
        # The node's own executor stands still while it is configured: another node listens.
        listener = rclpy.create_node(
            f"{self._node.get_name()}_description",
            context=self._node.context,
            namespace=self._node.get_namespace(),
            use_global_arguments=False,
        )
        try:
            topic, wanted = topics.ROBOT_DESCRIPTION, qos.LATCHED
            found, msg = wait_for_message(
                String, listener, topic, qos_profile=wanted, time_to_wait=wait_s
            )
        finally:
            listener.destroy_node()
        if not found:
            raise ModelError(
                f"the hardware's limits are not known: nothing on {topics.ROBOT_DESCRIPTION} within "
                f"{wait_s:g} s; start robot_state_publisher, or give controller.description_file"
            )
        return msg.data

    def send(self, command: Command) -> None:
        """Send the command on as a trajectory, and say so to whoever looks on."""
        if self._robot is None:
            return
        if self._robot.send(command, steady_ns()) is None:
            why = "a command was not sent: too late, or more than the hardware can do"
            self._node.get_logger().warning(why, throttle_duration_sec=1.0)
            return
        self._commands.publish(conversions.command_to_msg(command))

    def _publish(self, points: tuple[TrajectoryPoint, ...]) -> None:
        msg = JointTrajectory(joint_names=list(JOINTS), points=[_point(each) for each in points])
        # Stamped, a trajectory that was kept on the way is refused as ended; Gazebo has a clock of its own.
        if not self._simulated:
            msg.header = conversions.header(time.time_ns(), "")
        self._trajectories.publish(msg)

    def _measure(self, msg: JointState) -> None:
        if self._robot is None:
            return
        now_ns, now_wall_ns = steady_ns(), time.time_ns()
        if now_ns - self._taken_ns < APART_NS:
            return
        self._taken_ns = now_ns
        stamp_ns = conversions.stamp_from_msg(msg.header.stamp)
        # Hardware stamps by the wall clock, so that what was kept on the way is seen to be old.
        age_ns = 0 if self._simulated else now_wall_ns - stamp_ns
        refused = self._robot.measure(
            dict(zip(msg.name, msg.position, strict=False)),
            dict(zip(msg.name, msg.velocity, strict=False)),
            stamp_ns,
            now_ns - age_ns,
        )
        if refused:
            self._node.get_logger().warning(
                f"{self._settings.joint_states}: {refused}", throttle_duration_sec=1.0
            )
            return
        state = self._robot.state()
        self._on_state(state)
        self._states.publish(conversions.robot_state_to_msg(state, now_wall_ns - age_ns))
        self._joints.publish(
            mirrors.joint_state(state.position, state.velocity, now_wall_ns - age_ns)
        )


def _point(point: TrajectoryPoint) -> JointTrajectoryPoint:
    seconds, nanoseconds = divmod(point.after_ns, NS_PER_S)
    return JointTrajectoryPoint(
        positions=array("d", point.position),
        velocities=array("d", point.velocity),
        time_from_start=Duration(sec=seconds, nanosec=nanoseconds),
    )
