# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Views of a CT that moves under a C-arm which stands still: quick ones to register by, and pictures to register."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ir_guidance.frames.ct import Ct
from ir_guidance.geometry import inverse, isocentre_px, transform
from ir_guidance.room.draw import uniform
from ir_guidance.room.xray.beam import transmitted
from ir_guidance.room.xray.carm import CarmSettings, pictured
from ir_guidance.room.xray.detector import Noise
from ir_guidance.room.xray.display import border, open_border
from ir_guidance.room.xray.drr import thickness
from ir_guidance.room.xray.imaging import Imaging
from ir_guidance.room.xray.solids import Field32, Rays
from ir_guidance.values import CarmGeometry, Matrix, Vector

WATER_PER_M, BONE_PER_M = 21.0, 50.0
"""Attenuation of water, and of cortical bone in its place, at the mean energy of a C-arm's beam (XCOM)."""

COARSE_M = 0.0028
BODY_M = 0.02
"""Less than that of water along a ray is no body, by which the exposure would be set."""


@dataclass(frozen=True, slots=True, eq=False)
class Beam:
    """A primary beam (rows, columns), and where it has passed a body."""

    primary: Field32
    body: NDArray[np.bool_]

    def picture(
        self, generator: np.random.Generator, settings: CarmSettings | None = None
    ) -> NDArray[np.uint8]:
        """Return an image of it by any C-arm: scatter, dose, display and collimator are drawn."""
        settings = settings or CarmSettings()
        shape = (self.primary.shape[0], self.primary.shape[1])
        made, grain_px = pictured(settings, uniform(generator, settings.dose_gym2), generator)
        field = open_border(shape) if settings.collimator == "open" else border(generator, shape)
        imaging = Imaging(made, field, Noise(grain_px, shape, generator), None)
        imaging.expose(self.primary, self.body[::8, ::8])
        return imaging.picture(self.primary.copy(), generator)


def coarser(ct: Ct, step_m: float = COARSE_M) -> Ct:
    """Return a CT of means over whole blocks of voxels, at most as long as a step each way; an edge may go."""
    sizes_m = np.linalg.norm(ct.lps_from_index[:3, :3], axis=0)
    block = np.maximum(np.round(step_m / sizes_m).astype(int), 1)
    kept = np.array(ct.hounsfield.shape) // block
    cut = ct.hounsfield[tuple(slice(0, int(n)) for n in kept * block)]
    split = cut.reshape(kept[0], block[0], kept[1], block[1], kept[2], block[2])
    lps_from_index = ct.lps_from_index @ np.diag([*block.astype(float), 1.0])
    lps_from_index[:3, 3] = (ct.lps_from_index @ np.array([*((block - 1) / 2), 1.0]))[:3]
    return Ct(np.ascontiguousarray(split.mean(axis=(1, 3, 5))), lps_from_index)


@dataclass(frozen=True, slots=True, eq=False)
class CtViews:
    """A CT with the isocentre at a point (3,) of it, left, back and head in metres, seen by square views.

    ``side_px`` is that of the images which the geometries are for.
    """

    ct: Ct
    isocentre_m: Vector
    geometries: Sequence[CarmGeometry]
    side_px: int

    def line_integrals(self, motion: Matrix, side: int) -> list[Field32]:
        """Return what weakens the beam (side, side), one image a view, after a motion (4x4) in the isocentre's axes."""
        about = transform(np.eye(3), self.isocentre_m)
        moved = replace(
            self.ct, lps_from_index=about @ motion @ inverse(about) @ self.ct.lps_from_index
        )
        return [
            np.asarray(WATER_PER_M * water_m + BONE_PER_M * bone_m, np.float32)
            for water_m, bone_m in (
                thickness(moved, Rays(self._sized(geometry, side), (side, side), self.isocentre_m))
                for geometry in self.geometries
            )
        ]

    def beams(self) -> list[Beam]:
        """Return what passes the CT where it is, for each view, in the size of its images."""
        shape = (self.side_px, self.side_px)
        beams = []
        for geometry in self.geometries:
            water_m, bone_m = thickness(self.ct, Rays(geometry, shape, self.isocentre_m))
            primary: Field32 = transmitted(water_m, bone_m).sum(axis=0)
            beams.append(Beam(primary, water_m > BODY_M))
        return beams

    def _sized(self, geometry: CarmGeometry, side: int) -> CarmGeometry:
        """Return the geometry of the same view with another number of pixels."""
        scale = self.side_px / side
        across_m, down_m = geometry.imager_spacing_m
        u, v = (isocentre_px(geometry, (self.side_px, self.side_px)) + 0.5) / scale - 0.5
        return replace(
            geometry,
            imager_spacing_m=(across_m * scale, down_m * scale),
            centre_px=(float(u), float(v)),
        )
