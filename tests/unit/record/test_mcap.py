# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A recording is what other readers read, and nothing is written over."""

from __future__ import annotations

from pathlib import Path

import pytest
from mcap.reader import make_reader
from rosbags.highlevel import AnyReader
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from ir_guidance.record.mcap import McapFile, RecordError, schema_of

TEXTS = {
    "lab/msg/Tip": "# metres\nuint8 OK=0\nstd_msgs/Header header\nPoint[] path\nfloat64[3] tip_m\n",
    "lab/msg/Point": "float64 x\nstring<=8 name\n",
    "std_msgs/msg/Header": "builtin_interfaces/Time stamp\nstring frame_id\n",
    "builtin_interfaces/msg/Time": "int32 sec\nuint32 nanosec\n",
}


def test_a_schema_holds_every_type_it_is_made_of() -> None:
    text = schema_of("lab/msg/Tip", TEXTS.__getitem__)
    assert text.startswith(TEXTS["lab/msg/Tip"])
    assert [line for line in text.splitlines() if line.startswith("MSG:")] == [
        "MSG: std_msgs/Header",
        "MSG: lab/Point",
        "MSG: builtin_interfaces/Time",
    ]


def test_an_independent_reader_reads_a_custom_type(tmp_path: Path) -> None:
    store = get_typestore(Stores.ROS2_JAZZY)
    for name in ("lab/msg/Point", "lab/msg/Tip"):
        store.register(get_types_from_msg(TEXTS[name], name))
    header = store.types["std_msgs/msg/Header"](
        store.types["builtin_interfaces/msg/Time"](7, 8), "base_link"
    )
    point = store.types["lab/msg/Point"](1.5, "a")
    import numpy as np

    msg = store.types["lab/msg/Tip"](header, [point], np.array([0.1, 0.2, 0.3]))
    cdr = bytes(store.serialize_cdr(msg, "lab/msg/Tip"))
    path = tmp_path / "session.mcap"
    with McapFile(path, TEXTS.__getitem__) as file:
        file.add_topic("/tip", "lab/msg/Tip")
        file.add("/tip", cdr, 5_000, 4_000)
    with AnyReader([path], default_typestore=get_typestore(Stores.ROS2_JAZZY)) as reader:
        ((connection, log_ns, raw),) = reader.messages()
        back = reader.deserialize(raw, connection.msgtype)
    assert (connection.topic, log_ns) == ("/tip", 5_000)
    assert back.header.frame_id == "base_link" and back.path[0].x == 1.5
    assert list(back.tip_m) == [0.1, 0.2, 0.3]
    with path.open("rb") as stream:
        header_of_file = make_reader(stream).get_header()
    assert header_of_file.profile == "ros2"


def test_an_existing_file_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "session.mcap"
    path.write_bytes(b"precious")
    with pytest.raises(RecordError, match="exists already"):
        McapFile(path, TEXTS.__getitem__)
    assert path.read_bytes() == b"precious"


def test_closing_twice_is_allowed(tmp_path: Path) -> None:
    file = McapFile(tmp_path / "session.mcap", TEXTS.__getitem__)
    file.close()
    file.close()
