# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""B-mode images of the patient and the needle in them.

All that does not move is made once. A frame is the patient's speckle along the scan lines, warped;
times the depth's gain and the shadows; plus the needle's echo, clutter and noise; its magnitude
compressed to grey and converted to an image.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ir_guidance.geometry import inverse
from ir_guidance.room.draw import uniform
from ir_guidance.room.haze import Haze
from ir_guidance.room.needle_echo import NeedleEcho
from ir_guidance.room.scan_lines import ScanLines
from ir_guidance.room.scanner import ScannerSettings
from ir_guidance.room.shadow import BoneShadow
from ir_guidance.room.volume import Volume
from ir_guidance.values import Matrix, Vector

Array = NDArray[np.float64]
Field32 = NDArray[np.float32]

SPECKLE_DB = 5.57
"""Standard deviation of the level of fully developed speckle (Goodman 2007)."""


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """The world at one moment, enough to make an image of: metres, ``base_link``.

    ``shaft_m`` (n, 3) runs from the remote centre to the tip; ``target_m`` is the lesion's centre
    now and ``push_m`` how far the needle has pushed it. ``inserted`` false: the needle is in the air.
    ``probe_out_m`` is how far the probe has been moved out of the plane that it was laid in.
    """

    time_s: float
    breath_m: Vector
    shaft_m: Array
    inserted: bool
    target_m: Vector
    push_m: Vector
    probe_out_m: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class NeedleLook:
    """How the needle in the image looks: its echo, and the haze that it makes."""

    echo: NeedleEcho
    haze: Haze | None


