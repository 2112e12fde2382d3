# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Find a needle anywhere in an image, with nothing known of where it is."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ir_guidance.track.curve import fit_curve
from ir_guidance.track.lines import Line, find_lines, ridges
from ir_guidance.track.ridge import ridge
from ir_guidance.track.run import Run, find_run
from ir_guidance.track.shaft_settings import SearchSettings, ShaftSettings
from ir_guidance.track.strip import Image, Strip, clip_line, cut_strip, reversed_strip
from ir_guidance.track.tip import find_end
from ir_guidance.values import Vector


@dataclass(frozen=True, slots=True, eq=False)
class Tip:
    """One end of a shaft, in pixels of the image searched.

    ``drop`` is how much of the shaft's contrast is lost there: about 1 where it ends in the
    background, 0 or less where it goes on into something else. ``border_px`` is how far the image goes on.
    """

    px: Vector
    drop: float
    border_px: float


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A shaft from root to tip, in pixels of the image searched, and the evidence for it."""

    root_px: Vector
    tip_px: Vector
    score: float


def search(
    image: Image,
    exposed: NDArray[np.bool_],
    settings: SearchSettings,
    shaft: ShaftSettings,
    spacing_m: float,
) -> tuple[Candidate | None, Image]:
    """Return the best shaft in an image (rows, columns) in which needles are bright, and the ridges.

    Nothing votes near what was not ``exposed``: the edge of a collimator is no needle.
    """
    sigmas_px = [sigma_m / spacing_m for sigma_m in settings.sigmas_m]
    strength, angle = ridges(image, sigmas_px)
    strength[_near_collimator(exposed, settings, spacing_m)] = 0.0
    best: Candidate | None = None
    for line in find_lines(strength, angle, settings):
        least = best.score if best else settings.score
        best = _along(image, line, least, settings, shaft, spacing_m) or best
    return best, strength


def _near_collimator(
    exposed: NDArray[np.bool_], settings: SearchSettings, spacing_m: float
) -> NDArray[np.bool_]:
    """Return what is so near to a wide part that was not exposed that its edge reaches there."""
    dark = np.where(exposed, 0, 1).astype(np.uint8)
    wide, reach = (
        2 * round(half_m / spacing_m) + 1
        for half_m in (0.5 * settings.collimator_m, 2.0 * max(settings.sigmas_m))
    )
    opened = cv2.erode(dark, np.ones((wide, wide), np.uint8), borderValue=1)
    grown = wide + reach - 1
    return cv2.dilate(opened, np.ones((grown, grown), np.uint8), borderValue=0) > 0


def _along(
    image: Image,
    line: Line,
    least: float,
    settings: SearchSettings,
    shaft: ShaftSettings,
    spacing_m: float,
) -> Candidate | None:
    """Return the shaft along a line for which there is more than the least evidence, if there is one."""
    size = image.shape[1], image.shape[0]
    ends = clip_line(line.foot_px, line.along, size, -np.inf, np.inf)
    if ends is None:
        return None
    strip = cut_strip(image, *ends, settings.band_m / spacing_m)
    response = ridge(strip, shaft, spacing_m)
    run = find_run(response, shaft, spacing_m, None)
    if run.score <= least or not _is_shaft(run, settings, spacing_m):
        return None
    rows, columns = response.shape
    turned = Run(columns - 1 - run.columns[::-1], rows - 1 - run.rows[::-1], run.score)
    far = _end_of(strip, response, run, shaft, spacing_m)
    near = _end_of(reversed_strip(strip), response[::-1, ::-1], turned, shaft, spacing_m)
    for tip, root in ((far, near), (near, far)):
        if _leans(tip.px - root.px, settings) and _is_tip(tip, root, settings, spacing_m, size):
            return Candidate(root.px, tip.px, run.score)
    return None


def _leans(along: Vector, settings: SearchSettings) -> bool:
    """Return whether a shaft, from root to tip, points where needles do."""
    down = float(along[1]) if settings.tip_is_deep else abs(float(along[1]))
    angle = np.arctan2(down, abs(float(along[0])))
    return bool(settings.angle_rad[0] <= angle <= settings.angle_rad[1])


def _is_shaft(run: Run, settings: SearchSettings, spacing_m: float) -> bool:
    """Return whether a run is long and straight enough."""
    if np.ptp(run.columns) * spacing_m < settings.length_m:
        return False
    line = np.polyval(np.polyfit(run.columns, run.rows, 1), run.columns)
    bow_px = float(np.sqrt(np.mean((run.rows - line) ** 2)))
    return bow_px * spacing_m <= settings.bow_m


def _is_tip(
    tip: Tip, root: Tip, settings: SearchSettings, spacing_m: float, size: tuple[int, int]
) -> bool:
    """Return whether one end of a shaft is free inside the image, and the other comes from somewhere."""
    edge_px = min(*tip.px, size[0] - 1 - tip.px[0], size[1] - 1 - tip.px[1])
    rooted = root.drop < settings.root_drop or root.border_px * spacing_m < settings.border_m
    return rooted and tip.drop > settings.drop and edge_px * spacing_m > settings.border_m


def _end_of(strip: Strip, response: Image, run: Run, shaft: ShaftSettings, spacing_m: float) -> Tip:
    """Return the right end of a run."""
    curve = fit_curve(response, run, shaft, spacing_m)
    end = find_end(strip, curve, shaft, spacing_m, None)
    rows = np.clip(np.round(run.rows).astype(int), 0, response.shape[0] - 1)
    columns = np.clip(np.round(run.columns).astype(int), 0, response.shape[1] - 1)
    contrast = max(float(np.median(response[rows, columns])), 1e-3)
    border_px = strip.values.shape[1] - 1 - end.s
    return Tip(strip.px(end.s, float(curve.row(end.s))), end.contrast / contrast, border_px)
