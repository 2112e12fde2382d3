# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Recordings, read back by two readers that are not ours; the messages are of types nobody else knows."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mcap.exceptions import McapError
from mcap.reader import make_reader
from mcap.records import Message
from mcap.stream_reader import StreamReader
from rosbags.highlevel import AnyReader
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from ir_guidance.record.mcap import RULE, McapFile, RecordError, schema_of

NODE = """# A tree of things.
uint8 OK=0
string NAME = "a=b # not a comment"
Header header
Leaf[] leaves            # [m]
other_msgs/Far[<=3] far
float64[3] step
string<=10 short "none"
string<=10[<=5] shorts
sequence/Odd[2] odd
"""
TEXTS = {
    "test_msgs/msg/Node": NODE,
    "test_msgs/msg/Leaf": "float32 size\nother_msgs/msg/Far far\n",
    "other_msgs/msg/Far": "bool[] flags\n",
    "sequence/msg/Odd": "int8 x\nwstring w\n",
    "std_msgs/msg/Header": "builtin_interfaces/Time stamp\nstring frame_id\n",
    "builtin_interfaces/msg/Time": "int32 sec\nuint32 nanosec\n",
    # One that can be sent: rosbags knows neither bounded sequences of strings nor defaults of strings.
    "test_msgs/msg/Tree": "Header header\nLeaf[] leaves\nfloat64[3] step\nuint8[] pixels\n",
}
QOS = """- history: keep_last
  depth: 10
  reliability: reliable
  durability: volatile
  deadline: {sec: 9223372036, nsec: 854775807}
  lifespan: {sec: 9223372036, nsec: 854775807}
  liveliness: automatic
  liveliness_lease_duration: {sec: 9223372036, nsec: 854775807}
  avoid_ros_namespace_conventions: false
"""
LOG_NS = 1_700_000_000_123_456_789


def definition(type_name: str) -> str:
    return TEXTS[type_name]


def typestore() -> Any:
    store = get_typestore(Stores.ROS2_JAZZY)
    for name in ("other_msgs/msg/Far", "test_msgs/msg/Leaf", "test_msgs/msg/Tree"):
        store.register(get_types_from_msg(TEXTS[name], name))
    return store


STORE = typestore()


def tree(number: int, pixels: int = 16) -> bytes:
    """Return the CDR bytes of a message whose content encodes its number."""
    types = STORE.types
    stamp = types["builtin_interfaces/msg/Time"](sec=number, nanosec=7)
    far = types["other_msgs/msg/Far"](flags=np.array([True, False, number % 2 == 1]))
    leaf = types["test_msgs/msg/Leaf"](size=0.5 * number, far=far)
    message = types["test_msgs/msg/Tree"](
        header=types["std_msgs/msg/Header"](stamp=stamp, frame_id="base_link"),
        leaves=[leaf, leaf],
        step=np.array([number, -1.0, 2.0]),
        pixels=np.full(pixels, number % 256, np.uint8),
    )
    return bytes(STORE.serialize_cdr(message, "test_msgs/msg/Tree"))


def record(path: Path, messages: int, pixels: int = 16, qos: str = QOS) -> McapFile:
    """Start a file and write messages 0, 1, ... a millisecond apart; it is left open."""
    file = McapFile(path, definition)
    file.add_topic("/tree", "test_msgs/msg/Tree", qos)
    for number in range(messages):
        now_ns = LOG_NS + number * 1_000_000
        file.add("/tree", tree(number, pixels), now_ns, now_ns - 5)
    return file


def test_schema_holds_the_type_and_once_all_it_is_made_of():
    first, *others = schema_of("test_msgs/msg/Node", definition).split(f"{RULE}\n")
    assert first.rstrip("\n") == NODE.rstrip("\n")
    found = {part.splitlines()[0]: part.split("\n", 1)[1].strip() for part in others}
    names = ["test_msgs/Leaf", "other_msgs/Far", "sequence/Odd", "std_msgs/Header"]
    assert set(found) == {f"MSG: {name}" for name in [*names, "builtin_interfaces/Time"]}
    assert len(others) == 5
    assert found["MSG: test_msgs/Leaf"] == TEXTS["test_msgs/msg/Leaf"].strip()


def test_schema_of_plain_values_is_the_text_alone():
    assert schema_of("sequence/msg/Odd", definition) == TEXTS["sequence/msg/Odd"]


def test_type_that_nobody_defines_is_an_error_and_not_left_out():
    with pytest.raises(KeyError, match="other_msgs/msg/Gone"):
        schema_of("a/msg/B", lambda name: {"a/msg/B": "other_msgs/Gone gone\n"}[name])


