# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Track and localise: images in, tracks and fixes out."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable

from geometry_msgs.msg import PoseWithCovarianceStamped
from pydantic import Field, field_validator
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from sensor_msgs.msg import Image

from ir_guidance.correct.advise import Advice, advise
from ir_guidance.localise import ImageGeometry
from ir_guidance.nodes import conversions, mirrors, qos, topics
from ir_guidance.nodes.conversions import ConversionError
from ir_guidance.nodes.diagnosis import StageDiagnosis
from ir_guidance.nodes.parameters import OPTIONS, NodeSettings, read_settings
from ir_guidance.nodes.running import reported, run, steady_ns
from ir_guidance.nodes.target_choice import select
from ir_guidance.pipeline import See
from ir_guidance.robot_history import RobotHistory
from ir_guidance.track import BACKENDS, make_tracker
from ir_guidance.values import NS_PER_MS, Fix, Frame, Modality, Track
from ir_guidance_msgs.msg import Advice as AdviceMsg
from ir_guidance_msgs.msg import CarmGeometry, FrameInfo, ProbeGeometry, RobotState
from ir_guidance_msgs.msg import Fix as FixMsg
from ir_guidance_msgs.msg import Track as TrackMsg
from ir_guidance_msgs.srv import SelectTarget

INFOS_KEPT = 30  # frame information waits for its image this long, in frames

OnFix = Callable[[Fix, dict[str, float]], None]


