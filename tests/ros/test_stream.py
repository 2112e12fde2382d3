# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Images from a source into guidance: stamps unchanged, the newest first, the malformed refused."""

from __future__ import annotations

import os
import signal
import time
from array import array
from itertools import pairwise

import numpy as np
import pytest
from sensor_msgs.msg import CameraInfo, Image

from graph import active, node_command, processes, told
from ir_guidance.nodes import conversions, qos, topics
from ir_guidance.nodes.conversions import Delivery
from ir_guidance.nodes.monitor_node import MonitorNode
from ir_guidance.values import CarmGeometry as CarmGeometryValue
from ir_guidance.values import Frame
from ir_guidance_msgs.msg import CarmGeometry, Fix, FluoroscopyFrame, FrameInfo, Track
from samples import HEIGHT, WIDTH, Samples

VIEW = {
    "DistanceSourceToDetector": 1000,
    "DistanceSourceToPatient": 800,
    "PositionerPrimaryAngle": 30,
    "PositionerSecondaryAngle": -10,
    "ImagerPixelSpacing": [0.3, 0.3],
}
CONTENT = (0, 1, 1, 1, 2, 3)  # which image each frame of the recording shows


@pytest.fixture(scope="module")
def guidance(tmp_path_factory):
    """Run tracker and planner in one process."""
    with processes(tmp_path_factory.mktemp("guidance")) as start:
        process = start(node_command("guidance", "-p", "tracker:backend:=classical"))
        active(process, "/tracker", "/planner")
        yield process


@pytest.fixture
def samples(tmp_path):
    """Return a writer of files into a folder of the test's own."""
    return Samples(tmp_path)


class Ears:
    """What is said about images."""

    def __init__(self, graph):
        self.infos = graph.heard(FrameInfo, topics.FRAME_INFO, qos.RECORDED)
        self.images = graph.heard(Image, topics.IMAGE, qos.RECORDED)
        self.tracks = graph.heard(Track, topics.TRACK, qos.RECORDED)
        self.fixes = graph.heard(Fix, topics.FIX, qos.RECORDED)

    @property
    def pairs(self):
        """Tracks with their frames' information; the tracker may have known the source before us."""
        info_of = {info.sequence: info for info in self.infos}
        return [(t, info_of[t.sequence]) for t in self.tracks if t.sequence in info_of]


@pytest.fixture
def ears(graph):
    return Ears(graph)


def stream(start, path, **more):
    process = start(node_command("source", *told(source=path, loop=True, **more)))
    active(process, "/source")
    return process


def assert_tracks_are_of_frames(ears, frame_id):
    for track, info in ears.pairs:
        assert track.header.stamp == info.header.stamp
        assert track.acquired_steady_ns == info.acquired_steady_ns
        assert track.boot_id == info.boot_id
        assert track.header.frame_id == info.header.frame_id == frame_id


def test_a_recording_comes_as_images_with_information_and_is_tracked(
    guidance, start, graph, ears, samples
):
    recording = samples.mha(images=[samples.image(content) for content in CONTENT])
    stream(start, recording, rate_hz=30.0, spacing_mm=0.2)
    graph.until(lambda: len(ears.pairs) > 20 and len(ears.images) > 20, "tracks")
    assert_tracks_are_of_frames(ears, "us_image_optical")
    assert [track.sequence for track in ears.tracks] == sorted(
        {track.sequence for track in ears.tracks}
    )
    by_stamp = {(info.header.stamp.sec, info.header.stamp.nanosec): info for info in ears.infos}
    # An image may come before its information was listened to, or has not come yet.
    stamps = [(image.header.stamp.sec, image.header.stamp.nanosec) for image in ears.images]
    told = [pair for pair in zip(ears.images, stamps, strict=True) if pair[1] in by_stamp]
    assert len(told) > 15
    for image, stamp in told:
        info = by_stamp[stamp]
        pixels = conversions.pixels_from_msg(image)
        shown = CONTENT[(info.sequence - 1) % len(CONTENT)]
        assert Samples.index(pixels) == shown
        assert pixels.shape == (HEIGHT, WIDTH)
        assert list(info.spacing_m) == pytest.approx([0.0002, 0.0002])
        assert info.modality == FrameInfo.ULTRASOUND and info.geometry_epoch == 0
    for before, info in zip(ears.infos, ears.infos[1:], strict=False):
        assert info.sequence == before.sequence + 1
        assert info.acquired_steady_ns > before.acquired_steady_ns
        repeated = (info.sequence - 1) % len(CONTENT) in (2, 3)
        assert info.frozen - before.frozen == repeated
        assert (info.dropped, info.duplicate) == (0, 0)


