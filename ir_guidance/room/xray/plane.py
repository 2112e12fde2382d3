# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""One plane of the room's C-arm: what keeps still is projected once, so that frames are quick.

A frame is the still body's beam; times the share that moving tissue leaves, shifted with the
breath; times that of the target, shifted by breath and needle; times that of the needle. Beam
hardening is taken from where things lie at rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ir_guidance.geometry import carm_spacing_m, px_from_base_carm
from ir_guidance.room.xray.beam import CONTRAST, STEEL, WATER, share_left, transmitted
from ir_guidance.room.xray.body import Body
from ir_guidance.room.xray.canvas import Canvas, Material
from ir_guidance.room.xray.devices import BYSTANDERS, scatter_devices
from ir_guidance.room.xray.display import Pixels8
from ir_guidance.room.xray.imaging import Imaging
from ir_guidance.room.xray.interior import Interior
from ir_guidance.room.xray.solids import Field32, Rays, Solid, Tube
from ir_guidance.room.xray.stroke import Point, Stroke, Tip, stroke
from ir_guidance.values import CarmGeometry, Vector

Array = NDArray[np.float64]
Form = Solid | Tube

COARSE_PX = 32
"""Tissue coarser than this keeps still: the body's outline does, the organs in it do not."""

NODES = 10
NEEDLE_M = 0.18
GUIDE_M, GUIDE_RADIUS_M, GUIDE_WALL_M = 0.030, 0.0040, 0.0028


@dataclass(frozen=True, slots=True, eq=False)
class FluoroscopySnapshot:
    """The world at one moment, enough to make an image of: metres, ``base_link``.

    ``shaft_m`` (n, 3) runs from the remote centre to the tip, ``axis`` (3,) is the guide's; ``target_m`` is the target
    now and ``breath_m`` the organ's displacement.
    """

    time_s: float
    breath_m: Vector
    shaft_m: Array
    axis: Vector
    target_m: Vector


