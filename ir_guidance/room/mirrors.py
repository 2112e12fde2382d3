# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""How strongly each border in the patient reflects sound as a mirror does, at end-exhale."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ir_guidance.room.anatomy import Anatomy, Bone, Field32, Interface, Wire
from ir_guidance.room.draw import Range, uniform
from ir_guidance.room.samples import Samples, pattern
from ir_guidance.settings import Settings

Complex = NDArray[np.complex64]


class MirrorSettings(Settings):
    """Specular amplitudes relative to the organ's mean speckle, set by eye against clinical images."""

    fascia: Range = Field((1.2, 2.4), description="The fascia between layers.")
    skin: float = Field(1.2, ge=0, le=10, description="The skin, and the probe's cover on it.")
    bone: float = Field(0.0, ge=0, le=60, description="The face of a bone.")


class Mirrors:
    """Reflection in any plane parallel to the image, on samples (rows, lines)."""

    def __init__(
        self,
        anatomy: Anatomy,
        settings: MirrorSettings,
        generator: np.random.Generator,
        samples: Samples,
        wavelength_m: float,
    ) -> None:
        """Draw how unevenly the borders shine."""
        self._anatomy = anatomy
        self._settings = settings
        self._samples = samples
        self._wavenumber = np.float32(4.0 * np.pi / wavelength_m)
        shape = (13 + len(anatomy.interfaces), samples.shape[1])
        across = 1.0 / samples.lines.line_m
        self._glint = pattern(generator, shape, 0.0035 * across, 0.1)[0]
        self._phase = pattern(generator, shape, 0.006 * across, 0.1)[0]
        self._fascia = [uniform(generator, settings.fascia) for _ in range(3)]

    def reflection(self, y_m: float) -> Complex:
        """Return the amplitude (rows, lines) of mirror-like borders in the plane at ``y_m``.

        The phase follows the depth, so that the beam's width weakens a border that slopes.
        """
        field = np.zeros(self._samples.shape, np.complex64)
        skin, fat, muscle = self._anatomy.borders
        lines = [
            (skin, 0.0, self._settings.skin),
            (fat, 0.0, self._fascia[0]),
            (muscle, 0.0, self._fascia[1]),
        ]
        lines += [(muscle, 0.0011, 0.6 * self._fascia[2]), (fat, -0.0026, 0.25 * self._fascia[2])]
        if self._anatomy.standoff_m:
            lines.append((skin, self._anatomy.standoff_m - skin.depth_m, 2.0 * self._fascia[0]))
        lines += [
            (skin, ring * 0.0006, 0.67 * self._settings.skin * 0.6**ring) for ring in range(-2, 5)
        ]
        for row, (border, below_m, strength) in enumerate(lines):
            line = border.at(self._samples.across, y_m)[0] + np.float32(below_m)
            glint = np.float32(strength) * np.exp(0.9 * self._glint[row] - 0.4)
            turn = 0.25 * self._wavenumber * (line - line.mean()) + 1.5 * self._phase[row]
            self._draw_line(field, line, glint * np.exp(1j * turn), 1.0e-4)
        for bone in self._anatomy.bones:
            self._add_bone_face(field, bone)
        for row, interface in enumerate(self._anatomy.interfaces, start=len(lines)):
            half_m = 0.5 * interface.lumen_m
            for below_m in (-half_m, half_m) if half_m else (0.0,):
                self._add_interface(field, interface, row, below_m)
        for wire in self._anatomy.wires:
            self._add_wire(field, wire)
        return field

    def _draw_line(
        self, field: Complex, line_m: Field32, strength: Complex, sigma_m: float
    ) -> None:
        first = int(np.searchsorted(self._samples.ranges_m, float(line_m.min()) - 4 * sigma_m))
        last = int(np.searchsorted(self._samples.ranges_m, float(line_m.max()) + 4 * sigma_m))
        off = (self._samples.down[first:last] - line_m) / np.float32(sigma_m)
        field[first:last] += strength * np.exp(-0.5 * off * off)

    def _add_interface(
        self, field: Complex, interface: Interface, row: int, below_m: float
    ) -> None:
        columns, line = self._samples.course(interface.points_m)
        if len(line) < 2:
            return
        share = np.linspace(0.0, 1.0, len(line))
        line += (below_m * (1.0 - (2.0 * share - 1.0) ** 6)).astype(np.float32)
        glint = interface.strength * (4.0 * share * (1.0 - share)) ** 0.7
        glint = glint * np.exp(interface.roughness * (self._glint[row, columns] - 0.4))
        turn = 0.08 * self._wavenumber * (line - line.mean()) + 1.5 * self._phase[row, columns]
        strength = (glint * np.exp(1j * turn)).astype(np.complex64)
        self._draw_line(field[:, columns], line, strength, interface.thickness_m)

    def _add_bone_face(self, field: Complex, bone: Bone) -> None:
        """Add the mirror of a bone's face."""
        x = bone.x_m + np.linspace(-1.3, 1.3, 65) * bone.half_width_m
        face_m = bone.face_m(x.astype(np.float32)).astype(np.float64)
        columns, line = self._samples.course(np.stack((x, face_m), axis=-1))
        if len(line) < 2:
            return
        share = np.linspace(0.0, 1.0, len(line))
        strength = self._settings.bone * np.exp(
            0.5 * self._glint[0, columns] + 1j * self._phase[0, columns]
        )
        strength *= (4.0 * share * (1.0 - share)) ** 0.5
        self._draw_line(field[:, columns], line, strength.astype(np.complex64), 1.5e-4)

    def _add_wire(self, field: Complex, wire: Wire) -> None:
        """Add a dot and its ringing."""
        box, x, depth = self._samples.box(wire.x_m, wire.depth_m, 0.004)
        across = np.exp(-0.5 * ((x - wire.x_m) / np.float32(self._samples.lines.line_m)) ** 2)
        below = (depth - np.float32(wire.depth_m)) / np.float32(1.5e-4)
        ring = np.where(below > 0, 0.1 * np.exp(-np.maximum(below, 0) / 5.0), 0.0)
        field[box] += np.float32(wire.strength) * across * (np.exp(-0.5 * below**2) + ring)
