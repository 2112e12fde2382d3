# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A moving picture in host memory, which can go on for ever, and what a robot must be for it to be true."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ir_guidance.values import CarmGeometry, Frame, Modality, Pixels, ProbeGeometry

SIZES_PX = (256, 512, 1024)
LATEST_MS = 150.0
"""Age beyond which a gate takes no correction, whatever it is told."""


@dataclass(frozen=True, slots=True, eq=False)
class Sequence:
    """Whole breaths of a patient with the needle in tissue, to be shown over and over.

    ``frames`` are complete but for number and times. ``sights``, one a frame, are what a person would
    see in it, for a scripted operator. ``joints`` (6,) are where the robot stands in all of them.
    """

    frames: tuple[Frame, ...]
    sights: tuple[dict[str, Any], ...]
    joints: tuple[float, ...]
    rate_hz: float

    @property
    def modality(self) -> Modality:
        """How the images were made."""
        return self.frames[0].modality

    def frame(self, number: int, stamp_ns: int, steady_ns: int) -> Frame:
        """Return the frame of a number, from 1, as acquired at that wall and steady time."""
        frame = self.frames[(number - 1) % len(self.frames)]
        return replace(frame, sequence=number, stamp_ns=stamp_ns, acquired_steady_ns=steady_ns)

    def sight(self, number: int) -> dict[str, Any]:
        """Return what is to be seen in the frame of a number."""
        return self.sights[(number - 1) % len(self.sights)]


def overrides(joints: tuple[float, ...]) -> dict[str, Any]:
    """Return what of a profile is set for a robot that is to stand where the pictures show the needle.

    It starts there, and its own limits of speed, a tenth of a micrometre a second, keep it there whatever
    the corrections ask for: they are computed, gated, sent and accepted as ever. The insertion has no end.
    The budget is at its ceiling: a late command is to be measured, not refused and forgotten.
    """
    return {
        "budget": {"total_ms": LATEST_MS},
        "limits": {"velocity": [1e-7] * len(joints)},
        "drive": {"home": list(joints)},
        "gate": {"budget_ms": LATEST_MS, "slide_m": 0.01, "pivot_rad": 0.5},
        "longest_s": 3600.0,
    }


def resized(sequence: Sequence, side_px: int) -> Sequence:
    """Return the sequence with images whose longer side is that many pixels, geometry and sights to match."""
    rows, columns = sequence.frames[0].pixels.shape[:2]
    if max(rows, columns) == side_px:
        return sequence
    scale = side_px / max(rows, columns)
    frames = tuple(_resized(frame, scale) for frame in sequence.frames)
    return replace(
        sequence, frames=frames, sights=tuple(_scaled(sight, scale) for sight in sequence.sights)
    )


def _resized(frame: Frame, scale: float) -> Frame:
    rows, columns = frame.pixels.shape[:2]
    shape = round(columns * scale), round(rows * scale)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    pixels: Pixels = np.asarray(cv2.resize(frame.pixels, shape, interpolation=how), np.uint8)
    spacing = frame.spacing_m
    return replace(
        frame,
        pixels=pixels,
        spacing_m=None if spacing is None else (spacing[0] / scale, spacing[1] / scale),
        geometry=_finer(frame.geometry, scale),
    )


def _finer(
    geometry: ProbeGeometry | CarmGeometry | None, scale: float
) -> ProbeGeometry | CarmGeometry | None:
    if isinstance(geometry, ProbeGeometry):
        (across, down), (u, v) = geometry.spacing_m, geometry.face_px
        return replace(
            geometry,
            spacing_m=(across / scale, down / scale),
            face_px=_scaled_px((u, v), scale),
        )
    if isinstance(geometry, CarmGeometry):
        across, down = geometry.imager_spacing_m
        centre = geometry.centre_px
        return replace(
            geometry,
            imager_spacing_m=(across / scale, down / scale),
            centre_px=None if centre is None else _scaled_px(centre, scale),
        )
    return None


def _scaled_px(px: tuple[float, float], scale: float) -> tuple[float, float]:
    """Return where a pixel's centre lies in the image scaled: centres are at whole numbers, not at halves."""
    return (px[0] + 0.5) * scale - 0.5, (px[1] + 0.5) * scale - 0.5


def _scaled(sight: dict[str, Any], scale: float) -> dict[str, Any]:
    u, v = sight["target_px"]
    marks = [[*_scaled_px((x, y), scale), radius * scale] for x, y, radius in sight["marks_px"]]
    return sight | {"target_px": list(_scaled_px((u, v), scale)), "marks_px": marks}


def save(sequence: Sequence, path: Path) -> None:
    """Write a sequence for the processes of the same run."""
    with path.open("xb") as stream:
        pickle.dump(sequence, stream)


def load(path: Path) -> Sequence:
    """Return a sequence that ``save`` wrote in this run; a file from elsewhere is not to be trusted."""
    with path.open("rb") as stream:
        sequence: Sequence = pickle.load(stream)
    return sequence
