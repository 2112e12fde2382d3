# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What flows between the stages: frozen values, SI units, one class a noun."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Pixels = NDArray[np.uint8] | NDArray[np.uint16]

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000


class Modality(StrEnum):
    """How the image was made."""

    ULTRASOUND = "ultrasound"
    FLUOROSCOPY = "fluoroscopy"


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


class Level(IntEnum):
    """Reaction of the gate, from least to most severe; R5 is hard-wired and never software."""

    R0 = 0
    R1 = 1
    R2 = 2
    R3 = 3
    R4 = 4


@dataclass(frozen=True, slots=True, eq=False)
class ProbeGeometry:
    """Where the pixels of an ultrasound image lie.

    ``us_image_optical`` has its origin at the centre of the transducer face: x along the face (u),
    y down the depth (v), z out of the plane. A pixel (u, v) is at
    x = (u - face_px[0]) * spacing_m[0], y = (v - face_px[1]) * spacing_m[1], z = 0.
    ``base_from_image`` is 4x4; ``epoch`` changes whenever anything else here does, but for the place of a
    probe that is ``tracked``: that is of one image.
    ``slice_sigma_m`` is the standard deviation of the beam out of the plane.
    """

    spacing_m: tuple[float, float]
    face_px: tuple[float, float]
    base_from_image: Matrix
    slice_sigma_m: float = 0.001
    epoch: int = 0
    tracked: bool = False


class Plane(IntEnum):
    """Where an image's plane is, to where it was laid; ``FIXED`` where nothing follows a probe."""

    FIXED = 0
    LAID = 1
    SWEPT = 2


@dataclass(frozen=True, slots=True, eq=False)
class CarmGeometry:
    """A C-arm view in DICOM's terms; lengths in metres, angles in radians.

    ``sdd_m`` source to detector, ``sid_m`` source to isocentre (DICOM: source to patient);
    positive primary angle is LAO, positive secondary angle is cranial (PS3.3 C.8.7.5);
    ``imager_spacing_m`` is (across, down) at the detector; ``table_m`` lateral, longitudinal, vertical.
    ``centre_px`` is the pixel (u, v) that the ray through the isocentre meets; None: the image's middle.
    ``base_from_isocentre`` is 4x4: from the isocentre's axes (x to the patient's left, y to the back,
    z to the head, for a patient on the back, head first) to ``base_link``; None: not known.
    """

    sdd_m: float
    sid_m: float
    primary_angle_rad: float
    secondary_angle_rad: float
    imager_spacing_m: tuple[float, float]
    table_m: tuple[float, float, float] = (0.0, 0.0, 0.0)
    epoch: int = 0
    centre_px: tuple[float, float] | None = None
    base_from_isocentre: Matrix | None = None


@dataclass(frozen=True, slots=True)
class Exposure:
    """What an X-ray image cost: pulses per second, and the dose-area product since the source started."""

    pulse_rate_hz: float
    dose_area_product_gym2: float


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One image as the scanner gave it.

    ``pixels`` is (rows, columns), row 0 at the top. ``stamp_ns`` is wall time for people,
    ``acquired_steady_ns`` the same moment on this host's steady clock, for ages and deadlines.
    ``spacing_m`` (across, down) is in the plane of the needle; None where the source does not know it.
    ``view`` tells the two planes of a biplane C-arm apart; ``exposure`` is None but for X-rays.
    """

    pixels: Pixels
    sequence: int
    stamp_ns: int
    acquired_steady_ns: int
    modality: Modality = Modality.ULTRASOUND
    spacing_m: tuple[float, float] | None = None
    geometry: ProbeGeometry | CarmGeometry | None = None
    view: int = 0
    exposure: Exposure | None = None


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
