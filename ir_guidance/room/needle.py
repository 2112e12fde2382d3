# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The needle in tissue: it bends, follows the path its bevel cuts, and is dragged by breathing.

The beam is clamped in the guide; the foundation holds each part of it to the path that was cut there,
kept in coordinates that move with the tissue. The path goes on in the direction of the tip, turned aside
by the bevel, whose asymmetric wedge cuts at an angle: the front wheel of the bicycle of Webster et al.
(Int J Robotics Research 25:509, 2006). The angle builds up over the first advance, as the bevel's load
does (Misra et al., Int J Robotics Research 29:1640, 2010), and is gone after withdrawing as far. What
tissue is ahead of the tip moves with it, so that the path in tissue at rest need not pass through the tip.

Far from the guide that makes the unicycle, a path of constant curvature c. There the beam differs from it
by e = (c / 2 b^2) exp(-b x) (sin b x - cos b x), x behind the tip, b = (k / 4 EI)^(1/4): free of moment
and force at its end, and at an angle c / b to the path, which is the bevel's. Near the guide the clamp
stiffens it. The bevel turns with the needle's roll: a needle that turns as it advances goes straight, one
that turns where it stands stays. How strongly it curves the path differs between needles and tissues, and
nobody is told. The reference axis is the guide's at puncture.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ir_guidance.kinematics import lateral_axes
from ir_guidance.room.axial_force import AxialForce, ForceSettings
from ir_guidance.room.beam import Beam
from ir_guidance.room.cut_path import CutPath
from ir_guidance.room.draw import Range, sign, uniform
from ir_guidance.settings import Settings
from ir_guidance.values import GuidePose, Vector

Array = NDArray[np.float64]
ByDepth = Callable[[Array], Array]

STEP_M = 5e-4
"""Longest advance taken at once, and the distance of the points of the path."""

SHORTEST_M = 2e-4
"""A needle that is in by less is straight; the elements would be shorter than the rounding allows."""

FREE = np.zeros(2)
"""No force at the tip: what cuts at an angle there is the path's business."""


class NeedleSettings(Settings):
    """A coaxial steel needle in abdominal tissue."""

    diameter_m: float = Field(
        0.00147, gt=0.0003, le=0.003, description="Outer diameter; 17 G is 1.47 mm."
    )
    rigidity_nm2: Range = Field(
        (0.021, 0.027),
        description="EI; a 17 G steel tube of 0.14 mm wall has 0.026 N m^2 (E 200 GPa).",
    )
    fat_npm2: Range = Field(
        (1.3e4, 1.8e4), description="Lateral stiffness per length; fat is softest."
    )
    muscle_npm2: Range = Field(
        (3.0e4, 4.0e4), description="Lateral stiffness per length of muscle."
    )
    organ_npm2: Range = Field(
        (1.8e4, 2.8e4), description="Lateral stiffness per length of the organ."
    )
    curvature_per_m: float = Field(
        2.1,
        ge=0,
        le=10,
        description="Of the path that the bevel cuts far from the guide, 1/m; set for a median deflection "
        "of 3.5 mm at 57 mm.",
    )
    curvature_spread: float = Field(
        0.3, ge=0, le=0.9, description="Relative half range of the curvature between needles."
    )
    bevel_sigma_rad: float = Field(
        0.15, ge=0, le=1.6, description="Angle of the bevel off the hub's mark, 1 sigma."
    )
    bevel_side: Literal["up", "either"] = Field(
        "up", description="Which way the hub's mark looks at roll 0; either: drawn, up or down."
    )
    force: ForceSettings = ForceSettings()
    bevel_travel_m: float = Field(
        0.001, gt=0, le=0.01, description="Advance over which the bevel's angle builds up."
    )
    node_m: float = Field(0.001, gt=2e-4, le=0.005, description="Distance of the nodes.")
    longest_m: float = Field(0.100, gt=0.01, le=0.3, description="Longest insertion.")


class _Puncture:
    """What belongs to one puncture, until the needle has left the tissue."""

    def __init__(
        self,
        guide: GuidePose,
        settings: NeedleSettings,
        spring: ByDepth,
        share: ByDepth,
        rigidity_nm2: float,
    ) -> None:
        self.origin_m = guide.remote_centre_m.copy()
        self.axis = guide.direction.copy()
        self.lateral = lateral_axes(self.axis)
        arc_m = np.arange(0.0, settings.longest_m + 2 * settings.node_m, settings.node_m)
        depth_m = -(self.origin_m[2] + arc_m * self.axis[2])
        self.shares = share(depth_m)
        self.beam = Beam(rigidity_nm2, spring(depth_m), settings.node_m)
        self.path = CutPath(STEP_M, 2.0 * settings.longest_m)


