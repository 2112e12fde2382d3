# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Parts of bodies: solids and tubes of tissue, or of bone with a rind and a core."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from ir_guidance.room.xray.solids import Field32, Rays, Shape, Solid, Tube
from ir_guidance.values import Vector

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A solid of a body: what it adds to water's density, or how much of cortical bone it holds.

    With a ``rind_m`` only that rind is full, and the core holds ``core`` of it.
    """

    form: Solid | Tube
    water: float = 0.0
    bone: float = 0.0
    rind_m: float = 0.0
    core: float = 0.0

    def add(self, water_m: Field32, bone_m: Field32, rays: Rays) -> None:
        """Add the part's metres of water and of cortical bone along every ray."""
        for image, amount in ((water_m, self.water), (bone_m, self.bone)):
            if amount == 0.0:
                continue
            self.form.add(image, rays, amount)
            if self.rind_m > 0:
                self.form.shrunk(self.rind_m).add(image, rays, -amount * (1 - self.core))


def thickness(parts: list[Part], rays: Rays) -> tuple[Field32, Field32]:
    """Return metres of water and of cortical bone (rows, columns) along every ray through a body."""
    water_m, bone_m = (np.zeros(rays.shape, np.float32) for _ in range(2))
    for part in parts:
        part.add(water_m, bone_m, rays)
    return np.maximum(water_m, 0), np.maximum(bone_m, 0)


def ball(centre: tuple[float, ...] | Vector, *half_m: float, turn: Vector | None = None) -> Solid:
    """Return an ellipsoid with one or three half axes, turned by a rotation vector."""
    return solid(Shape.ELLIPSOID, centre, half_m, turn)


def solid(
    shape: Shape,
    centre: tuple[float, ...] | Vector,
    half_m: tuple[float, ...],
    turn: Vector | None = None,
) -> Solid:
    """Return a solid with one or three half axes, turned by a rotation vector (3,)."""
    axes = np.diag(np.broadcast_to(np.array(half_m, float), (3,)))
    if turn is not None:
        axes = axes @ Rotation.from_rotvec(turn).as_matrix().T
    return Solid(np.asarray(centre, float), axes, shape)


def tube(points: Array | list[tuple[float, float, float]], *radii_m: float) -> Tube:
    """Return a tube through points (n, 3), its radius running through the given ones."""
    points = np.asarray(points, float)
    at = np.linspace(0, len(radii_m) - 1, len(points))
    return Tube(points, np.interp(at, np.arange(len(radii_m)), radii_m))


def long_bone(points: Array, *radii_m: float, cortex_m: float, core: float = 0.12) -> Part:
    """Return a bone with a cortex and marrow."""
    return Part(tube(points, *radii_m), bone=1.0, rind_m=cortex_m, core=core)


def curve(*corners: tuple[float, float, float], points: int = 16) -> Array:
    """Return points (n, 3) on a smooth curve near some corners (a Bezier curve's)."""
    share = np.linspace(0, 1, points)[:, None]
    layers = [np.broadcast_to(np.array(corner), (points, 3)) for corner in corners]
    while len(layers) > 1:
        layers = [(1 - share) * a + share * b for a, b in pairwise(layers)]
    return np.asarray(layers[0])
