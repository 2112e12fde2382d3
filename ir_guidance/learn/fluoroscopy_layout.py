# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What is laid into the beam for training: instrument, what holds it, and what it is not to be taken for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ir_guidance.room.xray.canvas import Canvas
from ir_guidance.room.xray.devices import bent_lead, heading, scatter_devices
from ir_guidance.room.xray.display import Border
from ir_guidance.room.xray.instrument import Instrument, drawn_instrument, hub, sleeve

Array = NDArray[np.float64]
Field32 = NDArray[np.float32]
Generator = np.random.Generator

BARE_M = (0.005, 0.1)
"""How much of an instrument shows that begins inside the image, in a hub or a sleeve."""

GOES_IN_CHANCE = 0.5
"""Of a needle that is turned, if need be, so that it comes from where the body is thinner."""

BACK_SHARE = 0.35
"""How far behind the tip the body is compared, as a share of the image."""


def in_round(generator: Generator, field: Border, share: float) -> Array:
    """Return a pixel (2,) within a share of the field's radius."""
    away = field.round_px[2] * share * generator.random() ** 0.5
    place: Array = np.array(field.round_px[:2]) + away * heading(generator.uniform(0, 2 * np.pi))
    return place


def instrument(generator: Generator, field: Border, spacing_m: float) -> Instrument:
    """Return the guided needle or wire: right across the image, or beginning inside it."""
    tip_px = in_round(generator, field, 0.95 if generator.random() < 0.88 else 1.8)
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


def going_in(generator: Generator, wanted: Instrument, water_m: Field32) -> Instrument:
    """Return the instrument, half the time with its tip where the body (rows, columns) is thicker, as needles go."""
    if generator.random() >= GOES_IN_CHANCE:
        return wanted
    tip, start = wanted.line_px[-1], wanted.line_px[0]
    back_px = BACK_SHARE * max(water_m.shape) * (start - tip) / np.linalg.norm(start - tip)
    places = np.clip(np.stack([tip + back_px, tip - back_px]), 0, np.array(water_m.shape)[::-1] - 1)
    behind, ahead = water_m[places[:, 1].astype(int), places[:, 0].astype(int)]
    return replace(wanted, line_px=2 * tip - wanted.line_px) if behind > ahead else wanted


def lay_devices(generator: Generator, canvas: Canvas) -> None:
    """Draw up to six devices that lie about."""
    scatter_devices(canvas, generator, int(generator.choice([0, 0, 1, 1, 2, 2, 3, 4, 6])))


def lay_lead(
    generator: Generator, canvas: Canvas, field: Border, targets_px: Array, chance: float
) -> list[Array]:
    """Draw, with a chance, a lead that ends in the field, or at one of the targets (k, 2), as a needle would.

    Return its end, pixels (2,), where that is not a target.
    """
    if generator.random() >= chance:
        return []
    at_target = len(targets_px) > 0 and generator.random() < 0.4
    end_px = in_round(generator, field, 0.9)
    if at_target:
        end_px = targets_px[generator.integers(len(targets_px))]
    bent_lead(canvas, generator, end_px)
    return [] if at_target else [end_px]


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
