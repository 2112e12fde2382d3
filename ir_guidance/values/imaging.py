# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Images: the pixels, what their machine said of them, and where they lie."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from ir_guidance.values.units import Matrix, Pixels


class Modality(StrEnum):
    """How the image was made."""

    ULTRASOUND = "ultrasound"
    FLUOROSCOPY = "fluoroscopy"


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
