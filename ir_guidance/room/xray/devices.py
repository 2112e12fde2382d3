# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What else lies in real X-ray images: instruments, implants, leads, cables, catheters. None is the needle."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ir_guidance.room.xray.canvas import Canvas, Material
from ir_guidance.room.xray.stroke import Point, Tip

Array = NDArray[np.float64]
Generator = np.random.Generator
Draw = Callable[[Canvas, Generator], None]


def place(canvas: Canvas, generator: Generator, margin: float = 0.0) -> Array:
    """Return a pixel (u, v) anywhere, beyond the image by a share of its size at most."""
    return generator.uniform(-margin, 1 + margin, 2) * canvas.shape[::-1]


def heading(angle_rad: float) -> Array:
    """Return the unit vector (2,) at an angle from right to down."""
    return np.array([np.cos(angle_rad), np.sin(angle_rad)])


def smooth(corners: Array, points: int = 40, closed: bool = False) -> Array:
    """Return about ``points`` (n, 2) on a curve near corners (m, 2), by cutting corners (Chaikin)."""
    line = np.asarray(corners, float)
    while len(line) < points:
        after = np.roll(line, -1, axis=0) if closed else line[1:]
        before = line if closed else line[:-1]
        cut = np.stack([0.75 * before + 0.25 * after, 0.25 * before + 0.75 * after], axis=1)
        line = cut.reshape(-1, 2)
        if not closed:
            line = np.concatenate([corners[:1], line, corners[-1:]])
    return line


def wander(canvas: Canvas, generator: Generator, steps: int, bend_rad: float) -> Array:
    """Return a smooth line (n, 2) that wanders through the image from outside it."""
    angle = generator.uniform(0, 2 * np.pi)
    size = max(canvas.shape)
    at = place(canvas, generator) - 0.8 * size * heading(angle)
    line, turn = [at], 0.0
    for _ in range(steps):
        turn = 0.6 * turn + generator.normal(0, bend_rad)
        angle += turn
        at = at + 1.8 * size / steps * heading(angle)
        line.append(at)
    return smooth(np.array(line), 3 * steps)


def cable(canvas: Canvas, generator: Generator) -> None:
    """Draw a lead or a tube across the image, sometimes two together."""
    line = wander(canvas, generator, 8, 0.25)
    radius_m = generator.uniform(0.0003, 0.0012)
    strength = generator.uniform(0.05, 0.5)
    gap = generator.normal(0, 8, 2)
    for i in range(int(generator.integers(1, 3))):
        canvas.wire(line + i * gap, radius_m, density=strength)


