# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Beads of a calibration plate in an X-ray image: dark dots on a square grid, each with its place on the grid."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ir_guidance.calibrate import CalibrationError
from ir_guidance.values import Matrix, Pixels, Vector

FEWEST = 25
ROUND = 0.6
OFF_STEP = 0.25
"""A bead's shorter over its longer extent at least; how far off its neighbour's step, as a share of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Beads:
    """Beads in pixels (n, 2) and their places (n, 2) on the grid, in whole steps."""

    px: Matrix
    grid: NDArray[np.int64]


def find_beads(pixels: Pixels) -> Beads:
    """Return the beads of a square grid in an image (rows, columns), dark on bright.

    Raises:
        CalibrationError: No grid of beads is seen.
    """
    return on_grid(_dots(pixels), pixels.shape)


def _dots(pixels: Pixels) -> Matrix:
    """Return dark dots (n, 2): darker than what is around them, round, and of the usual size."""
    image = pixels.astype(np.float32)
    size = max(3, round(min(pixels.shape) / 25) | 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    dark = cv2.morphologyEx(cv2.GaussianBlur(image, (0, 0), 1.0), cv2.MORPH_BLACKHAT, kernel)
    if not dark.max() > 0:
        return np.zeros((0, 2))
    shade = np.asarray(dark * (255.0 / dark.max()), np.uint8)
    _, mask = cv2.threshold(shade, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(mask)
    if count < FEWEST:
        return np.zeros((0, 2))
    areas = boxes[1:, cv2.CC_STAT_AREA]
    usual = float(np.median(areas))
    dots = []
    for region in range(1, count):
        left, top, width, height, area = (int(value) for value in boxes[region])
        if not 0.3 * usual < area < 3 * usual or min(width, height) < ROUND * max(width, height):
            continue
        box = (
            slice(max(top - 2, 0), top + height + 2),
            slice(max(left - 2, 0), left + width + 2),
        )
        weight = np.where((labels[box] == region) | (labels[box] == 0), dark[box], 0.0)
        rows, columns = np.indices(weight.shape)
        total = weight.sum()
        dots.append(
            (
                box[1].start + float((weight * columns).sum() / total),
                box[0].start + float((weight * rows).sum() / total),
            )
        )
    return np.array(dots).reshape(-1, 2)


def on_grid(dots_px: Matrix, shape: tuple[int, ...]) -> Beads:
    """Return the dots (n, 2) that a walk from the middle reaches, step by step, each step near to the one before.

    Raises:
        CalibrationError: Too few of them lie on a grid.
    """
    if len(dots_px) >= FEWEST:
        tree = cKDTree(dots_px)
        start = int(tree.query([(shape[1] - 1) / 2, (shape[0] - 1) / 2])[1])
        steps = _first_steps(dots_px, tree, start)
        found = _walk(dots_px, tree, start, steps)
        if len(found) >= FEWEST:
            which = np.array(list(found))
            return Beads(dots_px[which], np.array([found[index] for index in found]))
    raise CalibrationError(
        f"no grid of beads in the image: {len(dots_px)} dots; "
        "give a picture of the bead plate alone, beads dark, rows within 30 degrees of level"
    )


def _first_steps(dots_px: Matrix, tree: cKDTree, start: int) -> tuple[Vector, Vector]:
    """Return the steps (2,) across and down the grid at a dot: the nearest neighbour's, and that turned."""
    near = np.asarray(tree.query(dots_px[start], k=2)[1])
    across = dots_px[near[1]] - dots_px[start]
    turned = np.array([-across[1], across[0]])
    if abs(across[1]) > abs(across[0]):
        across, turned = -turned, across
    if across[0] < 0:
        across = -across
    return across, turned if turned[1] > 0 else -turned


def _walk(
    dots_px: Matrix, tree: cKDTree, start: int, steps: tuple[Vector, Vector]
) -> dict[int, tuple[int, int]]:
    found = {start: (0, 0)}
    places = {(0, 0)}
    waiting = deque([(start, *steps)])
    while waiting:
        at, across, down = waiting.popleft()
        for column, row in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            step = column * across + row * down
            distance, near = tree.query(dots_px[at] + step)
            place = (found[at][0] + column, found[at][1] + row)
            if near in found or place in places:
                continue
            if distance > OFF_STEP * float(np.linalg.norm(step)):
                continue
            found[int(near)] = place
            places.add(place)
            taken = (dots_px[int(near)] - dots_px[at]) * (column + row)
            waiting.append((int(near), taken, down) if column else (int(near), across, taken))
    return found
