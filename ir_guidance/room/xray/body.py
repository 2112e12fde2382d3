# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The patient in the room's X-rays: the built-in torso, or a CT, with the skin's front where the needle goes in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ir_guidance.frames.ct import Ct, read_ct
from ir_guidance.room.xray import drr
from ir_guidance.room.xray.backdrop import backdrop
from ir_guidance.room.xray.carm import BASE_FROM_BODY
from ir_guidance.room.xray.parts import Part
from ir_guidance.room.xray.phantom import Generator, outline, torso
from ir_guidance.room.xray.solids import Field32, Rays, Solid, Tube
from ir_guidance.values import CarmGeometry, Vector


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """A torso of solids, or a CT; ``skin_m`` (3,) is where ``base_link``'s origin lies in it.

    ``device`` projects a CT: "cpu", or one of PyTorch's.
    """

    inside: list[Part] | Ct
    skin_m: Vector
    device: str = "cpu"

    def rays(self, geometry: CarmGeometry, shape: tuple[int, int]) -> Rays:
        """Return the rays of a view through the body.

        Raises:
            ValueError: It is not known where the C-arm stands.
        """
        if geometry.base_from_isocentre is None:
            raise ValueError("base_from_isocentre is missing")
        return Rays(geometry, shape, self.of_base(geometry.base_from_isocentre[:3, 3]))

    def of_base(self, point_m: Vector) -> Vector:
        """Return points (..., 3) in ``base_link`` in the body's own axes: left, back, head."""
        moved: Vector = point_m @ BASE_FROM_BODY + self.skin_m
        return moved

    def placed(self, form: Solid | Tube) -> Solid | Tube:
        """Return a form in ``base_link`` in the body's own axes."""
        if isinstance(form, Tube):
            return Tube(self.of_base(form.points_m), form.radii_m)
        return Solid(self.of_base(form.centre_m), form.axes_m @ BASE_FROM_BODY, form.shape)

    def thickness(self, rays: Rays, generator: Generator) -> tuple[Field32, Field32]:
        """Return metres of water and of cortical bone (rows, columns) along the rays."""
        if isinstance(self.inside, Ct):
            return drr.thickness(self.inside, rays, self.device)
        behind = backdrop(generator, self.inside, rays)
        return behind.water_m, behind.bone_m


def drawn_body(
    generator: Generator, ct: Path | None, ct_place: tuple[float, float], device: str = "cpu"
) -> Body:
    """Return the torso of a seed, or the CT in a file or a folder.

    Raises:
        CtError: The CT cannot be used.
    """
    if ct is not None:
        found = read_ct(ct)
        return Body(found, found.skin_m(*ct_place), device)
    skin = outline(generator)
    wide_m, deep_m, _ = np.diag(skin.axes_m)
    x, z = generator.uniform(-0.02, 0.02), generator.uniform(-0.08, 0.02)
    front_m = -deep_m * np.sqrt(1 - (x / wide_m) ** 2)
    return Body(torso(generator, skin), np.array([x, front_m, z]))
