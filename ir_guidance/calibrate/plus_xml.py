# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""PLUS's XML files: the wires of a phantom, where it stands, and published calibrations; millimetres made metres."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ir_guidance.calibrate import CalibrationError
from ir_guidance.calibrate.wires import NWire
from ir_guidance.values import Matrix

MM = 1e-3
LARGEST_FILE_BYTES = 64 << 20


@dataclass(frozen=True, slots=True, eq=False)
class WirePhantom:
    """A phantom by its configuration file: wires, its place on its marker (4x4, metres), a pixel's rough size."""

    wires: tuple[NWire, ...]
    reference_from_phantom: Matrix
    spacing_m: float


def read_phantom(path: Path) -> WirePhantom:
    """Return the N-wires of a PLUS device set configuration and how it stands.

    Raises:
        CalibrationError: It is no such file, or lacks wires, PhantomToReference or the rough spacing.
    """
    root = _root(path)
    wires = tuple(
        NWire(
            names=(names[0], names[1], names[2]),
            ends_m=np.array(ends) * MM,
        )
        for names, ends in (_wires_of(path, item) for item in root.iter("Pattern"))
    )
    spacing = next(
        (item.get("ApproximateSpacingMmPerPixel") for item in root.iter("Segmentation")), None
    )
    if not wires or spacing is None:
        missing = "ApproximateSpacingMmPerPixel" if wires else "N-wires (Pattern Type NWire)"
        raise CalibrationError(f"{path}: has no {missing}; give the phantom's device set file")
    spacing_m = float(_numbers(path, spacing, 1)[0]) * MM
    return WirePhantom(wires, read_transform(path, "Phantom", "Reference"), spacing_m)


def read_transform(path: Path, source: str, target: str) -> Matrix:
    """Return the 4x4 ``target_from_source`` that a file states; in metres, or metres a pixel from Image.

    Raises:
        CalibrationError: The file has none.
    """
    for item in _root(path).iter("Transform"):
        if (item.get("From"), item.get("To")) == (source, target):
            matrix = np.array(_numbers(path, item.get("Matrix", ""), 16)).reshape(4, 4)
            matrix[:3] *= [[MM] * 4] if source == "Image" else [[1, 1, 1, MM]]
            return matrix
    raise CalibrationError(f"{path}: has no transform from {source} to {target}; give another file")


def read_stated_error_m(path: Path) -> float:
    """Return the mean 3D error that a calibration result file states.

    Raises:
        CalibrationError: It states none.
    """
    for item in _root(path).iter("ReprojectionError3DStatistics"):
        return _numbers(path, item.get("CalibrationMeanMm", ""), 1)[0] * MM
    raise CalibrationError(f"{path}: states no 3D error; give a calibration result file")


def _root(path: Path) -> ElementTree.Element:
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise CalibrationError(f"{path}: too large for a PLUS file; give the right one")
        return ElementTree.fromstring(path.read_bytes())
    except FileNotFoundError:
        raise CalibrationError(f"{path}: no such file") from None
    except (OSError, ElementTree.ParseError, ValueError) as error:
        if isinstance(error, CalibrationError):
            raise
        raise CalibrationError(f"{path}: not readable as XML: {error}") from None


def _wires_of(
    path: Path, pattern: ElementTree.Element
) -> tuple[list[str], list[list[list[float]]]]:
    wires = list(pattern.iter("Wire"))
    if pattern.get("Type") != "NWire" or len(wires) != 3:
        raise CalibrationError(
            f"{path}: a Pattern is no NWire of three wires; give another phantom"
        )
    ends = [
        [_numbers(path, wire.get(f"EndPoint{end}", ""), 3) for end in ("Front", "Back")]
        for wire in wires
    ]
    return [wire.get("Name", "") for wire in wires], ends


def _numbers(path: Path, text: str, count: int) -> list[float]:
    try:
        values = [float(part) for part in text.split()]
    except ValueError:
        values = []
    if len(values) != count or not np.isfinite(values).all():
        raise CalibrationError(f"{path}: {text[:60]!r} is not {count} numbers; correct the file")
    return values
