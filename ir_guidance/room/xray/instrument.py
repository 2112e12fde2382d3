# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The guided needle or wire as a view shows it: where it runs, how it ends, what holds it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ir_guidance.room.xray.canvas import Canvas, Material
from ir_guidance.room.xray.devices import Generator, heading, smooth
from ir_guidance.room.xray.stroke import Point, Stroke, Tip, stroke

Array = NDArray[np.float64]

GAUGES_M = np.array([0.51, 0.57, 0.64, 0.72, 0.82, 0.91, 1.07, 1.27, 1.47, 1.65, 1.83, 2.11]) / 1e3
"""Outer diameters of 25 to 14 G (ISO 9626), without the odd ones that are hardly used."""

WIRE_POINTS = [4, 4, 4, 4, 2, 3, 1, 0]
NEEDLE_POINTS = [3, 3, 3, 3, 4, 2, 1, 0]
"""How often each kind of point is met: wires for bone are mostly trocars, needles mostly bevelled."""


@dataclass(frozen=True, slots=True, eq=False)
class Instrument:
    """A needle or a wire in pixels: points (n, 2) to the tip on its axis, radius, point, wall if hollow."""

    line_px: Array
    radius_px: float
    tip: Tip
    wall_px: float | None
    spacing_m: float

    def drawn(self, shape: tuple[int, int], back_px: float, shift_px: Array) -> Stroke | None:
        """Return the pixels it covers while it is drawn back and shifted by (2,)."""
        line = shortened(self.line_px, back_px) + shift_px
        return stroke(shape, line, self.radius_px, self.tip, self.wall_px)


def shortened(line_px: Array, by_px: float) -> Array:
    """Return a line (n, 2) without its last pixels."""
    steps = np.hypot(*np.diff(line_px, axis=0).T)
    run = np.concatenate([[0.0], np.cumsum(steps)])
    end = max(run[-1] - by_px, 0.01 * run[-1])
    kept = run < end
    last = [np.interp(end, run, line_px[:, axis]) for axis in (0, 1)]
    return np.concatenate([line_px[kept], [last]])


def drawn_instrument(
    generator: Generator, tip_px: Array, length_px: float, spacing_m: float
) -> Instrument:
    """Return an instrument with its tip at a pixel, from any side, straight or gently bent."""
    angle = generator.uniform(0, 2 * np.pi)
    share = np.linspace(0, 1, 13) if generator.random() < 0.5 else np.array([0.0, 1.0])
    bow = np.clip(generator.normal(0, 0.015), -0.04, 0.04) * min(length_px, 600)
    bend_px = min(length_px, 600)
    run = (1 - share) * length_px
    aside = bow * np.clip(1 - run / bend_px, 0, 1) ** 2 * (len(share) > 2)
    line = -run[:, None] * heading(angle) + aside[:, None] * heading(angle + np.pi / 2)
    wire = generator.random() < 0.35
    diameter_m = generator.uniform(0.0008, 0.0026) if wire else generator.choice(GAUGES_M)
    point = Point(int(generator.choice(WIRE_POINTS if wire else NEEDLE_POINTS)))
    length = generator.uniform(2.0, 4.5 if wire else 6.0)
    tip = Tip(point, length, generator.uniform(0, 2 * np.pi))
    radius_px = diameter_m / 2 / spacing_m
    hollow = not wire and generator.random() < 0.4
    wall_px = generator.uniform(0.2, 0.45) * radius_px if hollow else None
    return Instrument(line - line[-1] + tip_px, radius_px, tip, wall_px, spacing_m)


def hub(canvas: Canvas, generator: Generator, instrument: Instrument) -> None:
    """Draw the needle's hub at its far end: plastic, with some metal in it."""
    start, toward = _start(instrument)
    radius_m = generator.uniform(0.0018, 0.004)
    long_px = generator.uniform(0.008, 0.03) / canvas.spacing_m
    line = np.array([start - long_px * toward, start + 0.1 * long_px * toward])
    canvas.wire(line, radius_m, Material.PLASTIC, density=1.2, wall_m=0.4 * radius_m)
    if generator.random() < 0.5:
        canvas.wire((line[:1] + line) / 2, 0.6 * radius_m, density=0.6)


def sleeve(canvas: Canvas, generator: Generator, instrument: Instrument) -> float:
    """Draw a drill guide or a sleeve whose mouth is at the wire's first point; return its length in pixels."""
    start, toward = _start(instrument)
    wire_m = instrument.radius_px * canvas.spacing_m
    inner_m = wire_m + generator.uniform(0.0001, 0.0006)
    outer_m = inner_m + generator.uniform(0.0006, 0.004)
    long_px = generator.uniform(0.04, 0.25) / canvas.spacing_m
    far = start - long_px * toward
    material = Material.STEEL if generator.random() < 0.75 else Material.PLASTIC
    canvas.wire(
        np.array([far, start]), outer_m, material, wall_m=outer_m - inner_m, tip=Tip(Point.FLAT)
    )
    canvas.wire(np.array([far, start]), wire_m)
    if generator.random() < 0.5:
        _funnel(canvas, generator, start, toward, outer_m)
    if generator.random() < 0.5:
        side = np.array([-toward[1], toward[0]]) * generator.choice([-1.0, 1.0])
        root = start - generator.uniform(0.1, 0.5) * long_px * toward
        reach = generator.uniform(0.03, 0.15) / canvas.spacing_m
        lean = generator.uniform(-0.6, 0.6)
        corners = np.array([root, root + reach * (side + lean * toward)])
        canvas.wire(corners, generator.uniform(0.003, 0.008))
    return float(long_px)


def _funnel(
    canvas: Canvas, generator: Generator, start: Array, toward: Array, outer_m: float
) -> None:
    """Draw a body that widens away from the mouth, as a drill guide's does, with ribs or teeth."""
    side = np.array([-toward[1], toward[0]])
    near, far = outer_m / canvas.spacing_m, generator.uniform(2, 6) * outer_m / canvas.spacing_m
    long_px = generator.uniform(0.02, 0.09) / canvas.spacing_m
    lean = generator.uniform(-0.5, 0.5, 2) * far
    corners = [
        start + near * side + lean[0] / 4 * toward,
        start - long_px * toward + (far + lean[0]) * side,
        start - long_px * toward - (far + lean[1]) * side,
        start - near * side + lean[1] / 4 * toward,
    ]
    outline = np.array(corners)
    if generator.random() < 0.3:
        outline = smooth(outline, 30, closed=True)
    canvas.plate(outline, generator.uniform(0.002, 0.010), soft_px=0.6)
    if generator.random() < 0.4:
        for step in np.linspace(0.2, 0.9, int(generator.integers(3, 9))):
            at = start - step * long_px * toward
            canvas.wire(np.array([at - far * side, at + far * side]), 0.0005)


def _start(instrument: Instrument) -> tuple[Array, Array]:
    """Return the first point (2,) and the unit direction there towards the tip."""
    step = instrument.line_px[1] - instrument.line_px[0]
    return instrument.line_px[0], step / np.linalg.norm(step)
