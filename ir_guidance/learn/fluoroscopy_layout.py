# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What is laid into the beam for training: instrument, what holds it, targets, and what it is not to be taken for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ir_guidance.room.xray.canvas import Canvas
from ir_guidance.room.xray.devices import bent_lead, heading, scatter_devices
from ir_guidance.room.xray.display import Border
from ir_guidance.room.xray.instrument import Instrument, drawn_instrument, hub, sleeve
from ir_guidance.room.xray.targets import clip, filled_hollow, vessels

Array = NDArray[np.float64]
Generator = np.random.Generator

BARE_M = (0.005, 0.1)
"""How much of an instrument shows that begins inside the image, in a hub or a sleeve."""

ARRIVING_CHANCE = 0.35
"""Targets that the needle is about to reach, or has reached: where it matters most that both are seen."""

ARRIVING_M = (-0.002, 0.020)


def _inside(generator: Generator, field: Border, share: float) -> Array:
    """Return a pixel (2,) within a share of the field's radius."""
    away = field.round_px[2] * share * generator.random() ** 0.5
    place: Array = np.array(field.round_px[:2]) + away * heading(generator.uniform(0, 2 * np.pi))
    return place


def instrument(generator: Generator, field: Border, spacing_m: float) -> Instrument:
    """Return the guided needle or wire: right across the image, or beginning inside it."""
    tip_px = _inside(generator, field, 0.95 if generator.random() < 0.88 else 1.8)
    right_across = generator.random() < 0.6
    length_px = max(np.exp(generator.uniform(*np.log(BARE_M))) / spacing_m, 8.0)
    if right_across:
        length_px = 2.0 * max(field.open.shape)
    return drawn_instrument(generator, tip_px, length_px, spacing_m)


def hold(generator: Generator, canvas: Canvas, wanted: Instrument) -> float:
    """Draw what holds a needle that begins inside the image; return how far it runs on in a sleeve."""
    if np.linalg.norm(wanted.line_px[0] - wanted.line_px[-1]) > max(canvas.shape):
        return 0.0
    if generator.random() < 0.35:
        hub(canvas, generator, wanted)
        return 0.0
    return sleeve(canvas, generator, wanted)


def lay(
    generator: Generator, canvas: Canvas, field: Border, wanted: Instrument
) -> tuple[Array, Array]:
    """Draw vessels, devices and targets; return the targets' places (k, 2) and radii (k,) in pixels."""
    scatter_devices(canvas, generator, int(generator.choice([0, 0, 1, 1, 2, 2, 3, 4, 6])))
    if generator.random() < 0.22:
        vessels(canvas, generator)
    places: list[Array] = []
    radii: list[float] = []
    for chance, most, draw in ((0.55, 5, clip), (0.35, 2, filled_hollow)):
        if generator.random() < chance:
            for _ in range(int(generator.integers(1, most + 1))):
                places.append(_target_place(generator, canvas, field, wanted))
                radii.append(draw(canvas, generator, places[-1]))
    if generator.random() < 0.15:  # a point of a registered CT: nothing shows it
        places.append(_inside(generator, field, 0.8))
        radii.append(4.0)
    return np.array(places).reshape(-1, 2), np.array(radii)


def _target_place(generator: Generator, canvas: Canvas, field: Border, wanted: Instrument) -> Array:
    """Return where a target is, (u, v): anywhere in the field, or ahead of the needle's tip."""
    if generator.random() >= ARRIVING_CHANCE:
        return _inside(generator, field, 0.9)
    start, tip = wanted.line_px[0], wanted.line_px[-1]
    ahead = (tip - start) / np.linalg.norm(tip - start)
    nearest_m, farthest_m = ARRIVING_M
    # As often as not within a fifth of the way: where needle and target touch.
    ahead_m = nearest_m + (farthest_m - nearest_m) * generator.random() ** 2.3
    off_m = np.array([ahead_m, generator.normal(0.0, 0.002)])
    place: Array = tip + off_m @ np.array([ahead, [-ahead[1], ahead[0]]]) / canvas.spacing_m
    return place


def lay_lead(
    generator: Generator, canvas: Canvas, field: Border, targets_px: Array, chance: float
) -> None:
    """Draw, with a chance, a lead that ends in the field, or at one of the targets (k, 2), as a needle would."""
    if generator.random() >= chance:
        return
    at_target = len(targets_px) > 0 and generator.random() < 0.4
    end_px = _inside(generator, field, 0.9)
    if at_target:
        end_px = targets_px[generator.integers(len(targets_px))]
    bent_lead(canvas, generator, end_px)


def other_needles(generator: Generator, canvas: Canvas, field: Border, wanted: Instrument) -> None:
    """Draw needles that are not the guided one, well beside it."""
    start, tip = wanted.line_px[0], wanted.line_px[-1]
    side = np.array([tip[1] - start[1], start[0] - tip[0]]) / np.linalg.norm(tip - start)
    for _ in range(int(generator.integers(1, 4))):
        other = instrument(generator, field, canvas.spacing_m)
        if abs(float((other.line_px[-1] - tip) @ side)) > 28:
            wall_m = None if other.wall_px is None else other.wall_px * canvas.spacing_m
            radius_m = other.radius_px * canvas.spacing_m
            canvas.wire(other.line_px, radius_m, wall_m=wall_m, tip=other.tip)


def prior(generator: Generator, wanted: Instrument, spacing_m: float) -> Array:
    """Return where joints would place entry and tip (2, 2), with a robot's error."""
    start, tip = wanted.line_px[0], wanted.line_px[-1]
    length_px = float(np.linalg.norm(tip - start))
    angle = np.arctan2(tip[1] - start[1], tip[0] - start[0]) + generator.normal(0, 0.035)
    along, aside = generator.normal(0, 0.0015, 2) / spacing_m
    said_tip = tip + along * heading(angle) + aside * heading(angle + np.pi / 2)
    length_px = min(length_px, generator.uniform(0.1, 0.2) / spacing_m)
    return np.stack([said_tip - length_px * heading(angle), said_tip])
