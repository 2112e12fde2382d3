# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What the room's X-rays show inside the patient: the target, and vessels to be avoided, in ``base_link``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ir_guidance.room.draw import Range, sign, uniform
from ir_guidance.room.xray.parts import ball, tube
from ir_guidance.room.xray.solids import Solid, Tube
from ir_guidance.settings import Settings
from ir_guidance.values import Sphere, Vector

Array = NDArray[np.float64]
Generator = np.random.Generator


class InteriorSettings(Settings):
    """Where target and vessels lie; as in the ultrasound room, so that the same robot reaches them."""

    target: Literal["clip", "contrast", "ct_point"] = Field(
        "clip",
        description="A fiducial clip, a hollow filled with contrast agent, or a point of a registered CT.",
    )
    lesion_m: Range = Field(
        (0.005, 0.008),
        description="Half axes of the lesion that a clip or a point of a CT marks; X-rays show none.",
    )
    depth_m: Range = Field((0.033, 0.045), description="Depth of the target's centre.")
    along_m: Range = Field((0.0, 0.014), description="Its place towards the head.")
    aside_sigma_m: float = Field(0.002, ge=0, le=0.02, description="Its place to a side, 1 sigma.")
    hollow_m: Range = Field(
        (0.004, 0.008), description="Half axes of a hollow filled with contrast."
    )
    hollow_density: Range = Field(
        (0.15, 0.40), description="Dilution of the contrast agent in it; 1 is 300 mg iodine per ml."
    )
    vessel_radius_m: Range = Field(
        (0.0018, 0.0030), description="Radius of a vessel to be avoided."
    )
    vessel_gap_m: Range = Field((0.0035, 0.0060), description="From a typical path to its wall.")
    vessel_density: Range = Field((0.05, 0.12), description="Dilution of the contrast agent in it.")
    fat_m: Range = Field((0.007, 0.0107), description="Depth of the fat's lower border.")
    muscle_m: Range = Field((0.0134, 0.0205), description="Depth of the muscle's lower border.")
    typical_pitch_rad: Range = Field(
        (0.65, 0.80), description="Angle of a typical path below the horizontal."
    )


@dataclass(frozen=True, slots=True, eq=False)
class Interior:
    """Target and vessels at end-exhale in ``base_link``; contrast agent comes with its density, 1 undiluted.

    ``radii_m`` (3,) are half axes of what is to be reached, for judging; of a hollow, which lies aslant, its least.
    """

    target_m: Vector
    radii_m: Vector
    layers_m: tuple[float, float]
    metal: tuple[Tube, ...]
    filled: tuple[tuple[Solid | Tube, float], ...]
    vessels: tuple[tuple[Tube, float], ...]

    @property
    def obstacles(self) -> tuple[Sphere, ...]:
        """The spheres that a planner is to avoid: along each vessel, one radius apart."""
        return tuple(sphere for vessel, _ in self.vessels for sphere in _spheres(vessel))


def drawn_interior(settings: InteriorSettings, generator: Generator) -> Interior:
    """Return a patient's target and vessels."""
    target_m = np.array(
        [
            uniform(generator, settings.along_m),
            generator.normal(0, settings.aside_sigma_m),
            -uniform(generator, settings.depth_m),
        ]
    )
    layers_m = uniform(generator, settings.fat_m), uniform(generator, settings.muscle_m)
    density = uniform(generator, settings.vessel_density)
    vessel = _vessel(settings, target_m, generator)
    # Last, so that it is the same patient with any target.
    metal, filled, radii_m = _target(settings, target_m, generator)
    return Interior(target_m, radii_m, layers_m, metal, filled, ((vessel, density),))


def _target(
    settings: InteriorSettings, at_m: Vector, generator: Generator
) -> tuple[tuple[Tube, ...], tuple[tuple[Solid | Tube, float], ...], Vector]:
    """Return the target's metal, its contrast agent, a point of a CT has neither, and its half axes (3,)."""
    if (
        settings.target == "clip"
    ):  # a gold seed of 1 x 3 to 5 mm: gold weakens twice as much as steel
        way = generator.normal(0, 1, 3)
        half = generator.uniform(0.0015, 0.0025) * way / np.linalg.norm(way)
        seed = tube(np.stack([at_m - half, at_m + half]), generator.uniform(0.0004, 0.0006))
        return (seed, seed), (), generator.uniform(*settings.lesion_m, 3)
    if settings.target == "contrast":
        density = uniform(generator, settings.hollow_density)
        half_m = generator.uniform(*settings.hollow_m, 3)
        hollow = ball(at_m, *half_m, turn=generator.normal(0, 1, 3))
        way = generator.normal(0, 1, 3)
        out = at_m + np.linspace(0.5, 5, 8)[:, None] * half_m.mean() * way / np.linalg.norm(way)
        duct = tube(out, 0.35 * half_m.min(), 0.15 * half_m.min())
        least_m = np.full(3, half_m.min())
        return (), ((hollow, density), (duct, density)), least_m
    return (), (), generator.uniform(*settings.lesion_m, 3)


def _vessel(settings: InteriorSettings, target_m: Vector, generator: Generator) -> Tube:
    """Return a vessel that crosses beside a typical path to the target."""
    radius_m = uniform(generator, settings.vessel_radius_m)
    pitch = uniform(generator, settings.typical_pitch_rad)
    along = np.array([np.cos(pitch), 0.0, -np.sin(pitch)])
    across = sign(generator) * np.array([np.sin(pitch), 0.0, np.cos(pitch)])
    beside_m = target_m - generator.uniform(0.012, 0.020) * along
    gap_m = radius_m + uniform(generator, settings.vessel_gap_m)
    if -float(beside_m[2] + gap_m * across[2]) < 0.024:
        across = -across
    middle = beside_m + gap_m * across
    half = generator.uniform(0.004, 0.008) * np.array([0.2 * generator.normal(), 1.0, 0.0])
    return tube(middle + np.linspace(-1, 1, 5)[:, None] * half, radius_m)


def _spheres(vessel: Tube) -> tuple[Sphere, ...]:
    radius_m = float(vessel.radii_m[0])
    first, last = vessel.points_m[0], vessel.points_m[-1]
    count = int(np.linalg.norm(last - first) / radius_m) + 2
    centres = first + np.linspace(0, 1, count)[:, None] * (last - first)
    return tuple(Sphere((float(x), float(y), float(z)), radius_m) for x, y, z in centres)
