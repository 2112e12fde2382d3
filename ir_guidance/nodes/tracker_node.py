# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Track and localise: images in, tracks and fixes out."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable

import numpy as np
from geometry_msgs.msg import PoseWithCovarianceStamped
from pydantic import Field, field_validator
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from sensor_msgs.msg import Image

from ir_guidance.nodes import conversions, mirrors, qos, topics
from ir_guidance.nodes.conversions import ConversionError
from ir_guidance.nodes.diagnosis import StageDiagnosis
from ir_guidance.nodes.parameters import OPTIONS, NodeSettings, read_settings
from ir_guidance.nodes.running import reported, run, steady_ns
from ir_guidance.pipeline import RobotHistory, See
from ir_guidance.track import BACKENDS, make_tracker
from ir_guidance.values import NS_PER_MS, Fix, Frame, Modality, Track
from ir_guidance.values import CarmGeometry as CarmGeometryValue
from ir_guidance.values import ProbeGeometry as ProbeGeometryValue
from ir_guidance_msgs.msg import CarmGeometry, FrameInfo, ProbeGeometry, RobotState
from ir_guidance_msgs.msg import Fix as FixMsg
from ir_guidance_msgs.msg import Track as TrackMsg
from ir_guidance_msgs.srv import SelectTarget

INFOS_KEPT = 30  # frame information waits for its image this long, in frames

OnFix = Callable[[Fix, dict[str, float]], None]


class TrackerNodeSettings(NodeSettings):
    """How images become tracks."""

    backend: str = Field("classical", description="Which tracker; chosen at start, never switched.")
    overlay_rate_hz: float = Field(
        5.0, ge=0.1, le=30, description="Display copies, only when watched."
    )

    @field_validator("backend")
    @classmethod
    def _is_known(cls, backend: str) -> str:
        if backend not in BACKENDS:
            raise ValueError(f"choose one of: {', '.join(BACKENDS)}")
        return backend


