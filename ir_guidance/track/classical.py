# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The classical tracker: ridge and line finding; the reference that learnt ones are compared with."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from ir_guidance.track.quality import Quality
from ir_guidance.track.ridge import ridge
from ir_guidance.track.run import find_run
from ir_guidance.track.search import search
from ir_guidance.track.settings import TrackSettings
from ir_guidance.track.shaft import confidence, find_needle, measure
from ir_guidance.track.strip import Image, Strip, clip_line, cut_strip, needle_bright
from ir_guidance.track.target import TargetFollower
from ir_guidance.values import (
    Frame,
    Modality,
    NeedleTrack,
    Pixels,
    Reason,
    ShaftPrior,
    TargetTrack,
    Track,
    Vector,
)


class ClassicalTracker:
    """Finds the needle's ridge and follows the target's look; no learning, no ground truth."""

    def __init__(self, modality: Modality, settings: TrackSettings) -> None:
        """Start without a target."""
        self._modality = modality
        self._settings = settings.of(modality)
        self._quality = Quality(settings.quality)
        self._target = TargetFollower(settings.target)

    def select_target(self, px: Vector) -> None:
        """Learn the target at (u, v), the operator's click, when the next frame comes."""
        self._target.select(px)

    def reset(self) -> None:
        """Forget the target and every earlier frame."""
        self._quality.reset()
        self._target.reset()

    def track(self, frame: Frame, prior: ShaftPrior | None = None) -> Track:
        """Return needle and target in the frame; with a prior only the band round it is searched."""
        unusable = self._quality.judge(frame.pixels)
        if unusable is not Reason.OK:
            return _track(frame, (None, unusable), (None, unusable), None)
        spacing_m = self._spacing_m(frame)
        if prior is None:
            needle, heat = self._find_anywhere(frame.pixels, spacing_m)
        else:
            needle, heat = self._find_near(frame.pixels, prior, spacing_m)
        target = self._target.follow(frame.pixels, spacing_m, frame.acquired_steady_ns)
        return _track(frame, (needle, Reason.OK if needle else Reason.NOT_FOUND), target, heat)

    def _spacing_m(self, frame: Frame) -> float:
        if frame.spacing_m is not None:
            return float(np.sqrt(frame.spacing_m[0] * frame.spacing_m[1]))
        return self._settings.field_m / max(frame.pixels.shape[:2])

    def _find_near(
        self, pixels: Pixels, prior: ShaftPrior, spacing_m: float
    ) -> tuple[NeedleTrack | None, Image | None]:
        """Search the band about an expected shaft; nothing while its tip is outside the image."""
        rows, columns = pixels.shape[:2]
        u, v = prior.tip_px
        if not (0 <= u < columns and 0 <= v < rows):
            return None, None
        shaft = self._settings.shaft
        cut = self._cut(pixels, prior.entry_px, prior.tip_px, 0.0, shaft.band_m, spacing_m)
        return find_needle(cut[0], shaft, spacing_m, cut[1]) if cut else (None, None)

    def _find_anywhere(
        self, pixels: Pixels, spacing_m: float
    ) -> tuple[NeedleTrack | None, Image | None]:
        """Search a decimated image, then measure in the whole one."""
        settings = self._settings
        factor = max(max(pixels.shape[:2]) / settings.search.work_px, 1.0)
        size = round(pixels.shape[1] / factor), round(pixels.shape[0] / factor)
        small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA) if factor > 1 else pixels
        image = self._needle_bright(small, spacing_m * factor)
        exposed = small > settings.search.unexposed * np.iinfo(pixels.dtype).max
        best, heat = search(image, exposed, settings.search, settings.shaft, spacing_m * factor)
        if best is None:
            return None, heat
        root_px, tip_px = ((px + 0.5) * factor - 0.5 for px in (best.root_px, best.tip_px))
        return self._refine(pixels, root_px, tip_px, best.score, spacing_m), heat

    def _refine(
        self, pixels: Pixels, root_px: Vector, tip_px: Vector, score: float, spacing_m: float
    ) -> NeedleTrack | None:
        """Measure a shaft that a search has found."""
        shaft, search = self._settings.shaft, self._settings.search
        band_m, before_m = 0.5 * search.band_m, shaft.smooth_m
        cut = self._cut(pixels, root_px, tip_px, before_m, band_m, spacing_m)
        if cut is None:
            return None
        strip, tip_s = cut
        response = ridge(strip, shaft, spacing_m)
        run = find_run(response, shaft, spacing_m, tip_s)
        needle = measure(strip, response, run, shaft, spacing_m, tip_s)
        return replace(needle, confidence=confidence(score, search.score))

    def _cut(
        self,
        pixels: Pixels,
        root_px: Vector,
        tip_px: Vector,
        before_m: float,
        band_m: float,
        spacing_m: float,
    ) -> tuple[Strip, float] | None:
        """Return the strip along an expected shaft and the column of its tip; None outside the image."""
        length = float(np.linalg.norm(tip_px - root_px))
        along = (tip_px - root_px) / max(length, 1e-9)
        size = pixels.shape[1], pixels.shape[0]
        beyond = self._settings.shaft.beyond_m / spacing_m
        ends = clip_line(root_px, along, size, -before_m / spacing_m, length + beyond)
        if ends is None:
            return None
        image = self._needle_bright(pixels, spacing_m)
        strip = cut_strip(image, *ends, band_m / spacing_m)
        return strip, float((tip_px - ends[0]) @ along)

    def _needle_bright(self, pixels: Pixels, spacing_m: float) -> Image:
        shaft = self._settings.shaft
        layers_px = round(shaft.layers_m / spacing_m)
        return needle_bright(pixels, self._modality, layers_px, shaft.layers_share)


def _track(
    frame: Frame,
    needle: tuple[NeedleTrack | None, Reason],
    target: tuple[TargetTrack | None, Reason],
    heat: Image | None,
) -> Track:
    return Track(
        sequence=frame.sequence,
        stamp_ns=frame.stamp_ns,
        acquired_steady_ns=frame.acquired_steady_ns,
        needle=needle[0],
        target=target[0],
        needle_reason=needle[1],
        target_reason=target[1],
        heat=heat,
    )
