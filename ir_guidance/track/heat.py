# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""From the network's maps to places with covariance, and to the shaft's direction."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ir_guidance.track.backends import SIDE_PX
from ir_guidance.track.place import Place
from ir_guidance.track.view import View
from ir_guidance.values import Matrix, Vector

Map = NDArray[np.float32]

REACH_CELLS = 12
"""How far from the most likely cell the place may still be; farther is another candidate."""

MODE_CELLS = 5
"""Probability is summed over so many cells both ways to find the most likely place."""

HEAT_PX = 128
"""Longer side of the heat map that is kept for display."""

CELL_VARIANCE = 1.0 / 6.0
"""Of a place that is shared out between the two nearest cells, in cells^2."""


def most_likely(logits: Map, prior: Map | None = None) -> tuple[Place, Map]:
    """Return the most likely place in a map (rows, columns) of logits, and the map of probabilities.

    The mean and the covariance are those of the distribution near its mode (a local soft-argmax;
    Nibali et al. 2018 give the global one). ``prior`` is a log density over the cells to add.
    """
    scores = logits if prior is None else logits + prior
    odds: Map = cv2.exp(scores - scores.max())
    odds /= odds.sum()
    _, _, _, (u, v) = cv2.minMaxLoc(cv2.blur(odds, (MODE_CELLS, MODE_CELLS)))
    return _place(odds, u, v), odds


def near(odds: Map, place: Vector) -> Place:
    """Return what a map of probabilities says near a place (u, v) of the view, and how much of them lies there."""
    rows, columns = odds.shape
    u, v = np.round((place + 0.5) / 2 - 0.5).astype(int).tolist()
    return _place(odds, min(max(u, 0), columns - 1), min(max(v, 0), rows - 1))


def _place(odds: Map, u: int, v: int) -> Place:
    """Return mean, covariance and mass of a map within reach of a cell."""
    first_v, first_u = max(v - REACH_CELLS, 0), max(u - REACH_CELLS, 0)
    part = odds[first_v : v + REACH_CELLS + 1, first_u : u + REACH_CELLS + 1]
    mass = float(part.sum())
    across = np.arange(first_u, first_u + part.shape[1])
    down = np.arange(first_v, first_v + part.shape[0])
    by_column, by_row = (part.sum(axis=axis) / max(mass, 1e-12) for axis in (0, 1))
    mean = np.array([by_column @ across, by_row @ down], dtype=float)
    off_u, off_v = across - mean[0], down - mean[1]
    mixed = float(off_v @ part @ off_u) / max(mass, 1e-12)
    covariance = np.array([[by_column @ off_u**2, mixed], [mixed, by_row @ off_v**2]], dtype=float)
    return Place(2 * mean + 0.5, 4 * (covariance + CELL_VARIANCE * np.eye(2)), mass)


def log_density(view: View, place_px: Vector, covariance_px2: Matrix) -> Map:
    """Return the log density over the cells of a Gaussian in image pixels, up to a constant."""
    centre = (view.place_of(place_px) + 0.5) / 2 - 0.5
    precision = np.linalg.inv(covariance_px2 / (2 * view.scale) ** 2 + CELL_VARIANCE * np.eye(2))
    off = np.arange(SIDE_PX // 2, dtype=np.float32)
    u, v = off - np.float32(centre[0]), off[:, None] - np.float32(centre[1])
    (a, b), (_, c) = (-0.5 * precision).astype(np.float32)
    return np.asarray(a * u * u + c * v * v + 2 * b * u * v, np.float32)


def over_image(odds: Map, view: View, shape: tuple[int, int], most: float) -> Map:
    """Return a map of a view where it lies in an image (rows, columns), shrunk to ``HEAT_PX``, ``most`` its maximum."""
    rows, columns = shape
    shrink = max(rows, columns) / HEAT_PX
    heat = np.zeros((max(round(rows / shrink), 1), max(round(columns / shrink), 1)), np.float32)
    side = max(round(view.side_px / shrink), 1)
    first = np.round(np.array(view.first_px) / shrink).astype(int)
    start = np.clip(first, 0, (heat.shape[1], heat.shape[0]))
    stop = np.clip(first + side, 0, (heat.shape[1], heat.shape[0]))
    small = cv2.resize(odds, (side, side), interpolation=cv2.INTER_AREA)
    part = small[start[1] - first[1] : stop[1] - first[1], start[0] - first[0] : stop[0] - first[0]]
    heat[start[1] : stop[1], start[0] : stop[0]] = part * (most / max(float(small.max()), 1e-9))
    return heat


def probability(logit: float) -> float:
    """Return the probability of a logit."""
    return float(1.0 / (1.0 + np.exp(-np.clip(logit, -30.0, 30.0))))
