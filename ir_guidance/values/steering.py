# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Where the needle is to go: plans, and corrections on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from ir_guidance.values.units import Vector


@dataclass(frozen=True, slots=True)
class Sphere:
    """A no-go region in ``base_link``."""

    centre_m: tuple[float, float, float]
    radius_m: float


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A path from the skin to the target, in ``base_link``: a line, or an arc where ``bend_per_m`` is not zero.

    ``target_m`` is the target at end-exhale, the rest position of the breath; the path ends ``beyond_m`` after
    it. ``direction`` is the unit direction at the skin, ``length_m`` is along the whole path. ``bend_per_m``
    (3,) is square to it, points to the arc's centre and is one over the radius long: see
    ``geometry.arc_points``. At the depths ``checkpoints_m``, ascending, the needle is to stop until an image
    has confirmed it. ``no_go`` is the digest of the labelled structures, empty where there are none. ``hash``
    covers all the rest; consent binds to it.
    """

    entry_m: Vector
    target_m: Vector
    direction: Vector
    length_m: float
    clearance_m: float
    geometry_epoch: int
    obstacles: tuple[Sphere, ...]
    hash: str
    planner: str = "straight"
    bend_per_m: Vector = field(default_factory=lambda: np.zeros(3))
    checkpoints_m: tuple[float, ...] = ()
    no_go: str = ""
    beyond_m: float = 0.0


class Mode(IntEnum):
    """What a correction asks for."""

    HOLD = 0
    ALIGN = 1
    ADVANCE = 2
    WAIT_FOR_BREATH = 3
    ARRIVED = 4
    SWEEP = 5


@dataclass(frozen=True, slots=True, eq=False)
class Correction:
    """A bounded motion of the needle guide, asked for on the strength of one image.

    ``guide_rate`` is (x, y, pitch, yaw) in m/s, m/s, rad/s, rad/s; the advance is along the
    needle, never negative; ``roll_radps`` turns the needle with its bevel. All end at
    ``expires_steady_ns``, the advance also when ``advance_limit_m`` is used up.
    ``across_sigma_m`` and ``along_sigma_m`` are standard deviations of tip-to-target, for the gate's limits:
    the largest of those across what the image shows, and that along what it does not.
    """

    sequence: int
    stamp_ns: int
    acquired_steady_ns: int
    expires_steady_ns: int
    mode: Mode
    plan_hash: str
    guide_rate: tuple[float, float, float, float]
    advance_mps: float
    advance_limit_m: float
    across_sigma_m: float
    along_sigma_m: float
    remaining_m: float
    predicted_miss_m: float
    reason: str = ""
    roll_radps: float = 0.0
    stage_ms: dict[str, float] = field(default_factory=dict)
