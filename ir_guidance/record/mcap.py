# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""An MCAP file in the form that rosbag2 and Foxglove read; messages stay the CDR bytes of the wire."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from mcap.writer import CompressionType, Writer

PRIMITIVE = re.compile(
    r"^(bool|byte|char|float32|float64|u?int(8|16|32|64)|w?string)(<=\d+)?(\[[^\]]*\])?$"
)
RULE = "=" * 80
CHUNK_BYTES = 32 * 1024  # what is lost with a crash: one image, or half a second without images

Definition = Callable[[str], str]


class RecordError(ValueError):
    """A recording that cannot be made or read; one line says which, why and what to do."""


def schema_of(type_name: str, definition: Definition) -> str:
    """Return the text of a message type and of all it is made of, as rosbag2 stores it.

    ``definition`` gives the .msg text of a type such as ``std_msgs/msg/Header``.
    """
    texts = {type_name: definition(type_name)}
    waiting = [type_name]
    while waiting:
        within = waiting.pop()
        for used in _used_types(texts[within], package=within.split("/")[0]):
            if used not in texts:
                texts[used] = definition(used)
                waiting.append(used)
    first, *others = texts.items()
    parts = [first[1]]
    for name, text in others:
        package, _, short = name.split("/")
        parts.append(f"{RULE}\nMSG: {package}/{short}\n{text}")
    return "\n".join(parts)


def _used_types(text: str, package: str) -> list[str]:
    """Return the full names of the message types that a .msg text uses."""
    used = []
    for line in text.splitlines():
        words = line.split("#")[0].split()
        if (
            len(words) < 2
            or "=" in words[1]
            or words[1].startswith("=")
            or PRIMITIVE.match(words[0])
        ):
            continue
        name = re.sub(r"\[[^\]]*\]$", "", words[0])
        if "/" not in name:
            name = "std_msgs/Header" if name == "Header" else f"{package}/{name}"
        owner, short = name.split("/")[0], name.split("/")[-1]
        used.append(f"{owner}/msg/{short}")
    return used


class McapFile:
    """Writes one session; the file is whole after ``close``, and readable up to the last chunk before."""

    def __init__(self, path: Path, definition: Definition) -> None:
        """Open a new file.

        Raises:
            RecordError: It exists already: nothing is written over.
        """
        self._definition = definition
        try:
            self._stream = path.open("xb")
        except FileExistsError:
            raise RecordError(
                f"{path}: exists already; choose another file or move it away"
            ) from None
        except OSError as error:
            raise RecordError(f"{path}: cannot be written: {error.strerror}") from None
        # Speckle does not compress, and two cores have better things to do.
        self._writer = Writer(
            self._stream, chunk_size=CHUNK_BYTES, compression=CompressionType.NONE
        )
        self._writer.start(profile="ros2", library="ir_guidance")
        self._schemas: dict[str, int] = {}
        self._channels: dict[str, int] = {}
        self.messages = 0

    def __enter__(self) -> Self:
        """Return the open file."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self.close()

    def add_topic(self, topic: str, type_name: str, qos_yaml: str = "") -> None:
        """Prepare a topic of a type such as ``sensor_msgs/msg/Image``."""
        if type_name not in self._schemas:
            text = schema_of(type_name, self._definition)
            self._schemas[type_name] = self._writer.register_schema(
                name=type_name, encoding="ros2msg", data=text.encode()
            )
        self._channels[topic] = self._writer.register_channel(
            topic=topic,
            message_encoding="cdr",
            schema_id=self._schemas[type_name],
            metadata={"offered_qos_profiles": qos_yaml},
        )

    def add(self, topic: str, cdr: bytes, log_ns: int, publish_ns: int) -> None:
        """Write one message; times are wall time in nanoseconds."""
        self._writer.add_message(
            channel_id=self._channels[topic],
            log_time=log_ns,
            publish_time=publish_ns,
            data=cdr,
            sequence=self.messages % 2**32,
        )
        self.messages += 1

    def close(self) -> None:
        """Finish the file; a second call does nothing."""
        if not self._stream.closed:
            self._writer.finish()  # type: ignore[no-untyped-call]  # mcap has no annotation there
            self._stream.close()
