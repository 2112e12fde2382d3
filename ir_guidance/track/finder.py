# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Find the needle in the pixels of one image, near an expected shaft or anywhere."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import cv2
import numpy as np

from ir_guidance.track.ridge import ridge
from ir_guidance.track.run import find_run
from ir_guidance.track.search import Candidate, search
from ir_guidance.track.settings import ModalitySettings
from ir_guidance.track.shaft import confidence, find_needle, measure
from ir_guidance.track.strip import (
    Image,
    Strip,
    clip_line,
    cut_strip,
    heat_image,
    needle_bright,
)
from ir_guidance.values import Modality, NeedleTrack, Pixels, ShaftPrior, Vector

Found = tuple[NeedleTrack | None, Image | None]
"""The needle, and the ridges for display at any resolution; None where not found, not searched."""


class Finder:
    """Finds needles in one kind of image; remembers nothing."""

    def __init__(self, modality: Modality, settings: ModalitySettings) -> None:
        """Keep the settings."""
        self._modality = modality
        self._shaft = settings.shaft
        self._search = settings.search

    def near(self, pixels: Pixels, full: int, prior: ShaftPrior, spacing_m: float) -> Found:
        """Search the band about an expected shaft; nothing while its tip is outside the image."""
        size = pixels.shape[1], pixels.shape[0]
        u, v = prior.tip_px
        if not (0 <= u < size[0] and 0 <= v < size[1] and np.isfinite(prior.entry_px).all()):
            return None, None
        ends = self._ends(prior.entry_px, prior.tip_px, 0.0, spacing_m, size)
        if ends is None:
            return None, None
        strip = self._cut(pixels, full, ends, self._shaft.band_m, spacing_m)
        tip_s = float(np.linalg.norm(prior.tip_px - ends[0]))
        needle, response = find_needle(strip, self._shaft, spacing_m, tip_s)
        return needle, heat_image(strip, response, size)

    def anywhere(self, pixels: Pixels, full: int, spacing_m: float) -> Found:
        """Search a decimated image, then measure in the whole one."""
        factor = max(max(pixels.shape[:2]) / self._search.work_px, 1.0)
        size = round(pixels.shape[1] / factor), round(pixels.shape[0] / factor)
        small = pixels
        if factor > 1:
            small = cast(Pixels, cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
        image = self._needle_bright(small, full, spacing_m * factor)
        exposed = small > self._search.unexposed * full
        best, heat = search(image, exposed, self._search, self._shaft, spacing_m * factor)
        if best is None:
            return None, heat
        root_px, tip_px = ((px + 0.5) * factor - 0.5 for px in (best.root_px, best.tip_px))
        whole = Candidate(root_px, tip_px, best.score)
        return self._measured(pixels, full, whole, spacing_m), heat

    def _measured(
        self, pixels: Pixels, full: int, found: Candidate, spacing_m: float
    ) -> NeedleTrack | None:
        """Return the shaft that a search has found, measured in the whole image."""
        shaft, search = self._shaft, self._search
        size = pixels.shape[1], pixels.shape[0]
        ends = self._ends(found.root_px, found.tip_px, shaft.smooth_m, spacing_m, size)
        if ends is None:
            return None
        strip = self._cut(pixels, full, ends, 0.5 * search.band_m, spacing_m)
        tip_s = float(np.linalg.norm(found.tip_px - ends[0]))
        response = ridge(strip, shaft, spacing_m)
        run = find_run(response, shaft, spacing_m, tip_s)
        if len(run.columns) < 2:
            return None
        needle = measure(strip, response, run, shaft, spacing_m, tip_s)
        return replace(needle, confidence=confidence(found.score, search.score))

    def _ends(
        self,
        root_px: Vector,
        tip_px: Vector,
        before_m: float,
        spacing_m: float,
        size: tuple[int, int],
    ) -> tuple[Vector, Vector] | None:
        """Return where a strip begins before a root and ends beyond a tip; None outside the image."""
        length = float(np.linalg.norm(tip_px - root_px))
        along = (tip_px - root_px) / max(length, 1e-9)
        last = length + self._shaft.beyond_m / spacing_m
        return clip_line(root_px, along, size, -before_m / spacing_m, last)

    def _cut(
        self,
        pixels: Pixels,
        full: int,
        ends: tuple[Vector, Vector],
        band_m: float,
        spacing_m: float,
    ) -> Strip:
        """Return the strip between two pixels; only what it and its layers take in is looked at."""
        band_px = band_m / spacing_m
        margin = band_px + 0.5 * self._shaft.layers_m / spacing_m + 2.0
        first = np.maximum(np.floor(np.minimum(*ends) - margin), 0.0).astype(np.int64)
        last = np.ceil(np.maximum(*ends) + margin).astype(np.int64) + 1
        box = pixels[first[1] : last[1], first[0] : last[0]]
        image = self._needle_bright(box, full, spacing_m)
        strip = cut_strip(image, ends[0] - first, ends[1] - first, band_px)
        return replace(strip, origin_px=strip.origin_px + first)

    def _needle_bright(self, pixels: Pixels, full: int, spacing_m: float) -> Image:
        layers_px = round(self._shaft.layers_m / spacing_m)
        return needle_bright(pixels, full, self._modality, layers_px, self._shaft.layers_share)