def test_an_x_ray_run_brings_its_geometry(guidance, start, graph, ears, samples):
    cameras = graph.heard(CameraInfo, topics.CAMERA_INFO, qos.STREAM)
    stream(start, samples.dicom(**VIEW), rate_hz=20.0)
    graph.until(lambda: len(ears.pairs) > 10 and len(cameras) > 10, "tracks and cameras")
    geometries = graph.heard(CarmGeometry, topics.CARM_GEOMETRY, qos.LATCHED)
    (geometry,) = graph.until(lambda: geometries, "the geometry, for one who came late")
    assert (geometry.sdd_m, geometry.sid_m) == pytest.approx((1.0, 0.8))
    assert np.degrees(geometry.primary_angle_rad) == pytest.approx(30)
    assert np.degrees(geometry.secondary_angle_rad) == pytest.approx(-10)
    assert {track.backend for track in ears.tracks} == {"classical"}
    for info in ears.infos:
        assert info.modality == FrameInfo.FLUOROSCOPY
        assert info.geometry_epoch == geometry.epoch != 0
    stamps = [info.header.stamp for info in ears.infos]
    for camera in cameras[1:]:
        assert camera.header.stamp in stamps
        assert (camera.width, camera.height) == (WIDTH, HEIGHT)
        assert camera.k[0] == camera.k[4] == pytest.approx(1.0 / 0.0003)
    assert_tracks_are_of_frames(ears, "carm_detector_optical")
    assert not ears.fixes


def test_an_x_ray_frame_comes_whole_to_whoever_wants_it(start, graph, samples):
    stream(start, samples.dicom(**VIEW), rate_hz=20.0)
    wholes = graph.heard(FluoroscopyFrame, topics.FLUOROSCOPY_FRAME, qos.IMAGES_WANTED)
    graph.until(lambda: len(wholes) > 5, "whole frames")
    frames = [conversions.fluoroscopy_frame_from_msg(whole) for whole in wholes]
    for before, frame in pairwise(frames):
        assert frame.sequence > before.sequence
        assert frame.acquired_steady_ns > before.acquired_steady_ns
        assert frame.pixels.shape == (HEIGHT, WIDTH)
        assert isinstance(frame.geometry, CarmGeometryValue)
        assert (frame.geometry.sdd_m, frame.geometry.sid_m) == pytest.approx((1.0, 0.8))
        assert frame.geometry.base_from_isocentre is None


def test_a_source_without_geometry_does_not_get_that_of_the_one_before(
    guidance, start, graph, ears, samples
):
    x_ray = stream(start, samples.dicom(**VIEW), rate_hz=20.0)
    graph.until(lambda: len(ears.tracks) > 3, "tracks of the first")
    x_ray.close()
    graph.spin(0.1)
    ears.infos.clear()
    ears.tracks.clear()
    stream(start, samples.mha(), rate_hz=20.0)
    graph.until(lambda: len(ears.pairs) > 5, "tracks of the second")
    assert_tracks_are_of_frames(ears, "us_image_optical")


