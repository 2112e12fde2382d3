# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What is most easily taken for a needle: straight filled vessels, leads and catheters that end bluntly, guide wires.

Each differs from a needle in something that a picture shows: contrast agent is weaker than steel and fades,
a lead is faint, banded or bent, a guide wire has a soft end, a vertebra's end plates lie in a row.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ir_guidance.room.xray.canvas import Canvas, Material
from ir_guidance.room.xray.devices import Generator, heading, place, smooth
from ir_guidance.room.xray.stroke import Point, Stroke, Tip, stroke

Array = NDArray[np.float64]

VESSEL_RADIUS_M = (0.0004, 0.0025)
VESSEL_DENSITY = (0.08, 1.0)
VESSEL_M = (0.02, 0.16)
"""Length of a vessel that begins inside the image, at another or as a bulb."""

FADE_M = (0.001, 0.030)
"""Over which the contrast agent's front fades, where it does."""

LEAD_RADIUS_M = (0.0003, 0.0012)
GUIDE_WIRE_RADIUS_M = (0.0002, 0.0005)
SOFT_M = (0.010, 0.050)
"""Length of a guide wire's soft end."""


def straight_vessel(canvas: Canvas, generator: Generator) -> Array:
    """Draw a vessel without branches, straight or nearly, that tapers, fades or stops; return its end (2,), pixels."""
    inside = generator.random() < 0.4
    length_px = generator.uniform(*VESSEL_M) / canvas.spacing_m
    if not inside:
        length_px = 1.5 * max(canvas.shape)
    line, end = _nearly_straight(canvas, generator, length_px, generator.normal(0, 0.02))
    radius_m = _log_uniform(generator, *VESSEL_RADIUS_M)
    density = _log_uniform(generator, *VESSEL_DENSITY)
    narrow = generator.choice([1.0, generator.uniform(0.3, 1.0), generator.uniform(0.1, 0.3)])
    widths = np.linspace(1.0, narrow, len(line))
    if not inside:  # what narrows does so in sight
        widths = np.interp(np.linspace(0, 1, len(line)), [0.5, 1], [1, narrow])
    tip = Tip(Point(int(generator.choice([0, 1, 2]))), generator.uniform(1, 8))
    drawn = stroke(canvas.shape, line, radius_m * widths / canvas.spacing_m, tip)
    if drawn is not None:
        filled = _filling(generator, drawn, end, canvas.spacing_m) * np.float32(density)
        length_m = drawn.length_px * filled * np.float32(canvas.spacing_m)
        canvas.layer(Material.CONTRAST)[drawn.rows, drawn.columns] += length_m
    if inside:
        _parent(canvas, generator, line[0], radius_m, density)
    return end


def _filling(
    generator: Generator, drawn: Stroke, end_px: Array, spacing_m: float
) -> NDArray[np.float32]:
    """Return how full a vessel is at a stroke's pixels (n,), 0 to 1: it may fade to its end, or have bubbles."""
    away_m = np.hypot(drawn.columns - end_px[0], drawn.rows - end_px[1]) * spacing_m
    full = np.ones(len(away_m))
    if generator.random() < 0.6:
        full = np.clip(away_m / _log_uniform(generator, *FADE_M), 0, 1)
    if generator.random() < 0.2:
        wave = np.sin(away_m / generator.uniform(0.0015, 0.006) + generator.uniform(0, 6.3))
        full = full * np.clip(4 * wave + generator.uniform(2, 4), generator.uniform(0, 0.5), 1)
    return full.astype(np.float32)


def _parent(
    canvas: Canvas, generator: Generator, at_px: Array, radius_m: float, density: float
) -> None:
    """Draw the bent vessel that another leaves at a pixel (2,)."""
    angle, reach = (
        generator.uniform(0, 2 * np.pi),
        generator.uniform(0.01, 0.05) / canvas.spacing_m,
    )
    turn = generator.normal(0, 0.8, 2)
    corners = np.stack(
        [
            at_px - reach * heading(angle + turn[0]),
            at_px,
            at_px + reach * heading(angle),
            at_px + reach * (heading(angle) + heading(angle + turn[1])),
        ]
    )
    radii = radius_m * generator.uniform(1.0, 2.2) * np.linspace(1, generator.uniform(0.3, 1), 16)
    line = smooth(corners, 16)
    widths = np.interp(np.linspace(0, 1, len(line)), np.linspace(0, 1, 16), radii)
    canvas.wire(line, widths, Material.CONTRAST, density)


def blunt_lead(canvas: Canvas, generator: Generator) -> Array:
    """Draw a lead or catheter that ends bluntly, bent, faint or with bands; return its end (2,), pixels."""
    kind = generator.integers(3)
    bow = generator.choice([-1.0, 1.0]) * generator.uniform(0.03, 0.15)
    if kind > 0:
        bow = generator.normal(0, 0.02)
    line, end = _nearly_straight(canvas, generator, 1.3 * max(canvas.shape), bow)
    radius_m = generator.uniform(*LEAD_RADIUS_M)
    tip = Tip(Point(int(generator.integers(2))))
    if kind == 1:  # a catheter's wall
        canvas.wire(line, radius_m, Material.STEEL, generator.uniform(0.04, 0.25), 0.4 * radius_m)
    else:
        canvas.wire(line, radius_m, density=generator.uniform(0.08, 0.7), tip=tip)
    if kind == 2 or generator.random() < 0.3:
        _bands(canvas, generator, line, radius_m)
    return end


