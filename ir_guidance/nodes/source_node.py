# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Any live or recorded source as images and frame information, the way a scanner's driver gives them."""

from __future__ import annotations

import sys
import threading
import time
import zlib
from dataclasses import replace

from pydantic import Field
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from sensor_msgs.msg import CameraInfo, Image

from ir_guidance.frames import Grab, SourceError, SourceOptions, open_source
from ir_guidance.frames.live import paced
from ir_guidance.nodes import conversions, mirrors, qos, topics
from ir_guidance.nodes.conversions import Delivery
from ir_guidance.nodes.parameters import OPTIONS, NodeSettings, read_settings
from ir_guidance.nodes.realtime import IMAGES
from ir_guidance.nodes.running import reported, run, steady_ns
from ir_guidance.settings import SettingsError, checked
from ir_guidance.values import CarmGeometry, Frame, Modality, ProbeGeometry
from ir_guidance_msgs.msg import CarmGeometry as CarmGeometryMsg
from ir_guidance_msgs.msg import FluoroscopyFrame, FrameInfo
from ir_guidance_msgs.msg import ProbeGeometry as ProbeGeometryMsg


class SourceNodeSettings(NodeSettings):
    """What to stream."""

    source: str = Field(min_length=1, description="File, folder, device or address.")
    modality: str = Field(
        "", description="ultrasound or fluoroscopy, where the source does not say."
    )
    roi: list[int] = Field(
        [], description="Region of interest: left, top, width, height in pixels."
    )
    spacing_mm: float = Field(
        0.0, ge=0, le=10, description="Millimetres a pixel; 0: as the source says."
    )
    rate_hz: float = Field(0.0, ge=0, le=1000, description="Frames a second; 0: as recorded.")
    loop: bool = Field(False, description="Begin again at the end of a recording.")


class SourceNode(LifecycleNode):
    """Publishes each frame when its time has come, and the geometry whenever it changes."""

    def __init__(self, **options: object) -> None:
        super().__init__("source", **(OPTIONS | options))
        self.settings, _ = read_settings(self, SourceNodeSettings)
        try:
            self._source = open_source(self.settings.source, self._options())
        except SourceError as error:
            raise SettingsError(f"node source: {error}") from None
        publisher = self.create_lifecycle_publisher
        self._images = publisher(Image, topics.IMAGE, qos.IMAGES_OFFERED)
        self._infos = publisher(FrameInfo, topics.FRAME_INFO, qos.STREAM)
        self._probes = publisher(ProbeGeometryMsg, topics.PROBE_GEOMETRY, qos.LATCHED)
        self._carms = publisher(CarmGeometryMsg, topics.CARM_GEOMETRY, qos.LATCHED)
        self._cameras = publisher(CameraInfo, topics.CAMERA_INFO, qos.STREAM)
        self._wholes = publisher(FluoroscopyFrame, topics.FLUOROSCOPY_FRAME, qos.IMAGES_OFFERED)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._epoch: int | None = None
        self._sequence = self._frozen = 0
        self._content: int | None = None

    def _options(self) -> SourceOptions:
        own = self.settings
        given = {
            "modality": Modality(own.modality)
            if own.modality in list(Modality)
            else own.modality or None,
            "roi": tuple(own.roi) or None,
            "spacing_mm": own.spacing_mm or None,
            "rate_hz": own.rate_hz or None,
            "loop": own.loop,
        }
        return checked(SourceOptions, given, "node source")

    @reported
    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        result = super().on_activate(state)
        self.get_logger().info(self._source.description)
        self._stop.clear()
        self._thread = threading.Thread(target=self._stream, name="source")
        self._thread.start()
        return result

    @reported
    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._rest()
        return super().on_deactivate(state)

    @reported
    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._rest()
        self._source.__exit__(None, None, None)
        return TransitionCallbackReturn.SUCCESS

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._rest()
        return TransitionCallbackReturn.SUCCESS

    def _rest(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _stream(self) -> None:
        """Publish until the source or the node ends; then silence, which holds the robot."""
        try:
            for grab in paced(self._source, steady_ns, time.time_ns, self._stop.wait):
                self._send(grab)
        except SourceError as error:
            self.get_logger().error(str(error))
        if not self._stop.is_set():
            self.get_logger().info(
                f"{self.settings.source} has ended after {self._sequence} frames"
            )

    def _send(self, grab: Grab) -> None:
        self._sequence += 1
        frame = numbered(grab.frame, self._sequence)
        content = zlib.crc32(frame.pixels.data)
        self._frozen += content == self._content
        self._content = content
        if frame.geometry is not None:
            self._send_geometry(frame.geometry, frame)
        delivery = Delivery(host_steady_ns=steady_ns(), frozen=self._frozen)
        image, info = conversions.frame_to_msg(frame, delivery)
        self._infos.publish(info)
        self._images.publish(image)
        if frame.modality is Modality.FLUOROSCOPY and self._wholes.get_subscription_count():
            self._wholes.publish(conversions.fluoroscopy_frame_to_msg(frame, delivery))

    def _send_geometry(self, geometry: ProbeGeometry | CarmGeometry, frame: Frame) -> None:
        stamp_ns = frame.stamp_ns
        if isinstance(geometry, CarmGeometry):
            self._cameras.publish(mirrors.camera_info(geometry, frame.pixels.shape, stamp_ns))
        if geometry.epoch == self._epoch:
            return
        self._epoch = geometry.epoch
        if isinstance(geometry, CarmGeometry):
            self._carms.publish(conversions.carm_geometry_to_msg(geometry, stamp_ns))
        else:
            self._probes.publish(conversions.probe_geometry_to_msg(geometry, stamp_ns))


def numbered(frame: Frame, sequence: int) -> Frame:
    """Return the frame by its number in the stream, its geometry's epoch from 1 on: 0 says that none is known."""
    geometry = frame.geometry
    if geometry is not None:
        geometry = replace(geometry, epoch=geometry.epoch + 1)
    return replace(frame, sequence=sequence, geometry=geometry)


def main(args: list[str] | None = None) -> None:
    """Stream until interrupted."""
    sys.exit(run(lambda: [SourceNode()], args, priority=IMAGES))


if __name__ == "__main__":
    main()
