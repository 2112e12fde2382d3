# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Views of a CT that moves under a C-arm which stands still: quick ones to register by, and pictures to register."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ir_guidance.geometry import inverse, isocentre_px, transform
from ir_guidance.room.xray.beam import scattered, transmitted
from ir_guidance.room.xray.ct import Ct
from ir_guidance.room.xray.drr import thickness
from ir_guidance.room.xray.solids import Field32, Rays
from ir_guidance.values import CarmGeometry, Matrix, Vector

WATER_PER_M, BONE_PER_M = 21.0, 50.0
"""Attenuation of water, and of cortical bone in its place, at the mean energy of a C-arm's beam (XCOM)."""

COARSE_M = 0.0028
SCATTER, SPREAD, NOISE, GAMMA, MIDDLE_GREY = 0.4, 0.15, 0.03, 0.6, 110.0


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

    def pictures(self, generator: np.random.Generator) -> list[NDArray[np.uint8]]:
        """Return fluoroscopic images of the CT where it is: beam hardening, scatter, noise, and the display's gamma."""
        images = []
        for geometry in self.geometries:
            shape = (self.side_px, self.side_px)
            beam: Field32 = transmitted(
                *thickness(self.ct, Rays(geometry, shape, self.isocentre_m))
            ).sum(axis=0)
            beam = beam + scattered(beam, SCATTER, SPREAD)
            beam *= 1 + NOISE * generator.standard_normal(shape, np.float32)
            grey = MIDDLE_GREY * np.maximum(beam / np.median(beam), 1e-6) ** GAMMA
            images.append(np.clip(np.round(grey), 0, 255).astype(np.uint8))
        return images

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
