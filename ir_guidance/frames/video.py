# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Video files, capture devices and network streams, through OpenCV."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

# FFmpeg inside OpenCV writes to stderr itself, where a refusal is one line; -8 is AV_LOG_QUIET.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

import cv2

from ir_guidance.frames.recording import Recording, Shot, check_size
from ir_guidance.frames.source import SourceError
from ir_guidance.values import Pixels

OPEN_TIMEOUT_MS = 5000
READ_TIMEOUT_MS = 5000
MAX_RATE_HZ = 1000.0
MISSING_FRAMES = 0.02
"""Containers count frames from headers; a shortage of more than this share is a file cut off."""


def read_video(path: Path) -> Recording:
    """Read the header of a video file.

    Raises:
        SourceError: OpenCV finds no video in it.
    """
    capture = _opened(
        str(path),
        f"{path}: not a readable video, or cut off; convert it to MP4 (H.264) or copy it again",
    )
    try:
        count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        rate_hz = capture.get(cv2.CAP_PROP_FPS)
    finally:
        capture.release()
    return Recording(
        description=f"{path.name}: video" + (f", {count} frames" if count > 0 else ""),
        shots=partial(_file_shots, path, count),
        rate_hz=rate_hz if 0 < rate_hz <= MAX_RATE_HZ else None,
        count=count if count > 0 else None,
    )


def read_device(device: str) -> Recording:
    """Open a capture device, by path (``/dev/video0``) or number (``0``).

    Raises:
        SourceError: It does not open.
    """
    index = int(device.removeprefix("/dev/video"))
    _silence()
    capture = cv2.VideoCapture(index)
    return _live(capture, f"capture device {device}", "check that it is connected and free")


def read_address(address: str) -> Recording:
    """Open a network stream; a user name and password in it are not shown.

    Raises:
        SourceError: Nothing answers there.
    """
    parts = urlsplit(address)
    shown = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()
    return _live(_capture(address), shown, "check the address and that the stream runs")


def _live(capture: cv2.VideoCapture, name: str, remedy: str) -> Recording:
    if not capture.isOpened():
        raise SourceError(f"{name}: does not open; {remedy}")
    rate_hz = capture.get(cv2.CAP_PROP_FPS)
    return Recording(
        description=name,
        shots=partial(_live_shots, capture, name),
        rate_hz=rate_hz if 0 < rate_hz <= MAX_RATE_HZ else None,
        live=True,
        close=capture.release,
    )


def _silence() -> None:
    """Keep OpenCV's warnings off stderr; what does not open is said once, by a SourceError."""
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def _capture(name: str) -> cv2.VideoCapture:
    _silence()
    timeouts = [
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
        OPEN_TIMEOUT_MS,
        cv2.CAP_PROP_READ_TIMEOUT_MSEC,
        READ_TIMEOUT_MS,
    ]
    return cv2.VideoCapture(name, cv2.CAP_FFMPEG, timeouts)


def _opened(name: str, refusal: str) -> cv2.VideoCapture:
    capture = _capture(name)
    if not capture.isOpened():
        raise SourceError(refusal)
    return capture


def _file_shots(path: Path, count: int) -> Iterator[Shot]:
    capture = _opened(str(path), f"{path}: no longer opens")
    index = 0
    try:
        while (pixels := _next_grey(capture, str(path))) is not None:
            yield Shot(pixels=pixels, file=path.name, starts=index == 0)
            index += 1
    finally:
        capture.release()
    if index < count * (1 - MISSING_FRAMES) - 1:
        raise SourceError(f"{path}: truncated, {index} of {count} frames; copy or convert it again")


def _live_shots(capture: cv2.VideoCapture, name: str) -> Iterator[Shot]:
    """Yield frames as they come, until the stream ends, each with the time at which it came."""
    starts = True
    while (pixels := _next_grey(capture, name)) is not None:
        yield Shot(
            pixels=pixels,
            file=name,
            stamp_ns=time.time_ns(),
            steady_ns=time.monotonic_ns(),
            starts=starts,
        )
        starts = False


def _next_grey(capture: cv2.VideoCapture, name: str) -> Pixels | None:
    """Return the next image as 8-bit grey, or None at the end."""
    found, image = capture.read()
    if not found:
        return None
    check_size(name, image.shape[1], image.shape[0])
    return cast(Pixels, cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if image.ndim == 3 else image)
