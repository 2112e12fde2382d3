# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The plain way to build such a loop, to compare with: a chain of nodes, each in its own process.

source -> preprocess -> inference -> controller -> robot, sensor_msgs/Image from node to node, resized by
OpenCV, the same weights on ONNX Runtime as it comes, the whole image at the network's size and no region
of interest; ``tobytes()``, rclpy's standard executor, depth 1 so that the newest frame wins. It finds the tip
alone: no target, no covariance, no plan, no gate. The source shows the same images on the same schedule.

python -m ir_guidance.nodes.bench.plain_chain ROLE [ARGUMENT]
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import cv2
import numpy as np
import rclpy
from geometry_msgs.msg import PointStamped, TwistStamped
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image
from std_msgs.msg import Int64MultiArray

from ir_guidance.bench.sequence import load, resized
from ir_guidance.models import model_path
from ir_guidance.values import NS_PER_S, Modality

NEWEST = QoSProfile(
    depth=1,
    history=HistoryPolicy.KEEP_LAST,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.VOLATILE,
)
SIDE_PX, FRAMES, CHANNELS = 256, 3, 5
GAIN_HZ, FASTEST = 0.001, 0.01
LEAD_S = 3.0  # every node has found its neighbours by then


def stamp(message, steady_ns: int) -> None:
    """Write a moment on the steady clock, which one host's processes share, into a header."""
    message.header.stamp.sec, message.header.stamp.nanosec = divmod(steady_ns, NS_PER_S)


class PlainSource(Node):
    """Publishes the sequence at times fixed in advance."""

    def __init__(self, file: str, size_px: str) -> None:
        super().__init__("plain_source")
        self._sequence = resized(load(Path(file)), int(size_px))
        self._publisher = self.create_publisher(Image, "plain/image", NEWEST)
        threading.Thread(target=self._stream, daemon=True).start()

    def _stream(self) -> None:
        first_ns = time.monotonic_ns() + int(LEAD_S * NS_PER_S)
        number = 0
        while rclpy.ok():
            number += 1
            due_ns = first_ns + round(number * NS_PER_S / self._sequence.rate_hz)
            time.sleep(max(0.0, (due_ns - time.monotonic_ns()) / NS_PER_S))
            pixels = self._sequence.frame(number, 0, 0).pixels
            message = image_of(pixels, "mono8")
            stamp(message, due_ns)
            message.header.frame_id = str(number)
            self._publisher.publish(message)


def image_of(pixels: np.ndarray, encoding: str) -> Image:
    """Return an array as an image message."""
    message = Image()
    message.height, message.width = pixels.shape[:2]
    message.encoding, message.step = encoding, pixels.strides[0]
    message.data = pixels.tobytes()
    return message


class PlainPreprocess(Node):
    """Resizes each image to the network's size and stacks it with the two before."""

    def __init__(self) -> None:
        super().__init__("plain_preprocess")
        self._recent: deque[np.ndarray] = deque(maxlen=FRAMES)
        self._publisher = self.create_publisher(Image, "plain/input", NEWEST)
        self.create_subscription(Image, "plain/image", self._on_image, NEWEST)

    def _on_image(self, message: Image) -> None:
        pixels = np.frombuffer(message.data, np.uint8).reshape(message.height, message.width)
        small = cv2.resize(pixels, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
        self._recent.append(small)
        stacked = np.dstack([*[self._recent[0]] * (FRAMES - len(self._recent)), *self._recent])
        out = image_of(np.ascontiguousarray(stacked), "8UC3")
        out.header = message.header
        self._publisher.publish(out)


class PlainInference(Node):
    """Runs the network on the stack; publishes the map of where the tip is."""

    def __init__(self, modality: str) -> None:
        super().__init__("plain_inference")
        onnxruntime = import_module("onnxruntime")
        self._session = onnxruntime.InferenceSession(
            str(model_path(Modality(modality))), providers=["CPUExecutionProvider"]
        )
        self._input = np.zeros((1, CHANNELS, SIDE_PX, SIDE_PX), np.uint8)
        self._publisher = self.create_publisher(Image, "plain/heat", NEWEST)
        self.create_subscription(Image, "plain/input", self._on_input, NEWEST)

    def _on_input(self, message: Image) -> None:
        stacked = np.frombuffer(message.data, np.uint8).reshape(SIDE_PX, SIDE_PX, FRAMES)
        self._input[0, :FRAMES] = stacked.transpose(2, 0, 1)
        (places,) = self._session.run(["places"], {"view": self._input})
        out = image_of(places[0, 0], "32FC1")
        out.header = message.header
        self._publisher.publish(out)


class PlainController(Node):
    """Finds the tip as the map's maximum and asks for a speed towards the middle of the image."""

    def __init__(self) -> None:
        super().__init__("plain_controller")
        self._tips = self.create_publisher(PointStamped, "plain/tip", NEWEST)
        self._publisher = self.create_publisher(TwistStamped, "plain/command", NEWEST)
        self.create_subscription(Image, "plain/heat", self._on_heat, NEWEST)

    def _on_heat(self, message: Image) -> None:
        heat = np.frombuffer(message.data, np.float32).reshape(message.height, message.width)
        v, u = np.unravel_index(int(heat.argmax()), heat.shape)
        error = np.array([u, v]) - np.array(heat.shape[::-1]) / 2
        x, y = np.clip(-GAIN_HZ * error, -FASTEST, FASTEST).tolist()
        command = TwistStamped(header=message.header)
        command.twist.linear.x, command.twist.linear.y = x, y
        self._publisher.publish(command)
        tip = PointStamped(header=message.header)
        tip.point.x, tip.point.y = float(u), float(v)
        self._tips.publish(tip)


class PlainRobot(Node):
    """Takes commands; says for each which image it answers and when it was taken."""

    def __init__(self) -> None:
        super().__init__("plain_robot")
        self.speed = (0.0, 0.0)
        self._publisher = self.create_publisher(Int64MultiArray, "plain/taken", 100)
        self.create_subscription(TwistStamped, "plain/command", self._on_command, NEWEST)

    def _on_command(self, message: TwistStamped) -> None:
        self.speed = message.twist.linear.x, message.twist.linear.y
        taken_ns = time.monotonic_ns()
        head = message.header
        acquired_ns = head.stamp.sec * NS_PER_S + head.stamp.nanosec
        taken = Int64MultiArray(data=[int(head.frame_id), acquired_ns, taken_ns])
        self._publisher.publish(taken)


ROLES = {
    "source": PlainSource,
    "preprocess": PlainPreprocess,
    "inference": PlainInference,
    "controller": PlainController,
    "robot": PlainRobot,
}


def main() -> None:
    """Run one node of the chain until it is interrupted."""
    role, *arguments = sys.argv[1:]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    rclpy.init()
    try:
        with suppress(KeyboardInterrupt, ExternalShutdownException):  # that is how it is ended
            rclpy.spin(ROLES[role](*arguments))
    finally:
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
