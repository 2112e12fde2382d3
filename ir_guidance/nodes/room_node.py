# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The simulated world: patient, breath, needle, imaging, and the embedded robot with its watchdog."""

from __future__ import annotations

import sys
import time
from dataclasses import replace

from pydantic import Field
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from sensor_msgs.msg import CameraInfo, Image, JointState
from std_msgs.msg import UInt8
from std_srvs.srv import Trigger

from ir_guidance.kinematics import guide_pose
from ir_guidance.nodes import conversions, mirrors, qos, topics
from ir_guidance.nodes.conversions import ConversionError, Delivery
from ir_guidance.nodes.parameters import OPTIONS, NodeSettings, read_settings
from ir_guidance.nodes.realtime import IMAGES
from ir_guidance.nodes.room_camera import Camera, Shot
from ir_guidance.nodes.running import STEADY, reported, run, steady_ns
from ir_guidance.robot import EmbeddedRobot, HeardRobot
from ir_guidance.room import RoomSettings
from ir_guidance.room.fluoroscopy_room import FluoroscopyRoom, FluoroscopyRoomSettings
from ir_guidance.room.modality import AnyRoom, frame_of, frame_rate_hz, make_room
from ir_guidance.room.patient import Room
from ir_guidance.room.patients import ultrasound_patient
from ir_guidance.room.sight import sight
from ir_guidance.values import NS_PER_S, Pixels
from ir_guidance.values import CarmGeometry as CarmGeometryValue
from ir_guidance_msgs.msg import (
    CarmGeometry,
    Command,
    FluoroscopyFrame,
    FrameInfo,
    GroundTruth,
    ProbeGeometry,
    RobotState,
)


class RoomNodeSettings(NodeSettings):
    """Which patient, how often seen."""

    seed: int = Field(0, ge=0, description="Draws patient, breath, needle and every error.")
    frame_rate_hz: float = Field(
        0.0, ge=0, le=100, description="Images a second; 0: as the simulated machine makes them."
    )
    rendering_share: float = Field(
        0.35,
        gt=0,
        le=1,
        description="Where rendering would take more of the time than this, images are left out, to one in 50 ms.",
    )
    state_rate_hz: float = Field(100.0, ge=50, le=500, description="Robot states a second.")
    images: bool = Field(True, description="False: the robot alone, under images from elsewhere.")
    joints_from: str = Field(
        "",
        description="Topic of the joints of a robot that moves elsewhere; empty: the embedded one.",
    )
    shadow: bool = Field(
        False, description="True: the embedded robot goes along with another and reports apart."
    )
    room: RoomSettings = RoomSettings()
    fluoroscopy: FluoroscopyRoomSettings = FluoroscopyRoomSettings()