def test_mcap_reads_back_every_message_as_it_was(tmp_path):
    path = tmp_path / "session.mcap"
    with record(path, 50) as file:
        assert file.messages == 50
    with path.open("rb") as stream:
        reader = make_reader(stream)
        header, summary = reader.get_header(), reader.get_summary()
        messages = list(reader.iter_messages())
    assert (header.profile, header.library) == ("ros2", "ir_guidance")
    assert summary is not None and summary.statistics is not None
    assert summary.statistics.message_count == 50
    for number, (schema, channel, message) in enumerate(messages):
        assert (schema.name, schema.encoding) == ("test_msgs/msg/Tree", "ros2msg")
        assert (channel.topic, channel.message_encoding) == ("/tree", "cdr")
        assert channel.metadata["offered_qos_profiles"] == QOS
        assert message.data == tree(number)
        assert message.log_time == LOG_NS + number * 1_000_000
        assert message.publish_time == message.log_time - 5
        assert message.sequence == number


@pytest.mark.parametrize("qos", [QOS, ""])
def test_rosbags_decodes_types_it_learns_from_the_file_alone(tmp_path, qos):
    path = tmp_path / "session.mcap"
    record(path, 20, qos=qos).close()
    with AnyReader([path]) as reader:
        assert [each.msgtype for each in reader.connections] == ["test_msgs/msg/Tree"]
        for number, (connection, log_ns, raw) in enumerate(reader.messages()):
            found: Any = reader.deserialize(raw, connection.msgtype)
            assert log_ns == LOG_NS + number * 1_000_000
            assert (found.header.stamp.sec, found.header.frame_id) == (number, "base_link")
            assert [leaf.size for leaf in found.leaves] == [0.5 * number] * 2
            assert found.leaves[1].far.flags.tolist() == [True, False, number % 2 == 1]
            assert found.step.tolist() == [number, -1.0, 2.0]
    assert number == 19


def test_file_that_exists_is_refused_and_left_as_it_was(tmp_path):
    path = tmp_path / "session.mcap"
    path.write_bytes(b"mine")
    with pytest.raises(RecordError, match=r"session\.mcap: exists already; choose another"):
        McapFile(path, definition)
    assert path.read_bytes() == b"mine"


def test_folder_that_is_not_there_is_refused_in_one_line(tmp_path):
    with pytest.raises(RecordError, match=r"session\.mcap: cannot be written: No such file"):
        McapFile(tmp_path / "none" / "session.mcap", definition)


def test_file_without_messages_is_whole(tmp_path):
    path = tmp_path / "session.mcap"
    record(path, 0).close()
    with path.open("rb") as stream:
        assert list(make_reader(stream).iter_messages()) == []


def test_closing_twice_does_no_harm_and_leaving_by_an_error_closes(tmp_path):
    path = tmp_path / "session.mcap"
    with pytest.raises(ZeroDivisionError), record(path, 3) as file:
        _ = 1 / 0
    file.close()
    with path.open("rb") as stream:
        assert len(list(make_reader(stream).iter_messages())) == 3


def salvaged(path: Path) -> list[Message]:
    """Return the messages before a file's end or its damage."""
    found: list[Message] = []
    with path.open("rb") as stream, suppress(McapError, EOFError):
        for each in StreamReader(stream).records:
            if isinstance(each, Message):
                found.append(each)
    return found


def test_file_cut_short_is_readable_up_to_its_last_whole_chunk(tmp_path):
    path = tmp_path / "session.mcap"
    record(path, 60, pixels=100_000).close()
    whole = path.read_bytes()
    counts = []
    for share in (0.3, 0.6, 0.9):
        cut = tmp_path / f"cut {share}.mcap"
        cut.write_bytes(whole[: int(share * len(whole))])
        found = salvaged(cut)
        counts.append(len(found))
        assert [message.data for message in found[:3]] == [tree(n, 100_000) for n in range(3)]
        assert len(found) >= int(share * 60) - 1, "no more than a chunk is lost"
    assert counts == sorted(counts)
    assert len(salvaged(path)) == 60


def test_what_a_killed_recorder_leaves_behind_is_readable(tmp_path):
    path = tmp_path / "session.mcap"
    file = record(path, 60, pixels=100_000)
    found = salvaged(path)  # not closed: what a kill leaves
    assert len(found) >= 60 - 1, "a chunk is no more than an image"
    file.close()
