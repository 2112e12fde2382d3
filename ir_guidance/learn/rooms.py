# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What there is to see in a simulated room's image, in pixels, and what the system expects there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ir_guidance.geometry import px_from_base, px_from_base_carm
from ir_guidance.learn.visible import SHAFT_SIGMAS, SHAFT_STEP_M, seen_shaft, stands_out
from ir_guidance.room.modality import make_room, picture
from ir_guidance.room.patient import Room
from ir_guidance.room.scan_lines import ScanLines
from ir_guidance.room.variety import drawn_ultrasound
from ir_guidance.room.xray.plane import NEEDLE_M
from ir_guidance.room.xray.seen import evenly, on_screen
from ir_guidance.room.xray.variety import drawn_fluoroscopy
from ir_guidance.values import Modality, Vector

if TYPE_CHECKING:
    from ir_guidance.room.fluoroscopy_room import FluoroscopyRoom
    from ir_guidance.room.modality import AnyRoom

LEAST_SHAFT_M = 0.004
"""With less of its shaft in the image than this nobody can tell a needle."""

BACK_M = 0.005
"""How far behind the tip its direction is measured."""

ABOUT_PX, LEAST_NOISE = 9, 0.5
"""Where grey levels spread by less in a square of so many pixels, an X-ray image shows nothing."""

