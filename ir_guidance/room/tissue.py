# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""How strongly each point of the patient scatters sound, at end-exhale."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from pydantic import Field

from ir_guidance.room.anatomy import Anatomy, Bone, Field32, Interface, Vessel
from ir_guidance.room.draw import Range, uniform
from ir_guidance.room.samples import Box, Samples, pattern
from ir_guidance.settings import Settings


class TissueSettings(Settings):
    """Scattering amplitudes relative to the organ's, set by eye against clinical images."""

    skin: float = Field(1.8, ge=0, le=10, description="Skin scatters strongly.")
    fat: Range = Field((0.30, 0.50), description="Fat is darker, with bright septa.")
    muscle: Range = Field((0.28, 0.42), description="Muscle is dark between its bright fibres.")
    organ: float = Field(1.0, ge=0, le=2, description="The organ; 0 for a water bath.")
    fibre_contrast: float = Field(
        0.75, ge=0, le=2, description="Spread of the log amplitude across fibres."
    )
    fibre_slope: float = Field(0.0, ge=-0.5, le=0.5, description="Slope of fibres and septa.")
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
    wall: float = Field(
        1.8, ge=0, le=10, description="Amplitude of a vessel's wall where it faces the probe."
    )
    bone: float = Field(7.0, ge=0, le=30, description="Amplitude of a bone's rough face.")
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
    """Unit-variance patterns (2, rows, lines): two that turn into each other out of the plane."""

    septa: Field32
    fibres: Field32
    lobes: Field32


def _sheared(planes: Field32, slope: float) -> Field32:
    if slope:
        way = np.array([[1.0, 0.0, 0.0], [-slope, 1.0, 0.5 * slope * planes.shape[2]]])
        for plane in planes:
            plane[:] = cv2.warpAffine(plane, way, plane.shape[::-1], borderMode=cv2.BORDER_REFLECT)
    return planes


class Tissue:
    """Scattering in any plane parallel to the image, on samples (rows, lines)."""

    def __init__(
        self,
        anatomy: Anatomy,
        settings: TissueSettings,
        generator: np.random.Generator,
        samples: Samples,
    ) -> None:
        """Draw the patient's echogenicity."""
        self._anatomy = anatomy
        self._settings = settings
        self._samples = samples
        self._make_textures(generator)
        self._fat = uniform(generator, settings.fat)
        self._muscle = uniform(generator, settings.muscle)
        self._lesion = uniform(generator, settings.lesion)

    def _make_textures(self, generator: np.random.Generator) -> None:
        samples, lines = self._samples, self._samples.lines
        shape = samples.shape
        across = 1.0 / (lines.line_m * float(lines.widening(samples.ranges_m[-1] / 3)))
        down = 1.0 / lines.row_m
        slope = self._settings.fibre_slope * down / across
        self._textures = _Textures(
            septa=_sheared(pattern(generator, shape, 0.0028 * across, 0.00030 * down), slope),
            fibres=_sheared(pattern(generator, shape, 0.0035 * across, 0.00022 * down), slope),
            lobes=pattern(generator, shape, 0.0042 * across, 0.0030 * down),
        )

    def scattering(self, y_m: float) -> Field32:
        """Return the amplitude (rows, lines) of diffuse scattering in the plane at ``y_m``."""
        settings = self._settings
        skin, fat, muscle = (
            border.at(self._samples.across, y_m) for border in self._anatomy.borders
        )
        field = np.exp(
            np.float32(settings.organ_contrast) * self._turned(self._textures.lobes, y_m)
        )
        field *= np.float32(settings.organ)
        shallow = slice(0, int(np.searchsorted(self._samples.ranges_m, float(muscle.max()))) + 1)
        depth = self._samples.down[shallow]
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
        if self._anatomy.standoff_m:
            thickness = np.float32(self._anatomy.borders[0].depth_m - self._anatomy.standoff_m)
            near[...] = np.where(depth < skin - thickness, np.float32(0.02), near)
        for interface in self._anatomy.interfaces:
            if interface.lumen_m:
                self._add_lumen(field, interface)
        for bone in self._anatomy.bones:
            self._add_bone(field, bone)
        for vessel in self._anatomy.vessels:
            self._add_vessel(field, vessel, y_m)
        return self._add_lesion(field, y_m)

    def _add_lumen(self, field: Field32, interface: Interface) -> None:
        columns, line = self._samples.course(interface.points_m)
        share = np.linspace(-1.0, 1.0, len(line), dtype=np.float32)
        half_m = np.float32(0.5 * interface.lumen_m) * (1.0 - share**6)
        inside = np.abs(self._samples.down - line) < half_m
        field[:, columns][inside] *= np.float32(self._settings.blood)

    def _turned(self, pattern: Field32, y_m: float) -> Field32:
        angle = y_m / self._settings.texture_turn_m
        turned: Field32 = (
            np.float32(np.cos(angle)) * pattern[0] + np.float32(np.sin(angle)) * pattern[1]
        )
        return turned

    def _add_bone(self, field: Field32, bone: Bone) -> None:
        """Add a bone's bright face, rounded away from the probe."""
        box, x, depth = self._samples.box(bone.x_m, bone.depth_m, 1.8 * bone.half_width_m)
        across = (x - np.float32(bone.x_m)) / np.float32(bone.half_width_m)
        below = (depth - bone.face_m(x)) / np.float32(2.0e-4)
        field[box] += self._settings.bone * np.exp(-0.5 * below**2 - 0.5 * across**4)

    def _add_vessel(self, field: Field32, vessel: Vessel, y_m: float) -> None:
        x_m, _, z_m = vessel.centre_m.tolist()
        box, x, depth = self._samples.box(x_m, -z_m, 1.6 * vessel.radius_m)
        radius = np.float32(vessel.radius_m)
        distance = vessel.distance_m(x, depth, y_m) / radius
        facing = np.abs(depth + np.float32(z_m)) / (radius * np.float32(vessel.flatness))
        wall = np.exp(-0.5 * ((distance - 1.06) / 0.07) ** 2) * np.minimum(facing, 1.2) ** 2
        part = field[box]
        part *= 1.0 + np.float32(self._settings.wall) * wall
        part[distance < 1.0] = self._settings.blood
        self._enhance(field, box, (distance < 1.0).astype(np.float32))

    def _add_lesion(self, field: Field32, y_m: float) -> Field32:
        lesion = self._anatomy.lesion
        x_m, _, z_m = lesion.centre_m.tolist()
        box, x, depth = self._samples.box(x_m, -z_m, 1.5 * float(lesion.radii_m.max()))
        ratio = lesion.radius_ratio(x, depth, y_m)
        inside = 1.0 / (1.0 + np.exp(np.clip((ratio - 1.0) / 0.035, -30.0, 30.0)))
        field[box] *= 1.0 - np.float32(1.0 - self._lesion) * inside
        self._enhance(field, box, inside)
        return field

    def _enhance(self, field: Field32, box: Box, inside: Field32) -> None:
        """Brighten what lies behind by the length of the way through."""
        way_m = np.cumsum(inside, axis=0) * np.float32(self._samples.lines.row_m)
        gain = np.exp(np.float32(self._settings.enhancement_db_per_m * np.log(10.0) / 20.0) * way_m)
        field[box] *= gain
        if len(gain):
            field[box[0].stop :, box[1]] *= gain[-1]