def electrode(canvas: Canvas, generator: Generator) -> None:
    """Draw an electrode of an ECG with its lead."""
    line = wander(canvas, generator, 8, 0.25)
    line = line[: len(line) // 2]
    canvas.wire(line, generator.uniform(0.0003, 0.0007), density=generator.uniform(0.1, 0.6))
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    round_px = np.stack([np.cos(angle), np.sin(angle)], axis=1) / canvas.spacing_m
    canvas.plate(line[-1] + generator.uniform(0.004, 0.006) * round_px, 0.0012)
    canvas.plate(line[-1] + generator.uniform(0.010, 0.018) * round_px, 0.004, Material.PLASTIC)


def catheter(canvas: Canvas, generator: Generator) -> None:
    """Draw a catheter with a marked tip, or a soft guide wire, along a winding way."""
    line = wander(canvas, generator, 9, 0.35)
    line = line[: int(len(line) * generator.uniform(0.4, 1.0))]
    radius_m = generator.uniform(0.0004, 0.0013)
    if generator.random() < 0.6:
        canvas.wire(line, radius_m, density=generator.uniform(0.06, 0.3), wall_m=0.35 * radius_m)
    if generator.random() < 0.6:
        canvas.wire(line, 0.35 * radius_m, density=generator.uniform(0.4, 1))
    if generator.random() < 0.5:
        canvas.wire(line[-3:], 0.8 * radius_m, density=0.9)


def bent_lead(canvas: Canvas, generator: Generator, end_px: Array) -> None:
    """Draw a lead or a soft wire that ends at a pixel (2,): a needle but for its being bent."""
    angle, size = generator.uniform(0, 2 * np.pi), max(canvas.shape)
    share = np.linspace(0, 1, 40)
    turn = generator.choice([-1.0, 1.0]) * generator.uniform(0.3, 1.6)
    steps = np.array([heading(angle + turn * at) for at in share]) * size / len(share)
    line = end_px + np.cumsum(steps, axis=0)[::-1]
    canvas.wire(
        np.concatenate([line, end_px[None]]),
        generator.uniform(0.0002, 0.0008),
        density=generator.uniform(0.25, 1),
    )


def screw(canvas: Canvas, generator: Generator) -> None:
    """Draw a screw of bone, threaded, with a head."""
    start, angle = place(canvas, generator), generator.uniform(0, 2 * np.pi)
    length_px = generator.uniform(0.012, 0.05) / canvas.spacing_m
    radius_m = generator.uniform(0.001, 0.0028)
    share = np.linspace(0, 1, int(generator.integers(12, 36)))
    line = start + share[:, None] * length_px * heading(angle)
    thread = np.where(np.arange(len(share)) % 2 == 1, 0.78, 1.0)
    radii = radius_m * thread * np.minimum(1.0, 4.2 - 4 * share)
    density = generator.uniform(0.4, 1)
    canvas.wire(line, radii, density=density)
    canvas.wire(np.array([start - 4 * heading(angle), start]), 1.7 * radius_m, density=density)


def bone_plate(canvas: Canvas, generator: Generator) -> None:
    """Draw a plate with holes, some with screws seen from above."""
    start, angle = place(canvas, generator), generator.uniform(0, 2 * np.pi)
    length_px = generator.uniform(0.04, 0.15) / canvas.spacing_m
    half_px = generator.uniform(0.004, 0.007) / canvas.spacing_m
    run, side = heading(angle), heading(angle + np.pi / 2)
    box = np.array([[0, -1], [1, -1], [1, 1], [0, 1]]) * (length_px, half_px)
    round_px = smooth(box, 30, closed=True)
    turn = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    ring = np.stack([np.cos(turn), np.sin(turn)], axis=1) * 0.42 * half_px
    centres = np.arange(1.4 * half_px, length_px - half_px, 2.4 * half_px)
    holes = tuple(start + ring + at * run for at in centres)
    thickness_m = generator.uniform(0.001, 0.004)
    canvas.plate(start + round_px @ np.stack([run, side]), thickness_m, holes_px=holes)
    for hole in holes:
        if generator.random() < 0.5:
            canvas.plate(hole, 0.012)


def rod(canvas: Canvas, generator: Generator) -> None:
    """Draw a nail, a rod, a rail of the table or another straight thick thing right across."""
    middle, angle = place(canvas, generator), generator.uniform(0, np.pi)
    reach = 1.5 * max(canvas.shape) * heading(angle)
    line = np.array([middle - reach, middle + reach])
    radius_m = generator.uniform(0.003, 0.012)
    metal = generator.random() < 0.4
    material = Material.STEEL if metal else Material.PLASTIC
    wall_m = generator.uniform(0.15, 0.5) * radius_m if generator.random() < 0.6 else None
    canvas.wire(line, radius_m, material, density=generator.uniform(0.3, 1), wall_m=wall_m)


def forceps(canvas: Canvas, generator: Generator) -> None:
    """Draw a clamp or a pair of scissors: two slender curved jaws from a joint, shanks beyond."""
    joint, angle = place(canvas, generator), generator.uniform(0, 2 * np.pi)
    jaw_px, shank_px = np.array([generator.uniform(0.03, 0.06), 0.12]) / canvas.spacing_m
    opening, bend = generator.uniform(0.0, 0.25), generator.normal(0, 0.3)
    thick_m = generator.uniform(0.001, 0.0025)
    for side in (-1.0, 1.0):
        first = joint + 0.5 * jaw_px * heading(angle + side * opening)
        tip = first + 0.5 * jaw_px * heading(angle + side * 0.3 * opening + bend)
        shank = joint - shank_px * heading(angle + side * (opening + 0.06))
        line = smooth(np.array([shank, joint, first, tip]), 24)
        radii = thick_m * np.interp(np.linspace(0, 1, len(line)), [0, 0.6, 1], [1.6, 1.5, 0.6])
        canvas.wire(line, radii, density=generator.uniform(0.8, 1))
    canvas.ball(joint, 2 * thick_m)


def blade(canvas: Canvas, generator: Generator) -> None:
    """Draw a retractor or the like: a wide curved blade of steel from outside the image, with ribs."""
    end, angle = place(canvas, generator), generator.uniform(0, 2 * np.pi)
    size = max(canvas.shape)
    middle = end + 0.3 * size * heading(angle) + generator.normal(0, 0.06 * size, 2)
    far = middle + 1.2 * size * heading(angle + generator.normal(0, 0.5))
    line = smooth(np.array([end, (end + middle) / 2, middle, far]), 24)
    half_px = generator.uniform(0.004, 0.02) / canvas.spacing_m
    side = np.gradient(line, axis=0) @ np.array([[0.0, 1.0], [-1.0, 0.0]])
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    run = np.linspace(0, 1, len(line))
    waist = generator.uniform(0.4, 1.6, 4)
    widths = half_px * np.interp(run, [0, 0.1, 0.4, 1], waist)[:, None]
    outline = np.concatenate([line + widths * side, (line - widths * side)[::-1]])
    outline = smooth(outline, 2 * len(outline), closed=True)
    canvas.plate(outline, generator.uniform(0.0015, 0.008), soft_px=generator.uniform(0.5, 1.5))
    for _ in range(int(generator.integers(0, 4))):
        canvas.wire(line + generator.uniform(-0.7, 0.7) * widths * side, 0.0012)


def stent(canvas: Canvas, generator: Generator) -> None:
    """Draw a stent: rings of zigzag wire along a gentle curve."""
    start, angle = place(canvas, generator), generator.uniform(0, 2 * np.pi)
    length_px = generator.uniform(0.015, 0.08) / canvas.spacing_m
    half_px = generator.uniform(0.0015, 0.006) / canvas.spacing_m
    bend, wire_m = generator.normal(0, 0.3), generator.uniform(0.0001, 0.00025)
    rings = int(generator.integers(4, 10))
    for ring in range(rings):
        run, side = heading(angle + bend * ring / rings), heading(angle + np.pi / 2)
        at = start + (ring + 0.5) / rings * length_px * run
        turn = np.linspace(0, 2 * np.pi, 17)
        zigzag = (np.arange(17) % 2 - 0.5)[:, None] * 0.8 * length_px / rings * run
        canvas.wire(at + zigzag + half_px * np.cos(turn)[:, None] * side, wire_m)


def coil(canvas: Canvas, generator: Generator) -> None:
    """Draw an embolisation coil or a pigtail: fine wire wound into a knot."""
    centre = place(canvas, generator)
    radius_px = generator.uniform(0.002, 0.007) / canvas.spacing_m
    angle = np.linspace(0, generator.uniform(8, 40), 60)
    wobble = 1 + 0.3 * np.sin(generator.uniform(0.3, 1.7) * angle)
    squash = np.diag([1.0, generator.uniform(0.4, 1)])
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1) * (radius_px * wobble)[:, None]
    canvas.wire(centre + ring @ squash, generator.uniform(0.00012, 0.0004), density=0.8)


