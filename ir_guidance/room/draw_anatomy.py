# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Draws an anatomy: sizes and places of everything in a patient or a phantom."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from ir_guidance.room.anatomy import Anatomy, Bone, Border, Interface, Lesion, Vessel, Wire
from ir_guidance.room.draw import Range, log_uniform, sign, uniform
from ir_guidance.settings import Settings

Count = tuple[int, int]

DUCTS = 0.2
"""Part of the lines that are ducts or vessels in their length, with two walls."""


class AnatomySettings(Settings):
    """Sizes and places; ranges after abdominal ultrasound of adults, adapted to a 60 mm image."""

    standoff_m: Range = Field((0.0, 0.0), description="Gel or water between probe and skin.")
    skin_m: Range = Field((0.0014, 0.0022), description="Thickness of the skin.")
    fat_m: Range = Field((0.0055, 0.0085), description="Thickness of the fat under the skin.")
    muscle_m: Range = Field(
        (0.006, 0.010), description="Thickness of the muscle of the abdominal wall."
    )
    waviness_m: float = Field(
        0.0004, ge=0, le=0.002, description="Amplitude of the waves of a layer's border."
    )
    slope: float = Field(
        0.02, ge=0, le=0.3, description="Slope of a layer's border along the face, 1 sigma."
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
    lesion_long_m: Range | None = Field(
        None, description="Half axis of it across the plane, where that is another: of a vessel."
    )
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
    vessel_flatness: Range = Field(
        (1.0, 1.0), description="Share of a vein's height that the probe's pressure leaves."
    )
    pulse: Range = Field(
        (0.0, 0.0), description="Share of an artery's radius that a heartbeat adds."
    )
    rib_chance: float = Field(
        0.4, ge=0, le=1, description="Chance that a rib shades the right-hand edge."
    )
    typical_pitch_rad: Range = Field(
        (0.65, 0.80), description="Angle of a typical path below the horizontal."
    )
    bones: Count = Field((0, 0), description="Number of bones anywhere, fewest and most.")
    interfaces: Count = Field((0, 0), description="Number of lines that are no needle.")
    interface_strength: Range = Field((0.8, 4.0), description="Their mirror amplitude.")
    wires: Count = Field((0, 0), description="Number of wires, bubbles and grains.")
    wire_strength: Range = Field((4.0, 40.0), description="Their amplitude, by its logarithm.")
    field_m: tuple[float, float] = Field(
        (0.06, 0.06), description="Width and depth over which bones, lines and wires are spread."
    )


def draw_anatomy(generator: np.random.Generator, settings: AnatomySettings) -> Anatomy:
    """Return a patient drawn from the generator."""
    standoff = uniform(generator, settings.standoff_m) if settings.standoff_m[1] else 0.0
    skin = standoff + uniform(generator, settings.skin_m)
    fat = skin + uniform(generator, settings.fat_m)
    muscle = fat + uniform(generator, settings.muscle_m)
    tilt = float(generator.normal(0.0, settings.slope)) if standoff else 0.0
    borders = (
        Border(skin, tilt, ()),
        _border(generator, fat, settings),
        _border(generator, muscle, settings),
    )
    lesion = _lesion(generator, settings)
    vessels = _vessels(generator, lesion, muscle, settings)
    bones: tuple[Bone, ...] = ()
    if generator.random() < settings.rib_chance and lesion.centre_m[0] < 0.009:
        bones = (
            Bone(
                uniform(generator, (0.029, 0.031)), fat + 0.001, uniform(generator, (0.003, 0.0045))
            ),
        )
    return Anatomy(
        borders,
        lesion,
        vessels,
        bones
        + tuple(_bone(generator, fat, settings) for _ in range(_drawn(generator, settings.bones))),
        tuple(
            _interface(generator, settings) for _ in range(_drawn(generator, settings.interfaces))
        ),
        tuple(_wire(generator, settings) for _ in range(_drawn(generator, settings.wires))),
        standoff,
    )


def _drawn(generator: np.random.Generator, count: Count) -> int:
    return int(generator.integers(count[0], count[1] + 1)) if count[1] else 0


def _border(generator: np.random.Generator, depth_m: float, settings: AnatomySettings) -> Border:
    waves = tuple(
        (
            settings.waviness_m * float(generator.uniform(0.3, 1.0)),
            length,
            float(generator.uniform(0.0, 6.28)),
        )
        for length in (0.055, 0.027, 0.013)
    )
    return Border(depth_m, float(generator.normal(0.0, settings.slope)), waves)


def _lesion(generator: np.random.Generator, settings: AnatomySettings) -> Lesion:
    centre = np.array(
        [
            uniform(generator, settings.lesion_lateral_m),
            float(generator.normal(0.0, settings.lesion_out_of_plane_sigma_m)),
            -uniform(generator, settings.lesion_depth_m),
        ]
    )
    radii = generator.uniform(*settings.lesion_radius_m, 3)
    if settings.lesion_long_m is not None:
        radii[1] = uniform(generator, settings.lesion_long_m)
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
    near = _vessel(generator, beside_m + gap_m * across, radius_m, radius_m, settings)
    if generator.random() >= settings.second_vessel_chance:
        return (near,)
    radius_m = uniform(generator, settings.vessel_radius_m)
    beyond = np.array(
        [uniform(generator, (0.002, 0.008)), 0.0, -uniform(generator, (0.005, 0.008))]
    )
    beyond[[0, 2]] += np.array([1.0, -1.0]) * float(lesion.radii_m.max()) * 0.8
    far = _vessel(generator, lesion.centre_m + beyond, radius_m, 2.0 * radius_m, settings)
    return near, far


def _vessel(
    generator: np.random.Generator,
    centre_m: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    radius_m: float,
    half_length_m: float,
    settings: AnatomySettings,
) -> Vessel:
    """Return an artery that pulsates or a vein that is pressed flat, where the settings have such."""
    pulse = uniform(generator, settings.pulse) if settings.pulse[1] else 0.0
    flatness, give = 1.0, 0.0
    if settings.vessel_flatness[0] < 1.0 and generator.random() < 0.5:
        pulse, flatness = 0.0, uniform(generator, settings.vessel_flatness)
        give = uniform(generator, (0.0, 0.15))
    return Vessel(centre_m, radius_m, half_length_m, flatness, pulse, give)


def _bone(generator: np.random.Generator, above_m: float, settings: AnatomySettings) -> Bone:
    width_m, depth_m = settings.field_m
    half_m = uniform(generator, (0.004, 0.016))
    return Bone(
        x_m=uniform(generator, (-0.5 * width_m, 0.5 * width_m)),
        depth_m=max(above_m, uniform(generator, (0.15 * depth_m, 0.9 * depth_m))),
        half_width_m=half_m,
        sag_m=half_m * uniform(generator, (-0.1, 0.6)),
        slope=float(generator.normal(0.0, 0.25)),
        dark=1.0 - uniform(generator, (0.02, 0.5)) ** 1.5,
    )


def _interface(generator: np.random.Generator, settings: AnatomySettings) -> Interface:
    """Return a line of 1 to 8 cm, mostly flat, some as steep as a needle, straight or curved."""
    width_m, depth_m = settings.field_m
    length_m = log_uniform(generator, (0.1, 1.2)) * width_m
    slope = float(generator.normal(0.0, 0.12 if generator.random() < 0.65 else 0.6))
    middle = np.array(
        [
            uniform(generator, (-0.5 * width_m, 0.5 * width_m)),
            uniform(generator, (0.08 * depth_m, depth_m)),
        ]
    )
    along = np.linspace(-0.5, 0.5, 60) * length_m
    bend = float(generator.normal(0.0, 0.25)) / length_m
    heights = bend * along**2
    for wave_m in (0.02, 0.009, 0.004):
        height_m = 0.012 * wave_m * float(generator.normal())
        heights = heights + height_m * np.sin(along * 6.28 / wave_m + generator.uniform(0.0, 6.28))
    heading = np.arctan(slope)
    run = np.array([np.cos(heading), np.sin(heading)])
    points = middle + along[:, None] * run + heights[:, None] * np.array([-run[1], run[0]])
    return Interface(
        points,
        uniform(generator, settings.interface_strength),
        log_uniform(generator, (4e-5, 2.5e-4) if generator.random() < 0.92 else (4e-4, 1.5e-3)),
        uniform(generator, (0.3, 1.6)),
        uniform(generator, (0.0008, 0.005)) if generator.random() < DUCTS else 0.0,
    )


def _wire(generator: np.random.Generator, settings: AnatomySettings) -> Wire:
    width_m, depth_m = settings.field_m
    return Wire(
        uniform(generator, (-0.48 * width_m, 0.48 * width_m)),
        uniform(generator, (0.08 * depth_m, 0.98 * depth_m)),
        log_uniform(generator, settings.wire_strength),
    )
