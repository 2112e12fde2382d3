# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Which spot is which wire: three spots in a line for every N-wire, where the phantom would be cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ir_guidance.calibrate import CalibrationError
from ir_guidance.calibrate.wires import SIDES, NWire
from ir_guidance.values import Matrix, Vector

STEEPEST_RAD = np.radians(45.0)
LOOSE = 0.30
OFF_LINE_M = 0.0008
OFF_PATTERN_M = 0.0010
CLEAR = 1.5
"""Bounds on a line of spots: its tilt, its scale against the rough spacing, a spot off the line (m);
on a pattern: root mean square off the phantom (m), and how much worse the next labelling must be."""

Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Labelling:
    """How the image shows the phantom: with the first wires on the right, with the last N-wire on top."""

    mirrored: bool
    reversed: bool


LABELLINGS = tuple(Labelling(m, r) for m in (False, True) for r in (False, True))


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """The spots (k, 3, 2) of k N-wires in one image, and how far (m) their sides lie off the phantom, RMS."""

    spots_px: Matrix
    off_m: float


def label_all(
    spots_px: Sequence[Matrix], wires: Sequence[NWire], spacing_m: float
) -> tuple[Labelling, list[Labelled | None]]:
    """Return the labelling that fits most images best, and each image's spots by it; None where they do not fit.

    Raises:
        CalibrationError: No image shows the phantom, or another labelling fits as well.
    """
    trials = {
        labelling: [label(spots, wires, spacing_m, labelling) for spots in spots_px]
        for labelling in LABELLINGS
    }
    cost = {
        labelling: sum(
            min(found.off_m, OFF_PATTERN_M) if found else OFF_PATTERN_M for found in trial
        )
        for labelling, trial in trials.items()
    }
    best, second = sorted(LABELLINGS, key=lambda labelling: cost[labelling])[:2]
    if not any(trials[best]):
        raise CalibrationError(
            f"the phantom's {3 * len(wires)} wires are in none of {len(spots_px)} images; "
            "check the phantom's file and the pixel spacing in it"
        )
    if cost[second] < CLEAR * cost[best]:
        raise CalibrationError(
            "the images fit the phantom in two ways; it must not be symmetric: give the wires' true places"
        )
    return best, trials[best]


def label(
    spots_px: Matrix, wires: Sequence[NWire], spacing_m: float, labelling: Labelling
) -> Labelled | None:
    """Return the spots of every N-wire in an image, None where they cannot be told.

    The side wires are parallel, so that any plane cuts them in an affine image of their cross-section.
    """
    ordered = list(wires)[::-1] if labelling.reversed else list(wires)
    lines = [_lines(spots_px, wire.width_m / spacing_m, OFF_LINE_M / spacing_m) for wire in ordered]
    if len(spots_px) < 3 * len(wires) or not all(len(line) for line in lines):
        return None
    grids = np.meshgrid(*(np.arange(len(line)) for line in lines), indexing="ij")
    chosen = np.stack([line[grid.ravel()] for line, grid in zip(lines, grids, strict=True)], axis=1)
    middles = spots_px[chosen[:, :, SIDES]].mean(axis=2)
    chosen = chosen[(np.diff(middles[..., 1], axis=1) > 0).all(axis=1)]
    if labelling.mirrored:
        chosen = chosen[:, :, ::-1]
    section_m = _section_m(ordered)
    sides_px = spots_px[chosen[:, :, SIDES]].reshape(len(chosen), -1, 2)
    off_m = _off_m(sides_px, section_m, spacing_m)
    if not len(off_m) or off_m.min() > OFF_PATTERN_M:
        return None
    best = int(np.argmin(off_m))
    found = spots_px[chosen[best]]
    return Labelled(found[::-1] if labelling.reversed else found, float(off_m[best]))


def _lines(spots_px: Matrix, width_px: float, off_px: float) -> Indices:
    """Return triples (n, 3) of spots from left to right that may be the wires of one N."""
    if len(spots_px) < 3:
        return np.zeros((0, 3), np.intp)
    triples = np.array(list(combinations(range(len(spots_px)), 3)), np.intp)
    order = np.argsort(spots_px[triples][..., 0], axis=1)
    triples = np.take_along_axis(triples, order, axis=1)
    left, middle, right = np.moveaxis(spots_px[triples], 1, 0)
    across = right - left
    length = np.linalg.norm(across, axis=1)
    unit = across / np.maximum(length, 1e-9)[:, None]
    inner = middle - left
    off = np.abs(unit[:, 0] * inner[:, 1] - unit[:, 1] * inner[:, 0])
    tilt = np.arctan2(np.abs(across[:, 1]), across[:, 0])
    fits = (np.abs(length / width_px - 1) < LOOSE) & (off < off_px) & (tilt < STEEPEST_RAD)
    lines: Indices = triples[fits]
    return lines


def _section_m(wires: Sequence[NWire]) -> Matrix:
    """Return where the side wires (2k, 2) meet a plane square to them: (towards the last wires, down)."""
    along = wires[0].direction
    across = wires[0].ends_m[2, 0] - wires[0].ends_m[0, 0]
    across = across - (across @ along) * along
    across /= np.linalg.norm(across)
    down = np.cross(along, across)
    sides = np.concatenate([wire.ends_m[SIDES, 0] for wire in wires])
    section: Matrix = sides @ np.stack([across, down], axis=1)
    return section


def _off_m(sides_px: Matrix, section_m: Matrix, spacing_m: float) -> Vector:
    """Return how far (n,) side wires' spots (n, 2k, 2) lie off their best affine image, root mean square.

    Infinite where that image would be scaled by much more than the rough spacing says.
    """
    model = np.column_stack([section_m, np.ones(len(section_m))])
    fit = np.linalg.pinv(model) @ sides_px
    rest = sides_px - model @ fit
    off_m = np.sqrt((rest**2).sum(axis=2).mean(axis=1)) * spacing_m
    scale = np.linalg.svd(fit[:, :2], compute_uv=False) * spacing_m
    off_m[(np.abs(scale - 1) > LOOSE).any(axis=1)] = np.inf
    off: Vector = off_m
    return off