def implant(canvas: Canvas, generator: Generator) -> None:
    """Draw an artificial joint: a ball, a neck and a long stem; or a pacemaker's can."""
    start, angle = place(canvas, generator, 0.2), generator.uniform(0, 2 * np.pi)
    ball_px = generator.uniform(0.011, 0.018) / canvas.spacing_m
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    ring = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    if generator.random() < 0.4:
        can = np.sign(ring) * np.abs(ring) ** 0.6 * (1.4, 1.7) * ball_px
        canvas.plate(start + can, generator.uniform(0.0008, 0.002), soft_px=1)
        canvas.plate(start + 0.6 * can, generator.uniform(0.001, 0.004), soft_px=2)
        return
    canvas.plate(start + ring * ball_px, 0.02)
    neck = start + 2 * ball_px * heading(angle)
    stem = neck + 7 * ball_px * heading(angle + 0.8)
    line = smooth(np.array([start, neck, 0.8 * neck + 0.2 * stem, stem]), 20)
    radii = np.interp(np.linspace(0, 1, len(line)), [0, 0.3, 1], [0.006, 0.009, 0.004])
    canvas.wire(line, radii, density=0.8)


def markers(canvas: Canvas, generator: Generator) -> None:
    """Draw a rule or a calibration grid: rows of balls or ticks."""
    start, angle = place(canvas, generator), generator.uniform(0, 2 * np.pi)
    run, side = heading(angle), heading(angle + np.pi / 2)
    gap_px = generator.choice([0.005, 0.01, 0.02]) / canvas.spacing_m
    rows, radius_m = int(generator.integers(1, 4)), generator.uniform(0.0005, 0.0015)
    ticks = generator.random() < 0.4
    for row in range(rows):
        for i in range(int(generator.integers(5, 16))):
            at = start + i * gap_px * run + row * gap_px * side
            if ticks:
                canvas.wire(np.array([at, at + 0.35 * gap_px * side]), 0.4 * radius_m)
            else:
                canvas.ball(at, radius_m)


def letter(canvas: Canvas, generator: Generator) -> None:
    """Draw a lead letter on the table: L or R."""
    size = generator.uniform(0.006, 0.012) / canvas.spacing_m
    angle = generator.choice([0, np.pi / 2]) + generator.normal(0, 0.1)
    left = np.array([[0.0, -1], [0, 1], [1, 1]])
    right = np.array([[0.0, 1], [0, -1], [0.8, -0.9], [0.8, -0.1], [0, 0], [0.9, 1]])
    shape = left if generator.random() < 0.5 else right
    turned = shape @ np.stack([heading(angle), heading(angle + np.pi / 2)])
    canvas.wire(place(canvas, generator) + size * turned, 0.0012, tip=Tip(Point.FLAT))


DEVICES: dict[Draw, float] = {
    cable: 3,
    electrode: 2,
    catheter: 2,
    screw: 1.5,
    bone_plate: 1,
    rod: 1.5,
    forceps: 2,
    blade: 2.5,
    stent: 1,
    coil: 1,
    implant: 1,
    markers: 1,
    letter: 0.7,
}
"""What may lie about, and how often in relation to each other."""


BYSTANDERS: dict[Draw, float] = {cable: 3, electrode: 3, catheter: 2, stent: 1, markers: 1, coil: 1}
"""Those that lie about without hiding a needle."""


def scatter_devices(
    canvas: Canvas, generator: Generator, count: int, choice: dict[Draw, float] = DEVICES
) -> None:
    """Draw a number of things that are no needle."""
    draws, odds = list(choice), np.array(list(choice.values()))
    for which in generator.choice(len(draws), count, p=odds / odds.sum()):
        draws[which](canvas, generator)
