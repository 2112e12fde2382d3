# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Spacing, region and C-arm geometry from DICOM's tags; None wherever the tags do not say."""

from __future__ import annotations

import math

from pydicom import Dataset

from ir_guidance.frames.source import Roi
from ir_guidance.values import CarmGeometry

TWO_D, CENTIMETRES, TISSUE = 1, 3, 1
"""RegionSpatialFormat, PhysicalUnits and RegionDataType of a B-mode image (PS3.3 C.8.5.5)."""


def spacing_m(header: Dataset) -> tuple[float, float] | None:
    """Return the pixel spacing (across, down) in the plane of the needle.

    Ultrasound: the deltas of the B-mode region, else PixelSpacing. X-ray: the spacing at the
    detector over the magnification at the isocentre, where the needle is taken to be: source to
    detector / source to patient (PS3.3 C.8.7.5); else PixelSpacing, which a calibration put there.
    """
    if tissue := _tissue_region(header):
        return abs(float(tissue.PhysicalDeltaX)) / 1e2, abs(float(tissue.PhysicalDeltaY)) / 1e2
    imager_m, magnification = imager_spacing_m(header), _magnification(header)
    if imager_m is not None and magnification is not None:
        return imager_m[0] / magnification, imager_m[1] / magnification
    return _pair_m(header, "PixelSpacing")


def imager_spacing_m(header: Dataset) -> tuple[float, float] | None:
    """Return the spacing (across, down) at the detector.

    Where it is not given it follows from the field of view (PS3.3 C.8.7.3), taken to be what the
    shutters leave open, or the whole image without any.
    """
    if "ImagerPixelSpacing" in header:
        return _pair_m(header, "ImagerPixelSpacing")
    view_mm = header.get("FieldOfViewDimensions")
    if not view_mm or header.get("FieldOfViewShape") not in ("RECTANGLE", "ROUND"):
        return None
    across_mm, down_mm = (
        (view_mm, view_mm) if isinstance(view_mm, float | int) else (view_mm[0], view_mm[-1])
    )
    left, right, top, bottom = _shutter(header) or (0, int(header.Columns), 0, int(header.Rows))
    return float(across_mm) / (right - left) / 1e3, float(down_mm) / (bottom - top) / 1e3


def carm_geometry(header: Dataset) -> CarmGeometry | None:
    """Return the view of a C-arm that stands still; None where a length or angle is not given.

    With a moving positioner or table every frame has its own, which this one must not stand for.
    """
    imager_m = imager_spacing_m(header)
    names = (
        "DistanceSourceToDetector",
        "DistanceSourceToPatient",
        "PositionerPrimaryAngle",
        "PositionerSecondaryAngle",
    )
    values = [_number(header, name) for name in names]
    moving = "DYNAMIC" in (header.get("PositionerMotion"), header.get("TableMotion"))
    if imager_m is None or moving or any(value is None for value in values):
        return None
    sdd_mm, sid_mm, primary_deg, secondary_deg = (
        float(value) for value in values if value is not None
    )
    if not 0 < sid_mm < sdd_mm:
        return None
    return CarmGeometry(
        sdd_m=sdd_mm / 1e3,
        sid_m=sid_mm / 1e3,
        primary_angle_rad=math.radians(primary_deg),
        secondary_angle_rad=math.radians(secondary_deg),
        imager_spacing_m=imager_m,
    )


def region(header: Dataset) -> Roi | None:
    """Return the B-mode region, or the X-ray image without its shutters.

    The crop to the shutters takes the same off both sides, the smaller of the two, so that the
    principal point of the geometry stays at the centre.
    """
    if tissue := _tissue_region(header):
        left, top = int(tissue.RegionLocationMinX0), int(tissue.RegionLocationMinY0)
        width = int(tissue.RegionLocationMaxX1) - left + 1
        return left, top, width, int(tissue.RegionLocationMaxY1) - top + 1
    if not (shutter := _shutter(header)):
        return None
    left, right, top, bottom = shutter
    columns, rows = int(header.Columns), int(header.Rows)
    across, down = max(min(left, columns - right), 0), max(min(top, rows - bottom), 0)
    return across, down, columns - 2 * across, rows - 2 * down


def _tissue_region(header: Dataset) -> Dataset | None:
    """Return the largest calibrated B-mode region, if the header has any."""
    names = ("PhysicalDeltaX", "PhysicalDeltaY", "RegionLocationMinX0", "RegionLocationMaxY1")
    regions = [
        item
        for item in header.get("SequenceOfUltrasoundRegions") or []
        if item.get("RegionSpatialFormat") == TWO_D
        and item.get("RegionDataType") == TISSUE
        and item.get("PhysicalUnitsXDirection")
        == item.get("PhysicalUnitsYDirection")
        == CENTIMETRES
        and all(item.get(name) is not None for name in names)
    ]
    return max(regions, key=_area_px, default=None)


def _area_px(item: Dataset) -> int:
    width = item.RegionLocationMaxX1 - item.RegionLocationMinX0
    return int(width * (item.RegionLocationMaxY1 - item.RegionLocationMinY0))


def _shutter(header: Dataset) -> tuple[int, int, int, int] | None:
    """Return left, right, top, bottom of what a rectangular shutter leaves open, in pixel edges."""
    names = ("LeftVertical", "RightVertical", "UpperHorizontal", "LowerHorizontal")
    edges = [_number(header, f"Shutter{name}Edge") for name in names]
    if any(edge is None for edge in edges):
        return None
    left, right, top, bottom = (int(edge) for edge in edges if edge is not None)
    return (left, right, top, bottom) if left < right and top < bottom else None


def _magnification(header: Dataset) -> float | None:
    sdd_mm = _number(header, "DistanceSourceToDetector")
    sid_mm = _number(header, "DistanceSourceToPatient")
    if sdd_mm and sid_mm and 0 < sid_mm < sdd_mm:
        return sdd_mm / sid_mm
    estimated = _number(header, "EstimatedRadiographicMagnificationFactor")
    return estimated if estimated and estimated >= 1 else None


def _pair_m(header: Dataset, name: str) -> tuple[float, float] | None:
    """Return (across, down) of a spacing tag, which DICOM writes down first."""
    pair_mm = header.get(name)
    if pair_mm is None or len(pair_mm) != 2:
        return None
    return float(pair_mm[1]) / 1e3, float(pair_mm[0]) / 1e3


def _number(header: Dataset, name: str) -> float | None:
    value = header.get(name)
    return None if value is None or value == "" else float(value)
