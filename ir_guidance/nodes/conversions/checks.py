# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What every conversion checks: finite numbers, lengths, this host's steady clock."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from builtin_interfaces.msg import Time
from std_msgs.msg import Header

from ir_guidance.values import NS_PER_S, Matrix, Vector
from ir_guidance_msgs.msg import StageLatency

BASE = "base_link"
"""The robot's base frame: every metre that crosses a process border is in it."""

BOOT_ID = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
"""Names the steady clock of this host since it booted; containers on one host share both."""


class ConversionError(ValueError):
    """A message that cannot be used; the text is one line: which message, which field, what it was."""


def name_of(msg: Any) -> str:
    """Return the message's type, for a person."""
    return type(msg).__name__


def require_finite(msg: Any) -> None:
    """Refuse a NaN or an infinity anywhere in a message, nested messages and arrays included.

    Raises:
        ConversionError: With the field's name.
    """
    for field in msg.get_fields_and_field_types():
        if not _finite(getattr(msg, field)):
            raise ConversionError(f"{name_of(msg)}: {field} is not finite")


def require_base(msg: Any) -> None:
    """Refuse a message that is not in the robot's base frame.

    Raises:
        ConversionError: With the frame that it names.
    """
    if msg.header.frame_id != BASE:
        raise ConversionError(f"{name_of(msg)}: frame {msg.header.frame_id!r} must be {BASE!r}")


def rigid(msg: Any, field: str) -> Matrix:
    """Return a rigid 4x4 transform that a message holds row by row.

    Raises:
        ConversionError: It is not one.
    """
    values = getattr(msg, field)
    transform = square(values) if len(values) == 16 else np.zeros((4, 4))
    rotation = transform[:3, :3]
    is_rigid = (
        np.allclose(transform[3], (0, 0, 0, 1))
        and np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-6)
        and np.linalg.det(rotation) > 0
    )
    if not is_rigid:
        raise ConversionError(f"{name_of(msg)}: {field} is not a rotation and a translation")
    return transform


def _finite(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, np.ndarray) or (isinstance(value, array) and value.typecode in "df"):
        return bool(np.isfinite(value).all())
    if isinstance(value, list) and value and hasattr(value[0], "get_fields_and_field_types"):
        for part in value:
            require_finite(part)
    elif hasattr(value, "get_fields_and_field_types"):
        require_finite(value)
    return True


def require_boot(msg: Any, boot_id: str | None) -> None:
    """Refuse steady times of another clock; ``boot_id`` None lets them pass, to read a recording.

    Raises:
        ConversionError: The message was stamped on another host or before a reboot.
    """
    if boot_id is not None and msg.boot_id != boot_id:
        raise ConversionError(
            f"{name_of(msg)}: steady times of boot {msg.boot_id!r}, this is {boot_id!r}"
        )


def require_length(msg: Any, *fields: str) -> None:
    """Refuse arrays that should be of one length and are not, or are empty.

    Raises:
        ConversionError: With the lengths.
    """
    lengths = {field: len(getattr(msg, field)) for field in fields}
    if 0 in lengths.values() or len(set(lengths.values())) != 1:
        raise ConversionError(f"{name_of(msg)}: lengths {lengths} must be one, and not 0")


def vector(values: Iterable[float]) -> Vector:
    """Return a copy (n,) of a message's numbers."""
    return np.array(values, dtype=np.float64)


def square(values: Iterable[float]) -> Matrix:
    """Return a copy (n, n) of n * n numbers that lie row by row."""
    flat = vector(values)
    side = math.isqrt(flat.size)
    return flat.reshape(side, side)


def flat(matrix: Matrix) -> Vector:
    """Return a copy of a matrix's numbers row by row."""
    return np.array(matrix, dtype=np.float64).ravel()


def stamp_to_msg(stamp_ns: int) -> Time:
    """Return a time in nanoseconds since 1970 as a message."""
    seconds, nanoseconds = divmod(stamp_ns, NS_PER_S)
    return Time(sec=seconds, nanosec=nanoseconds)


def stamp_from_msg(stamp: Time) -> int:
    """Return a time message in nanoseconds since 1970."""
    return stamp.sec * NS_PER_S + stamp.nanosec


def header(stamp_ns: int, frame_id: str) -> Header:
    """Return a header with the acquisition time."""
    return Header(stamp=stamp_to_msg(stamp_ns), frame_id=frame_id)


def stages_to_msg(stage_ms: Mapping[str, float]) -> list[StageLatency]:
    """Return stage times in milliseconds as messages, in their order."""
    return [StageLatency(stage=stage, duration_ms=float(ms)) for stage, ms in stage_ms.items()]


def stages_from_msg(stages: Iterable[StageLatency]) -> dict[str, float]:
    """Return stage times in milliseconds by name."""
    return {stage.stage: stage.duration_ms for stage in stages}
