# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Straight lines that may be shafts, anywhere in an image: ridges that vote (Hough)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ir_guidance.track.shaft_settings import SearchSettings
from ir_guidance.track.strip import Image
from ir_guidance.values import Vector

Whole = NDArray[np.int64]

ANGLES = 90
"""Directions told apart: steps of 2 degrees, about what a short ridge is known to."""
COSINES, SINES = (wave(np.arange(ANGLES) * np.pi / ANGLES) for wave in (np.cos, np.sin))
LIKE = 8
"""Steps of direction within which ridges on a line are taken to be part of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A line by its unit direction, of positive v, and its foot: the point nearest to the origin."""

    foot_px: Vector
    along: Vector


def ridges(image: Image, sigmas_px: list[float]) -> tuple[Image, Image]:
    """Return strength and normal's angle in radians of bright ridges (rows, columns), the best of all scales.

    Strength is the curvature across the ridge less the slope across it, both in units of scale, so
    that the edge of a wide bright thing is none (Lindeberg, IJCV 30:117, 1998, for the scaling).
    """
    strength, angle = np.zeros_like(image), np.zeros_like(image)
    for sigma in sigmas_px:
        smooth = cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
        uu = cv2.Sobel(smooth, cv2.CV_32F, 2, 0, scale=0.25)
        vv = cv2.Sobel(smooth, cv2.CV_32F, 0, 2, scale=0.25)
        uv = cv2.Sobel(smooth, cv2.CV_32F, 1, 1, scale=0.25)
        slope = cv2.magnitude(
            cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=0.125),
            cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=0.125),
        )
        difference = uu - vv
        curvature = cv2.magnitude(0.5 * difference, uv) - 0.5 * (uu + vv)
        here = sigma**2 * curvature - sigma * slope
        normal = 0.5 * cv2.phase(-difference, -2.0 * uv)
        better = here > strength
        np.copyto(strength, here, where=better)
        np.copyto(angle, normal, where=better)
    return strength, angle


def find_lines(strength: Image, angle: Image, settings: SearchSettings) -> Iterator[Line]:
    """Yield the lines with most votes, best first; ``angle`` is that of the normal.

    A ridge that has voted for a line yielded has no vote for the next ones.
    """
    u, v = _voters(strength, settings)
    weight = np.minimum(strength[v, u], settings.most_weight * settings.ridge) ** 2
    turn = np.round(angle[v, u] * (ANGLES / np.pi)).astype(np.int64) % ANGLES
    half = int(np.ceil(np.hypot(*strength.shape)))
    votes = _votes(u, v, turn, weight, half)
    barred = np.zeros(votes.shape, np.bool_)
    steep = np.abs(np.arange(ANGLES) * (np.pi / ANGLES) - 0.5 * np.pi)
    barred[(steep < settings.angle_rad[0]) | (steep > settings.angle_rad[1])] = True
    for _ in range(settings.lines):
        shared = cv2.blur(votes, (3, 3))
        shared[barred] = 0.0
        theta, rho = np.unravel_index(int(shared.argmax()), shared.shape)
        if shared[theta, rho] <= 0:
            return
        line = _line(float(theta) * np.pi / ANGLES, float(rho - half))
        yield line
        barred[max(theta - 2, 0) : theta + 3, max(rho - 3, 0) : rho + 4] = True
        away = np.abs((u - line.foot_px[0]) * line.along[1] - (v - line.foot_px[1]) * line.along[0])
        skew = np.abs((turn - theta + ANGLES // 2) % ANGLES - ANGLES // 2)
        own = (away < settings.apart_px) & (skew < LIKE)
        votes -= _votes(u[own], v[own], turn[own], weight[own], half)
        u, v, turn, weight = u[~own], v[~own], turn[~own], weight[~own]


def _voters(strength: Image, settings: SearchSettings) -> tuple[Whole, Whole]:
    """Return the columns and the rows of the strongest ridges."""
    v, u = np.nonzero(strength > settings.ridge)
    if len(v) > settings.voters:
        bar = np.partition(strength[v, u], -settings.voters)[-settings.voters]
        v, u = np.nonzero(strength >= bar)
    return u, v


def _votes(u: Whole, v: Whole, turn: Whole, weight: Vector, half: int) -> Image:
    """Return votes (angle, distance + half) of ridges for the lines along them, give or take a step of angle."""
    votes = np.zeros(ANGLES * (2 * half + 1))
    for off in (-1, 0, 1):
        theta = (turn + off) % ANGLES
        rho = np.round(u * COSINES[theta] + v * SINES[theta]).astype(np.int64) + half
        votes += np.bincount(theta * (2 * half + 1) + rho, weight, len(votes))
    return votes.reshape(ANGLES, -1).astype(np.float32)


def _line(theta: float, rho: float) -> Line:
    normal = np.array([np.cos(theta), np.sin(theta)])
    along = np.array([-normal[1], normal[0]])
    return Line(rho * normal, along if along[1] >= 0 else -along)
