# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Where things lie in the patient at end-exhale, in ``base_link``: layers, lesion, vessels, a rib."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ir_guidance.room.draw import Range, sign, uniform
from ir_guidance.settings import Settings
from ir_guidance.values import Sphere, Vector

Field32 = NDArray[np.float32]


class AnatomySettings(Settings):
    """Sizes and places; ranges after abdominal ultrasound of adults, adapted to a 60 mm image."""

    skin_m: Range = Field((0.0014, 0.0022), description="Thickness of the skin.")
    fat_m: Range = Field((0.0055, 0.0085), description="Thickness of the fat under the skin.")
    muscle_m: Range = Field(
        (0.006, 0.010), description="Thickness of the muscle of the abdominal wall."
    )
    waviness_m: float = Field(
        0.0004, ge=0, le=0.002, description="Amplitude of the waves of a layer's border."
    )
    lesion_depth_m: Range = Field((0.033, 0.045), description="Depth of the lesion's centre.")
    lesion_lateral_m: Range = Field(
        (0.0, 0.014), description="Lateral place of the lesion's centre."
    )
    lesion_out_of_plane_sigma_m: float = Field(
        0.0004,
        ge=0,
        le=0.003,
        description="How well the operator found the plane through the lesion, 1 sigma.",
    )
    lesion_radius_m: Range = Field((0.005, 0.008), description="Half axes of the lesion.")
    lesion_irregularity: float = Field(
        0.06, ge=0, le=0.2, description="Relative roughness of its border."
    )
    vessel_radius_m: Range = Field(
        (0.0018, 0.0030), description="Radius of a vessel to be avoided."
    )
    vessel_gap_m: Range = Field(
        (0.0035, 0.0060), description="From a typical path to the near vessel's wall."
    )
    second_vessel_chance: float = Field(
        0.6, ge=0, le=1, description="Chance of a vessel far from the path."
    )
    rib_chance: float = Field(
        0.4, ge=0, le=1, description="Chance that a rib shades the right-hand edge."
    )
    typical_pitch_rad: Range = Field(
        (0.65, 0.80), description="Angle of a typical path below the horizontal."
    )


@dataclass(frozen=True, slots=True, eq=False)
class Lesion:
    """An ellipsoid with an irregular border; ``waves`` are (order, size, phase) round it in the plane."""

    centre_m: Vector
    radii_m: Vector
    waves: tuple[tuple[int, float, float], ...]

    def radius_ratio(self, x_m: Field32, depth_m: Field32, y_m: float) -> Field32:
        """Return the distance from the centre in units of the border's, below 1 inside."""
        across = (x_m - np.float32(self.centre_m[0])) / np.float32(self.radii_m[0])
        down = (depth_m + np.float32(self.centre_m[2])) / np.float32(self.radii_m[2])
        out = np.float32((y_m - self.centre_m[1]) / self.radii_m[1])
        angle = np.arctan2(down, across)
        border = np.ones_like(angle)
        for order, size, phase in self.waves:
            border += np.float32(size) * np.cos(order * angle + np.float32(phase))
        ratio: Field32 = np.sqrt(across**2 + down**2 + out**2) / border
        return ratio


@dataclass(frozen=True, slots=True, eq=False)
class Vessel:
    """A short tube that crosses the plane along ``base_link``'s y, rounded at its ends."""

    centre_m: Vector
    radius_m: float
    half_length_m: float

    def distance_m(self, x_m: Field32, depth_m: Field32, y_m: float) -> Field32:
        """Return the distance from the tube's axis."""
        out = max(abs(y_m - float(self.centre_m[1])) - self.half_length_m, 0.0)
        across = x_m - np.float32(self.centre_m[0])
        down = depth_m + np.float32(self.centre_m[2])
        distance: Field32 = np.sqrt(across**2 + down**2 + np.float32(out**2))
        return distance

    def spheres(self) -> tuple[Sphere, ...]:
        """Return the spheres that a planner is to avoid: a chain along the axis, one radius apart."""
        steps = np.arange(-self.half_length_m, self.half_length_m + 1e-9, self.radius_m)
        x, y, z = (float(value) for value in self.centre_m)
        return tuple(Sphere((x, y + float(step), z), self.radius_m) for step in steps)


