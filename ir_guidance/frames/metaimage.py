# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""MetaImage sequences, PLUS's ``.igs.mha`` and ``.igs.mhd`` among them.

Read here and not through ITK, which inflates a compressed file from its start for every frame
(0.12 s for the 190th of 820x616) or holds all of it, and prints to stderr when it is cut off.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from ir_guidance.frames.metaimage_header import Header, read_header, truncated
from ir_guidance.frames.recording import Recording, Shot
from ir_guidance.frames.source import SourceError
from ir_guidance.values import NS_PER_S, Matrix, Modality, Pixels

CHUNK_BYTES = 1 << 16


def read_metaimage(path: Path) -> Recording:
    """Read the header of a MetaImage sequence, or of one 2D image.

    Images come in PLUS's orientation MF: u towards the probe's marked side, v away from the probe.
    A frame whose ImageStatus is not OK is kept and marked; a transform whose status is not OK is
    left out.

    Raises:
        SourceError: It is not one, its pixels are not 8- or 16-bit grey B-mode, or it is cut off.
    """
    header = read_header(path)
    stamps_ns = _stamps_ns(header)
    frames = "1 frame" if header.count == 1 else f"{header.count} frames"
    return Recording(
        description=f"{path.name}: MetaImage, {frames}",
        shots=partial(_shots, header, stamps_ns),
        modality=Modality.ULTRASOUND if header.tracked else None,
        rate_hz=_rate_hz(stamps_ns),
        count=header.count,
    )


def _stamps_ns(header: Header) -> NDArray[np.int64] | None:
    """Return a stamp for every frame, interpolated where a frame has none; None where none has."""
    known_s = {}
    for index, fields in header.fields.items():
        try:
            stamp_s = float(fields.get("Timestamp", "nan"))
        except ValueError:
            raise SourceError(
                f"{header.path}: Timestamp {fields['Timestamp']!r} is not a number; export it again"
            ) from None
        if index < header.count and np.isfinite(stamp_s):
            known_s[index] = stamp_s
    if not known_s:
        return None
    indices = sorted(known_s)
    stamps_s = np.interp(np.arange(header.count), indices, [known_s[index] for index in indices])
    return np.round(stamps_s * NS_PER_S).astype(np.int64)


def _rate_hz(stamps_ns: NDArray[np.int64] | None) -> float | None:
    if stamps_ns is None or len(stamps_ns) < 2:
        return None
    period_ns = float(np.median(np.diff(stamps_ns)))
    return NS_PER_S / period_ns if period_ns > 0 else None


def _shots(header: Header, stamps_ns: NDArray[np.int64] | None) -> Iterator[Shot]:
    spacing_m = _spacing_m(header)
    with header.data.open("rb") as file:
        file.seek(header.offset)
        blocks = _inflated(header, file) if header.compressed else _plain(header, file)
        for index, block in enumerate(blocks):
            stored = np.frombuffer(block, header.pixel_type).reshape(header.size_px[::-1])
            native = cast(Pixels, stored.astype(header.pixel_type.newbyteorder("=")))
            fields = header.fields.get(index, {})
            yield Shot(
                pixels=_upright(native, header.orientation),
                file=header.path.name,
                stamp_ns=None if stamps_ns is None else int(stamps_ns[index]),
                spacing_m=spacing_m,
                starts=index == 0,
                valid=fields.get("ImageStatus", "OK") == "OK",
                transforms=transforms_of(header.path, fields),
            )


def _plain(header: Header, file: BinaryIO) -> Iterator[bytes]:
    for index in range(header.count):
        block = file.read(header.frame_bytes)
        if len(block) < header.frame_bytes:
            raise truncated(header.data, f"frame {index + 1} of {header.count} is not whole")
        yield block


def _inflated(header: Header, file: BinaryIO) -> Iterator[bytes]:
    """Yield one frame's bytes after another from the zlib stream."""
    inflate = zlib.decompressobj()
    for index in range(header.count):
        block = bytearray()
        while len(block) < header.frame_bytes:
            data = inflate.unconsumed_tail or file.read(CHUNK_BYTES)
            try:
                part = inflate.decompress(data, header.frame_bytes - len(block))
            except zlib.error:
                raise SourceError(
                    f"{header.data}: corrupt at frame {index + 1} of {header.count}; copy it again"
                ) from None
            if not part and (inflate.eof or not data):
                raise truncated(header.data, f"frame {index + 1} of {header.count} is not whole")
            block += part
        yield bytes(block)


def _upright(pixels: Pixels, orientation: str) -> Pixels:
    """Turn an image so that its x points to the marked side and its y away from the probe."""
    if orientation[0] in "FN":
        pixels, orientation = pixels.T, orientation[::-1]
    if orientation[0] == "U":
        pixels = pixels[:, ::-1]
    return pixels[::-1] if orientation[1] == "N" else pixels


def _spacing_m(header: Header) -> tuple[float, float] | None:
    """Return (across, down) of the upright image."""
    if header.spacing_mm is None:
        return None
    x_mm, y_mm = header.spacing_mm
    return (y_mm / 1e3, x_mm / 1e3) if header.orientation[0] in "FN" else (x_mm / 1e3, y_mm / 1e3)


def transforms_of(path: Path, fields: dict[str, str]) -> dict[str, Matrix]:
    """Return the recorded 4x4 transforms whose status is OK, translations in metres."""
    transforms = {}
    for key, text in fields.items():
        name = key.removesuffix("Transform")
        if name == key or fields.get(f"{key}Status", "OK") != "OK":
            continue
        try:
            matrix = np.array([float(value) for value in text.split()]).reshape(4, 4)
        except ValueError:
            raise SourceError(
                f"{path}: {key} {text!r} is not a 4x4 matrix; export it again"
            ) from None
        matrix[:3, 3] /= 1e3
        transforms[name] = matrix
    return transforms
