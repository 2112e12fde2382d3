# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A message as it arrives, and values compared whole."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from rclpy.serialization import deserialize_message, serialize_message


def over_the_wire(msg: Any) -> Any:
    """Return the message after it was serialised and read back."""
    return deserialize_message(serialize_message(msg), type(msg))


def assert_same(value: Any, back: Any) -> None:
    """Compare two values field by field, arrays and nested values included."""
    if dataclasses.is_dataclass(value):
        assert type(value) is type(back)
        for field in dataclasses.fields(value):
            assert_same(getattr(value, field.name), getattr(back, field.name))
    else:
        np.testing.assert_array_equal(value, back)
        assert type(value) is type(back) or isinstance(value, float)