class TrackerNode(LifecycleNode):
    """Subscribes to images and the robot's state; publishes ``track``, ``fix`` and their mirrors."""

    def __init__(self, **options: object) -> None:
        super().__init__("tracker", **(OPTIONS | options))
        self.settings, self.profile = read_settings(self, TrackerNodeSettings)
        self.on_fix: OnFix | None = None
        self._see: See | None = None
        self._sees: dict[Modality, See] = {}
        self._history = RobotHistory()
        self._infos: deque[FrameInfo] = deque(maxlen=INFOS_KEPT)
        self._waiting: tuple[Image, int] | None = None
        self._geometry: ProbeGeometryValue | CarmGeometryValue | None = None
        self._active = False
        self._last_sequence: int | None = None
        self._frame: Frame | None = None
        self._overlay_ns = 0
        self.dropped = self.frames = 0
        self._make_publishers()
        self._make_subscriptions()
        self._diagnosis = StageDiagnosis(self, self.profile.budget)
        self.create_service(SelectTarget, topics.SELECT_TARGET, self._on_select)

    def _make_publishers(self) -> None:
        publisher = self.create_lifecycle_publisher
        self._tracks = publisher(TrackMsg, topics.TRACK, qos.STREAM)
        self._fixes = publisher(FixMsg, topics.FIX, qos.STREAM)
        self._tips = publisher(PoseWithCovarianceStamped, topics.NEEDLE_POSE, qos.STREAM)
        self._targets = publisher(PoseWithCovarianceStamped, topics.TARGET_POSE, qos.STREAM)
        self._overlays = publisher(Image, topics.OVERLAY, qos.IMAGES_OFFERED)
        kind = mirrors.TFMessage
        self._transforms = None if kind is None else publisher(kind, topics.TF, qos.STREAM)

    def _make_subscriptions(self) -> None:
        subscribe = self.create_subscription
        subscribe(Image, topics.IMAGE, self._on_image, qos.IMAGES_WANTED)
        subscribe(FrameInfo, topics.FRAME_INFO, self._on_info, qos.STREAM)
        subscribe(ProbeGeometry, topics.PROBE_GEOMETRY, self._on_probe, qos.LATCHED)
        subscribe(CarmGeometry, topics.CARM_GEOMETRY, self._on_carm, qos.LATCHED)
        subscribe(RobotState, topics.ROBOT_STATE, self._on_robot, qos.COMMANDS_TAKEN)

    @reported
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._sees = {}
        self._see_for(self.profile.modality)
        return TransitionCallbackReturn.SUCCESS

    @reported
    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._active = True
        return super().on_activate(state)

    @reported
    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._active = False
        return super().on_deactivate(state)

    @reported
    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._see, self._sees = None, {}
        return TransitionCallbackReturn.SUCCESS

    @reported
    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._active = False
        return TransitionCallbackReturn.SUCCESS

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._active = False
        return TransitionCallbackReturn.SUCCESS

    def _see_for(self, modality: Modality) -> See:
        """Return the stages for a modality; made once, before the first frame where it is known."""
        if modality not in self._sees:
            tracker = make_tracker(self.settings.backend, modality, self.profile.track)
            self._sees[modality] = See(tracker, self.profile, steady_ns)
        return self._sees[modality]

    def _on_probe(self, msg: ProbeGeometry) -> None:
        self._take_geometry(conversions.probe_geometry_from_msg, msg)

    def _on_carm(self, msg: CarmGeometry) -> None:
        self._take_geometry(conversions.carm_geometry_from_msg, msg)

    def _take_geometry(self, convert, msg) -> None:
        try:
            self._geometry = convert(msg)
        except ConversionError as error:
            self._geometry = (
                None  # a wrong geometry is worse than none: without one there is no fix
            )
            self.get_logger().error(str(error))

    def _on_robot(self, msg: RobotState) -> None:
        try:
            self._history.add(conversions.robot_state_from_msg(msg))
        except ConversionError as error:
            self.get_logger().error(str(error), throttle_duration_sec=1.0)

    def _on_info(self, msg: FrameInfo) -> None:
        self._infos.append(msg)
        if self._waiting is not None and self._waiting[0].header.stamp == msg.header.stamp:
            (image, arrived_ns), self._waiting = self._waiting, None
            self._on_pair(image, msg, arrived_ns)

    def _on_image(self, msg: Image) -> None:
        arrived_ns = steady_ns()
        if not self._active:
            return
        for info in reversed(self._infos):
            if info.header.stamp == msg.header.stamp:
                self._on_pair(msg, info, arrived_ns)
                return
        self._waiting = (
            msg,
            arrived_ns,
        )  # the newest image waits; an older one that waited is dropped

    def _on_pair(self, image: Image, info: FrameInfo, arrived_ns: int) -> None:
        geometry = self._geometry if info.geometry_epoch else None  # what was before is another's
        try:
            frame = conversions.frame_from_msg(image, info, geometry)
        except ConversionError as error:
            self.get_logger().warning(f"frame refused: {error}", throttle_duration_sec=1.0)
            return
        if self._last_sequence is not None:
            if frame.sequence == self._last_sequence:
                return
            if frame.sequence > self._last_sequence:
                self.dropped += frame.sequence - self._last_sequence - 1
        self._last_sequence, self._frame = frame.sequence, frame
        self.frames += 1
        self._see = self._see_for(frame.modality)
        track, fix = self._see.step(frame, self._history.at(frame.acquired_steady_ns))
        stage_ms = {
            "source": (info.host_steady_ns - info.acquired_steady_ns) / NS_PER_MS,
            "image_hop": (arrived_ns - info.host_steady_ns) / NS_PER_MS,
        } | self._see.stopwatch.stage_ms
        if fix is not None and self.on_fix is not None:
            self.on_fix(fix, stage_ms)  # first what the needle waits for, then what people look at
        self._publish(frame, track, fix)
        self._diagnosis.add(stage_ms)

    def _publish(self, frame: Frame, track: Track, fix: Fix | None) -> None:
        self._tracks.publish(conversions.track_to_msg(track, mirrors.IMAGE_FRAMES[frame.modality]))
        if fix is not None:
            self._fixes.publish(conversions.fix_to_msg(fix))
            self._tips.publish(mirrors.tip_pose(fix))
            self._show_frames(fix)
            if fix.target_m is not None:
                self._targets.publish(mirrors.target_pose(fix))
        due = frame.acquired_steady_ns - self._overlay_ns >= 1e9 / self.settings.overlay_rate_hz
        if due and self._overlays.get_subscription_count():
            self._overlay_ns = frame.acquired_steady_ns
            self._overlays.publish(mirrors.overlay(frame, track))

    def _show_frames(self, fix: Fix) -> None:
        """Put tip and image plane on ``/tf``, for viewers."""
        if self._transforms is None or not isinstance(self._geometry, ProbeGeometryValue):
            return
        image = self._geometry.base_from_image
        frames = [
            mirrors.transform(image, "base_link", "us_image_optical", fix.stamp_ns),
            mirrors.transform(mirrors.tip_frame(fix), "base_link", "needle_tip", fix.stamp_ns),
        ]
        self._transforms.publish(mirrors.tf_message(frames))

    def _on_select(
        self, request: SelectTarget.Request, response: SelectTarget.Response
    ) -> SelectTarget.Response:
        code, message = self._select(request.u_px, request.v_px)
        response.accepted = code == SelectTarget.Response.OK
        response.error_code, response.message = code, message
        return response

    def _select(self, u_px: float, v_px: float) -> tuple[int, str]:
        codes = SelectTarget.Response
        if self._frame is None or self._see is None:
            return codes.NO_IMAGE, "no image has arrived yet"
        if not np.isfinite([u_px, v_px]).all():
            return codes.INVALID, "the point is not finite"
        rows, columns = self._frame.pixels.shape[:2]
        if not (0 <= u_px < columns and 0 <= v_px < rows):
            return (
                codes.OUTSIDE_IMAGE,
                f"({u_px:.0f}, {v_px:.0f}) lies outside {columns} x {rows} pixels",
            )
        self._see.select_target(np.array([u_px, v_px]))
        return codes.OK, ""


def main(args: list[str] | None = None) -> None:
    """Run the tracker alone until it is interrupted."""
    sys.exit(run(lambda: [TrackerNode()], args))


if __name__ == "__main__":
    main()
