# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Named QoS profiles; a publisher and its subscribers take theirs from here and nowhere else.

No subscriber asks for a deadline: one shorter than the publisher's would get no data and no error.
Ages are checked on the steady clock in the application, below which DDS deadlines do not reach.
"""

from __future__ import annotations

from rclpy.duration import Duration
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

IMAGES_OFFERED = QoSProfile(
    depth=1, history=HistoryPolicy.KEEP_LAST, reliability=ReliabilityPolicy.RELIABLE
)
"""A driver offers reliable images (REP 2003); depth 1: the newest frame wins."""

IMAGES_WANTED = QoSProfile(
    depth=1, history=HistoryPolicy.KEEP_LAST, reliability=ReliabilityPolicy.BEST_EFFORT
)
"""Guidance and displays want the newest frame or none."""

IMAGES_WANTED_VIEWS = QoSProfile(
    depth=2, history=HistoryPolicy.KEEP_LAST, reliability=ReliabilityPolicy.BEST_EFFORT
)
"""Under two planes guidance wants the newest frame of each: they come in turn, or both at once."""

RECORDED = QoSProfile(
    depth=200, history=HistoryPolicy.KEEP_LAST, reliability=ReliabilityPolicy.RELIABLE
)
"""The recorder wants every message."""

RECORDED_LATCHED = QoSProfile(
    depth=200,
    history=HistoryPolicy.KEEP_LAST,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)
"""Of what is latched the recorder wants every message too, and the one from before it came."""

STREAM = QoSProfile(
    depth=10, history=HistoryPolicy.KEEP_LAST, reliability=ReliabilityPolicy.RELIABLE
)
"""Small messages that go with every frame, and reports."""

COMMANDS = QoSProfile(
    depth=1,
    history=HistoryPolicy.KEEP_LAST,
    reliability=ReliabilityPolicy.RELIABLE,
    lifespan=Duration(nanoseconds=100_000_000),
    deadline=Duration(nanoseconds=100_000_000),
)
"""Offered for commands and corrections: worthless after 100 ms, the command expiry."""

COMMANDS_TAKEN = QoSProfile(
    depth=1, history=HistoryPolicy.KEEP_LAST, reliability=ReliabilityPolicy.RELIABLE
)
"""Wanted of commands, corrections, consent and robot states: the newest only."""

CONSENT = QoSProfile(
    depth=1,
    history=HistoryPolicy.KEEP_LAST,
    reliability=ReliabilityPolicy.RELIABLE,
    lifespan=Duration(nanoseconds=250_000_000),
)
"""Offered for consent: worthless after 250 ms."""

LATCHED = QoSProfile(
    depth=1,
    history=HistoryPolicy.KEEP_LAST,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)
"""Safety state, geometry and plan: whoever comes later gets the last one."""

LATCHED_VIEWS = QoSProfile(
    depth=2,
    history=HistoryPolicy.KEEP_LAST,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)
"""Geometry of a C-arm: whoever comes later gets that of both planes."""
