# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Bodies made of simple solids, drawn at random: torso, hip, limb, skull, and a plain block.

Lengths and shapes are an adult's within some 20 %; axes as in ``CarmGeometry.base_from_isocentre``: x to the
patient's left, y to the back, z to the head, metres.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ir_guidance.room.xray.parts import Part, ball, curve, long_bone, solid, tube
from ir_guidance.room.xray.solids import Shape, Solid

Generator = np.random.Generator

FAT, LUNG, AIR = -0.09, -0.72, -1.0
"""Density added to water's."""


def outline(generator: Generator) -> Solid:
    """Return the skin of a trunk: an upright cylinder with an ellipse for its base."""
    half_m = generator.uniform(0.14, 0.19), generator.uniform(0.085, 0.13), 0.6
    return solid(Shape.CYLINDER, (0, 0, 0), half_m)


def spine(generator: Generator, first: float, last: float, middle_y_m: float) -> Iterator[Part]:
    """Yield vertebrae from one height to another."""
    pitch_m = generator.uniform(0.030, 0.037)
    bend, bow = generator.normal(0, 0.03), generator.normal(0, 0.25)
    half = generator.uniform(0.019, 0.024)
    cortex_m, core = generator.uniform(0.0008, 0.0016), generator.uniform(0.07, 0.16)
    for z in np.arange(first, last, pitch_m) + generator.uniform(0, pitch_m):
        x, y = bend * z, middle_y_m + bow * z * z
        turn = np.array([2 * bow * z, -bend, 0]) + generator.normal(0, 0.03, 3)
        body = solid(Shape.CYLINDER, (x, y, z), (half, 0.75 * half, 0.40 * pitch_m), turn)
        yield Part(body, bone=1.0, rind_m=cortex_m, core=core)
        for side in (-1.0, 1.0):
            pedicle = [(x + side * 0.6 * half, y + 0.4 * half, z + 0.004)]
            pedicle += [(x + side * 0.65 * half, y + 1.4 * half, z + 0.003)]
            yield Part(tube(pedicle, 0.0055), bone=0.8, rind_m=0.0014, core=0.2)
            wing = curve(
                (x + side * 0.7 * half, y + 1.3 * half, z),
                (x + side * 1.4 * half, y + 1.4 * half, z),
                (x + side * 2.0 * half, y + 1.5 * half, z + 0.004),
                points=5,
            )
            yield Part(tube(wing, 0.005, 0.003), bone=0.5, rind_m=0.001, core=0.2)
            joint = (x + side * 0.75 * half, y + 1.5 * half, z - 0.5 * pitch_m)
            yield Part(ball(joint, 0.006, 0.006, 0.010), bone=0.7, rind_m=0.0015, core=0.3)
        process = (x, y + 2.2 * half, z - 0.008)
        yield Part(
            ball(process, 0.003, 0.016, 0.009, turn=np.array([0.4, 0, 0])),
            bone=0.7,
            rind_m=0.001,
            core=0.3,
        )


def ribs(generator: Generator, first: float, last: float) -> Iterator[Part]:
    """Yield pairs of ribs that slope down from the spine."""
    wide, deep = generator.uniform(0.115, 0.135), generator.uniform(0.075, 0.095)
    drop, pitch_m = generator.uniform(0.04, 0.09), generator.uniform(0.024, 0.032)
    radius_m = generator.uniform(0.0045, 0.0065)
    for z in np.arange(first, last, pitch_m):
        angle = np.linspace(0.12, generator.uniform(2.2, 2.7), 20)
        for side in (-1.0, 1.0):
            points = np.stack(
                [side * wide * np.sin(angle), deep * np.cos(angle), z - drop * angle / 2], axis=1
            )
            yield long_bone(points, radius_m, 0.9 * radius_m, cortex_m=0.0012, core=0.2)