@dataclass(frozen=True, slots=True)
class Border:
    """The lower border of a layer: its depth, its slope, and waves as (height, wavelength, phase)."""

    depth_m: float
    slope: float
    waves: tuple[tuple[float, float, float], ...]

    def at(self, x_m: Field32, y_m: float) -> Field32:
        """Return the depth in metres at lateral places, out of the plane by ``y_m``."""
        depth = np.float32(self.depth_m) + np.float32(self.slope) * x_m
        for height_m, length_m, phase in self.waves:
            turn = 2.0 * np.pi / length_m
            depth = depth + np.float32(height_m) * np.sin(
                np.float32(turn) * x_m + np.float32(phase + 0.6 * turn * y_m)
            )
        return np.asarray(depth, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Rib:
    """A rib that crosses the plane: bright towards the probe, nothing behind it."""

    x_m: float
    depth_m: float
    half_width_m: float


@dataclass(frozen=True, slots=True, eq=False)
class Anatomy:
    """A patient at end-exhale; ``borders`` are the lower ones of skin, fat and muscle."""

    borders: tuple[Border, Border, Border]
    lesion: Lesion
    vessels: tuple[Vessel, ...]
    rib: Rib | None

    @property
    def obstacles(self) -> tuple[Sphere, ...]:
        """The spheres to avoid, at end-exhale in ``base_link``."""
        return tuple(sphere for vessel in self.vessels for sphere in vessel.spheres())


def _border(generator: np.random.Generator, depth_m: float, settings: AnatomySettings) -> Border:
    waves = tuple(
        (
            settings.waviness_m * float(generator.uniform(0.3, 1.0)),
            length,
            float(generator.uniform(0.0, 6.28)),
        )
        for length in (0.055, 0.027, 0.013)
    )
    return Border(depth_m, float(generator.normal(0.0, 0.02)), waves)


def _lesion(generator: np.random.Generator, settings: AnatomySettings) -> Lesion:
    centre = np.array(
        [
            uniform(generator, settings.lesion_lateral_m),
            float(generator.normal(0.0, settings.lesion_out_of_plane_sigma_m)),
            -uniform(generator, settings.lesion_depth_m),
        ]
    )
    radii = generator.uniform(*settings.lesion_radius_m, 3)
    waves = tuple(
        (
            order,
            float(generator.normal(0.0, settings.lesion_irregularity)) / (order - 1) ** 0.5,
            float(phase),
        )
        for order, phase in zip((2, 3, 5, 8), generator.uniform(0.0, 6.28, 4), strict=True)
    )
    return Lesion(centre, radii, waves)


def _vessels(
    generator: np.random.Generator, lesion: Lesion, muscle_m: float, settings: AnatomySettings
) -> tuple[Vessel, ...]:
    radius_m = uniform(generator, settings.vessel_radius_m)
    pitch = uniform(generator, settings.typical_pitch_rad)
    along = np.array([np.cos(pitch), 0.0, -np.sin(pitch)])
    across = sign(generator) * np.array([np.sin(pitch), 0.0, np.cos(pitch)])
    back_m = float(lesion.radii_m.max()) + uniform(generator, (0.006, 0.014))
    gap_m = radius_m + uniform(generator, settings.vessel_gap_m)
    beside_m = lesion.centre_m - back_m * along
    if -float(beside_m[2] + gap_m * across[2]) < muscle_m + radius_m + 0.003:
        across = -across
    near = Vessel(beside_m + gap_m * across, radius_m, radius_m)
    if generator.random() >= settings.second_vessel_chance:
        return (near,)
    radius_m = uniform(generator, settings.vessel_radius_m)
    beyond = np.array(
        [uniform(generator, (0.002, 0.008)), 0.0, -uniform(generator, (0.005, 0.008))]
    )
    beyond[[0, 2]] += np.array([1.0, -1.0]) * float(lesion.radii_m.max()) * 0.8
    return near, Vessel(lesion.centre_m + beyond, radius_m, 2.0 * radius_m)


def draw_anatomy(generator: np.random.Generator, settings: AnatomySettings) -> Anatomy:
    """Return a patient drawn from the generator."""
    skin = uniform(generator, settings.skin_m)
    fat = skin + uniform(generator, settings.fat_m)
    muscle = fat + uniform(generator, settings.muscle_m)
    borders = (
        Border(skin, 0.0, ()),
        _border(generator, fat, settings),
        _border(generator, muscle, settings),
    )
    lesion = _lesion(generator, settings)
    vessels = _vessels(generator, lesion, muscle, settings)
    rib = None
    if generator.random() < settings.rib_chance and lesion.centre_m[0] < 0.009:
        rib = Rib(
            uniform(generator, (0.029, 0.031)), fat + 0.001, uniform(generator, (0.003, 0.0045))
        )
    return Anatomy(borders, lesion, vessels, rib)
