# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Follow the target by correlation with how it looked when it was learnt."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ir_guidance.track.settings import TargetSettings
from ir_guidance.values import NS_PER_S, Matrix, Pixels, Reason, TargetTrack, Vector

Image = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Learnt:
    """The target as it was learnt: its template and where its centre was, in decimated pixels."""

    template: Image
    offset: Vector
    reference: Vector


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
        self._last: Vector | None = None
        self._last_ns = 0

    def select(self, px: Vector) -> None:
        """Learn the target at (u, v) when the next image comes."""
        self.reset()
        self._click = np.asarray(px, dtype=float)

    def follow(
        self, pixels: Pixels, spacing_m: float, steady_ns: int
    ) -> tuple[TargetTrack | None, Reason]:
        """Return the target in an image (rows, columns), or None and why."""
        if self._click is None and self._learnt is None:
            return None, Reason.NOT_FOUND
        factor = max(self._settings.spacing_m / spacing_m, 1.0)
        small = decimate(pixels, factor)
        pitch_m = spacing_m * factor
        if self._click is not None:
            self._learn(small, self._click, factor, pitch_m)
        if self._learnt is None:
            return None, Reason.NOT_FOUND
        return self._match(small, self._learnt, factor, pitch_m, steady_ns)

    def _learn(self, small: Image, click: Vector, factor: float, pitch_m: float) -> None:
        self._click = None
        centre = (click + 0.5) / factor - 0.5
        if not (0 <= centre[0] < small.shape[1] and 0 <= centre[1] < small.shape[0]):
            return
        centre = centre_of_lesion(small, centre, self._settings, pitch_m)
        half = round(self._settings.template_m / pitch_m)
        first = np.maximum(np.round(centre).astype(int) - half, 0)
        last = np.round(centre).astype(int) + half + 1
        template = small[first[1] : last[1], first[0] : last[0]].copy()
        self._learnt = Learnt(template, centre - first, centre)
        self._last = centre

    def _match(
        self, small: Image, learnt: Learnt, factor: float, pitch_m: float, steady_ns: int
    ) -> tuple[TargetTrack | None, Reason]:
        reach = round(self._settings.search_m / pitch_m)
        rows, columns = learnt.template.shape
        corner = np.round(learnt.reference - learnt.offset).astype(int)
        first = np.maximum(corner - reach, 0)
        last = corner + reach + (columns, rows)
        window = small[first[1] : last[1], first[0] : last[0]]
        if window.shape[0] < rows or window.shape[1] < columns:
            return None, Reason.TARGET_LOST
        scores = cv2.matchTemplate(window, learnt.template, cv2.TM_CCOEFF_NORMED)
        _, best, _, (u, v) = cv2.minMaxLoc(scores)
        if best < self._settings.found:
            return None, Reason.TARGET_LOST
        offset, covariance = sub_pixel(scores, u, v)
        place = first + offset + learnt.offset
        if self._jumped(place, pitch_m, steady_ns):
            return None, Reason.JUMP
        self._last, self._last_ns = place, steady_ns
        px = (place + 0.5) * factor - 0.5
        return TargetTrack(px, covariance * factor**2, float(best)), Reason.OK

    def _jumped(self, place: Vector, pitch_m: float, steady_ns: int) -> bool:
        if self._last is None or self._last_ns == 0:
            return False
        elapsed_s = max(steady_ns - self._last_ns, 0) / NS_PER_S
        allowed_m = self._settings.jump_m + self._settings.speed_mps * elapsed_s
        return float(np.linalg.norm(place - self._last)) * pitch_m > allowed_m


def decimate(pixels: Pixels, factor: float) -> Image:
    """Return the image as float32 fractions of full scale, averaged down by a factor."""
    size = max(round(pixels.shape[1] / factor), 1), max(round(pixels.shape[0] / factor), 1)
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    small *= np.float32(1.0 / np.iinfo(pixels.dtype).max)
    blurred: Image = cv2.GaussianBlur(small, (0, 0), 0.8)
    return blurred


def centre_of_lesion(
    small: Image, click: Vector, settings: TargetSettings, pitch_m: float
) -> Vector:
    """Return the centre (u, v) of the dark disc near a click, or the click where there is none."""
    best, centre = settings.contrast, click
    integral = small.astype(np.float32)
    reach = max(round(settings.click_m / pitch_m), 1)
    u, v = (round(x) for x in click.tolist())
    for radius_m in np.linspace(*settings.radius_m, 6):
        radius = radius_m / pitch_m
        kernel = disc_kernel(radius)
        half = kernel.shape[0] // 2
        margin = half + reach + 1
        padded = cv2.copyMakeBorder(integral, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
        patch = padded[v : v + 2 * margin + 1, u : u + 2 * margin + 1]
        response = cv2.matchTemplate(patch, kernel, cv2.TM_CCORR)
        _, score, _, (x, y) = cv2.minMaxLoc(response)
        if score > best:
            offset, _ = sub_pixel(response, x, y)
            best, centre = score, np.array([u, v]) - margin + half + offset
    return centre


def disc_kernel(radius: float) -> Image:
    """Return a kernel that gives mean of the ring less mean of the disc of that radius."""
    half = int(np.ceil(1.5 * radius))
    v, u = np.mgrid[-half : half + 1, -half : half + 1]
    distance = np.hypot(u, v)
    inside, ring = distance <= radius, (distance > radius) & (distance <= 1.45 * radius)
    kernel: Image = (ring / ring.sum() - inside / inside.sum()).astype(np.float32)
    return kernel


def sub_pixel(scores: Image, u: int, v: int) -> tuple[Vector, Matrix]:
    """Return the peak (u, v) of a parabola through its neighbours, and a covariance from its curvature."""
    place, variance = np.array([u, v], dtype=float), np.ones(2)
    spread = max(1.0 - float(scores[v, u]), 0.02)
    for axis, (at, size) in enumerate(((u, scores.shape[1]), (v, scores.shape[0]))):
        if not 0 < at < size - 1:
            continue
        line = scores[v, at - 1 : at + 2] if axis == 0 else scores[at - 1 : at + 2, u]
        before, peak, after = (float(x) for x in line)
        curvature = 2 * peak - before - after
        if curvature > 1e-9:
            place[axis] += 0.5 * (after - before) / curvature
            variance[axis] = 0.02 * spread / curvature
    return place, np.diag(variance)
