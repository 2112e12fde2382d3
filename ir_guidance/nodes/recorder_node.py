# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Records every topic but display copies, as it is on the wire, to one MCAP file."""

from __future__ import annotations

import os
import sys
import time
from functools import partial
from pathlib import Path

from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseStamped, PoseWithCovarianceStamped
from pydantic import Field
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from sensor_msgs.msg import CameraInfo, Image, JointState
from std_msgs.msg import String, UInt8
from visualization_msgs.msg import MarkerArray

from ir_guidance.nodes import mirrors, qos, topics
from ir_guidance.nodes.parameters import OPTIONS, NodeSettings, read_settings
from ir_guidance.nodes.running import reported, run
from ir_guidance.record.mcap import McapFile, RecordError
from ir_guidance.settings import SettingsError
from ir_guidance_msgs import msg as ours

RECORDED = {
    topics.IMAGE: Image,
    topics.FRAME_INFO: ours.FrameInfo,
    topics.PROBE_GEOMETRY: ours.ProbeGeometry,
    topics.CARM_GEOMETRY: ours.CarmGeometry,
    topics.CAMERA_INFO: CameraInfo,
    topics.PULSES_WANTED: UInt8,
    topics.TRACK: ours.Track,
    topics.ADVICE: ours.Advice,
    topics.FIX: ours.Fix,
    topics.PLAN: ours.Plan,
    topics.CORRECTION: ours.Correction,
    topics.PHASE: ours.PhaseState,
    topics.NEEDLE_POSE: PoseWithCovarianceStamped,
    topics.TARGET_POSE: PoseWithCovarianceStamped,
    topics.SKIN_ENTRY: PoseStamped,
    topics.CONSENT: ours.Consent,
    topics.HAND: ours.Hand,
    topics.COMMAND: ours.Command,
    topics.ROBOT_STATE: ours.RobotState,
    topics.MEASURED_JS: JointState,
    topics.SETPOINT_JS: JointState,
    topics.MEASURED_CP: PoseStamped,
    topics.SERVO_JP: JointState,
    topics.MOVE_JP: JointState,
    topics.SHADOW_JS: JointState,
    topics.ROBOT_DESCRIPTION: String,
    topics.OPERATING_STATE: String,
    topics.STATE_COMMAND: String,
    topics.GATE_STATE: ours.GateState,
    topics.LATENCY: ours.LatencyReport,
    topics.GROUND_TRUTH: ours.GroundTruth,
    topics.MARKERS: MarkerArray,
    topics.DIAGNOSTICS: DiagnosticArray,
}
LATCHED = {
    topics.PROBE_GEOMETRY,
    topics.CARM_GEOMETRY,
    topics.PULSES_WANTED,
    topics.PLAN,
    topics.PHASE,
    topics.SKIN_ENTRY,
    topics.ROBOT_DESCRIPTION,
    topics.GATE_STATE,
    topics.OPERATING_STATE,
}
FOREVER = "{sec: 9223372036, nsec: 854775807}"
QOS_YAML = f"""- history: keep_last
  depth: 10
  reliability: reliable
  durability: {{}}
  deadline: {FOREVER}
  lifespan: {FOREVER}
  liveliness: automatic
  liveliness_lease_duration: {FOREVER}
  avoid_ros_namespace_conventions: false
"""
"""A publisher's QoS as rosbag2 of Jazzy writes it."""


class RecorderNodeSettings(NodeSettings):
    """Where to."""

    file: Path = Field(description="The MCAP file to make; an existing one is never written over.")


class RecorderNode(LifecycleNode):
    """Takes every message undecoded and writes it down with the time at which it came."""

    def __init__(self, **options: object) -> None:
        super().__init__("recorder", **(OPTIONS | options))
        self.settings, _ = read_settings(self, RecorderNodeSettings)
        self._file: McapFile | None = None
        if self.settings.file.exists():
            raise SettingsError(
                f"node recorder: file {self.settings.file} exists already; choose another"
            )

    @reported
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        try:
            self._file = McapFile(self.settings.file, definition)
        except RecordError as error:
            self.get_logger().error(str(error))
            return TransitionCallbackReturn.FAILURE
        types = dict(RECORDED)
        if mirrors.TFMessage is not None:
            types[topics.TF] = mirrors.TFMessage
        for topic, kind in types.items():
            self._record(topic, kind)
        return TransitionCallbackReturn.SUCCESS

    def _record(self, topic: str, kind: type) -> None:
        latched = topic in LATCHED
        name = self.resolve_topic_name(topic)
        package, _, _ = kind.__module__.partition(".")
        qos_yaml = QOS_YAML.replace("{}", "transient_local" if latched else "volatile")
        self._file.add_topic(name, f"{package}/msg/{kind.__name__}", qos_yaml)
        self.create_subscription(
            kind,
            topic,
            partial(self._on_message, name),
            qos.RECORDED_LATCHED if latched else qos.RECORDED,
            raw=True,
        )

    def _on_message(self, topic: str, cdr: bytes) -> None:
        if self._file is None:
            return
        now_ns = time.time_ns()
        try:
            self._file.add(topic, cdr, now_ns, now_ns)
        except OSError as error:
            self.get_logger().error(f"recording ends: {self.settings.file}: {error.strerror}")
            self._file = None

    @reported
    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._close()
        return TransitionCallbackReturn.SUCCESS

    @reported
    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._close()
        return TransitionCallbackReturn.SUCCESS

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._close()
        return TransitionCallbackReturn.SUCCESS

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self.get_logger().info(f"{self._file.messages} messages in {self.settings.file}")
            self._file = None


def definition(type_name: str) -> str:
    """Return the .msg text of a type from the ament prefixes that this process runs in.

    Raises:
        RecordError: It is in none of them.
    """
    package, _, short = type_name.split("/")
    prefixes = [*os.environ.get("AMENT_PREFIX_PATH", "").split(":"), sys.prefix]
    for prefix in filter(None, prefixes):
        path = Path(prefix) / "share" / package / "msg" / f"{short}.msg"
        if path.is_file():
            return path.read_text(encoding="utf-8")
    raise RecordError(f"{type_name}: no definition under {', '.join(filter(None, prefixes))}")


def main(args: list[str] | None = None) -> None:
    """Record until interrupted."""
    sys.exit(run(lambda: [RecorderNode()], args))


if __name__ == "__main__":
    main()
