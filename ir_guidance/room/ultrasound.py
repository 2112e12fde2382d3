# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""B-mode images of the patient and the needle in them.

All that does not move is made once. A frame is the patient's speckle, warped; times the depth's
gain and the shadows; plus the needle's echo and noise; its magnitude compressed to grey.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ir_guidance.geometry import inverse
from ir_guidance.room.anatomy import Rib
from ir_guidance.room.breathing import Breathing
from ir_guidance.room.draw import uniform
from ir_guidance.room.needle_echo import NeedleEcho
from ir_guidance.room.scanner import ScannerSettings
from ir_guidance.room.volume import Volume
from ir_guidance.values import Matrix, Vector

Array = NDArray[np.float64]
Field32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """The world at one moment, enough to make an image of: metres, ``base_link``.

    ``shaft_m`` (n, 3) runs from the remote centre to the tip; ``target_m`` is the lesion's centre
    now and ``push_m`` how far the needle has pushed it. ``inserted`` false: the needle is in the air.
    """

    time_s: float
    breath_m: Vector
    shaft_m: Array
    inserted: bool
    target_m: Vector
    push_m: Vector


class Ultrasound:
    """Renders snapshots; one thread at a time, for the working arrays are kept between frames."""

    def __init__(
        self,
        scanner: ScannerSettings,
        volume: Volume,
        needle: NeedleEcho,
        base_from_image: Matrix,
        generator: np.random.Generator,
    ) -> None:
        """Set the knobs and record a stretch of noise."""
        self._scanner = scanner
        self._volume = volume
        self._needle = needle
        self._image_from_base = inverse(base_from_image)
        self._depths_m = scanner.depths_m()
        self._make_gain(generator)
        self._make_noise(generator)
        self._grey_per_db = 255.0 / scanner.dynamic_range_db
        self._organ_db = uniform(generator, scanner.organ_grey_db)
        self._rib_shadow: _RibShadow | None = None
        shape = (scanner.height_px, scanner.width_px)
        self._gain = np.empty(shape, np.float32)
        self._power = np.empty(shape, np.float32)

    def put_rib(self, rib: Rib, breathing: Breathing) -> None:
        """Let a rib shade what lies behind it."""
        self._rib_shadow = _RibShadow(rib, breathing, self._scanner)

    def _make_gain(self, generator: np.random.Generator) -> None:
        """Make the gain (rows, columns): the depth compensation's residue, the focus, and uneven near tissue."""
        scanner = self._scanner
        share = np.clip(self._depths_m / self._depths_m[-1], 0.0, 1.0)[:, None]
        residual_db = uniform(generator, scanner.tgc_residual_db) * share
        focus_db = scanner.focus_gain_db * np.exp(
            -0.5 * ((self._depths_m - scanner.focus_m) / 0.012) ** 2
        )
        smooth = cv2.GaussianBlur(
            generator.standard_normal((1, scanner.width_px)), (0, 0), sigmaX=22.0
        )
        uneven_db = scanner.uneven_db * smooth / smooth.std() * np.clip(4.0 * share, 0.0, 1.0)
        self._still_gain = (10.0 ** ((residual_db + focus_db[:, None] + uneven_db) / 20.0)).astype(
            np.float32
        )

    def _make_noise(self, generator: np.random.Generator) -> None:
        """Keep noise (banks, 2, rows, columns) twice as wide as the image; frames begin at different columns."""
        scanner = self._scanner
        share = np.clip(self._depths_m / self._depths_m[-1], 0.0, 1.0)
        level_db = uniform(generator, scanner.noise_db) - scanner.noise_growth_db * (1.0 - share)
        shape = (scanner.noise_banks, 2, scanner.height_px, 2 * scanner.width_px)
        noise = generator.standard_normal(shape, dtype=np.float32)
        for plane in noise.reshape(-1, *shape[2:]):
            cv2.GaussianBlur(plane, (0, 0), dst=plane, sigmaX=0.8, sigmaY=0.8)
        noise *= np.float32(np.sqrt(0.5) / noise.std())
        self._noise = noise * (10.0 ** (level_db / 20.0)).astype(np.float32)[:, None]
        self._noise_seed = int(generator.integers(2**31))

    def render(self, snapshot: Snapshot) -> NDArray[np.uint8]:
        """Return the image (rows, columns), a new array each time; the same snapshot gives the same image."""
        field = self._volume.seen(snapshot.breath_m, *self._pushed_px(snapshot))
        np.copyto(self._gain, self._still_gain)
        if self._rib_shadow is not None:
            self._rib_shadow.darken(self._gain, snapshot.breath_m)
        shaft = (
            self._needle.see(snapshot.shaft_m, self._image_from_base) if snapshot.inserted else None
        )
        if shaft is not None:
            self._needle.shade(shaft, self._gain)
        field *= self._gain
        if shaft is not None:
            self._needle.add(shaft, field, self._still_gain)
        field += self._noise_at(snapshot.time_s)
        return self._grey(field)

    def _pushed_px(self, snapshot: Snapshot) -> tuple[Vector, Vector]:
        to_image, spacing_m = self._image_from_base, self._scanner.spacing_m
        target = to_image[:2, :3] @ snapshot.target_m + to_image[:2, 3]
        push_px: Vector = to_image[:2, :3] @ snapshot.push_m / spacing_m
        return target / spacing_m + (self._scanner.middle_px, self._scanner.face_row_px), push_px

    def _noise_at(self, time_s: float) -> Field32:
        generator = np.random.default_rng((self._noise_seed, round(time_s * 1e6)))
        bank = int(generator.integers(self._scanner.noise_banks))
        first = int(generator.integers(self._scanner.width_px))
        noise: Field32 = self._noise[bank, :, :, first : first + self._scanner.width_px]
        return noise

    def _grey(self, field: Field32) -> NDArray[np.uint8]:
        """Return the compressed magnitude of a complex field (2, rows, columns), which is used up."""
        field *= field
        np.add(field[0], field[1], out=self._power)
        self._power += np.float32(1e-12)
        cv2.log(self._power, self._power)
        per_log = 10.0 / np.log(10.0) * self._grey_per_db
        organ = self._organ_db * self._grey_per_db
        grey = cv2.addWeighted(self._power, per_log, self._power, 0.0, organ, dtype=cv2.CV_8U)
        if self._scanner.smoothing_px > 0.0:
            grey = cv2.GaussianBlur(grey, (5, 5), self._scanner.smoothing_px)
        return np.asarray(grey, dtype=np.uint8)


