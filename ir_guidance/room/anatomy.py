# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What lies in the patient at end-exhale, in ``base_link``: layers, lesion, vessels, bones, lines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ir_guidance.values import Sphere, Vector

Field32 = NDArray[np.float32]
Waves = tuple[tuple[float, float, float], ...]


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
    """A short tube that crosses the plane along ``base_link``'s y, rounded at its ends.

    ``flatness`` is the share of its height that the probe's pressure leaves it, ``give`` by what part
    that wavers; an artery's wall resists, and ``pulse`` is the share that each heartbeat adds.
    """

    centre_m: Vector
    radius_m: float
    half_length_m: float
    flatness: float = 1.0
    pulse: float = 0.0
    give: float = 0.0

    def distance_m(self, x_m: Field32, depth_m: Field32, y_m: float) -> Field32:
        """Return the distance from the tube's axis, heights stretched to a round tube's."""
        out = max(abs(y_m - float(self.centre_m[1])) - self.half_length_m, 0.0)
        across = x_m - np.float32(self.centre_m[0])
        down = (depth_m + np.float32(self.centre_m[2])) / np.float32(self.flatness)
        distance: Field32 = np.sqrt(across**2 + down**2 + np.float32(out**2))
        return distance

    def spheres(self) -> tuple[Sphere, ...]:
        """Return the spheres that a planner is to avoid: a chain along the axis, one radius apart."""
        steps = np.arange(-self.half_length_m, self.half_length_m + 1e-9, self.radius_m)
        x, y, z = (float(value) for value in self.centre_m)
        return tuple(Sphere((x, y + float(step), z), self.radius_m) for step in steps)


@dataclass(frozen=True, slots=True)
class Border:
    """The lower border of a layer: its depth, its slope, and waves as (height, wavelength, phase).

    Layers follow the probe's face: a depth is a range, a lateral place one along the face.
    """

    depth_m: float
    slope: float
    waves: Waves

    def at(self, x_m: Field32, y_m: float) -> Field32:
        """Return the depth in metres at lateral places, out of the plane by ``y_m``."""
        depth = np.float32(self.depth_m) + np.float32(self.slope) * x_m
        for height_m, length_m, phase in self.waves:
            turn = 2.0 * np.pi / length_m
            depth = depth + np.float32(height_m) * np.sin(
                np.float32(turn) * x_m + np.float32(phase + 0.6 * turn * y_m)
            )
        return np.asarray(depth, dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Interface:
    """A line that is no needle: fascia, a membrane, a duct, a phantom's wall.

    ``points_m`` (n, 2) are lateral places and depths along it, ``strength`` its mirror amplitude,
    ``thickness_m`` the standard deviation across it, ``roughness`` how unevenly it shines. A duct or
    a vessel in its length has two walls, ``lumen_m`` apart, and is dark between them.
    """

    points_m: NDArray[np.float64]
    strength: float
    thickness_m: float
    roughness: float
    lumen_m: float = 0.0


@dataclass(frozen=True, slots=True)
class Bone:
    """A bone that crosses the plane: bright towards the probe, nothing behind it.

    Its face sags by ``sag_m`` from its middle to its half width and slopes by ``slope``; ``dark`` is
    the part of the amplitude that is lost behind it: less for gas, whose shadow is dirty.
    """

    x_m: float
    depth_m: float
    half_width_m: float
    sag_m: float = 0.0012
    slope: float = 0.0
    dark: float = 0.96

    def face_m(self, x_m: Field32) -> Field32:
        """Return the depth of its face at lateral places."""
        aside = x_m - np.float32(self.x_m)
        across = aside / np.float32(self.half_width_m)
        face: Field32 = self.depth_m + self.slope * aside + np.float32(self.sag_m) * across**2
        return face


@dataclass(frozen=True, slots=True, eq=False)
class Wire:
    """A wire through the plane, a bubble, a grain of lime: a dot with a short ringing tail."""

    x_m: float
    depth_m: float
    strength: float


@dataclass(frozen=True, slots=True, eq=False)
class Anatomy:
    """A patient at end-exhale; ``borders`` are the lower ones of skin, fat and muscle."""

    borders: tuple[Border, Border, Border]
    lesion: Lesion
    vessels: tuple[Vessel, ...]
    bones: tuple[Bone, ...] = ()
    interfaces: tuple[Interface, ...] = ()
    wires: tuple[Wire, ...] = ()
    standoff_m: float = 0.0

    @property
    def obstacles(self) -> tuple[Sphere, ...]:
        """The spheres to avoid, at end-exhale in ``base_link``."""
        return tuple(sphere for vessel in self.vessels for sphere in vessel.spheres())