class Needle:
    """The needle's shape, advanced with the guide and the breath.

    Attributes:
        axial: What pushes back along it, to be moved on by whoever has the time.
        loaded: The share of the bevel's angle that has built up.
        shape_m: (n, 3), from the remote centre to the tip in ``base_link``.
        direction: (3,), the heading of the tip.
    """

    def __init__(
        self,
        settings: NeedleSettings,
        generator: np.random.Generator,
        layer_depths_m: tuple[float, float],
        share: ByDepth,
    ) -> None:
        """Draw a needle and the tissue's stiffness.

        Args:
            settings: Ranges to draw from.
            generator: What to draw with.
            layer_depths_m: Lower borders of fat and muscle.
            share: What part of the organ's movement tissue at a depth shares.
        """
        self._settings = settings
        self._share = share
        self._layers_m = layer_depths_m
        self._rigidity = uniform(generator, settings.rigidity_nm2)
        self._stiffness = tuple(
            uniform(generator, limits)
            for limits in (settings.fat_npm2, settings.muscle_npm2, settings.organ_npm2)
        )
        spread = float(generator.uniform(-1.0, 1.0)) * settings.curvature_spread
        self._bevel_rad = float(generator.normal(0.0, settings.bevel_sigma_rad))
        if sign(generator) < 0.0 and settings.bevel_side == "either":
            self._bevel_rad += np.pi
        slowly_per_m = (self._stiffness[2] / (4.0 * self._rigidity)) ** 0.25
        curvature_per_m = settings.curvature_per_m * (1.0 + spread)
        self._cut_rad = curvature_per_m / slowly_per_m
        self.axial = AxialForce(settings.force, generator, layer_depths_m)
        self._puncture: _Puncture | None = None
        self._guide: GuidePose | None = None
        self.loaded = 0.0
        self.shape_m: Array = np.zeros((2, 3))
        self.direction: Vector = np.array([0.0, 0.0, -1.0])

    def step(self, guide: GuidePose, breath_m: Vector) -> None:
        """Move to a guide pose while the organ is displaced by ``breath_m`` (3,).

        Arrays are replaced, never changed, so that they may be kept.
        """
        before = self._guide or guide
        travel_m = guide.insertion_m - before.insertion_m
        parts = max(1, int(np.ceil(abs(travel_m) / STEP_M)))
        for part in range(1, parts + 1):
            self._advance(_between(before, guide, part / parts), travel_m / parts, breath_m)
        self._guide = guide

    def _advance(self, guide: GuidePose, travel_m: float, breath_m: Vector) -> None:
        if guide.insertion_m < SHORTEST_M:
            self._leave(guide)
            return
        if self._puncture is None:
            self._puncture = _Puncture(
                guide, self._settings, self._spring, self._share, self._rigidity
            )
        travel = travel_m / self._settings.bevel_travel_m
        self.loaded = min(max(self.loaded + travel, 0.0), 1.0)
        self._bend(self._puncture, guide, travel_m < 0.0, breath_m)

    def _leave(self, guide: GuidePose) -> None:
        self._puncture = None
        self.loaded = 0.0
        self.shape_m = np.stack(
            (guide.remote_centre_m, guide.remote_centre_m + guide.insertion_m * guide.direction)
        )
        self.direction = guide.direction

    def _spring(self, depth_m: Array) -> Array:
        fat, muscle, organ = self._stiffness
        below_fat = np.where(depth_m < self._layers_m[1], muscle, organ)
        return np.where(depth_m < self._layers_m[0], fat, below_fat)

    def _bend(
        self, puncture: _Puncture, guide: GuidePose, withdrawn: bool, breath_m: Vector
    ) -> None:
        axis, lateral = puncture.axis, puncture.lateral
        nodes = puncture.beam.nodes_m(min(guide.insertion_m, self._settings.longest_m))
        offset = guide.remote_centre_m - puncture.origin_m
        clamp = np.empty((2, 2))
        clamp[0] = lateral @ offset
        clamp[1] = lateral @ guide.direction / float(axis @ guide.direction)
        shares = puncture.shares[: len(nodes)]
        along = float(axis @ offset) + nodes
        tissue = along - shares * float(axis @ breath_m)
        drag = shares[:, None] * (lateral @ breath_m)
        rest = puncture.path.at(tissue) + drag
        bent, tip_slope = puncture.beam.solve(nodes, clamp, rest, FREE)
        if (cut_m := float(tissue[-1]) - puncture.path.front_m) > 0.0:
            turn = self._bevel_rad + guide.roll_rad
            bevel = self.loaded * self._cut_rad * np.array([np.cos(turn), np.sin(turn)])
            place_m = rest[-1] - drag[-1] + cut_m * (tip_slope + bevel)
            puncture.path.extend(float(tissue[-1]), place_m)
        elif withdrawn:
            puncture.path.cut_back(float(tissue[-1]))
        rise = bent[1:] - bent[:-1]
        along[1:] -= np.cumsum(0.5 * (rise * rise).sum(axis=1) / (nodes[1:] - nodes[:-1]))
        self.shape_m = puncture.origin_m + along[:, None] * axis + bent @ lateral
        heading = axis + tip_slope @ lateral
        self.direction = heading / np.sqrt(heading @ heading)


def _between(before: GuidePose, after: GuidePose, share: float) -> GuidePose:
    if share == 1.0:
        return after
    direction = (1.0 - share) * before.direction + share * after.direction
    return GuidePose(
        (1.0 - share) * before.remote_centre_m + share * after.remote_centre_m,
        direction / np.linalg.norm(direction),
        (1.0 - share) * before.insertion_m + share * after.insertion_m,
        (1.0 - share) * before.roll_rad + share * after.roll_rad,
    )
