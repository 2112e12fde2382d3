# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What a reader of one format gives, and the source that puts the user's options on top."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self, cast

import numpy as np

from ir_guidance.frames.source import (
    DEFAULT_RATE_HZ,
    MAX_SIDE_PX,
    MIN_SIDE_PX,
    Grab,
    Roi,
    SourceError,
    SourceOptions,
)
from ir_guidance.values import (
    NS_PER_S,
    CarmGeometry,
    Frame,
    Matrix,
    Modality,
    Pixels,
    ProbeGeometry,
)

Geometry = ProbeGeometry | CarmGeometry

MAX_SPACING_M = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """One image as the file has it, before any option; None is what the file does not know.

    ``stamp_ns`` counts from wherever the recording does. ``steady_ns`` is given by live readers
    only. ``inverted`` says that the file stores white as black, ``white`` is the largest value.
    """

    pixels: Pixels
    file: str
    stamp_ns: int | None = None
    steady_ns: int | None = None
    spacing_m: tuple[float, float] | None = None
    geometry: Geometry | None = None
    roi: Roi | None = None
    starts: bool = False
    valid: bool = True
    inverted: bool = False
    white: int | None = None
    transforms: Mapping[str, Matrix] = field(default_factory=dict)


def _nothing_to_close() -> None:
    pass


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """What a reader found; ``shots()`` starts anew each time and holds one image in memory."""

    description: str
    shots: Callable[[], Iterator[Shot]]
    modality: Modality | None = None
    rate_hz: float | None = None
    count: int | None = None
    stills: bool = False
    live: bool = False
    close: Callable[[], None] = _nothing_to_close


def check_size(where: str, width: int, height: int) -> None:
    """Refuse an image before it is decoded into memory.

    Raises:
        SourceError: A side is under MIN_SIDE_PX or over MAX_SIDE_PX pixels.
    """
    if min(width, height) < MIN_SIDE_PX or max(width, height) > MAX_SIDE_PX:
        raise SourceError(
            f"{where}: image of {width}x{height} pixels; "
            f"give one with sides of {MIN_SIDE_PX} to {MAX_SIDE_PX}"
        )


class RecordedSource:
    """A recording with the user's options, which beat the file, which beats a default."""

    def __init__(self, recording: Recording, options: SourceOptions) -> None:
        """Keep both; nothing is read yet."""
        self._recording, self._options = recording, options
        self.modality = options.modality or recording.modality or Modality.ULTRASOUND
        self.rate_hz = options.rate_hz or recording.rate_hz or DEFAULT_RATE_HZ
        self.count = None if options.loop else recording.count
        self.stills, self.live = recording.stills, recording.live

    @property
    def description(self) -> str:
        """One line: what it is, and how its images are taken to be made."""
        known = self._options.modality or self._recording.modality
        assumed = "" if known else " (assumed; --modality says otherwise)"
        return f"{self._recording.description}, {self.modality}{assumed}"

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames; a recorded source begins at its start."""
        for grab in self.grabs():
            yield grab.frame

    def grabs(self) -> Iterator[Grab]:
        """Iterate as ``iter`` does, with where each frame came from.

        Raises:
            SourceError: An image cannot be read, or the options do not fit it.
        """
        first_ns: int | None = None
        for sequence, (shot, stamp_ns) in enumerate(self._stamped()):
            first_ns = stamp_ns if first_ns is None else first_ns
            steady_ns = stamp_ns - first_ns if shot.steady_ns is None else shot.steady_ns
            yield self._grab(shot, sequence, stamp_ns, steady_ns)

    def _stamped(self) -> Iterator[tuple[Shot, int]]:
        """Yield shots with stamps: recorded ones where the file has them, else from the rate."""
        period_ns = round(NS_PER_S / self.rate_hz)
        next_ns: int | None = None
        while True:
            shift_ns: int | None = None
            for shot in self._recording.shots():
                recorded_ns = None if self._options.rate_hz and not self.live else shot.stamp_ns
                if recorded_ns is None:
                    stamp_ns = next_ns or 0
                else:
                    if shift_ns is None:
                        shift_ns = 0 if next_ns is None else next_ns - recorded_ns
                    stamp_ns = recorded_ns + shift_ns
                next_ns = stamp_ns + period_ns
                yield shot, stamp_ns
            if next_ns is None:
                raise SourceError(
                    f"{self._recording.description}: no frames in it; check the source"
                )
            if not self._options.loop or self.live:
                return

    def _grab(self, shot: Shot, sequence: int, stamp_ns: int, steady_ns: int) -> Grab:
        image = _upright(shot, self._options.invert)
        roi = self._roi(shot)
        left, top, width, height = roi
        frame = Frame(
            pixels=cast(
                Pixels, np.ascontiguousarray(image[top : top + height, left : left + width])
            ),
            sequence=sequence,
            stamp_ns=stamp_ns,
            acquired_steady_ns=steady_ns,
            modality=self.modality,
            spacing_m=self._spacing_m(shot),
            geometry=_cropped_geometry(shot, roi),
        )
        return Grab(frame, image, shot.file, roi, shot.starts, shot.valid, shot.transforms)

    def _roi(self, shot: Shot) -> Roi:
        height, width = shot.pixels.shape
        roi = self._options.roi or shot.roi or (0, 0, width, height)
        left, top = roi[:2]
        if (
            min(left, top) < 0
            or min(roi[2:]) < MIN_SIDE_PX
            or left + roi[2] > width
            or top + roi[3] > height
        ):
            shown = ",".join(str(value) for value in roi)
            raise SourceError(
                f"{shot.file}: region of interest {shown} does not lie in the image of "
                f"{width}x{height} pixels; give one that does with --roi"
            )
        return roi

    def _spacing_m(self, shot: Shot) -> tuple[float, float] | None:
        if self._options.spacing_mm is not None:
            spacing_m = self._options.spacing_mm / 1e3
            return spacing_m, spacing_m
        if shot.spacing_m is not None and not all(
            0 < value <= MAX_SPACING_M for value in shot.spacing_m
        ):
            across, down = (value * 1e3 for value in shot.spacing_m)
            raise SourceError(
                f"{shot.file}: pixel spacing of {across:g} x {down:g} mm cannot be; "
                "give it with --spacing"
            )
        return shot.spacing_m

    def close(self) -> None:
        """Let go of the device or stream, if it is one."""
        self._recording.close()

    def __enter__(self) -> Self:
        """Return itself; the end of the block closes it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()


def _upright(shot: Shot, invert: bool | None) -> Pixels:
    """Return the full image with larger values brighter, at its own bit depth."""
    if not (shot.inverted if invert is None else invert):
        return shot.pixels
    white = int(np.iinfo(shot.pixels.dtype).max) if shot.white is None else shot.white
    return cast(Pixels, np.subtract(white, shot.pixels, dtype=shot.pixels.dtype))


def _cropped_geometry(shot: Shot, roi: Roi) -> Geometry | None:
    """Return the geometry of the crop, or None where it cannot be said.

    A C-arm geometry has its principal point at the centre of the image, so it does not
    survive a crop that is off centre by more than half a pixel.
    """
    left, top, width, height = roi
    if isinstance(shot.geometry, ProbeGeometry):
        face_u, face_v = shot.geometry.face_px
        return replace(shot.geometry, face_px=(face_u - left, face_v - top))
    rows, columns = shot.pixels.shape
    off_centre_px = max(abs(2 * left + width - columns), abs(2 * top + height - rows)) / 2
    return shot.geometry if off_centre_px <= 0.5 else None
