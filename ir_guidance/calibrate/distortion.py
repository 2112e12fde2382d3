# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""X-ray distortion: an image intensifier's pincushion and S-shape, from the picture of a plate of beads.

A polynomial in both coordinates takes pixels as they are seen to pixels as a flat detector would show them,
and another one back (Fahrig et al., Med. Phys. 24, 1997; Gronenschild, Med. Phys. 24, 1997).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from ir_guidance.calibrate import CalibrationError
from ir_guidance.calibrate.beads import Beads
from ir_guidance.values import Matrix, Pixels, Vector

DEGREE = 5
WORST_PX = 1.0
MIDDLE_SHARE = 0.35
"""Largest error on beads held out; share of the farthest bead's distance within which little is distorted."""


@dataclass(frozen=True, slots=True, eq=False)
class Distortion:
    """Polynomials (terms, 2) from seen to true pixels and back, in coordinates of ``centre_px`` and ``scale_px``."""

    centre_px: Vector
    scale_px: float
    true_from_seen: Matrix
    seen_from_true: Matrix

    def true_px(self, seen_px: Matrix) -> Matrix:
        """Return pixels (n, 2) as a flat detector would show them, of pixels as seen."""
        return self._mapped(seen_px, self.true_from_seen)

    def seen_px(self, true_px: Matrix) -> Matrix:
        """Return where pixels (n, 2) of a flat detector are seen."""
        return self._mapped(true_px, self.seen_from_true)

    def straightened(self, pixels: Pixels) -> Pixels:
        """Return an image (rows, columns) without distortion."""
        rows, columns = pixels.shape
        grid = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1)
        seen = self.seen_px(grid.reshape(-1, 2).astype(float)).astype(np.float32)
        maps = seen.reshape(rows, columns, 2)
        straight = cv2.remap(pixels, maps[..., 0], maps[..., 1], cv2.INTER_LINEAR)
        return cast(Pixels, straight)

    def _mapped(self, px: Matrix, polynomial: Matrix) -> Matrix:
        at = (px - self.centre_px) / self.scale_px
        mapped: Matrix = _terms(at) @ polynomial * self.scale_px + self.centre_px
        return mapped


@dataclass(frozen=True, slots=True, eq=False)
class DistortionCalibration:
    """The distortion, and the beads' root mean square distances from a true grid in pixels.

    ``before_px`` without correction, ``after_px`` with it, ``held_out_px`` over beads that the
    fit had not seen. ``true_px`` (n, 2) is where the beads would lie.
    """

    distortion: Distortion
    before_px: float
    after_px: float
    held_out_px: float
    true_px: Matrix


def calibrate_distortion(beads: Beads, shape: tuple[int, int]) -> DistortionCalibration:
    """Return the distortion of an image of (rows, columns) by its beads.

    What is not distortion is fixed by the middle: the grid's place, turn and size there stay as seen.

    Raises:
        CalibrationError: Too few beads for the polynomial, or it does not fit beads that it has not seen.
    """
    terms = (DEGREE + 1) * (DEGREE + 2) // 2
    if len(beads.px) < 3 * terms:
        raise CalibrationError(
            f"{len(beads.px)} beads of the plate are seen, {3 * terms} are needed; use a finer plate"
        )
    centre_px = np.array([(shape[1] - 1) / 2, (shape[0] - 1) / 2])
    true_px = _true_px(beads, centre_px)
    odd = beads.grid.sum(axis=1) % 2 == 1
    held_out = np.concatenate(
        [
            _fitted(beads.px[~part], true_px[~part], centre_px).true_px(beads.px[part])
            - true_px[part]
            for part in (odd, ~odd)
        ]
    )
    if _rms(held_out) > WORST_PX:
        raise CalibrationError(
            f"beads held out are {_rms(held_out):.1f} px off, {WORST_PX:g} px at most; "
            "give a picture of a square grid of beads alone"
        )
    found = _fitted(beads.px, true_px, centre_px)
    return DistortionCalibration(
        distortion=found,
        before_px=_rms(beads.px - true_px),
        after_px=_rms(found.true_px(beads.px) - true_px),
        held_out_px=_rms(held_out),
        true_px=true_px,
    )


def _true_px(beads: Beads, centre_px: Vector) -> Matrix:
    """Return the true grid (n, 2): the similarity that fits the beads in the middle of the image."""
    away = np.linalg.norm(beads.px - centre_px, axis=1)
    middle = away <= max(MIDDLE_SHARE * away.max(), np.sort(away)[min(11, len(away) - 1)])
    place = beads.grid @ np.array([1.0, 1j])
    design = np.column_stack([place, np.ones(len(place))])
    wanted = beads.px @ np.array([1.0, 1j])
    fit = np.linalg.lstsq(design[middle], wanted[middle], rcond=None)[0]
    true = design @ fit
    grid: Matrix = np.stack([true.real, true.imag], axis=1)
    return grid


def _fitted(seen_px: Matrix, true_px: Matrix, centre_px: Vector) -> Distortion:
    scale_px = float(np.abs(seen_px - centre_px).max())
    seen, true = ((px - centre_px) / scale_px for px in (seen_px, true_px))
    return Distortion(
        centre_px=centre_px,
        scale_px=scale_px,
        true_from_seen=_polynomial(seen, true),
        seen_from_true=_polynomial(true, seen),
    )


def _polynomial(source: Matrix, target: Matrix) -> Matrix:
    """Return the coefficients (terms, 2) that take coordinates (n, 2) to others best."""
    return cast(Matrix, np.linalg.lstsq(_terms(source), target, rcond=None)[0])


def _terms(at: Matrix) -> Matrix:
    """Return all products (n, terms) of the coordinates (n, 2) up to the degree."""
    x, y = at[:, 0], at[:, 1]
    return np.stack([x**i * y**j for i in range(DEGREE + 1) for j in range(DEGREE + 1 - i)], axis=1)


def _rms(off_px: Matrix) -> float:
    return float(np.sqrt((off_px**2).sum(axis=1).mean()))