def torso(generator: Generator, skin: Solid | None = None) -> list[Part]:
    """Return a chest and upper belly, inside a skin if that is given; the isocentre lies anywhere in it."""
    middle = generator.uniform(-0.12, 0.12)
    skin = skin or outline(generator)
    flesh = skin.shrunk(generator.uniform(0.006, 0.03))
    parts = [Part(skin, water=1 + FAT), Part(flesh, water=-FAT + 0.04)]
    for side in (-1.0, 1.0):
        lung = (side * generator.uniform(0.060, 0.075), 0.0, middle + 0.13)
        half = (generator.uniform(0.050, 0.062), generator.uniform(0.065, 0.085), 0.13)
        parts.append(Part(ball(lung, *half), water=LUNG))
        dome = (side * 0.065, 0.0, middle - 0.04)
        parts.append(Part(ball(dome, 0.068, 0.085, generator.uniform(0.05, 0.09)), water=0.06))
    heart = (0.025, -0.035, middle + 0.06)
    parts.append(Part(ball(heart, 0.05, 0.045, 0.055, turn=np.array([0, 0.7, 0])), water=0.55))
    parts += bowel(generator, middle - 0.12)
    parts += spine(generator, -0.2, 0.2, 0.05)
    parts += ribs(generator, middle - 0.02, 0.24)
    return parts


def bowel(generator: Generator, middle: float) -> Iterator[Part]:
    """Yield bubbles of gas in the belly."""
    for _ in range(int(generator.integers(2, 14))):
        place = generator.normal(0, 1, 3) * (0.07, 0.02, 0.05) + (0, -0.03, middle)
        half = np.exp(generator.normal(np.log(0.012), 0.4, 3))
        turn = generator.normal(0, 1, 3)
        yield Part(ball(place, *half, turn=turn), water=AIR * generator.uniform(0.6, 1.0))


def hip(generator: Generator) -> list[Part]:
    """Return one side of a pelvis with the upper thigh; the isocentre is near the femur's neck."""
    wide = generator.uniform(0.10, 0.13)
    flesh = [
        Part(solid(Shape.CYLINDER, (-0.07, 0, 0), (wide + 0.06, 0.10, 0.5)), water=0.93),
        Part(solid(Shape.CYLINDER, (-0.05, 0.0, -0.2), (0.085, 0.08, 0.3)), water=0.10),
        Part(solid(Shape.CYLINDER, (-0.045, 0.05, -0.25), (0.05, 0.05, 0.22)), water=0.12),
    ]
    head = generator.uniform(0.022, 0.026)
    cortex_m = generator.uniform(0.002, 0.005)
    angle, neck_m = generator.uniform(0.75, 1.0), generator.uniform(0.045, 0.058)
    neck = np.array([neck_m * np.sin(angle), 0.0, -neck_m * np.cos(angle)])
    knee = neck + np.array([*generator.uniform(-0.02, 0.015, 2), -0.30])
    shaft = np.linspace(neck + np.array([0, 0, 0.008]), knee, 14)
    greater = neck + np.array([0.014, 0.006, 0.020])
    lesser = neck + np.array([-0.014, 0.018, -0.030])
    femur = [
        Part(ball((0, 0, 0), head), bone=1.0, rind_m=0.0012, core=0.22),
        long_bone(np.array([0.3 * neck, neck]), 0.019, 0.016, 0.020, cortex_m=0.0018, core=0.16),
        long_bone(shaft, 0.023, 0.0165, 0.015, 0.0145, cortex_m=cortex_m, core=0.10),
        Part(ball(greater, 0.014, 0.016, 0.018), bone=1.0, rind_m=0.001, core=0.12),
        Part(ball(lesser, 0.010), bone=1.0, rind_m=0.001, core=0.15),
    ]
    return [*flesh, *femur, *pelvis(generator, head)]


def pelvis(generator: Generator, head_m: float) -> Iterator[Part]:
    """Yield the cup round a femur's head at the origin, and blade, ring and sit bone on its inner side."""
    cup = head_m + generator.uniform(0.003, 0.006)
    yield Part(ball((-0.008, 0, 0.008), cup + 0.004), bone=0.55, rind_m=0.004, core=0.04)
    blade = np.array([generator.normal(0.2, 0.1), 0.5, generator.normal(0, 0.2)])
    yield Part(
        ball((-0.02, 0.02, 0.085), 0.055, 0.009, 0.075, turn=blade),
        bone=1.0,
        rind_m=0.002,
        core=0.1,
    )
    ring = curve((-0.02, -0.01, 0.03), (-0.06, -0.01, 0.02), (-0.09, -0.05, -0.03))
    yield long_bone(ring, 0.012, 0.008, 0.011, cortex_m=0.0018, core=0.12)
    sit = curve(
        (-0.03, 0.02, -0.01), (-0.01, 0.05, -0.07), (-0.05, 0.03, -0.08), (-0.09, -0.04, -0.05)
    )
    yield long_bone(sit, 0.014, 0.014, 0.008, 0.010, cortex_m=0.0018, core=0.12)
    inner = curve((-0.03, 0.0, 0.09), (-0.045, 0.0, 0.03), (-0.035, 0.0, -0.02))
    yield Part(tube(inner, 0.004), bone=0.9)
    yield Part(ball((-0.12, 0.06, 0.06), 0.05, 0.02, 0.05), bone=0.35, rind_m=0.003, core=0.3)