def test_after_a_pause_the_newest_frame_is_tracked_and_the_others_are_counted(
    guidance, start, graph, ears, samples
):
    monitor = graph.add(MonitorNode)
    rng = np.random.default_rng(5)
    speckle = [rng.integers(0, 90, (512, 512), dtype=np.uint8) for _ in range(10)]
    stream(start, samples.mha(images=speckle), rate_hz=30.0)
    graph.until(lambda: len(ears.pairs) > 10, "tracks")
    os.kill(guidance.process.pid, signal.SIGSTOP)
    try:
        graph.spin(0.2)  # what was said before is heard
        last = ears.tracks[-1].sequence
        graph.until(lambda: ears.infos[-1].sequence > last + 30, "frames go on")
        newest = ears.infos[-1].sequence
    finally:
        os.kill(guidance.process.pid, signal.SIGCONT)
    graph.until(lambda: ears.tracks[-1].sequence > newest + 5, "tracks go on")
    heard = [track.sequence for track in ears.tracks]
    under_way = [number for number in heard if last < number < newest - 1]
    assert under_way in ([], [last + 1]), "but for the one in hand, no old frame is tracked"
    graph.until(lambda: monitor.seen.last_sequence >= heard[-1])
    assert monitor.seen.dropped >= newest - last - 2


class Scanner:
    """Publishes one image after another, each as told."""

    def __init__(self, graph):
        node = graph.node
        self._graph, self._sequence = graph, 0
        self._images = node.create_publisher(Image, topics.IMAGE, qos.IMAGES_OFFERED)
        self._infos = node.create_publisher(FrameInfo, topics.FRAME_INFO, qos.STREAM)
        publishers = (self._images, self._infos)
        graph.until(lambda: all(p.get_subscription_count() >= 2 for p in publishers), "hearers")

    def frame(self):
        """Return an image and its information."""
        self._sequence += 1
        now_ns = time.monotonic_ns()
        pixels = np.full((HEIGHT, WIDTH), self._sequence % 200, np.uint8)
        frame = Frame(pixels, self._sequence, time.time_ns(), now_ns)
        return conversions.frame_to_msg(frame, Delivery(now_ns))

    def send(self, *messages):
        for message in messages:
            (self._images if isinstance(message, Image) else self._infos).publish(message)


@pytest.fixture
def scanner(guidance, graph, ears):
    return Scanner(graph)


MALFORMED = {
    "step is less than a row": {"step": WIDTH - 1},
    "step is more than the data holds": {"step": WIDTH + 1},
    "a byte is missing": {"data": array("B", bytes(WIDTH * HEIGHT - 1))},
    "no data": {"data": array("B")},
    "no width": {"width": 0, "step": 0, "data": array("B")},
    "no height": {"height": 0, "data": array("B")},
    "a side of 2^31": {"height": 2**31, "step": 2**31, "width": 2**31},
    "not a supported encoding": {"encoding": "32FC1"},
    "no encoding": {"encoding": ""},
    "colour in the room of grey": {"encoding": "rgb8"},
    "two orders of bytes": {"is_bigendian": 7},
}


def test_malformed_images_are_refused_and_the_next_good_one_is_tracked(
    guidance, scanner, graph, ears
):
    good = []
    for changes in MALFORMED.values():
        image, info = scanner.frame()
        for name, value in changes.items():
            setattr(image, name, value)
        heard = len(ears.infos)
        scanner.send(info, image)
        graph.until(lambda heard=heard: len(ears.infos) > heard)
        image, info = scanner.frame()
        good.append(info.sequence)
        scanner.send(info, image)
        graph.until(lambda: ears.tracks and ears.tracks[-1].sequence == good[-1], str(changes))
    assert [track.sequence for track in ears.tracks] == good
    assert guidance.process.poll() is None


def test_information_may_come_before_or_after_its_image(scanner, graph, ears):
    for late in (0, 1):
        messages = list(reversed(scanner.frame())) if late else list(scanner.frame())
        scanner.send(messages[0])
        graph.spin(0.1)
        tracked = len(ears.tracks)
        scanner.send(messages[1])
        graph.until(lambda tracked=tracked: len(ears.tracks) == tracked + 1, "a track")
    lonely, _ = scanner.frame()
    scanner.send(lonely)
    image, info = scanner.frame()
    scanner.send(image, info)
    graph.until(lambda: ears.tracks[-1].sequence == info.sequence)
    assert [track.sequence for track in ears.tracks] == [1, 2, 4]