LEAST_TARGET_PX = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What is in an image; pixels (u, v).

    ``shaft_px`` (n, 2) is the part of the needle in the image, tip last, (0, 2) where there is none.
    ``tip_px`` and ``back_px``, a point behind it, are None where the tip cannot be seen.
    """

    shaft_px: NDArray[np.float64]
    tip_px: Vector | None
    back_px: Vector | None
    target_px: Vector
    target_visible: bool


class WatchedRoom:
    """A room of any patient and any machine, drawn from a seed, and what its images show."""

    def __init__(self, modality: Modality, seed: int) -> None:
        """Draw the room."""
        ultrasound, fluoroscopy = drawn_ultrasound(seed), drawn_fluoroscopy(seed)
        self.room: AnyRoom = make_room(modality, seed, ultrasound, fluoroscopy)
        self._scanner, self._lines = ultrasound.scanner, ScanLines(ultrasound.scanner)
        self._target_shows = fluoroscopy.interior.target != "ct_point"

    def image(self) -> tuple[Any, NDArray[np.uint8]]:
        """Return a snapshot of the room as it is now, and its image (rows, columns)."""
        snapshot: Any = self.room.snapshot()
        return snapshot, np.asarray(picture(self.room, snapshot, 0), np.uint8)

    def expected_px(self, point_m: Vector) -> Vector:
        """Return the pixel of a point in ``base_link`` by the system's own calibration, not by the truth."""
        if isinstance(self.room, Room):
            return px_from_base(point_m, self.room.geometry)[0]
        return px_from_base_carm(point_m, self.room.geometry, self.room.shape)

    def seen(self, pixels: NDArray[np.uint8], spacing_m: float) -> Seen:
        """Return what an image (rows, columns) of the room as it is now shows."""
        room, truth, size = self.room, self.room.truth(0), np.array(pixels.shape[::-1])
        target_px = room.px_of(truth.target_m)
        target_visible = bool(_inside(target_px[None], size)[0])
        if isinstance(room, Room):
            target_visible = target_visible and self._shows_target(room, pixels, truth.target_m)
            shaft_px, tip_px = self._in_plane(room, pixels)
        else:
            open_there = bool(_exposed(pixels, target_px[None])[0])
            target_visible = target_visible and self._target_shows and open_there
            shaft_px = _in_beam(room, pixels)
            shaft_px, tip_px = on_screen(pixels, shaft_px, room.px_of(truth.tip_m))
            if tip_px is not None and not _exposed(pixels, tip_px[None])[0]:
                tip_px = None
        length_px = np.linalg.norm(shaft_px[-1] - shaft_px[0]) if len(shaft_px) else 0.0
        enough = length_px * spacing_m >= LEAST_SHAFT_M
        if tip_px is None or not enough or not _inside(tip_px[None], size)[0]:
            return Seen(shaft_px, None, None, target_px, target_visible)
        back_px = room.px_of(truth.tip_m - BACK_M * truth.direction)
        return Seen(shaft_px, tip_px, back_px, target_px, target_visible)

    def _shows_target(self, room: Room, pixels: NDArray[np.uint8], target_m: Vector) -> bool:
        """Return whether the plane cuts the lesion where the probe looks, and it stands out."""
        lesion = room.anatomy.lesion
        out = float(target_m[1] / lesion.radii_m[1])
        cut_m = np.sqrt(max(1.0 - out**2, 0.0) * lesion.radii_m[0] * lesion.radii_m[2])
        radius_px = float(cut_m) / self._scanner.spacing_m
        if radius_px <= LEAST_TARGET_PX or not self._looked_at(room, target_m[None])[0]:
            return False
        return stands_out(pixels, room.px_of(target_m), radius_px)

    def _looked_at(self, room: Room, points_m: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which points (n, 3) in ``base_link`` lie in the probe's field and not behind bone."""
        line, row = self._lines.places(points_m[:, 0], -points_m[:, 2])
        rows, count = self._lines.shape
        inside = (line >= 0) & (line < count) & (row >= 0) & (row < rows)
        return np.asarray(inside & ~room.in_shadow(line, row, room.snapshot().breath_m))

    def _in_plane(
        self, room: Room, pixels: NDArray[np.uint8]
    ) -> tuple[NDArray[np.float64], Vector | None]:
        """Return the shaft (n, 2) that the beam meets, whether or not it shows, and the tip if it shows."""
        snapshot, size = room.snapshot(), np.array(pixels.shape[::-1])
        if not snapshot.inserted:
            return np.zeros((0, 2)), None
        points_m = _evenly(snapshot.shaft_m, SHAFT_STEP_M)
        px = np.array([room.px_of(point) for point in points_m])
        _, out_m, height_m = points_m.T
        out_sigmas = np.abs(out_m) / (
            self._scanner.elevation_sigma_m * self._scanner.spread(-height_m)
        )
        could = self._looked_at(room, points_m)
        without = room.render(replace(snapshot, inserted=False))
        _, tip_px = seen_shaft(px, could, out_sigmas, pixels, without, self._scanner.spacing_m)
        return px[could & (out_sigmas <= SHAFT_SIGMAS) & _inside(px, size)], tip_px


def _evenly(line_m: NDArray[np.float64], step_m: float) -> NDArray[np.float64]:
    """Return points (n, 3) that far apart on a line (m, 3), counted from its end, which is the last."""
    arc_m = np.append(0.0, np.cumsum(np.linalg.norm(np.diff(line_m, axis=0), axis=1)))
    at_m = np.arange(arc_m[-1], 0.0, -step_m)[::-1]
    return np.stack([np.interp(at_m, arc_m, line_m[:, axis]) for axis in range(3)], axis=1)


def _in_beam(room: FluoroscopyRoom, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the part of the needle (n, 2), outside of the patient too, that the picture shows."""
    snapshot = room.snapshot()
    hub_m = snapshot.shaft_m[0] - NEEDLE_M * snapshot.axis
    points_m = np.concatenate([hub_m[None], snapshot.shaft_m])
    line_px, _ = evenly(np.array([room.px_of(point) for point in points_m]))
    return line_px[_exposed(pixels, line_px)]


def _exposed(pixels: NDArray[np.uint8], px: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which pixels (n, 2) lie in the image where its noise shows: neither collimated nor burnt out."""
    size = np.array(pixels.shape[::-1])
    grey = pixels.astype(np.float32)
    window = ABOUT_PX, ABOUT_PX
    variance = cv2.blur(grey * grey, window) - cv2.blur(grey, window) ** 2
    u, v = np.clip(np.round(px), 0, size - 1).astype(int).T
    return np.asarray(_inside(px, size) & (variance[v, u] > LEAST_NOISE**2))


def _inside(px: NDArray[np.float64], size: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which of the pixels (n, 2) lie in an image of that size (u, v)."""
    return np.asarray(((px >= 0) & (px <= size - 1)).all(axis=1))