class Ultrasound:
    """Renders snapshots; one thread at a time, for the working arrays are kept between frames."""

    def __init__(
        self,
        scanner: ScannerSettings,
        lines: ScanLines,
        volume: Volume,
        shadows: tuple[BoneShadow, ...],
        clutter: Field32 | None,
        look: NeedleLook,
        base_from_image: Matrix,
        generator: np.random.Generator,
    ) -> None:
        """Set the knobs and record a stretch of noise."""
        self._scanner = scanner
        self._lines = lines
        self._volume = volume
        self._shadows = shadows
        self._clutter = clutter
        self.look = look
        self._image_from_base = inverse(base_from_image)
        self._make_gain(generator)
        self._make_noise(generator)
        self._grey_per_db = 255.0 / scanner.dynamic_range_db
        self._organ_db = uniform(generator, scanner.organ_grey_db)
        self._gain = np.empty(lines.shape, np.float32)
        self._power = np.empty(lines.shape, np.float32)

    def _make_gain(self, generator: np.random.Generator) -> None:
        """Make the gain (rows, lines): the depth compensation's residue, the focus, and uneven near tissue."""
        scanner, ranges_m = self._scanner, self._lines.ranges_m()
        share = (ranges_m / ranges_m[-1])[:, None]
        residual_db = uniform(generator, scanner.tgc_residual_db) * share
        focus_db = scanner.focus_gain_db * np.exp(
            -0.5 * ((ranges_m - scanner.focus_m) / (0.4 * scanner.focus_m)) ** 2
        )
        smooth = cv2.GaussianBlur(
            generator.standard_normal((1, self._lines.count)),
            (0, 0),
            sigmaX=0.0026 / self._lines.line_m,
        )
        uneven_db = scanner.uneven_db * smooth / smooth.std() * np.clip(4.0 * share, 0.0, 1.0)
        self._still_gain = (10.0 ** ((residual_db + focus_db[:, None] + uneven_db) / 20.0)).astype(
            np.float32
        )

    def _make_noise(self, generator: np.random.Generator) -> None:
        """Keep noise (banks, 2, rows, lines) twice as wide as needed; frames begin at different lines."""
        scanner, (rows, count) = self._scanner, self._lines.shape
        share = np.linspace(0.0, 1.0, rows)
        level_db = uniform(generator, scanner.noise_db) - scanner.noise_growth_db * (1.0 - share)
        shape = (scanner.noise_banks, 2, rows, 2 * count)
        noise = generator.standard_normal(shape, dtype=np.float32)
        for plane in noise.reshape(-1, *shape[2:]):
            cv2.GaussianBlur(plane, (0, 0), dst=plane, sigmaX=0.8, sigmaY=0.8)
        noise *= np.float32(np.sqrt(0.5) / noise.std())
        self._noise = noise * (10.0 ** (level_db / 20.0)).astype(np.float32)[:, None]
        self._noise_seed = int(generator.integers(2**31))

    def render(self, snapshot: Snapshot) -> NDArray[np.uint8]:
        """Return the image (rows, columns), a new array each time; the same snapshot gives the same image."""
        probe_out_m = snapshot.probe_out_m
        pushed = self._pushed(snapshot)
        field = self._volume.seen(snapshot.time_s, snapshot.breath_m, *pushed, probe_out_m)
        np.copyto(self._gain, self._still_gain)
        for shadow in self._shadows:
            shadow.darken(self._gain, snapshot.breath_m)
        echo, haze = self.look.echo, self.look.haze
        image_from_base = self._image_from_base.copy()
        image_from_base[2, 3] -= probe_out_m
        shaft = echo.see(snapshot.shaft_m, image_from_base) if snapshot.inserted else None
        if shaft is not None:
            echo.shade(shaft, self._gain)
        field *= self._gain
        if shaft is not None:
            echo.add(shaft, field, self._still_gain)
            if haze is not None:
                haze.add(shaft, field)
        if self._clutter is not None:
            field += self._clutter
        field += self._noise_at(snapshot.time_s)
        return self._lines.image(self._grey(field))

    def _pushed(self, snapshot: Snapshot) -> tuple[Vector, Vector]:
        to_image = self._image_from_base
        target_m: Vector = to_image[:2, :3] @ snapshot.target_m + to_image[:2, 3]
        push_m: Vector = to_image[:2, :3] @ snapshot.push_m
        return target_m, push_m

    def _noise_at(self, time_s: float) -> Field32:
        generator = np.random.default_rng((self._noise_seed, round(time_s * 1e6)))
        bank = int(generator.integers(self._scanner.noise_banks))
        first = int(generator.integers(self._lines.count))
        noise: Field32 = self._noise[bank, :, :, first : first + self._lines.count]
        return noise

    def _grey(self, field: Field32) -> NDArray[np.uint8]:
        """Return the compressed magnitude of complex samples (2, rows, lines), which are used up."""
        field *= field
        np.add(field[0], field[1], out=self._power)
        self._power += np.float32(1e-12)
        cv2.log(self._power, self._power)
        per_log = 10.0 / np.log(10.0) * self._grey_per_db
        organ = self._organ_db * self._grey_per_db
        grey: NDArray[np.uint8] = np.empty(self._power.shape, np.uint8)
        cv2.addWeighted(self._power, per_log, self._power, 0.0, organ, dst=grey, dtype=cv2.CV_8U)
        smooth = self._scanner.smoothing_px
        if smooth > 0.0:
            across = smooth * self._lines.row_m / self._lines.line_m
            cv2.GaussianBlur(grey, (0, 0), dst=grey, sigmaX=across, sigmaY=smooth)
        return self._despeckled(grey) if self._scanner.despeckle > 0.0 else grey

    def _despeckled(self, grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the grey with speckle taken away, and bright lines kept.

        What is no brighter than its surroundings by more than the spread of fully developed speckle
        is shrunk to them (soft thresholding, Donoho 1995), as scanners' speckle reduction does.
        """
        scanner = self._scanner
        reach = scanner.despeckle_m
        base = cv2.GaussianBlur(
            grey, (0, 0), sigmaX=2.0 * reach / self._lines.line_m, sigmaY=reach / self._lines.row_m
        )
        spread = 1.5 * SPECKLE_DB * self._grey_per_db
        above = cv2.addWeighted(grey, 1.0, base, -1.0, -spread)
        calm, share = cv2.add(base, above), scanner.despeckle
        return np.asarray(cv2.addWeighted(calm, share, grey, 1.0 - share, 0.0), dtype=np.uint8)
