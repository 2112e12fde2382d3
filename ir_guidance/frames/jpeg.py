# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What a JPEG codestream says of itself, read before a decoder in C has to believe it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pydicom
from pydicom import Dataset
from pydicom.encaps import generate_frames
from pydicom.uid import JPEGTransferSyntaxes

FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""SOF markers (ISO/IEC 10918-1, table B.1): the rest of this range are tables."""

EXPLICIT_ELEMENT_BYTES = 12
"""Tag, VR, reserved and length before the value of an encapsulated PixelData element."""


class JpegFrame(NamedTuple):
    """Bits a sample, rows, columns and samples a pixel."""

    bits: int
    rows: int
    columns: int
    samples: int


def jpeg_frame(codestream: bytes) -> JpegFrame | None:
    """Return what the frame header says; None where there is none, or it is broken."""
    place = 2
    while place + 10 <= len(codestream) and codestream[place] == 0xFF:
        marker, length = codestream[place + 1], int.from_bytes(codestream[place + 2 : place + 4])
        if marker in FRAME_HEADERS:
            rows = int.from_bytes(codestream[place + 5 : place + 7])
            columns = int.from_bytes(codestream[place + 7 : place + 9])
            return JpegFrame(codestream[place + 4], rows, columns, codestream[place + 9])
        place += 2 + length
    return None


def frames_agree(path: Path, header: Dataset, count: int) -> Iterator[bool]:
    """Yield for each frame whether its codestream is of the size and depth that the header says.

    GDCM ends the process on a frame whose depth is not; True for transfer syntaxes other than JPEG.
    """
    if header.file_meta.TransferSyntaxUID not in JPEGTransferSyntaxes:
        for _ in range(count):
            yield True
        return
    size = int(header.Rows), int(header.Columns), int(header.SamplesPerPixel)
    with path.open("rb") as file:
        pydicom.dcmread(file, stop_before_pixels=True)
        file.seek(EXPLICIT_ELEMENT_BYTES, 1)
        for codestream in generate_frames(file, number_of_frames=count):
            found = jpeg_frame(codestream)
            stored = range(int(header.BitsStored), int(header.BitsAllocated) + 1)
            yield found is not None and found[1:] == size and found.bits in stored