class RoomNode(LifecycleNode):
    """Publishes images, frame information, robot state and ground truth; takes commands."""

    def __init__(self, **options: object) -> None:
        super().__init__("room", **(OPTIONS | options))
        self.settings, self._profile = read_settings(self, RoomNodeSettings)
        self._images = self.create_lifecycle_publisher(Image, topics.IMAGE, qos.IMAGES_OFFERED)
        self._infos = self.create_lifecycle_publisher(FrameInfo, topics.FRAME_INFO, qos.STREAM)
        self._probes = self.create_publisher(ProbeGeometry, topics.PROBE_GEOMETRY, qos.LATCHED)
        self._carms = self.create_publisher(CarmGeometry, topics.CARM_GEOMETRY, qos.LATCHED_VIEWS)
        self._cameras = self.create_lifecycle_publisher(CameraInfo, topics.CAMERA_INFO, qos.STREAM)
        self._wholes = self.create_lifecycle_publisher(
            FluoroscopyFrame, topics.FLUOROSCOPY_FRAME, qos.IMAGES_OFFERED
        )
        self._truths = self.create_lifecycle_publisher(GroundTruth, topics.GROUND_TRUTH, qos.STREAM)
        self._room: AnyRoom | None = None
        self._robot: EmbeddedRobot | HeardRobot | None = None
        self._connect_robot()
        self._camera: Camera | None = None
        self._timers_running: list = []
        self._pulses, self._wanted = 0, 1
        self.create_subscription(UInt8, topics.PULSES_WANTED, self._on_pulses_wanted, qos.LATCHED)
        self.create_service(Trigger, topics.SWEEP_PROBE, self._on_sweep)

    def _connect_robot(self) -> None:
        """Take commands and report as the robot; a robot elsewhere does both itself."""
        own, publisher = self.settings, self.create_lifecycle_publisher
        if own.joints_from:
            wanted = qos.COMMANDS_TAKEN
            self.create_subscription(JointState, own.joints_from, self._on_joints, wanted)
            return
        self.create_subscription(Command, topics.COMMAND, self._on_command, qos.COMMANDS_TAKEN)
        joints = topics.SHADOW_JS if own.shadow else topics.MEASURED_JS
        self._joints = publisher(JointState, joints, qos.STREAM)
        if not own.shadow:
            self._states = publisher(RobotState, topics.ROBOT_STATE, qos.COMMANDS)

    @reported
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        own, profile = self.settings, self._profile
        self._room = make_room(
            profile.modality,
            own.seed,
            ultrasound_patient(profile.name, own.room),
            own.fluoroscopy,
            profile.views,
        )
        if own.joints_from:
            self._robot, moved_by = HeardRobot(profile.drive, own.seed), own.joints_from
        else:
            self._robot = EmbeddedRobot(profile.drive, profile.limits, own.seed, steady_ns())
            moved_by = f"the embedded robot, {profile.drive.physics}"
        self.get_logger().info(
            f"room {own.seed}: {profile.name} by {profile.modality}, moved by {moved_by}"
        )
        return TransitionCallbackReturn.SUCCESS

    @reported
    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._started_ns = steady_ns()
        self._frames = self._dropped = 0
        self._timers_running = [
            self.create_timer(1 / self.settings.state_rate_hz, self._tick, clock=STEADY),
        ]
        result = super().on_activate(state)
        if self.settings.images:
            self._start_imaging()
        return result

    def _start_imaging(self) -> None:
        now_ns = time.time_ns()
        if isinstance(self._room, FluoroscopyRoom):
            for view, geometry in enumerate(self._room.geometries):
                self._carms.publish(conversions.carm_geometry_to_msg(geometry, now_ns, view))
        else:
            self._probes.publish(conversions.probe_geometry_to_msg(self._room.geometry, now_ns))
        self._camera = Camera(self._room, self._send_frame, self.settings.rendering_share)
        period_s = 1 / (self.settings.frame_rate_hz or frame_rate_hz(self._room))
        self._timers_running.append(self.create_timer(period_s, self._take_frame, clock=STEADY))

    @reported
    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._rest()
        return super().on_deactivate(state)

    @reported
    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._room = self._robot = None
        return TransitionCallbackReturn.SUCCESS

    @reported
    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._rest()
        return TransitionCallbackReturn.SUCCESS

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._rest()
        return TransitionCallbackReturn.SUCCESS

    def _rest(self) -> None:
        for timer in self._timers_running:
            self.destroy_timer(timer)
        self._timers_running = []
        if self._camera is not None:
            self._camera.close()
            self._camera = None

    def _on_command(self, msg: Command) -> None:
        if not isinstance(self._robot, EmbeddedRobot):
            return
        try:
            command = conversions.command_from_msg(msg)
        except ConversionError as error:
            self.get_logger().error(f"command refused: {error}", throttle_duration_sec=1.0)
            return
        now_ns = steady_ns()
        self._robot.step(now_ns)
        self._robot.send(command, now_ns)

    def _on_pulses_wanted(self, msg: UInt8) -> None:
        if msg.data:
            self._wanted = msg.data

    def _on_sweep(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        """Move the probe as the sonographer would who is asked to."""
        response.success = isinstance(self._room, Room) and self._room.sweep_probe()
        response.message = "" if response.success else "there is no probe here that could be swept"
        return response

    def _on_joints(self, msg: JointState) -> None:
        position = dict(zip(msg.name, msg.position, strict=False))
        if isinstance(self._robot, HeardRobot) and not self._robot.hear(position):
            why = f"{self.settings.joints_from}: not the positions of all joints"
            self.get_logger().warning(why, throttle_duration_sec=1.0)

    def _move_on(self) -> int:
        """Bring robot and room to the present; return it."""
        now_ns = steady_ns()
        self._robot.step(now_ns)
        self._room.step((now_ns - self._started_ns) / NS_PER_S, guide_pose(self._robot.true_joints))
        self._robot.feel(self._room.force_n)
        return now_ns

    def _tick(self) -> None:
        self._move_on()
        if isinstance(self._robot, HeardRobot):
            return
        state, stamp_ns = self._robot.state(), time.time_ns()
        if not self.settings.shadow:
            self._states.publish(conversions.robot_state_to_msg(state, stamp_ns))
        self._joints.publish(mirrors.joint_state(state.position, state.velocity, stamp_ns))

    def _take_frame(self) -> None:
        """Acquire: what the image will show is what is there now; it is rendered beside us.

        A pulse that nobody wants is left out, and its dose with it. So is one for which there is no time: a scanner
        of its own would leave this machine to those who look at its images.
        """
        self._pulses += 1
        if self._pulses % self._wanted or not self._camera.is_rested(steady_ns()):
            return
        now_ns, stamp_ns = self._move_on(), time.time_ns()
        seen = sight(self._room) | {"touched_obstacle": self._room.touched_obstacle}
        truth = replace(self._room.truth(now_ns), extra=seen)
        self._truths.publish(conversions.truth_to_msg(truth, stamp_ns))
        self._frames += 1
        if not self._camera.take((self._room.snapshot(), self._frames, stamp_ns, now_ns)):
            self._dropped += 1

    def _send_frame(self, shot: Shot, pixels: Pixels) -> None:
        snapshot, sequence, stamp_ns, acquired_ns = shot
        frame = frame_of(self._room, snapshot, pixels, sequence, stamp_ns, acquired_ns)
        delivery = Delivery(steady_ns(), dropped=self._dropped)
        image, info = conversions.frame_to_msg(frame, delivery)
        self._infos.publish(info)
        self._images.publish(image)
        if isinstance(frame.geometry, CarmGeometryValue):
            camera = mirrors.camera_info(frame.geometry, pixels.shape, stamp_ns)
            self._cameras.publish(camera)
            if self._wholes.get_subscription_count():
                self._wholes.publish(conversions.fluoroscopy_frame_to_msg(frame, delivery))


def main(args: list[str] | None = None) -> None:
    """Run the room until it is interrupted."""
    sys.exit(run(lambda: [RoomNode()], args, priority=IMAGES))


if __name__ == "__main__":
    main()
