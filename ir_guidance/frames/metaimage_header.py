# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The text header of a MetaImage sequence, checked: what the pixels are, where, and how many."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ir_guidance.frames.recording import check_size
from ir_guidance.frames.source import SourceError

PixelType = np.dtype[np.uint8] | np.dtype[np.uint16]

PIXEL_TYPES: dict[str, PixelType] = {
    "MET_UCHAR": np.dtype(np.uint8),
    "MET_USHORT": np.dtype(np.uint16),
}
FRAME_FIELD = re.compile(r"Seq_Frame(\d+)_(\w+)$")
ORIENTATIONS = {"UF", "UN", "MF", "MN", "FU", "NU", "FM", "NM"}
MAX_HEADER_BYTES = 64 << 20
MAX_LINE_BYTES = 64 << 10


@dataclass(frozen=True, slots=True, eq=False)
class Header:
    """What the header says.

    ``fields`` are the per-frame fields by frame number. ``orientation`` is two of PLUS's letters:
    where the stored x and y point (Marked or Unmarked side, Far from or Near the probe).
    ``spacing_mm`` is along the stored x and y; None where it is exactly 1 1, which PLUS writes for
    plain pixels. ``tracked`` says that the file has fields which only ultrasound recorders write.
    """

    path: Path
    data: Path
    offset: int
    size_px: tuple[int, int]
    count: int
    pixel_type: PixelType
    compressed: bool
    orientation: str
    spacing_mm: tuple[float, float] | None
    tracked: bool
    fields: dict[int, dict[str, str]]

    @property
    def frame_bytes(self) -> int:
        """Bytes of one frame, inflated."""
        return self.size_px[0] * self.size_px[1] * self.pixel_type.itemsize


def read_header(path: Path) -> Header:
    """Read and check the header, and that the file is long enough.

    Raises:
        SourceError: No MetaImage, pixels that are not 8- or 16-bit grey B-mode, or cut off.
    """
    with path.open("rb") as file:
        keys = _keys(path, file)
        offset = file.tell()
    width, height, count = _dimensions(path, keys)
    local = keys["ElementDataFile"] == "LOCAL"
    header = Header(
        path=path,
        data=path if local else _data_file(path, keys["ElementDataFile"]),
        offset=offset if local else 0,
        size_px=(width, height),
        count=count,
        pixel_type=_pixel_type(path, keys),
        compressed=_is_true(keys.get("CompressedData")),
        orientation=_orientation(path, keys),
        spacing_mm=_spacing_mm(path, keys),
        tracked="UltrasoundImageOrientation" in keys
        or any(key.startswith("Seq_Frame") for key in keys),
        fields=_frame_fields(keys),
    )
    _check_length(header, keys.get("CompressedDataSize", ""))
    return header


def read_frame_fields(path: Path) -> dict[int, dict[str, str]]:
    """Return the per-frame fields by frame number, of a file with images or, as trackers write, without.

    Raises:
        SourceError: It cannot be read as MetaImage.
    """
    with path.open("rb") as file:
        return _frame_fields(_keys(path, file))


def truncated(path: Path, what: str) -> SourceError:
    """Return the refusal of a file that was cut off."""
    return SourceError(f"{path}: truncated, {what}; copy or export it again")


def _keys(path: Path, file: BinaryIO) -> dict[str, str]:
    """Return the keys up to ElementDataFile, after which the pixels begin."""
    keys: dict[str, str] = {}
    while file.tell() < MAX_HEADER_BYTES:
        key, equals, value = file.readline(MAX_LINE_BYTES).decode("latin-1").partition("=")
        if not equals:
            break
        keys[key.strip()] = value.strip()
        if key.strip() == "ElementDataFile":
            return keys
    raise SourceError(f"{path}: not a MetaImage file, or its header is cut off; export it again")


def _is_true(text: str | None) -> bool:
    return (text or "").lower() == "true"


def _dimensions(path: Path, keys: dict[str, str]) -> tuple[int, int, int]:
    """Return width, height and number of frames; PLUS's 4D files have one slice a frame."""
    try:
        sizes = [int(value) for value in keys["DimSize"].split()]
        known = len(sizes) == int(keys["NDims"]) and 2 <= len(sizes) <= 4 and min(sizes) > 0
    except (KeyError, ValueError):
        known = False
    if not known:
        raise SourceError(
            f"{path}: DimSize {keys.get('DimSize')!r} is no size of images; export it again"
        )
    check_size(str(path), sizes[0], sizes[1])
    count = 1
    for size in sizes[2:]:
        count *= size
    return sizes[0], sizes[1], count


def _data_file(path: Path, name: str) -> Path:
    if name == "LIST" or "%" in name or Path(name).name != name:
        raise SourceError(
            f"{path}: pixels in {name!r}; only one data file beside the header is read"
        )
    if not path.with_name(name).is_file():
        raise SourceError(f"{path}: its data file {name} is missing; put it beside the header")
    return path.with_name(name)


def _pixel_type(path: Path, keys: dict[str, str]) -> PixelType:
    kind = keys.get("ElementType", "of no type")
    image_type = keys.get("UltrasoundImageType", "BRIGHTNESS")
    if kind not in PIXEL_TYPES or keys.get("ElementNumberOfChannels", "1") != "1":
        raise SourceError(f"{path}: pixels are {kind}; export 8- or 16-bit grey images")
    if image_type != "BRIGHTNESS":
        raise SourceError(f"{path}: {image_type} data; export B-mode images (BRIGHTNESS)")
    big_endian = _is_true(keys.get("ElementByteOrderMSB", keys.get("BinaryDataByteOrderMSB")))
    return PIXEL_TYPES[kind].newbyteorder(">" if big_endian else "<")


def _orientation(path: Path, keys: dict[str, str]) -> str:
    """Return the first two letters; the third, the order of slices, means nothing to an image."""
    name = keys.get("UltrasoundImageOrientation", "MF").upper()
    name = "MF" if name.startswith("XX") else name
    if name[:2] not in ORIENTATIONS or len(name) > 3:
        raise SourceError(
            f"{path}: UltrasoundImageOrientation {name!r} is not known; export it as MF"
        )
    return name[:2]


def _spacing_mm(path: Path, keys: dict[str, str]) -> tuple[float, float] | None:
    text = keys.get("ElementSpacing", keys.get("ElementSize", "1 1"))
    try:
        x_mm, y_mm = (float(value) for value in text.split()[:2])
    except ValueError:
        raise SourceError(
            f"{path}: ElementSpacing {text!r} is not numbers; export it again"
        ) from None
    return None if x_mm == 1.0 and y_mm == 1.0 else (x_mm, y_mm)


def _frame_fields(keys: dict[str, str]) -> dict[int, dict[str, str]]:
    fields: dict[int, dict[str, str]] = {}
    for key, value in keys.items():
        if match := FRAME_FIELD.match(key):
            fields.setdefault(int(match[1]), {})[match[2]] = value
    return fields


def _check_length(header: Header, compressed_bytes: str) -> None:
    """Refuse a file that holds fewer bytes than its header promises."""
    wanted = header.frame_bytes * header.count
    if header.compressed:
        wanted = int(compressed_bytes) if compressed_bytes.isdecimal() else 1
    present = header.data.stat().st_size - header.offset
    if present < wanted:
        raise truncated(header.data, f"{present} of {wanted} bytes of pixels")
