# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A CT from a folder of DICOM slices (PS3.3 C.8.2)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
from pydicom import Dataset
from pydicom.errors import InvalidDicomError

from ir_guidance.frames.ct import AIR_HU, Ct, CtError, Volume32

NEEDED = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "PixelData")


def read_series(folder: Path) -> Ct:
    """Return the CT in a folder of DICOM slices.

    Raises:
        CtError: There is none, or there are several.
    """
    slices = []
    for path in sorted(folder.iterdir()):
        try:
            header = pydicom.dcmread(path)
        except (InvalidDicomError, IsADirectoryError):
            continue
        if all(tag in header for tag in NEEDED):
            slices.append(header)
    if len(slices) < 2:
        raise CtError(f"{folder}: holds no series of DICOM CT slices")
    if len({(s.get("SeriesInstanceUID"), s.Rows, s.Columns) for s in slices}) > 1:
        raise CtError(f"{folder}: holds slices of several series: give a folder with one")
    across, down = np.array(slices[0].ImageOrientationPatient, float).reshape(2, 3)
    normal = np.cross(across, down)
    slices.sort(key=lambda s: float(normal @ np.array(s.ImagePositionPatient, float)))
    places_mm = [float(normal @ np.array(s.ImagePositionPatient, float)) for s in slices]
    gaps_mm = np.diff(places_mm)
    if gaps_mm.max() > 1.1 * gaps_mm.min():
        raise CtError(
            f"{folder}: slices are {gaps_mm.min():g} to {gaps_mm.max():g} mm apart: one is missing or double"
        )
    first, last = (np.array(slices[i].ImagePositionPatient, float) for i in (0, -1))
    row_mm, column_mm = (float(size) for size in slices[0].PixelSpacing)
    lps = np.eye(4)
    lps[:3] = np.stack(
        [across * column_mm, down * row_mm, (last - first) / (len(slices) - 1), first], axis=1
    )
    lps[:3] /= 1e3
    volume = np.stack([_hounsfield(s) for s in slices], axis=-1)
    return Ct(np.maximum(volume, np.float32(AIR_HU)), lps)


def _hounsfield(header: Dataset) -> Volume32:
    slope, offset = float(header.get("RescaleSlope", 1)), float(header.get("RescaleIntercept", 0))
    pixels = header.pixel_array.astype(np.float32) * np.float32(slope) + np.float32(offset)
    return np.asarray(pixels.T)
