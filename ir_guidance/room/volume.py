# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The patient's speckle as slices at end-exhale, and how breathing and the needle warp it into a frame."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ir_guidance.room.anatomy import Anatomy
from ir_guidance.room.breathing import Breathing
from ir_guidance.room.scanner import ScannerSettings
from ir_guidance.room.speckle import Complex, scatterers, slices
from ir_guidance.room.tissue import Tissue, TissueSettings
from ir_guidance.values import Vector

Array = NDArray[np.float64]
Field32 = NDArray[np.float32]

SPARE_PX = 6
PUSH_SIGMA_M = 0.006
"""How far from the target tissue shares what the needle pushed it by, 1 sigma."""


class Volume:
    """Slices of complex speckle round the image plane that can be seen through any breath.

    A row of the image shows tissue of one rest depth, which all moves alike; so a frame is a blend
    of two slices per row, a shift per row, and a stretch in depth.
    """

    def __init__(
        self,
        scanner: ScannerSettings,
        tissue: TissueSettings,
        anatomy: Anatomy,
        breathing: Breathing,
        generator: np.random.Generator,
    ) -> None:
        """Make slices that cover every place from which breathing can bring tissue into the image."""
        self._scanner = scanner
        self._breathing = breathing
        reach_px = -breathing.limit_m / scanner.spacing_m
        self._left = SPARE_PX + int(np.ceil(max(-reach_px[0], 0.0)))
        right = SPARE_PX + int(np.ceil(max(reach_px[0], 0.0)))
        below = SPARE_PX + int(np.ceil(max(-reach_px[2], 0.0)))
        columns = np.arange(-self._left, scanner.width_px + right, dtype=np.float64)
        x_m = (columns - scanner.middle_px) * scanner.spacing_m
        rows = np.arange(scanner.height_px + below, dtype=np.float64)
        depths_m = (rows - scanner.face_row_px) * scanner.spacing_m
        self._make_slices(
            Tissue(anatomy, tissue, generator, x_m, depths_m, scanner.wavelength_m),
            depths_m,
            generator,
        )
        self._shares = np.asarray(breathing.share(depths_m))
        self._depths_m = scanner.depths_m()
        self._columns = np.arange(scanner.width_px, dtype=np.float32)
        shape = (scanner.height_px, scanner.width_px)
        self._maps = np.empty((2, *shape), np.float32)
        self._warped = np.empty((*shape, 2), np.float32)
        self._planes = np.empty((2, *shape), np.float32)

    def _make_slices(self, tissue: Tissue, depths_m: Array, generator: np.random.Generator) -> None:
        def scattering(y_m: float) -> Complex:
            return scatterers(generator, tissue.scattering(y_m))

        step_m = self._scanner.slice_step_m
        reach_m = -float(self._breathing.limit_m[1])
        self._first_m = min(reach_m, 0.0) - 0.5 * step_m
        count = int(np.ceil((abs(reach_m) + step_m) / step_m)) + 1
        places_m = self._first_m + step_m * np.arange(count, dtype=np.float64)
        stack = slices(scattering, tissue.reflection, places_m, depths_m, self._scanner)
        self._stack = stack.view(np.float32).reshape(count, len(depths_m), -1)
        self._blend = np.empty(self._stack.shape[1:], np.float32)
        self._spill = np.empty_like(self._blend)

    def seen(self, breath_m: Vector, target_px: Vector, push_px: Vector) -> Field32:
        """Return the complex image as (2, rows, columns), valid until the next call.

        Args:
            breath_m: Displacement (3,) of the organ in ``base_link``.
            target_px: Where the needle pushes (u, v).
            push_px: How far (u, v); the tissue round it follows less with distance.
        """
        spacing_m = self._scanner.spacing_m
        self._blend_slices(-self._shares * float(breath_m[1]))
        rest_m = self._breathing.rest_depth(self._depths_m, breath_m)
        shift_px = self._left - self._breathing.share(rest_m) * float(breath_m[0]) / spacing_m
        np.add(self._columns, shift_px.astype(np.float32)[:, None], out=self._maps[0])
        self._maps[1] = (rest_m / spacing_m + self._scanner.face_row_px).astype(np.float32)[:, None]
        if push_px.any():
            self._push(target_px, push_px)
        source = self._blend.reshape(len(self._blend), -1, 2)
        cv2.remap(
            source,
            self._maps[0],
            self._maps[1],
            cv2.INTER_LINEAR,
            dst=self._warped,
            borderMode=cv2.BORDER_REPLICATE,
        )
        cv2.split(self._warped, list(self._planes))
        return self._planes

    def _blend_slices(self, out_m: Array) -> None:
        """Blend, row by row, the two slices next to each row's place (rows,) out of the plane."""
        place = (out_m - self._first_m) / self._scanner.slice_step_m
        lower = np.clip(np.floor(place).astype(int), 0, len(self._stack) - 2)
        part = (place - lower).astype(np.float32)[:, None]
        cuts = np.flatnonzero(np.diff(lower)) + 1
        for first, last in zip((0, *cuts), (*cuts, len(lower)), strict=True):
            rows, below = slice(first, last), lower[first]
            np.multiply(self._stack[below, rows], 1.0 - part[rows], out=self._blend[rows])
            np.multiply(self._stack[below + 1, rows], part[rows], out=self._spill[rows])
        self._blend += self._spill

    def _push(self, target_px: Vector, push_px: Vector) -> None:
        sigma_px = PUSH_SIGMA_M / self._scanner.spacing_m
        first = np.maximum(target_px - 2.5 * sigma_px, 0.0).astype(int)
        last = np.maximum(target_px + 2.5 * sigma_px, 0.0).astype(int)
        box = slice(first[1], last[1]), slice(first[0], last[0])
        rows, columns = np.ogrid[: self._maps.shape[1], : self._maps.shape[2]]
        down = np.exp(-0.5 * ((rows[box[0]] - target_px[1]) / sigma_px) ** 2).astype(np.float32)
        across = np.exp(-0.5 * ((columns[:, box[1]] - target_px[0]) / sigma_px) ** 2).astype(
            np.float32
        )
        fade = down * across
        self._maps[0][box] -= np.float32(push_px[0]) * fade
        self._maps[1][box] -= np.float32(push_px[1]) * fade
