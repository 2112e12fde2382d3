# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Follow the target by correlation with how it looked when it was learnt."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ir_guidance.track.lesion import centre_of_lesion
from ir_guidance.track.peak import curvatures, sub_pixel
from ir_guidance.track.settings import TargetSettings
from ir_guidance.track.strip import Image
from ir_guidance.values import NS_PER_S, Matrix, Pixels, Reason, TargetTrack, Vector

BLUR_PX = 0.8


@dataclass(frozen=True, slots=True, eq=False)
class Learnt:
    """The target as it was learnt, in pixels of the decimated image.

    ``offset`` is its centre in the template, ``centre`` in the image; levels are cut off at ``cap``.
    """

    template: Image
    offset: Vector
    centre: Vector
    cap: float


class TargetFollower:
    """Follows one target; the template is never renewed, so that the target cannot drift."""

    def __init__(self, settings: TargetSettings) -> None:
        """Start without a target."""
        self._settings = settings
        self.reset()

    def reset(self) -> None:
        """Forget the target."""
        self._click: Vector | None = None
        self._learnt: Learnt | None = None
        self._last: tuple[Vector, int] | None = None

    def select(self, px: Vector) -> None:
        """Learn the target at (u, v) when the next image comes."""
        self.reset()
        self._click = np.asarray(px, dtype=float)

    @property
    def is_new(self) -> bool:
        """Whether the target is to be learnt from the next image."""
        return self._click is not None

    def follow(
        self, pixels: Pixels, full: int, spacing_m: float, steady_ns: int
    ) -> tuple[TargetTrack | None, Reason]:
        """Return the target in an image (rows, columns) of that full scale, or None and why."""
        if self._click is None and self._learnt is None:
            return None, Reason.NOT_FOUND
        small, factor = decimate(pixels, full, self._settings.spacing_m / spacing_m)
        pitch_m = spacing_m * factor
        if self._click is not None:
            self._learnt = learn(small, (self._click + 0.5) / factor - 0.5, self._settings, pitch_m)
            self._click = None
        if self._learnt is None:
            return None, Reason.NOT_FOUND
        return self._match(small, self._learnt, factor, pitch_m, steady_ns)

    def _match(
        self, small: Image, learnt: Learnt, factor: int, pitch_m: float, steady_ns: int
    ) -> tuple[TargetTrack | None, Reason]:
        window, first = self._window(small, learnt, pitch_m)
        if (np.array(window.shape) < learnt.template.shape).any():
            return None, Reason.TARGET_LOST
        scores = correlation(np.minimum(window, np.float32(learnt.cap)), learnt.template)
        _, best, _, (u, v) = cv2.minMaxLoc(scores)
        if best < self._settings.found:
            return None, Reason.TARGET_LOST
        place = first + sub_pixel(scores, u, v) + learnt.offset
        if self._jumped(place, pitch_m, steady_ns):
            return None, Reason.JUMP
        self._last = place, steady_ns
        covariance = self._covariance(best, curvatures(scores, u, v), pitch_m)
        px = (place + 0.5) * factor - 0.5
        return TargetTrack(px, covariance * factor**2, float(best)), Reason.OK

    def _window(self, small: Image, learnt: Learnt, pitch_m: float) -> tuple[Image, Vector]:
        """Return the part of the image the target may be in, and its first pixel (u, v)."""
        reach = round(self._settings.search_m / pitch_m)
        rows, columns = learnt.template.shape
        corner = np.round(learnt.centre - learnt.offset).astype(int)
        first = np.maximum(corner - reach, 0)
        last = np.maximum(corner + reach + (columns, rows), first)
        return small[first[1] : last[1], first[0] : last[0]], first.astype(float)

    def _jumped(self, place: Vector, pitch_m: float, steady_ns: int) -> bool:
        """Return whether the target cannot have come here from where it was last seen."""
        if self._last is None:
            return False
        last, last_ns = self._last
        elapsed_s = max(steady_ns - last_ns, 0) / NS_PER_S
        allowed_m = self._settings.jump_m + self._settings.speed_mps * elapsed_s
        return float(np.linalg.norm(place - last)) * pitch_m > allowed_m

    def _covariance(self, score: float, fall: Vector, pitch_m: float) -> Matrix:
        """Return the covariance in decimated pixels: of the match, and of where the centre was put.

        The worse the match and the flatter its peak, the farther off it may be.
        """
        settings = self._settings
        match = settings.match_noise * max(1.0 - score, 0.0) / np.maximum(fall, 1e-3)
        return np.diag(match + (settings.centre_sigma_m / pitch_m) ** 2)


def correlation(window: Image, template: Image) -> Image:
    """Return the normalised correlation, up to 1, with the template at every place in a window."""
    return np.asarray(cv2.matchTemplate(window, template, cv2.TM_CCOEFF_NORMED), np.float32)


def decimate(pixels: Pixels, full: int, factor: float) -> tuple[Image, int]:
    """Return the image as fractions of full scale, averaged over squares of pixels, and the squares' side.

    Whole pixels, for areas of parts of them take four times as long; what is left over at the far edges is cut off.
    """
    whole = min(max(round(factor), 1), *pixels.shape)
    rows, columns = (side // whole for side in pixels.shape)
    within = pixels[: rows * whole, : columns * whole]
    small = cv2.resize(within, (columns, rows), interpolation=cv2.INTER_AREA).astype(np.float32)
    small *= np.float32(1.0 / full)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), BLUR_PX), np.float32), whole


def learn(small: Image, click: Vector, settings: TargetSettings, pitch_m: float) -> Learnt | None:
    """Return the target at a click (u, v) in a decimated image; None outside it, or where all is alike.

    What is brighter than nearly all of the template is cut off, there and in every image, so that
    a needle that comes to the target does not change how it looks.
    """
    if not (0 <= click[0] < small.shape[1] and 0 <= click[1] < small.shape[0]):
        return None
    centre = centre_of_lesion(small, click, settings, pitch_m)
    half = round(settings.template_m / pitch_m)
    first = np.maximum(np.round(centre).astype(int) - half, 0)
    last = np.round(centre).astype(int) + half + 1
    template = small[first[1] : last[1], first[0] : last[0]]
    cap = float(np.quantile(template, settings.cap_share))
    template = np.minimum(template, np.float32(cap))
    if float(template.std()) < settings.least_texture:
        return None
    return Learnt(template, centre - first, centre, cap)
