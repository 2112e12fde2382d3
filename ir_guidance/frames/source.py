# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What a source of frames is, what may be asked of it, and how it refuses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

from pydantic import Field, field_validator

from ir_guidance.settings import Settings
from ir_guidance.values import Frame, Matrix, Modality, Pixels

Roi = tuple[int, int, int, int]
"""Region of interest: left, top, width, height in pixels of the full image."""

MIN_SIDE_PX = 16
MAX_SIDE_PX = 8192
DEFAULT_RATE_HZ = 10.0
"""Where neither the file nor an argument knows: the slowest stream that is not image-gated."""


class SourceError(ValueError):
    """A source that cannot be used; one line: which, what is wrong, what to do."""


class SourceOptions(Settings):
    """What the user knows better than the file; None leaves it to the file."""

    modality: Modality | None = Field(default=None, description="How the images were made.")
    roi: Roi | None = Field(
        default=None, description="Region of interest: left, top, width, height in pixels."
    )
    spacing_mm: float | None = Field(
        default=None, gt=0, le=10, description="Millimetres a pixel, in the plane of the needle."
    )
    rate_hz: float | None = Field(
        default=None,
        gt=0,
        le=1000,
        description="Frames per second, in place of the recorded stamps.",
    )
    loop: bool = Field(
        default=False, description="Start again at the end, with stamps that go on; for streaming."
    )
    invert: bool | None = Field(
        default=None,
        description="Whether to turn stored values over (white for black); None follows the file.",
    )

    @field_validator("roi")
    @classmethod
    def _roi_is_a_rectangle(cls, roi: Roi | None) -> Roi | None:
        if roi is not None and (roi[0] < 0 or roi[1] < 0 or min(roi[2:]) < MIN_SIDE_PX):
            raise ValueError(
                f"left and top must be at least 0, width and height at least {MIN_SIDE_PX} pixels"
            )
        return roi


@dataclass(frozen=True, slots=True, eq=False)
class Grab:
    """A frame, and where it came from.

    ``frame`` holds the region of interest only; ``image`` is the full image, where a pixel of the
    frame is at its own place plus ``roi[:2]``. ``file`` names the file it is from. ``starts`` says
    that it has nothing to do with the frame before: a tracker should be reset. ``valid`` is False
    where the recording marks the image as unusable. ``transforms`` are those recorded with it, such
    as "ProbeToTracker", 4x4 in metres; those marked unusable are left out.
    """

    frame: Frame
    image: Pixels
    file: str
    roi: Roi
    starts: bool
    valid: bool = True
    transforms: Mapping[str, Matrix] = field(default_factory=dict)


class Source(Protocol):
    """Frames one at a time; iterating a recorded source again begins at its start.

    ``count`` is None where it is not known beforehand. ``stills`` are images by themselves,
    not a run. ``live`` frames carry the time at which they came and need no pacing.
    """

    modality: Modality
    rate_hz: float
    count: int | None
    stills: bool
    live: bool

    @property
    def description(self) -> str:
        """One line: what it is, and how its images are taken to be made."""
        ...

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames."""
        ...

    def grabs(self) -> Iterator[Grab]:
        """Iterate as ``iter`` does, with where each frame came from."""
        ...

    def __enter__(self) -> Self:
        """Return itself; the end of the block closes it."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of the device or stream, if it is one."""
        ...