def limb(generator: Generator) -> list[Part]:
    """Return an arm or a leg with one or two bones and a joint."""
    size = generator.uniform(0.6, 1.5)
    radius = 0.05 * size
    parts = [
        Part(
            tube([(0, 0, -0.3), (0, 0, 0), (0, 0, 0.3)], radius, radius * 1.1, radius), water=0.93
        ),
        Part(tube([(0, 0.01, -0.3), (0, 0.01, 0.3)], 0.75 * radius), water=0.12),
    ]
    joint = generator.uniform(-0.08, 0.08)
    for sign, bones in ((1, int(generator.integers(1, 3))), (-1, int(generator.integers(1, 3)))):
        for bone in range(bones):
            x = (bone - (bones - 1) / 2) * 0.028 * size
            thick = size * generator.uniform(0.008, 0.013) / bones**0.5
            ends = generator.normal(0, 0.006, (2, 2))
            points = curve(
                (x, ends[0, 0], joint + sign * 0.006),
                (x + ends[0, 1], ends[1, 0], joint + sign * 0.12),
                (x + ends[1, 1], 0, joint + sign * 0.30),
            )
            parts.append(
                long_bone(
                    points,
                    1.7 * thick,
                    thick,
                    thick,
                    thick,
                    cortex_m=generator.uniform(0.25, 0.4) * thick,
                    core=generator.uniform(0.05, 0.2),
                )
            )
    return parts


def skull(generator: Generator) -> list[Part]:
    """Return a head."""
    half = generator.uniform(0.9, 1.1, 3) * (0.075, 0.092, 0.082)
    bone_m = generator.uniform(0.003, 0.007)
    parts = [
        Part(ball((0, 0, 0), *(half + 0.006)), water=1.0),
        Part(ball((0, -0.02, -0.10), 0.055, 0.065, 0.06), water=1.0),
        Part(solid(Shape.CYLINDER, (0, 0.02, -0.2), (0.055, 0.06, 0.12)), water=0.9),
        Part(ball((0, 0, 0), *half), bone=0.75, rind_m=bone_m, core=0.0),
    ]
    for side in (-1.0, 1.0):
        parts.append(Part(ball((side * 0.032, -0.075, -0.02), 0.018), water=-0.4))
        parts.append(Part(ball((side * 0.025, -0.06, -0.055), 0.014, 0.016, 0.018), water=-1))
        parts.append(Part(ball((side * 0.045, 0.015, -0.045), 0.02, 0.012, 0.012), bone=0.5))
        jaw = curve((side * 0.05, 0.0, -0.06), (side * 0.05, -0.01, -0.12), (0.0, -0.09, -0.12))
        parts.append(long_bone(jaw, 0.007, cortex_m=0.002, core=0.3))
    parts += spine(generator, -0.25, -0.10, 0.02)
    return parts


def block(generator: Generator) -> list[Part]:
    """Return a phantom: a plain block of plastic or water."""
    half = generator.uniform(0.03, 0.09, 3) * (2.5, 0.8, 2.5)
    parts = [Part(solid(Shape.BOX, generator.normal(0, 0.02, 3), tuple(half)), water=1.05)]
    for _ in range(int(generator.integers(0, 5))):
        place, radius = generator.normal(0, 0.05, 3), generator.uniform(0.003, 0.02)
        parts.append(Part(ball(place, radius), water=generator.uniform(-1, 1)))
    return parts


BODIES = {"torso": torso, "hip": hip, "limb": limb, "skull": skull, "block": block}
