# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Which reader a source is for; a reader's libraries are imported only when it is chosen."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from ir_guidance.frames.recording import RecordedSource, Recording
from ir_guidance.frames.source import Source, SourceError, SourceOptions

Reader = Callable[[Path], Recording]

ADDRESS = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
STREAMS = ("rtsp", "rtsps", "rtmp", "http", "https", "udp", "tcp")
DEVICE = re.compile(r"(/dev/video)?\d{1,3}")


def _image(path: Path) -> Recording:
    from ir_guidance.frames.image import read_image

    return read_image(path)


def _dicom(path: Path) -> Recording:
    from ir_guidance.frames.dicom import read_dicom

    return read_dicom(path)


def _metaimage(path: Path) -> Recording:
    from ir_guidance.frames.metaimage import read_metaimage

    return read_metaimage(path)


def _video(path: Path) -> Recording:
    from ir_guidance.frames.video import read_video

    return read_video(path)


READERS: dict[str, Reader] = {
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"), _image),
    **dict.fromkeys((".dcm", ".dicom", ".ima"), _dicom),
    **dict.fromkeys((".mha", ".mhd"), _metaimage),
    **dict.fromkeys((".mp4", ".avi", ".mkv", ".mov"), _video),
}
"""By suffix; a folder is read as the first kind of these that it holds."""


def open_source(source: str, options: SourceOptions | None = None) -> Source:
    """Open a file, folder, capture device (``/dev/video0``, ``0``) or address (``rtsp://``, ``http://``).

    The first frame of a recording is read once, so that what cannot work is refused here.

    Raises:
        SourceError: It cannot be used; the message is one line.
    """
    recording = _live(source) or _recorded(Path(source).expanduser())
    opened = RecordedSource(recording, options or SourceOptions())
    if not opened.live:
        next(opened.grabs())
    return opened


def _live(source: str) -> Recording | None:
    address = ADDRESS.match(source)
    if address and address[1].lower() not in STREAMS:
        raise SourceError(
            f"{source}: streams are read by {', '.join(STREAMS)}; give one of these or a file"
        )
    if not address and (
        not DEVICE.fullmatch(source) or (source.isdecimal() and Path(source).exists())
    ):
        return None
    from ir_guidance.frames.video import read_address, read_device

    return read_address(source) if address else read_device(source)


def _recorded(path: Path) -> Recording:
    if path.is_dir():
        return _folder(path)
    if not path.exists():
        raise SourceError(f"{path}: no such file or folder; check the path")
    return _file(path)


def _file(path: Path) -> Recording:
    reader = _reader(path)
    if reader is None:
        raise SourceError(
            f"{path}: unsupported kind of file; give one of {' '.join(READERS)}, or a folder"
        )
    try:
        if path.stat().st_size == 0:
            raise SourceError(f"{path}: empty file; copy or export it again")
        return reader(path)
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}; check that it may be read") from None


def _reader(path: Path) -> Reader | None:
    """Return the reader by suffix, or DICOM's by the mark in a file without a known one."""
    if reader := READERS.get(path.suffix.lower()):
        return reader
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return _dicom if file.read(132).endswith(b"DICM") else None


def _folder(folder: Path) -> Recording:
    from ir_guidance.frames.folder import natural_key, read_images, read_runs
    from ir_guidance.frames.labels import read_labels

    try:
        files = [
            file for file in folder.iterdir() if file.is_file() and not file.name.startswith(".")
        ]
        kinds = {file: _reader(file) for file in sorted(files, key=natural_key)}
    except OSError as error:
        raise SourceError(
            f"{folder}: {error.strerror or error}; check that it may be read"
        ) from None
    for reader in dict.fromkeys(READERS.values()):
        chosen = [file for file, kind in kinds.items() if kind is reader]
        if reader is _image and (chosen or read_labels(folder)):
            return read_images(folder, chosen)
        if chosen:
            return read_runs(folder, chosen, _file)
    raise SourceError(
        f"{folder}: no images in this folder; give one with {' '.join(READERS)} files"
    )