def _bands(canvas: Canvas, generator: Generator, line: Array, radius_m: float) -> None:
    """Draw rings of metal on the last part of a line (n, 2): electrodes, or a catheter's marks."""
    back = (line[-2] - line[-1]) / np.linalg.norm(line[-2] - line[-1])
    long_px, gap_px = np.array(
        [generator.uniform(0.001, 0.004), generator.uniform(0.004, 0.012)]
    ) / (canvas.spacing_m)
    for number in range(int(generator.integers(1, 5))):
        first = line[-1] + number * gap_px * back
        band = np.stack([first, first + long_px * back])
        canvas.wire(band, 1.15 * radius_m, density=generator.uniform(0.5, 1), tip=Tip(Point.FLAT))


def guide_wire(canvas: Canvas, generator: Generator) -> Array:
    """Draw a straight stiff wire whose soft end is thinner, and curls or wanders; return its end (2,), pixels."""
    line, _ = _nearly_straight(
        canvas, generator, 1.3 * max(canvas.shape), generator.normal(0, 0.02)
    )
    step = line[-1] - line[-2]
    angle = float(np.arctan2(step[1], step[0]))
    soft_px, points = generator.uniform(*SOFT_M) / canvas.spacing_m, 14
    turn = generator.choice([-1.0, 1.0]) * generator.uniform(0.8, 4.0)
    if generator.random() < 0.3:
        angles = angle + np.cumsum(generator.normal(0, 0.2, points))
    else:  # a J: the curve is in the last part of it
        angles = angle + turn * np.linspace(0, 1, points) ** 2
    steps = np.stack([np.cos(angles), np.sin(angles)], axis=1) * soft_px / points
    line = np.concatenate([line, line[-1] + np.cumsum(steps, axis=0)])
    radius_m = generator.uniform(*GUIDE_WIRE_RADIUS_M)
    soft = np.linspace(1, generator.uniform(0.4, 0.9), points)
    radii = radius_m * np.concatenate([np.ones(len(line) - points), soft])
    canvas.wire(line, radii, density=generator.uniform(0.5, 1))
    return np.asarray(line[-1])


PLATES_M = (0.025, 0.050)
"""Length of a vertebra's end plates seen from the side."""

PLATES_PITCH_M, PLATES_GAP_M = (0.028, 0.038), (0.005, 0.011)
"""From one vertebra to the next, and the disc between them."""

PLATES_WIDE_M, PLATES_BONE_M = (0.0008, 0.0025), (0.004, 0.030)
"""Width of a plate's shadow, and how much bone the ray meets in it."""


def end_plates(canvas: Canvas, generator: Generator) -> list[Array]:
    """Draw the end plates of some vertebrae, edge-on: straight dark bars beside each other; return their ends (2,)."""
    middle, angle = place(canvas, generator), generator.uniform(0, 2 * np.pi)
    run, up = heading(angle), heading(angle + np.pi / 2)
    half_px = 0.5 * generator.uniform(*PLATES_M) / canvas.spacing_m
    pitch_px, gap_px = (
        generator.uniform(*PLATES_PITCH_M) / canvas.spacing_m,
        generator.uniform(*PLATES_GAP_M) / canvas.spacing_m,
    )
    wide_px = generator.uniform(*PLATES_WIDE_M) / canvas.spacing_m
    bone_m, soft_px = _log_uniform(generator, *PLATES_BONE_M), generator.uniform(0.5, 1.5)
    share = np.linspace(-1, 1, 9)
    ends: list[Array] = []
    for number in range(int(generator.integers(1, 5))):
        for side in (-0.5, 0.5):
            at = middle + (number * pitch_px + side * gap_px) * up + generator.normal(0, 3) * run
            lean, bow = generator.normal(0, 0.04), generator.normal(0, 0.03) * half_px
            aside = lean * half_px * share + bow * share**2
            line = at + half_px * share[:, None] * run + aside[:, None] * up
            edge = 0.5 * wide_px * (1 - 0.5 * share[:, None] ** 4) * up
            outline = np.concatenate([line + edge, (line - edge)[::-1]])
            strength = bone_m * float(generator.uniform(0.5, 1.0))
            canvas.plate(outline, strength, Material.BONE, soft_px)
            ends += [line[0], line[-1]]
    return ends


LOOKALIKES: dict[Callable[[Canvas, Generator], Array], float] = {
    straight_vessel: 0.5,
    blunt_lead: 0.25,
    guide_wire: 0.25,
}
"""What may lie about, and how often in relation to each other."""


def _nearly_straight(
    canvas: Canvas, generator: Generator, length_px: float, bow: float
) -> tuple[Array, Array]:
    """Return a line (n, 2) that bows by a share of its length up to a pixel in the image, and that pixel (2,)."""
    end, angle = place(canvas, generator, -0.05), generator.uniform(0, 2 * np.pi)
    run = np.linspace(1, 0, 12)
    aside = 4 * bow * length_px * run * (1 - run)
    line = (
        end
        - length_px * run[:, None] * heading(angle)
        + aside[:, None] * heading(angle + np.pi / 2)
    )
    return line, end


def _log_uniform(generator: Generator, low: float, high: float) -> float:
    return float(np.exp(generator.uniform(np.log(low), np.log(high))))