class TrackerNodeSettings(NodeSettings):
    """How images become tracks."""

    backend: str = Field("auto", description="Which tracker; chosen at start, never switched.")
    threads: int = Field(
        1,
        ge=0,
        le=256,
        description="Of the tracker on a CPU; 0: every core, and none for the gate.",
    )
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
    """Subscribes to images and the robot's state; publishes ``track``, ``fix`` and their mirrors.

    Where no robot has ever spoken a person holds the needle, and ``advice`` is published instead of a fix.
    """

    def __init__(self, **options: object) -> None:
        super().__init__("tracker", **(OPTIONS | options))
        self.settings, self.profile = read_settings(self, TrackerNodeSettings)
        self.on_fix: OnFix | None = None
        self._see: See | None = None
        self._sees: dict[Modality, See] = {}
        self._history = RobotHistory()
        self._infos: deque[FrameInfo] = deque(maxlen=INFOS_KEPT)
        self._waiting: tuple[Image, int] | None = None
        self._geometries: dict[tuple[Modality, int], ImageGeometry] = {}
        self._active = False
        self._last_sequence: int | None = None
        self._frames: dict[int, Frame] = {}  # the newest of each view
        self._shown_ns = 0
        self.dropped = self.frames = 0
        self._make_publishers()
        self._make_subscriptions()
        self._diagnosis = StageDiagnosis(self, self.profile.budget)
        self.create_service(SelectTarget, topics.SELECT_TARGET, self._on_select)

    def _make_publishers(self) -> None:
        publisher = self.create_lifecycle_publisher
        self._tracks = publisher(TrackMsg, topics.TRACK, qos.STREAM)
        self._advices = publisher(AdviceMsg, topics.ADVICE, qos.STREAM)
        self._fixes = publisher(FixMsg, topics.FIX, qos.STREAM)
        self._tips = publisher(PoseWithCovarianceStamped, topics.NEEDLE_POSE, qos.STREAM)
        self._targets = publisher(PoseWithCovarianceStamped, topics.TARGET_POSE, qos.STREAM)
        self._overlays = publisher(Image, topics.OVERLAY, qos.IMAGES_OFFERED)
        self._heats = publisher(Image, topics.HEAT, qos.IMAGES_OFFERED)
        kind = mirrors.TFMessage
        self._transforms = None if kind is None else publisher(kind, topics.TF, qos.STREAM)

    def _make_subscriptions(self) -> None:
        subscribe = self.create_subscription
        wanted = qos.IMAGES_WANTED if self.profile.views == 1 else qos.IMAGES_WANTED_VIEWS
        subscribe(Image, topics.IMAGE, self._on_image, wanted)
        subscribe(FrameInfo, topics.FRAME_INFO, self._on_info, qos.STREAM)
        subscribe(ProbeGeometry, topics.PROBE_GEOMETRY, self._on_probe, qos.LATCHED)
        subscribe(CarmGeometry, topics.CARM_GEOMETRY, self._on_carm, qos.LATCHED_VIEWS)
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
            chosen, threads = self.settings.backend, self.settings.threads
            planes = self.profile.views if modality is Modality.FLUOROSCOPY else 1
            tracker, *others = (
                make_tracker(chosen, modality, self.profile.track, threads=threads)
                for _ in range(planes)
            )
            self._sees[modality] = See(tracker, self.profile, steady_ns, chosen, *others)
            self.get_logger().info(f"{modality}: {self._sees[modality].backend}")
        return self._sees[modality]

    def _on_probe(self, msg: ProbeGeometry) -> None:
        self._take_geometry((Modality.ULTRASOUND, 0), conversions.probe_geometry_from_msg, msg)

    def _on_carm(self, msg: CarmGeometry) -> None:
        of = Modality.FLUOROSCOPY, msg.view
        self._take_geometry(of, conversions.carm_geometry_from_msg, msg)

    def _take_geometry(self, of: tuple[Modality, int], convert, msg) -> None:
        # A wrong geometry is worse than none: without one there is no fix.
        self._geometries.pop(of, None)
        try:
            self._geometries[of] = convert(msg)
        except ConversionError as error:
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
        modality = conversions.MODALITIES.get(info.modality)
        # Without an epoch a geometry that came before is another source's.
        geometry = self._geometries.get((modality, info.view)) if info.geometry_epoch else None
        try:
            frame = conversions.frame_from_msg(image, info, geometry)
            see = self._see_for(frame.modality)
            if frame.view >= see.views:
                raise ValueError(f"it is of plane {frame.view + 1}, and {see.views} are looked at")
        except ValueError as error:
            self.get_logger().warning(f"frame refused: {error}", throttle_duration_sec=1.0)
            return
        if self._last_sequence is not None:
            if frame.sequence == self._last_sequence:
                return
            if frame.sequence > self._last_sequence:
                self.dropped += frame.sequence - self._last_sequence - 1
        before = self._frames.get(frame.view)
        if before is not None and frame.acquired_steady_ns < before.acquired_steady_ns:
            self.dropped += 1  # a tracker remembers what came before, and cannot go back
            return
        self._last_sequence, self._frames[frame.view] = frame.sequence, frame
        self.frames += 1
        self._see = see
        track, fix = see.step(frame, self._history.at(frame.acquired_steady_ns))
        stage_ms = {
            "source": (info.host_steady_ns - info.acquired_steady_ns) / NS_PER_MS,
            "image_hop": (arrived_ns - info.host_steady_ns) / NS_PER_MS,
        } | see.stopwatch.stage_ms
        if fix is not None and self.on_fix is not None:
            self.on_fix(fix, stage_ms)  # first what the needle waits for, then what people look at
        self._publish(frame, track, fix)
        self._diagnosis.add(stage_ms)
        see.catch_up()

    def _publish(self, frame: Frame, track: Track, fix: Fix | None) -> None:
        image_frame = mirrors.IMAGE_FRAMES[frame.modality]
        self._tracks.publish(conversions.track_to_msg(track, image_frame, self._see.backend))
        advice = self._advise(frame, track)
        if advice is not None:
            self._advices.publish(conversions.advice_to_msg(advice, track, image_frame))
        if fix is not None:
            self._fixes.publish(conversions.fix_to_msg(fix))
            self._tips.publish(mirrors.tip_pose(fix))
            if self._transforms is not None and frame.view == 0:
                self._transforms.publish(mirrors.scene(fix, frame.geometry))
            if fix.target_m is not None:
                self._targets.publish(mirrors.target_pose(fix))
        due = frame.acquired_steady_ns - self._shown_ns
        if frame.view == 0 and due >= 1e9 / self.settings.overlay_rate_hz:
            self._shown_ns = frame.acquired_steady_ns
            self._show(frame, track, advice)

    def _advise(self, frame: Frame, track: Track) -> Advice | None:
        """Return what a person who holds the needle is told; nothing once a robot has spoken, alive or not."""
        if self._history.newest is not None or frame.spacing_m is None:
            return None
        return advise(track, frame.spacing_m)

    def _show(self, frame: Frame, track: Track, advice: Advice | None) -> None:
        """Publish what people look at, where somebody does."""
        if self._overlays.get_subscription_count():
            self._overlays.publish(mirrors.overlay(frame, track, advice))
        if track.heat is not None and self._heats.get_subscription_count():
            self._heats.publish(mirrors.heat(track.heat, frame))

    def _on_select(
        self, request: SelectTarget.Request, response: SelectTarget.Response
    ) -> SelectTarget.Response:
        code, message = select(self._see, self._frames, request)
        response.accepted = code == SelectTarget.Response.OK
        response.error_code, response.message = code, message
        return response


def main(args: list[str] | None = None) -> None:
    """Run the tracker alone until it is interrupted."""
    sys.exit(run(lambda: [TrackerNode()], args))


if __name__ == "__main__":
    main()
