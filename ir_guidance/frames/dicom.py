# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""DICOM images and runs: fluoroscopy (XA, RF and still X-rays) and ultrasound."""

from __future__ import annotations

import logging
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import iter_pixels

from ir_guidance.frames.dicom_geometry import carm_geometry, region, spacing_m
from ir_guidance.frames.jpeg import frames_agree
from ir_guidance.frames.recording import Recording, Shot, check_size
from ir_guidance.frames.source import Roi, SourceError
from ir_guidance.values import NS_PER_MS, CarmGeometry, Modality, Pixels

MODALITIES = {"US": Modality.ULTRASOUND, "IVUS": Modality.ULTRASOUND} | dict.fromkeys(
    ("XA", "RF", "DX", "CR", "RG", "XF"), Modality.FLUOROSCOPY
)
VOLUMES = ("CT", "MR", "PT", "NM")
UNREADABLE = (
    OSError,
    EOFError,
    StopIteration,
    ValueError,
    TypeError,
    AttributeError,
    KeyError,
    IndexError,
    NotImplementedError,
    RuntimeError,
    struct.error,
    BytesLengthException,
)
"""What pydicom and its decoders raise, by version and syntax, on files that break the rules."""

# A logger without a handler writes to stderr, where a refusal is one line.
logging.getLogger("pydicom").addHandler(logging.NullHandler())


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """What the header says of every frame; read at once: pydicom converts values on access."""

    header: Dataset
    kind: str
    count: int
    rate_hz: float | None
    stamps_ns: NDArray[np.int64] | None
    spacing_m: tuple[float, float] | None
    geometry: CarmGeometry | None
    roi: Roi | None
    inverted: bool
    bits: int


def read_dicom(path: Path) -> Recording:
    """Read the header of a DICOM file with one or many frames.

    Raises:
        SourceError: It is not DICOM, is broken, holds no images or those of a volume.
    """
    with _guarded(path):
        run = _read_run(path)
    frames = "1 frame" if run.count == 1 else f"{run.count} frames"
    return Recording(
        description=f"{path.name}: {run.kind} DICOM, {frames}",
        shots=partial(_shots, path, run),
        modality=MODALITIES.get(run.kind),
        rate_hz=run.rate_hz,
        count=run.count,
        stills=run.count == 1,
    )


@contextmanager
def _guarded(path: Path, where: str = "") -> Iterator[None]:
    """Keep pydicom's warnings off stderr; make one error of what it raises on a broken file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except SourceError:
        raise
    except InvalidDicomError:
        raise SourceError(f"{path}: not a DICOM file; export it again") from None
    except UNREADABLE as error:
        where = where or "(" + " ".join(str(error).split())[:160] + ")"
        raise SourceError(f"{path}: corrupt or truncated DICOM {where}; export it again") from None


def _read_run(path: Path) -> _Run:
    header = pydicom.dcmread(path, stop_before_pixels=True)
    kind = str(header.get("Modality") or "unknown")
    if kind in VOLUMES:
        raise SourceError(
            f"{path}: modality {kind}, a volume; give fluoroscopy or ultrasound images"
        )
    if "Rows" not in header or "Columns" not in header:
        raise SourceError(f"{path}: DICOM without an image; give an image or a run")
    check_size(str(path), int(header.Columns), int(header.Rows))
    count = _count(path, header)
    return _Run(
        header=header,
        kind=kind,
        count=count,
        rate_hz=_rate_hz(header),
        stamps_ns=_stamps_ns(header, count),
        spacing_m=spacing_m(header),
        geometry=carm_geometry(header),
        roi=region(header),
        inverted=header.get("PhotometricInterpretation") == "MONOCHROME1",
        bits=int(header.get("BitsStored", 8)),
    )


def _count(path: Path, header: Dataset) -> int:
    stated = header.get("NumberOfFrames")
    count = 1 if stated is None or stated == "" else int(stated)
    if count < 1:
        raise SourceError(f"{path}: NumberOfFrames is {stated}; export it again")
    return count


def _rate_hz(header: Dataset) -> float | None:
    if float(header.get("FrameTime") or 0) > 0:
        return 1e3 / float(header.FrameTime)
    for name in ("CineRate", "RecommendedDisplayFrameRate"):
        if float(header.get(name) or 0) > 0:
            return float(header[name].value)
    return None


def _stamps_ns(header: Dataset, count: int) -> NDArray[np.int64] | None:
    """Return stamps from the recorded frame times, counted from the first; None without them."""
    intervals_ms = np.atleast_1d(np.asarray(header.get("FrameTimeVector") or [], dtype=np.float64))
    if (
        len(intervals_ms) != count
        or not np.isfinite(intervals_ms).all()
        or (intervals_ms < 0).any()
    ):
        return None
    intervals_ms[0] = 0.0
    return np.round(np.cumsum(intervals_ms) * NS_PER_MS).astype(np.int64)


def _shots(path: Path, run: _Run) -> Iterator[Shot]:
    """Yield the frames one at a time; only one is in memory."""
    agreed, frames = frames_agree(path, run.header, run.count), iter_pixels(path)
    for index in range(run.count):
        with _guarded(path, f"at frame {index + 1} of {run.count}"):
            if not next(agreed, False):
                raise EOFError
            pixels = _grey(path, next(frames), run)
        yield Shot(
            pixels=pixels,
            file=path.name,
            stamp_ns=None if run.stamps_ns is None else int(run.stamps_ns[index]),
            spacing_m=run.spacing_m,
            geometry=run.geometry,
            roi=run.roi,
            starts=index == 0,
            inverted=run.inverted,
            white=(1 << run.bits) - 1,
        )


def _grey(path: Path, decoded: NDArray[np.generic], run: _Run) -> Pixels:
    """Return (rows, columns), 8 or 16 bit as stored; signed values are lifted to start at zero."""
    if run.header.get("PhotometricInterpretation") == "PALETTE COLOR":
        coloured = apply_color_lut(decoded, run.header)
        decoded = (coloured >> (8 * (coloured.itemsize - 1))).astype(np.uint8)
    if decoded.ndim == 3:
        decoded = cv2.cvtColor(np.ascontiguousarray(decoded), cv2.COLOR_RGB2GRAY)
    if decoded.dtype == np.uint8 or decoded.dtype == np.uint16:
        return cast(Pixels, decoded)
    if decoded.dtype == np.int8 or decoded.dtype == np.int16:
        lifted = decoded.astype(np.int32) + (1 << (run.bits - 1))
        return lifted.clip(0, 65535).astype(np.uint16)
    raise SourceError(f"{path}: pixels of {decoded.dtype}; export 8- or 16-bit images")
