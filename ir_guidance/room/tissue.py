# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""How strongly each point of the patient scatters and reflects sound, at end-exhale."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ir_guidance.room.anatomy import Anatomy, Field32, Rib
from ir_guidance.room.draw import Range, uniform
from ir_guidance.settings import Settings

Complex = NDArray[np.complex64]


class TissueSettings(Settings):
    """Scattering amplitudes relative to the organ's, set by eye against clinical images."""

    skin: float = Field(1.8, ge=0, le=10, description="Skin scatters strongly.")
    fat: Range = Field((0.30, 0.50), description="Fat is darker, with bright septa.")
    muscle: Range = Field((0.28, 0.42), description="Muscle is dark between its bright fibres.")
    fibre_contrast: float = Field(
        0.75, ge=0, le=2, description="Spread of the log amplitude across fibres."
    )
    septum_contrast: float = Field(
        0.55, ge=0, le=2, description="Spread of the log amplitude across septa."
    )
    organ_contrast: float = Field(
        0.10, ge=0, le=1, description="Spread of the log amplitude in the organ."
    )
    lesion: Range = Field(
        (0.24, 0.38), description="The lesion is hypoechoic, 8 to 12 dB below the organ."
    )
    blood: float = Field(0.05, ge=0, le=1, description="Blood is nearly black.")
    fascia: Range = Field((1.2, 2.4), description="Specular amplitude of the fascia.")
    wall: float = Field(
        1.8, ge=0, le=10, description="Amplitude of a vessel's wall where it faces the probe."
    )
    enhancement_db_per_m: float = Field(
        220.0,
        ge=0,
        le=1000,
        description="Sound is attenuated less in the lesion and in blood: brighter behind.",
    )
    texture_turn_m: float = Field(
        0.004, gt=5e-4, le=0.02, description="Texture changes over this out of the plane."
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Textures:
    """Unit-variance patterns (2, rows, columns): two that turn into each other out of the plane."""

    septa: Field32
    fibres: Field32
    lobes: Field32
    tracts: Field32


def _pattern(
    generator: np.random.Generator, shape: tuple[int, int], across_px: float, down_px: float
) -> Field32:
    planes = []
    for _ in range(2):
        noise = generator.standard_normal(shape, dtype=np.float32)
        smooth = cv2.GaussianBlur(noise, (0, 0), sigmaX=across_px, sigmaY=down_px)
        planes.append((smooth - smooth.mean()) / smooth.std())
    return np.stack(planes).astype(np.float32)


class Tissue:
    """Scattering and reflection in any plane parallel to the image."""

    def __init__(
        self,
        anatomy: Anatomy,
        settings: TissueSettings,
        generator: np.random.Generator,
        x_m: NDArray[np.float64],
        depth_m: NDArray[np.float64],
        wavelength_m: float,
    ) -> None:
        """Draw the patient's echogenicity on a grid of lateral places (columns,) and depths (rows,)."""
        self._anatomy = anatomy
        self._settings = settings
        self._x = x_m.astype(np.float32)[None, :]
        self._depth = depth_m.astype(np.float32)[:, None]
        self._spacing_m = float(x_m[1] - x_m[0])
        self._wavenumber = np.float32(4.0 * np.pi / wavelength_m)
        shape = (len(depth_m), len(x_m))
        per_m = 1.0 / self._spacing_m
        self._textures = _Textures(
            septa=_pattern(generator, shape, 0.0028 * per_m, 0.00030 * per_m),
            fibres=_pattern(generator, shape, 0.0035 * per_m, 0.00022 * per_m),
            lobes=_pattern(generator, shape, 0.0042 * per_m, 0.0030 * per_m),
            tracts=_pattern(generator, shape, 0.0008 * per_m, 0.00035 * per_m),
        )
        self._glint = _pattern(generator, (12, len(x_m)), 0.0035 * per_m, 0.1)[0]
        self._phase = _pattern(generator, (12, len(x_m)), 0.006 * per_m, 0.1)[0]
        self._fat = uniform(generator, settings.fat)
        self._muscle = uniform(generator, settings.muscle)
        self._lesion = uniform(generator, settings.lesion)
        self._fascia = [uniform(generator, settings.fascia) for _ in range(3)]

    def scattering(self, y_m: float) -> Field32:
        """Return the amplitude (rows, columns) of diffuse scattering in the plane at ``y_m``."""
        settings = self._settings
        skin, fat, muscle = (border.at(self._x, y_m) for border in self._anatomy.borders)
        field = np.exp(
            np.float32(settings.organ_contrast) * self._turned(self._textures.lobes, y_m)
        )
        shallow = slice(0, int(np.searchsorted(self._depth[:, 0], float(muscle.max()))) + 1)
        depth = self._depth[shallow]
        fibres = np.exp(
            np.float32(settings.fibre_contrast)
            * self._turned(self._textures.fibres[:, shallow], y_m)
        )
        septa = np.exp(
            np.float32(settings.septum_contrast)
            * self._turned(self._textures.septa[:, shallow], y_m)
        )
        near = field[shallow]
        near[...] = np.where(depth < muscle, np.float32(self._muscle) * fibres, near)
        near[...] = np.where(depth < fat, np.float32(self._fat) * septa, near)
        near[...] = np.where(depth < skin, np.float32(settings.skin), near)
        near[depth[:, 0] < 0.0] = 0.02
        if self._anatomy.rib is not None:
            self._add_rib(field, self._anatomy.rib)
        self._add_vessels(field, y_m)
        return self._add_lesion(field, y_m)

    def reflection(self, y_m: float) -> Complex:
        """Return the amplitude (rows, columns) of mirror-like borders in the plane at ``y_m``.

        The phase follows the depth, so that the beam's width weakens a border that slopes.
        """
        field = np.zeros((self._depth.shape[0], self._x.shape[1]), np.complex64)
        skin, fat, muscle = self._anatomy.borders
        lines = [(skin, 0.0, 1.2), (fat, 0.0, self._fascia[0]), (muscle, 0.0, self._fascia[1])]
        lines += [(muscle, 0.0011, 0.6 * self._fascia[2]), (fat, -0.0026, 0.25 * self._fascia[2])]
        lines += [(skin, ring * 0.0006, 0.8 * 0.6**ring) for ring in range(-2, 5)]
        for row, (border, below_m, strength) in enumerate(lines):
            line = border.at(self._x, y_m)[0] + np.float32(below_m)
            glint = np.float32(strength) * np.exp(0.9 * self._glint[row] - 0.4)
            turn = 0.25 * self._wavenumber * (line - line.mean()) + 1.5 * self._phase[row]
            self._draw_line(field, line, glint * np.exp(1j * turn))
        return field

    def _draw_line(self, field: Complex, line_m: Field32, strength: Complex) -> None:
        first = int(np.searchsorted(self._depth[:, 0], float(line_m.min()) - 4e-4))
        last = int(np.searchsorted(self._depth[:, 0], float(line_m.max()) + 4e-4))
        off = (self._depth[first:last] - line_m) / np.float32(1.0e-4)
        field[first:last] += strength * np.exp(-0.5 * off * off)

    def _turned(self, pattern: Field32, y_m: float) -> Field32:
        angle = y_m / self._settings.texture_turn_m
        turned: Field32 = (
            np.float32(np.cos(angle)) * pattern[0] + np.float32(np.sin(angle)) * pattern[1]
        )
        return turned

    def _add_rib(self, field: Field32, rib: Rib) -> None:
        """Add a rib's bright face, rounded away from the probe."""
        across = (self._x - np.float32(rib.x_m)) / np.float32(rib.half_width_m)
        below = (self._depth - np.float32(rib.depth_m)) / np.float32(2.0e-4) - 6.0 * across**2
        field += 7.0 * np.exp(-0.5 * below**2 - 0.5 * across**4)

    def _add_vessels(self, field: Field32, y_m: float) -> None:
        for vessel in self._anatomy.vessels:
            reach = 1.6 * vessel.radius_m
            box = self._box(vessel.centre_m, reach)
            distance = vessel.distance_m(self._x[:, box[1]], self._depth[box[0]], y_m) / np.float32(
                vessel.radius_m
            )
            facing = np.abs(self._depth[box[0]] + np.float32(vessel.centre_m[2])) / np.float32(
                vessel.radius_m
            )
            wall = np.exp(-0.5 * ((distance - 1.06) / 0.07) ** 2) * facing**2
            part = field[box]
            part *= 1.0 + np.float32(self._settings.wall) * wall
            part[distance < 1.0] = self._settings.blood
            self._enhance(field, box, (distance < 1.0).astype(np.float32))

    def _add_lesion(self, field: Field32, y_m: float) -> Field32:
        lesion = self._anatomy.lesion
        box = self._box(lesion.centre_m, 1.5 * float(lesion.radii_m.max()))
        ratio = lesion.radius_ratio(self._x[:, box[1]], self._depth[box[0]], y_m)
        inside = 1.0 / (1.0 + np.exp(np.clip((ratio - 1.0) / 0.035, -30.0, 30.0)))
        field[box] *= 1.0 - np.float32(1.0 - self._lesion) * inside
        self._enhance(field, box, inside)
        return field

    def _enhance(self, field: Field32, box: tuple[slice, slice], inside: Field32) -> None:
        """Brighten what lies behind by the length of the way through."""
        way_m = np.cumsum(inside, axis=0) * np.float32(self._spacing_m)
        gain = np.exp(np.float32(self._settings.enhancement_db_per_m * np.log(10.0) / 20.0) * way_m)
        field[box] *= gain
        field[box[0].stop :, box[1]] *= gain[-1]

    def _box(self, centre_m: NDArray[np.float64], reach_m: float) -> tuple[slice, slice]:
        rows = np.searchsorted(self._depth[:, 0], [-centre_m[2] - reach_m, -centre_m[2] + reach_m])
        columns = np.searchsorted(self._x[0], [centre_m[0] - reach_m, centre_m[0] + reach_m])
        return slice(int(rows[0]), int(rows[1])), slice(int(columns[0]), int(columns[1]))
