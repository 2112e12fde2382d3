# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The recorder's process: what was said is in the file, as two readers that are not ours find it."""

from __future__ import annotations

import signal
from array import array
from collections import Counter

import numpy as np
import pytest
from mcap.exceptions import McapError
from mcap.reader import make_reader
from mcap.records import Message
from mcap.stream_reader import StreamReader
from mcap_ros2.decoder import DecoderFactory
from rosbags.highlevel import AnyReader
from sensor_msgs.msg import Image

from examples import PAIRS
from graph import active, node_command, told
from ir_guidance.nodes import qos, topics
from ir_guidance.nodes.recorder_node import LATCHED, RECORDED

DISPLAYED = {topics.OVERLAY, topics.HEAT, topics.FLUOROSCOPY_FRAME}
SERVED = {
    topics.SWEEP_PROBE,
    topics.SELECT_TARGET,
    topics.COMPUTE_PLAN,
    topics.INSERT,
    topics.MOVE,
    topics.CHECK_PHANTOM,
    topics.APPROVE_PLAN,
    topics.STOP,
    topics.RESET,
}
BURST = 30


@pytest.fixture
def file(tmp_path):
    return tmp_path / "session.mcap"


@pytest.fixture
def recorder(start, file):
    """Record to the file."""
    process = start(node_command("recorder", *told(file=file)))
    active(process, "/recorder")
    return process


class Speakers:
    """A publisher for each topic, as the nodes offer it."""

    def __init__(self, graph):
        self._graph = graph
        self._publishers = {}

    def open(self, *names):
        for name in names:
            offered = qos.LATCHED if name in LATCHED else qos.STREAM
            self._publishers[name] = self._graph.node.create_publisher(
                RECORDED[name], name, offered
            )
        self._graph.until(
            lambda: all(p.get_subscription_count() for p in self._publishers.values()),
            "the recorder listens",
        )

    def say(self, name, msg):
        self._publishers[name].publish(msg)


@pytest.fixture
def speakers(graph):
    return Speakers(graph)


def image(number, side=64):
    pixels = np.full((side, side), number % 256, np.uint8)
    data = array("B", pixels.tobytes())
    return Image(height=side, width=side, step=side, encoding="mono8", data=data)


def report(number):
    value, to_msg, _ = PAIRS["report"]
    msg = to_msg(value)
    msg.accepted_count = number
    return msg


def taken(graph, messages):
    """Wait until the recorder has taken so many of each topic: one of each before it answers again."""
    for _ in range(messages + 1):
        assert graph.state("/recorder") == "active"


def end(process):
    status, _ = process.end(signal.SIGINT)
    assert status == 0, process.output


def by_mcap(file):
    """Return the decoded messages by topic, as the format's own libraries read them."""
    found = {}
    with file.open("rb") as stream:
        reader = make_reader(stream, decoder_factories=[DecoderFactory()])
        for _, channel, _, msg in reader.iter_decoded_messages():
            found.setdefault(channel.topic, []).append(msg)
    return found


def by_rosbags(file):
    """Return the decoded messages by topic, as a reader finds them that knows the file alone."""
    found = {}
    with AnyReader([file]) as reader:
        for connection, _, raw in reader.messages():
            msg = reader.deserialize(raw, connection.msgtype)
            found.setdefault(connection.topic, []).append(msg)
    return found


def test_everything_is_recorded_but_display_copies_and_services():
    names = {value for key, value in vars(topics).items() if key.isupper()}
    assert names - SERVED - DISPLAYED - {topics.TF} == set(RECORDED)


def test_every_topic_is_found_again_by_two_readers(recorder, graph, speakers, file):
    speakers.open(*RECORDED)
    for name, kind in RECORDED.items():
        speakers.say(name, kind())
    taken(graph, 1)
    end(recorder)
    wanted = Counter({name if name.startswith("/") else f"/{name}": 1 for name in RECORDED})
    for found in (by_mcap(file), by_rosbags(file)):
        assert Counter({name: len(messages) for name, messages in found.items()}) == wanted


def test_values_come_back_as_they_were(recorder, graph, speakers, file):
    sent = {
        topics.GATE_STATE: report(1),
        topics.ROBOT_STATE: PAIRS["state"][1](PAIRS["state"][0]),
        topics.TRACK: PAIRS["track"][1](PAIRS["track"][0]),
        topics.PLAN: PAIRS["plan"][1](PAIRS["plan"][0]),
        topics.IMAGE: image(7),
    }
    speakers.open(*sent)
    for name, msg in sent.items():
        speakers.say(name, msg)
    taken(graph, 1)
    end(recorder)
    for found in (by_mcap(file), by_rosbags(file)):
        for name, msg in sent.items():
            (back,) = found[f"/{name}"]
            assert_same_fields(msg, back)


def assert_same_fields(msg, back):
    for field in msg.get_fields_and_field_types():
        value, found = getattr(msg, field), getattr(back, field)
        if hasattr(value, "get_fields_and_field_types"):
            assert_same_fields(value, found)
        elif isinstance(value, list) and value and hasattr(value[0], "get_fields_and_field_types"):
            for one, other in zip(value, found, strict=True):
                assert_same_fields(one, other)
        elif isinstance(value, str | bool | list):
            assert value == (list(found) if isinstance(value, list) else found)
        elif isinstance(found, bytes):
            assert bytes(value) == found
        else:
            np.testing.assert_array_equal(value, found)


def test_of_a_burst_nothing_is_lost(recorder, graph, speakers, file):
    speakers.open(topics.GATE_STATE, topics.ROBOT_STATE)
    state = PAIRS["state"][1](PAIRS["state"][0])
    for number in range(BURST):
        speakers.say(topics.GATE_STATE, report(number))
        state.steady_ns = number
        speakers.say(topics.ROBOT_STATE, state)
    taken(graph, BURST)
    end(recorder)
    found = by_mcap(file)
    assert [msg.steady_ns for msg in found["/robot/state"]] == list(range(BURST))
    assert [msg.accepted_count for msg in found["/robot/gate_state"]] == list(range(BURST))


def test_a_recorder_that_is_killed_leaves_what_came_before(recorder, graph, speakers, file):
    speakers.open(topics.IMAGE, topics.GATE_STATE)
    side, images, reports = 256, 10, 300
    for number in range(images):
        size = file.stat().st_size
        speakers.say(topics.IMAGE, image(number, side))
        graph.until(lambda size=size: file.stat().st_size > size + side * side, "it is written")
    for number in range(reports):  # no image comes any more: what is small is written as well
        speakers.say(topics.GATE_STATE, report(number))
    size += side * side
    graph.until(lambda: file.stat().st_size > size + 30_000, "small messages are written")
    recorder.kill()
    found, small = [], 0
    with file.open("rb") as stream, pytest.raises(McapError):
        for record in StreamReader(stream).records:
            if isinstance(record, Message) and len(record.data) > side * side:
                found.append(record.data[-1])
            elif isinstance(record, Message):
                small += 1
    assert found == list(range(images))
    assert small > reports / 3


def test_an_existing_file_is_left_as_it_was(start, file):
    file.write_bytes(b"precious")
    process = start(node_command("recorder", *told(file=file)))
    assert process.process.wait(20) == 2
    assert len(process.output.splitlines()) == 1 and str(file) in process.output
    assert file.read_bytes() == b"precious"