class Plane:
    """Makes the images of one plane; one thread at a time, for the detector remembers the last."""

    def __init__(
        self,
        geometry: CarmGeometry,
        body: Body,
        interior: Interior,
        devices: int,
        needle: tuple[float, Tip],
        imaging: Imaging,
        generator: np.random.Generator,
    ) -> None:
        """Project what keeps still.

        Args:
            geometry: How the C-arm really stands.
            body: The patient.
            interior: Target and vessels.
            devices: How many leads, catheters and the like lie about.
            needle: Its radius in metres, and its point.
            imaging: How pictures are made; its exposure is set here.
            generator: What to draw the rest with.
        """
        self.geometry = geometry
        self._shape, self._imaging, self._rest_m = imaging.shape, imaging, interior.target_m
        self._radius_m, self._tip = needle
        rays = body.rays(geometry, self._shape)
        water_m, bone_m = body.thickness(rays, generator)
        moving_m = _moving(water_m)
        canvas = Canvas(self._shape, float(np.mean(carm_spacing_m(self._rest_m, geometry))))
        scatter_devices(canvas, generator, devices, BYSTANDERS)
        still_m = water_m - moving_m + canvas.layer(Material.PLASTIC)
        metal_m, filled_m = canvas.layer(Material.STEEL), canvas.layer(Material.CONTRAST)
        self._passed = transmitted(still_m, bone_m, metal_m, filled_m)
        self._primary: Field32 = self._passed.sum(axis=0)
        self._moving = share_left(self._passed, WATER, moving_m)
        self._moving *= self._left(CONTRAST, interior.vessels, body, rays)
        gold = tuple((wire, 1.0) for wire in interior.metal)
        target = self._left(STEEL, gold, body, rays)
        target *= self._left(CONTRAST, interior.filled, body, rays)
        self._target, self._target_at = _cut_out(target, self.px_of(self._rest_m))
        imaging.expose(self._primary * self._moving, water_m[::8, ::8] > 0.02)

    def _left(
        self, material: Field32, forms: Sequence[tuple[Form, float]], body: Body, rays: Rays
    ) -> Field32:
        """Return the share of the beam that forms in ``base_link`` leave, each with its density."""
        length_m = np.zeros(self._shape, np.float32)
        for form, density in forms:
            body.placed(form).add(length_m, rays, density)
        return share_left(self._passed, material, length_m)

    def px_of(self, point_m: Array) -> Array:
        """Return the pixels (..., 2) where points (..., 3) in ``base_link`` really appear."""
        return px_from_base_carm(point_m, self.geometry, self._shape)

    def picture(self, snapshot: FluoroscopySnapshot, generator: np.random.Generator) -> Pixels8:
        """Return the image (rows, columns) of a snapshot, a new array each time."""
        rest_px = self.px_of(self._rest_m)
        shift = self.px_of(self._rest_m + snapshot.breath_m) - rest_px
        beam: Field32 = np.empty(self._shape, np.float32)
        move = np.array([[1, 0, shift[0]], [0, 1, shift[1]]])
        size = self._shape[::-1]
        cv2.warpAffine(self._moving, move, size, dst=beam, borderMode=cv2.BORDER_REPLICATE)
        beam *= self._primary
        self._put_target(beam, self.px_of(snapshot.target_m) - rest_px)
        self._put_needle(beam, snapshot)
        return self._imaging.picture(beam, generator)

    def _put_target(self, beam: Field32, shift: Array) -> None:
        whole = np.round(shift).astype(int)
        part = shift - whole
        side = self._target.shape[0]
        move = np.array([[1, 0, part[0]], [0, 1, part[1]]])
        share = cv2.warpAffine(self._target, move, (side, side), borderMode=cv2.BORDER_REPLICATE)
        left, top = self._target_at + whole
        rows, columns = self._shape
        down = slice(max(top, 0), min(top + side, rows))
        across = slice(max(left, 0), min(left + side, columns))
        if down.start < down.stop and across.start < across.stop:
            beam[down, across] *= share[
                down.start - top : down.stop - top, across.start - left : across.stop - left
            ]

    def _put_needle(self, beam: Field32, snapshot: FluoroscopySnapshot) -> None:
        shaft_m, axis = snapshot.shaft_m, snapshot.axis
        length_m = float(np.linalg.norm(np.diff(shaft_m, axis=0), axis=1).sum())
        in_air = len(shaft_m) == 2
        kept = np.unique(np.linspace(0, len(shaft_m) - 1, NODES).round().astype(int))
        inside_m = shaft_m[-1:] if in_air else shaft_m[kept]
        back_m = NEEDLE_M if in_air else max(NEEDLE_M - length_m, GUIDE_M)
        line_px = self.px_of(np.concatenate([inside_m[:1] - back_m * axis, inside_m]))
        spacing_m = float(np.mean(carm_spacing_m(shaft_m[-1], self.geometry)))
        needle = stroke(self._shape, line_px, self._radius_m / spacing_m, self._tip)
        self._put(beam, needle, STEEL, spacing_m)
        mouth_m = shaft_m[0] - 0.002 * axis
        guide_px = self.px_of(np.stack([mouth_m - GUIDE_M * axis, mouth_m]))
        radius_px, wall_px = GUIDE_RADIUS_M / spacing_m, GUIDE_WALL_M / spacing_m
        guide = stroke(self._shape, guide_px, radius_px, Tip(Point.FLAT), wall_px)
        self._put(beam, guide, WATER, spacing_m)

    def _put(
        self, beam: Field32, drawn: Stroke | None, material: Field32, spacing_m: float
    ) -> None:
        if drawn is None:
            return
        at = drawn.rows, drawn.columns
        length_m = drawn.length_px * np.float32(spacing_m)
        beam[at] *= share_left(self._passed[:, *at], material, length_m)


def _moving(water_m: Field32) -> Field32:
    """Return the part of the tissue (rows, columns) that moves with the breath: its structure, inside the outline."""
    coarse_m = cv2.GaussianBlur(water_m, (0, 0), COARSE_PX)
    body = cv2.GaussianBlur((water_m > 0.03).astype(np.float32), (0, 0), COARSE_PX / 2)
    return (water_m - coarse_m) * np.clip(2 * body - 1, 0, 1)


def _cut_out(share: Field32, middle_px: Array) -> tuple[Field32, NDArray[np.int64]]:
    """Return the square (n, n) of an image that holds all that is not 1, and where it begins (u, v)."""
    middle = np.round(middle_px).astype(int)
    rows, columns = np.nonzero(share < 0.999)
    reach = 4
    if len(rows):
        reach += int(max(np.abs(rows - middle[1]).max(), np.abs(columns - middle[0]).max()))
    first = middle - reach
    padded = np.pad(share, reach, constant_values=1)
    down, across = (int(value) for value in (middle + reach - reach)[::-1])
    side = 2 * reach + 1
    return padded[down : down + side, across : across + side].copy(), first