class _RibShadow:
    """The dark band behind a rib, with soft edges; it moves as the rib does."""

    EDGE_M = 6e-4

    def __init__(self, rib: Rib, breathing: Breathing, scanner: ScannerSettings) -> None:
        self._rib = rib
        self._share = float(breathing.share(rib.depth_m))
        self._spacing_m = scanner.spacing_m
        self._x_m = (np.arange(scanner.width_px) - scanner.middle_px) * scanner.spacing_m
        self._first_row = int((rib.depth_m + 8e-4) / scanner.spacing_m + scanner.face_row_px)
        self._onset = np.clip(
            np.arange(scanner.height_px - self._first_row) / 12.0, 0.0, 1.0
        ).astype(np.float32)

    def darken(self, gain: Field32, breath_m: Vector) -> None:
        """Multiply an amplitude gain (rows, columns) by the shadow, in place."""
        off_m = (
            np.abs(self._x_m - self._rib.x_m - self._share * float(breath_m[0]))
            - self._rib.half_width_m
        )
        dark = (0.96 / (1.0 + np.exp(np.clip(off_m / self.EDGE_M, -30.0, 30.0)))).astype(np.float32)
        columns = np.flatnonzero(dark > 0.003)
        if len(columns):
            part = slice(columns[0], columns[-1] + 1)
            gain[self._first_row :, part] *= 1.0 - self._onset[:, None] * dark[part]
