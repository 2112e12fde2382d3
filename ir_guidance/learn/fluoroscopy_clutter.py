# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What leads a tracker astray, laid where it does so: look-alikes of a needle, leads and edges across a target."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ir_guidance.room.xray.canvas import Canvas, Material
from ir_guidance.room.xray.devices import Generator, electrode, heading, scatter_devices
from ir_guidance.room.xray.lookalikes import LOOKALIKES, end_plates, guide_wire

Array = NDArray[np.float64]

LOOKALIKE_CHANCE = {True: 0.15, False: 0.50}
"""Of one or two things that look like a needle, by whether there is a needle as well."""

CROSSED_CHANCE, EDGE_CHANCE = 0.35, 0.12
"""Of a lead or a vessel across a target or close by it; of a layer's edge across it."""

PLATES_CHANCE = {True: 0.06, False: 0.20}
"""Of vertebrae seen exactly from the side, by whether there is a needle as well; never where bone is subtracted."""

NEIGHBOUR_CHANCE, NEIGHBOUR_M = 0.12, (0.0, 0.009)
"""Of a still round thing beside a target or over it: an electrode's snap or balls; and how far off it lies."""

BESIDE_SIGMA_M = 0.004
"""How far beside a target's centre what crosses it passes, 1 sigma."""

DECOY_M = (0.006, 0.020)
"""How far along a lead from where it passes a target an operator's mark may have been led to."""


def lay_lookalikes(
    canvas: Canvas, generator: Generator, present: bool, subtracted: bool
) -> list[Array]:
    """Draw, with a chance, what is easily taken for a needle; return where it ends, pixels (2,).

    ``present`` says that there is a needle too; ``subtracted``, that most are to be vessels.
    """
    if generator.random() >= (0.8 if subtracted else LOOKALIKE_CHANCE[present]):
        return []
    draws, odds = list(LOOKALIKES), np.array(list(LOOKALIKES.values()))
    if subtracted:
        odds = np.where([draw is guide_wire for draw in draws], 0.1, odds) + np.array([1, 0, 0])
    count = int(generator.integers(1, 5 if subtracted else 3))
    chosen = generator.choice(len(draws), count, p=odds / odds.sum())
    ends = [draws[which](canvas, generator) for which in chosen]
    if not present and not subtracted and generator.random() < 0.3:
        scatter_devices(canvas, generator, 1, {electrode: 1.0})
    return ends


def lay_plates(
    canvas: Canvas, generator: Generator, present: bool, subtracted: bool
) -> list[Array]:
    """Draw, with a chance, a spine's end plates; return where they end, pixels (2,)."""
    if subtracted or generator.random() >= PLATES_CHANCE[present]:
        return []
    return end_plates(canvas, generator)


def cross_targets(canvas: Canvas, generator: Generator, places_px: Array) -> list[Array]:
    """Draw, with a chance, what crosses one of the targets (k, 2); return places on it, off the target, (2,)."""
    if not len(places_px):
        return []
    at = places_px[generator.integers(len(places_px))]
    decoys: list[Array] = []
    if generator.random() < CROSSED_CHANCE:
        decoys += _crossing(canvas, generator, at)
    if generator.random() < EDGE_CHANCE:
        _edge(canvas, generator, at)
    if generator.random() < NEIGHBOUR_CHANCE:
        _neighbour(canvas, generator, at)
    return decoys


def _crossing(canvas: Canvas, generator: Generator, at_px: Array) -> list[Array]:
    """Draw a lead, often two together, or a vessel past a pixel (2,)."""
    angle, size = generator.uniform(0, 2 * np.pi), max(canvas.shape)
    run, side = heading(angle), heading(angle + np.pi / 2)
    share = np.linspace(-1, 1, 11)[:, None]
    bow_px = np.clip(generator.normal(0, 0.12), -0.3, 0.3) * size
    beside_px = generator.normal(0, BESIDE_SIGMA_M) / canvas.spacing_m
    line = at_px + beside_px * side + 1.1 * size * share * run + bow_px * share**2 * side
    vessel = generator.random() < 0.3
    material = Material.CONTRAST if vessel else Material.STEEL
    radius_m = generator.uniform(0.0004, 0.002) if vessel else generator.uniform(0.0003, 0.0012)
    density = float(np.exp(generator.uniform(np.log(0.05), np.log(0.8))))
    gap_px = generator.normal(0, 8, 2)
    for number in range(1 if vessel else int(generator.integers(1, 3))):
        canvas.wire(line + number * gap_px, radius_m, material, density)
    along_m = generator.uniform(*DECOY_M, 2) * (1, -1)
    nearest = at_px + beside_px * side
    return [nearest + step * run for step in along_m / canvas.spacing_m]


def _edge(canvas: Canvas, generator: Generator, at_px: Array) -> None:
    """Draw the edge of a layer of tissue or a drape, which runs past a pixel (2,)."""
    angle, size = generator.uniform(0, 2 * np.pi), max(canvas.shape)
    run, side = heading(angle), heading(angle + np.pi / 2)
    share = np.linspace(-1, 1, 9)[:, None]
    bow_px = generator.normal(0, 0.1) * size
    middle = at_px + generator.normal(0, BESIDE_SIGMA_M) / canvas.spacing_m * side
    border = middle + 1.5 * size * share * run + bow_px * share**2 * side
    beyond = border[[-1, 0]] + 2.5 * size * side
    thickness_m = float(np.exp(generator.uniform(np.log(0.003), np.log(0.03))))
    outline = np.concatenate([border, beyond])
    canvas.plate(outline, thickness_m, Material.PLASTIC, generator.uniform(0.5, 2.0))


def _neighbour(canvas: Canvas, generator: Generator, at_px: Array) -> None:
    """Draw an electrode's snap, or one to three balls, beside a pixel (2,) or over it."""
    angle = generator.uniform(0, 2 * np.pi)
    beside = at_px + generator.uniform(*NEIGHBOUR_M) / canvas.spacing_m * heading(angle)
    if generator.random() < 0.5:
        turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        radius_px = generator.uniform(0.002, 0.006) / canvas.spacing_m
        outline = beside + radius_px * np.stack([np.cos(turn), np.sin(turn)], axis=1)
        canvas.plate(outline, float(generator.uniform(0.0004, 0.0012)))
        return
    step = generator.uniform(0.006, 0.03) / canvas.spacing_m * heading(generator.uniform(0, 6.3))
    radius_m = generator.uniform(0.0016, 0.0030)
    for number in range(int(generator.integers(1, 4))):
        canvas.ball(beside + number * step, radius_m)
