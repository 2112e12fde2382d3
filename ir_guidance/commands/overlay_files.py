# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The overlays of a source as files: a picture each, or a video, and a sheet of some of them."""

from __future__ import annotations

import math
import re
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2
import numpy as np

from ir_guidance.commands.drawing import (
    BAND,
    INK,
    MISSED,
    Picture,
    display_window,
    padded,
)
from ir_guidance.commands.output import OutputError
from ir_guidance.commands.overlay import captioned, draw_overlay, draw_track
from ir_guidance.frames import Grab, Source
from ir_guidance.values import Track

TILES = 12
TILE_PX = 420
MIN_RATE_HZ, MAX_RATE_HZ = 1.0, 60.0
SHEET = "overlay.png"
VIDEO = "overlay.mp4"


class OverlayFiles:
    """Writes ``overlay.png`` (the picture, or a sheet), and one picture each or ``overlay.mp4``."""

    def __init__(self, folder: Path, source: Source) -> None:
        """Say where to, and for what; nothing is written before the first ``add``."""
        self._folder, self._source = folder, source
        self._sheet = Sheet()
        self._video: cv2.VideoWriter | None = None
        self._size = (0, 0)
        self._window = (0.0, 255.0)

    def add(self, grab: Grab, track: Track) -> None:
        """Draw one frame; ``track`` is in pixels of the full image.

        Raises:
            OutputError: It cannot be written.
        """
        if grab.starts:
            self._window = display_window(grab.image)
        number, count = grab.frame.sequence + 1, self._source.count
        label = f"{number} of {count}" if count else f"frame {number}"
        picture = draw_overlay(grab, track, label, self._window)
        if count == 1:
            write_png(self._folder / SHEET, picture)
        elif self._source.stills:
            stem = re.sub(r"[^\w.-]+", "_", Path(grab.file).stem)
            write_png(self._folder / f"overlay_{number:04d}_{stem}.png", picture)
        else:
            self._write_video(picture)
        if self._sheet.wants(grab.frame.sequence):
            self._sheet.add(_tile(grab, track, self._window))

    def _write_video(self, picture: Picture) -> None:
        if self._video is None:
            rows, columns = picture.shape[:2]
            self._size = (columns + columns % 2, rows + rows % 2)
            rate_hz = min(max(self._source.rate_hz, MIN_RATE_HZ), MAX_RATE_HZ)
            path = str(self._folder / VIDEO)
            self._video = cv2.VideoWriter(
                path, cv2.VideoWriter.fourcc(*"mp4v"), rate_hz, self._size
            )
            if not self._video.isOpened():
                raise OutputError(f"{path}: cannot be written; check the disk and OpenCV's FFmpeg")
        fitted = padded(picture, *self._size)
        self._video.write(cv2.cvtColor(fitted, cv2.COLOR_RGB2BGR))

    def __enter__(self) -> Self:
        """Return itself; the end of the block closes the video and writes the sheet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the video; after a block that went well also write the sheet."""
        if self._video is not None:
            self._video.release()
        if kind is None and self._source.count != 1 and self._sheet.tiles:
            write_png(self._folder / SHEET, self._sheet.drawn(self._source.description))


class Sheet:
    """Evenly spaced tiles of a run whose length need not be known.

    Every ``stride``-th is kept; at twice too many, every other goes and the stride doubles.
    """

    def __init__(self) -> None:
        """Begin without tiles, keeping every one."""
        self.tiles: list[Picture] = []
        self._stride = 1

    def wants(self, index: int) -> bool:
        """Return whether the tile of this frame is to be added."""
        return index % self._stride == 0

    def add(self, tile: Picture) -> None:
        """Keep a tile that was wanted."""
        self.tiles.append(tile)
        if len(self.tiles) > 2 * TILES:
            self.tiles = self.tiles[::2]
            self._stride *= 2

    def drawn(self, title: str) -> Picture:
        """Return at most TILES of them in rows of the same size, with a title below."""
        count = min(len(self.tiles), TILES)
        chosen = [
            self.tiles[i] for i in np.linspace(0, len(self.tiles) - 1, count).round().astype(int)
        ]
        columns = min(count, 4 if count > 6 else 3)
        width = max(tile.shape[1] for tile in chosen) + 8
        height = max(tile.shape[0] for tile in chosen) + 8
        blank = np.full((height, width, 3), BAND, dtype=np.uint8)
        cells = [padded(tile, width, height) for tile in chosen]
        cells += [blank] * (math.ceil(count / columns) * columns - count)
        rows = [np.hstack(cells[i : i + columns]) for i in range(0, len(cells), columns)]
        return captioned(np.vstack(rows), [[(title, INK)]])


def _tile(grab: Grab, track: Track, window: tuple[float, float]) -> Picture:
    """Return a small picture with one line: which frame, and how sure."""
    picture = draw_track(grab, track, TILE_PX / max(grab.roi[2:]), window)
    name = (f"{grab.frame.sequence + 1}  {Path(grab.file).name}", INK)
    found = ("not found", MISSED)
    if track.needle is not None:
        found = (f"confidence {track.needle.confidence:.2f}", INK)
    return captioned(picture, [[name], [found]], narrowest_px=TILE_PX // 2)


def write_png(path: Path, picture: Picture) -> None:
    """Write an RGB picture.

    Raises:
        OutputError: It cannot be written.
    """
    written, data = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    if not written:
        raise OutputError(f"{path}: cannot be written as PNG")
    path.write_bytes(data.tobytes())
