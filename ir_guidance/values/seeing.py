# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What was seen: in pixels, and in metres in ``base_link``."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ir_guidance.values.imaging import Plane
from ir_guidance.values.units import Matrix, Vector


class Reason(StrEnum):
    """Why a stage could not give what it was asked for; OK when it could."""

    OK = "ok"
    NOT_FOUND = "not found"
    LOW_CONTRAST = "low contrast"
    BLACK = "black image"
    SATURATED = "saturated image"
    FROZEN = "frozen image"
    OUT_OF_PLANE = "out of plane"
    TARGET_LOST = "target lost"
    JUMP = "jump"


@dataclass(frozen=True, slots=True, eq=False)
class NeedleTrack:
    """The needle in pixels: tip (u, v), unit direction towards the tip, covariance in px^2.

    The tip is the best there is, the robot's word for it weighed in. ``image_tip_px`` and
    ``image_covariance_px2`` are what the image alone adds to that word, for whoever weighs the robot in
    again: the same thing must not count twice. None where nothing was weighed in.
    """

    tip_px: Vector
    tip_covariance_px2: Matrix
    direction: Vector
    direction_sigma_rad: float
    confidence: float
    image_tip_px: Vector | None = None
    image_covariance_px2: Matrix | None = None


@dataclass(frozen=True, slots=True, eq=False)
class TargetTrack:
    """The target in pixels (u, v), covariance in px^2."""

    px: Vector
    covariance_px2: Matrix
    confidence: float


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """What was seen in one frame; None is an honest "not found", and the reasons say why.

    ``heat`` is a (rows, columns) float32 response kept for display, at any resolution.
    """

    sequence: int
    stamp_ns: int
    acquired_steady_ns: int
    needle: NeedleTrack | None
    target: TargetTrack | None
    needle_reason: Reason = Reason.OK
    target_reason: Reason = Reason.OK
    heat: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ShaftPrior:
    """Where the robot's kinematics expect the needle in the image; the tracker may search near it.

    ``entry_px`` and ``tip_px`` are (u, v) and may lie outside the image.
    """

    entry_px: Vector
    tip_px: Vector


@dataclass(frozen=True, slots=True, eq=False)
class Fix:
    """Needle and target in metres in ``base_link``, each with covariance.

    ``target_m`` is the target now, ``target_rest_m`` its place at end-exhale once the breath is known.
    ``breath_m`` is how far the target is from rest, ``breath_rate_mps`` how fast that grows.
    ``coasted`` counts the frames since the needle was last seen, 0 while it cannot be in view yet;
    ``target_coasted`` counts those since the target was. ``unseen`` is the unit vector that the newest
    image shows nothing of: out of the plane of ultrasound, along the X-ray; None: not known. ``plane`` tells
    whether a tracked probe is being swept.
    """

    sequence: int
    stamp_ns: int
    acquired_steady_ns: int
    tip_m: Vector
    tip_covariance_m2: Matrix
    direction: Vector
    direction_covariance: Matrix
    target_m: Vector | None
    target_covariance_m2: Matrix | None
    insertion_m: float
    target_rest_m: Vector | None = None
    breath_m: float = 0.0
    breath_rate_mps: float = 0.0
    breath_period_s: float = 0.0
    geometry_epoch: int = 0
    coasted: int = 0
    target_coasted: int = 0
    unseen: Vector | None = None
    plane: Plane = Plane.FIXED
