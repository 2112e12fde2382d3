# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The robot, and who lets it move: poses, commands, consent and the gate."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from ir_guidance.values.units import Vector


class Level(IntEnum):
    """Reaction of the gate, from least to most severe; R5 is hard-wired and never software."""

    R0 = 0
    R1 = 1
    R2 = 2
    R3 = 3
    R4 = 4


@dataclass(frozen=True, slots=True, eq=False)
class GuidePose:
    """The needle guide in ``base_link``: the remote centre it pivots about, its axis, the needle's advance.

    ``direction`` is the unit axis, pointing into the patient; ``insertion_m`` is from the remote
    centre to the tip of a straight needle, negative while the needle is drawn back; ``roll_rad``
    is how far the needle is turned about its axis.
    """

    remote_centre_m: Vector
    direction: Vector
    insertion_m: float
    roll_rad: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class RobotState:
    """What the robot measured: joints in the order of ``kinematics.JOINTS``, metres and radians.

    ``accepted_stamp_ns`` is the acquisition stamp of the newest image whose command the drives took,
    ``accepted_steady_ns`` when the first command for it came; that is where image-to-robot latency ends.
    """

    steady_ns: int
    position: Vector
    velocity: Vector
    setpoint: Vector
    enabled: bool = True
    estop: bool = False
    brake: bool = False
    force_n: float = 0.0
    fault: str = ""
    watchdog_tripped: bool = False
    accepted_stamp_ns: int = 0
    accepted_steady_ns: int = 0


@dataclass(frozen=True, slots=True)
class Consent:
    """The operator's held permission for one plan; ``grant`` counts presses, so a new press is new consent."""

    session: str
    sequence: int
    issued_steady_ns: int
    plan_hash: str
    grant: int
    held: bool


class Mean(IntEnum):
    """What the operator's hand on a motion key means."""

    RETRACT = 0
    JOG = 1
    MOVE = 2


@dataclass(frozen=True, slots=True)
class Hand:
    """The operator's hand on a motion key, repeated while it is held; silence means stop.

    ``press`` counts presses: one that was let go does not come back. ``rate`` is that of the joints in the order
    of ``kinematics.JOINTS``, m/s and rad/s, nothing for a retraction; the gate bounds it.
    """

    session: str
    sequence: int
    issued_steady_ns: int
    press: int
    held: bool
    mean: Mean
    rate: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Command:
    """Joint set points for the robot, valid until ``expires_steady_ns``; metres and radians.

    ``stamp_ns`` and ``correction_sequence`` are those of the frame it answers. ``enable`` false asks
    the drive to switch off (a protective stop).
    """

    session: str
    sequence: int
    correction_sequence: int
    stamp_ns: int
    issued_steady_ns: int
    expires_steady_ns: int
    enable: bool
    position: tuple[float, ...]
    velocity: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """What the gate did in one period, and why; ``command`` is None when it sends nothing."""

    level: Level
    latched: bool
    reasons: tuple[str, ...]
    command: Command | None
    accepted: int | None = None
    blind_travel_m: float = 0.0
    blind_travel_max_m: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """The room's ground truth, for judging afterwards; guidance and robot never see it."""

    steady_ns: int
    tip_m: Vector
    direction: Vector
    target_m: Vector
    breathing_m: Vector
    insertion_m: float
    needle_out_of_plane_m: float
    extra: dict[str, Any] = field(default_factory=dict)
