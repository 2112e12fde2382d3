# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What an operator can point at in an X-ray image: small metal marks, and hollows filled with contrast agent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ir_guidance.room.xray.canvas import Canvas, Material
from ir_guidance.room.xray.devices import Generator, heading, place, smooth
from ir_guidance.room.xray.stroke import Point, Tip

Array = NDArray[np.float64]


def clip(canvas: Canvas, generator: Generator, at_px: Array) -> float:
    """Draw a gold seed, a ball, a surgical clip or a staple; return its radius in pixels."""
    run = heading(generator.uniform(0, 2 * np.pi))
    side = np.array([-run[1], run[0]])
    half_px = generator.uniform(0.0015, 0.0032) / canvas.spacing_m
    kind = generator.integers(4)
    if kind == 0:  # gold weakens twice as much as steel
        line = np.array([-half_px * run, half_px * run])
        canvas.wire(at_px + line, generator.uniform(0.0004, 0.0006), density=2, tip=Tip(Point.FLAT))
    elif kind == 1:
        radius_m = generator.uniform(0.0005, 0.0015)
        half_px = radius_m / canvas.spacing_m
        canvas.ball(at_px, radius_m)
    elif kind == 2:
        gap = generator.uniform(0.1, 0.4) * half_px * side
        line = np.array([half_px * run + gap, -half_px * run, half_px * run - gap])
        canvas.wire(at_px + line, generator.uniform(0.0002, 0.0004))
    else:
        corners = np.array([[0.35, 0.7], [1, 0.8], [1, -0.8], [0.35, -0.7]]) - (0.7, 0)
        line = 1.3 * half_px * corners @ np.stack([run, side])
        canvas.wire(at_px + line, generator.uniform(0.00015, 0.0003))
    return max(float(half_px), 2.0)


def filled_hollow(canvas: Canvas, generator: Generator, at_px: Array) -> float:
    """Draw an aneurysm, a calyx, a cyst or a duct's end full of contrast agent; return its radius in pixels."""
    radius_m = float(np.exp(generator.uniform(np.log(0.0025), np.log(0.012))))
    turn = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    border = np.ones_like(turn)
    for order in (2, 3, 4):
        border += generator.normal(0, 0.12 / order) * np.cos(
            order * turn + generator.uniform(0, 6.3)
        )
    outline = radius_m * border[:, None] * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    outline -= outline.mean(axis=0)
    density = generator.uniform(0.15, 1)
    if generator.random() < 0.5:
        density = float(np.exp(generator.uniform(np.log(0.05), np.log(0.5))))
    strength = density * min(0.004 / radius_m, 1)
    outline_px = outline / canvas.spacing_m
    # Three plates, each smaller than the last, are round enough.
    for share, part in ((1.0, 0.6), (0.8, 0.7), (0.5, 0.7)):
        soft = max(0.12 * radius_m / canvas.spacing_m, 0.7)
        canvas.plate(
            at_px + share * outline_px, part * strength * radius_m, Material.CONTRAST, soft
        )
    for _ in range(int(generator.integers(0, 4))):
        run = heading(generator.uniform(0, 2 * np.pi))
        reach = generator.uniform(3, 20) * radius_m / canvas.spacing_m
        corners = np.cumsum(
            [0.5 * radius_m / canvas.spacing_m * run]
            + [reach / 3 * run + generator.normal(0, 0.12 * reach, 2) for _ in range(3)],
            axis=0,
        )
        line = smooth(at_px + corners, 12)
        radii = radius_m * np.linspace(0.5, generator.uniform(0.05, 0.4), len(line))
        canvas.wire(line, radii, Material.CONTRAST, strength)
    return radius_m / canvas.spacing_m


def vessels(canvas: Canvas, generator: Generator) -> None:
    """Draw a tree of vessels, faintly or strongly filled."""
    strength = np.exp(generator.uniform(np.log(0.05), np.log(0.8)))
    angle, radius_m = generator.uniform(0, 2 * np.pi), generator.uniform(0.001, 0.004)
    root = place(canvas, generator) - 0.4 * max(canvas.shape) * heading(angle)
    grow = [(root, angle, radius_m, 0)]
    while grow:
        at, angle, radius_m, depth = grow.pop()
        line, turn = [at], generator.normal(0, 0.15)
        for _ in range(6):
            angle += turn + generator.normal(0, 0.15)
            at = at + generator.uniform(0.02, 0.05) * max(canvas.shape) * heading(angle)
            line.append(at)
        radii = radius_m * np.linspace(1, 0.75, 18)
        curve = smooth(np.array(line), 18)
        canvas.wire(
            curve,
            np.interp(np.linspace(0, 1, len(curve)), np.linspace(0, 1, 18), radii),
            Material.CONTRAST,
            strength,
        )
        if depth < 2:
            for side in (-1, 1):
                fork = angle + side * generator.uniform(0.3, 0.9)
                grow.append((at, fork, radius_m * generator.uniform(0.5, 0.8), depth + 1))
