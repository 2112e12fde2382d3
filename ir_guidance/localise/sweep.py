# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A tracked probe that is swept across the needle: how far out of the plane the needle is, and to which side.

An image shows nothing out of its plane. But a needle's echo is strongest where the plane goes through it and
fades with the beam's profile out of the plane, about a Gaussian; over a sweep of known places its middle is
where the needle is. What errs alike for needle and target, the probe's calibration and the robot's mounting, is gone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ir_guidance.values import NS_PER_S, Matrix, Plane, ProbeGeometry

PARTS_M = ((0.0, 0.012), (0.012, 0.024))
"""Parts of the shaft that are looked at, from the tip back: each many times longer than a cell of speckle."""

AWAY_M, AWAY_RAD = 0.0006, 0.03
"""How far from where it was laid a probe is moved; four times a tracker's noise."""

BACK_S = 0.25
"""How long it is back before a sweep is over: half-way it passes its place faster."""

FEWEST = 12
"""Images with the breath at rest that a sweep needs."""

WIDTHS = np.array([0.8, 1.0, 1.25, 1.5])
"""Of the profile in grey, in sigmas of the beam: compression widens it, noise narrows it."""

OWN_NOISE = 4.0
"""Neighbouring images share their speckle: so many count as one."""

FLOOR_SIGMA_M = 0.00012
"""What speckle adds to the middle, whatever the residuals say; measured on simulated sweeps."""

LEAST_GREY = 0.02
"""Share of full scale by which a needle must stand out at its strongest."""


@dataclass(frozen=True, slots=True)
class Elevation:
    """Where a sweep was brightest, of the places given to it, and how sure that is; metres."""

    place_m: float
    sigma_m: float


class Sweep:
    """Knows where a tracked probe was laid, whether it is away from there, and what the images on the way showed."""

    def __init__(self) -> None:
        """Start before the first image."""
        self.laid: ProbeGeometry | None = None
        self.plane = Plane.FIXED
        self._images = 0
        self._away_ns = 0
        self._seen: tuple[list[tuple[float, float]], ...] = tuple([] for _ in PARTS_M)

    def is_swept(self, geometry: ProbeGeometry) -> bool:
        """Return whether an image with that geometry is one of a sweep."""
        return geometry.tracked and (self.plane is Plane.SWEPT or self._is_away(geometry))

    def step(self, geometry: ProbeGeometry, steady_ns: int) -> tuple[Elevation | None, ...]:
        """Follow the probe from image to image; return what a sweep that is over told of each part, else nothing."""
        if not geometry.tracked:
            self.laid = geometry
            return ()
        if self._is_away(geometry):
            self.plane, self._away_ns = Plane.SWEPT, steady_ns
            return ()
        if self.plane is Plane.SWEPT and steady_ns - self._away_ns < BACK_S * NS_PER_S:
            return ()
        over, self.plane = self.plane is Plane.SWEPT, Plane.LAID
        self._settle(geometry)
        if not over:
            return ()
        told = tuple(elevation(np.array(seen), geometry.slice_sigma_m) for seen in self._seen)
        for seen in self._seen:
            seen.clear()
        return told

    def add(self, part: int, place_m: float, contrast: float) -> None:
        """Take what one image of a sweep shows of a part, which by the joints lies ``place_m`` out of its plane."""
        self._seen[part].append((place_m, contrast))

    def _is_away(self, geometry: ProbeGeometry) -> bool:
        if self.laid is None:
            return False
        was, now = self.laid.base_from_image, geometry.base_from_image
        cosine = 0.5 * (float(np.trace(was[:3, :3].T @ now[:3, :3])) - 1.0)
        moved_m = float(np.linalg.norm(now[:3, 3] - was[:3, 3]))
        return moved_m > AWAY_M or cosine < np.cos(AWAY_RAD)

    def _settle(self, geometry: ProbeGeometry) -> None:
        """Learn where the probe lies from every image that it rests in: a tracker's noise is that of one image."""
        self._images += 1
        if self.laid is None:
            self.laid = geometry
            return
        place = self.laid.base_from_image.copy()
        place[:3, 3] += (geometry.base_from_image[:3, 3] - place[:3, 3]) / self._images
        self.laid = replace(geometry, base_from_image=place)


def elevation(seen: Matrix, slice_sigma_m: float) -> Elevation | None:
    """Return where a needle is among the places of a sweep, by how it stood out there; None: it does not tell.

    A Gaussian over a level, of one of a few widths, is fitted at each of many places by least squares; how much
    worse each fits than the best makes a distribution, whose mean and spread are returned.

    Args:
        seen: (n, 2), place in metres and contrast.
        slice_sigma_m: Of the beam, out of the plane.
    """
    if len(seen) < FEWEST or np.ptp(seen[:, 0]) < 2.0 * slice_sigma_m:
        return None
    places_m, contrasts = seen.T
    reach_m = 0.5 * slice_sigma_m
    at_m = np.linspace(places_m.min() - reach_m, places_m.max() + reach_m, 161)
    off = (places_m - at_m[:, None, None]) / (WIDTHS[:, None] * slice_sigma_m)
    shape = np.exp(-0.5 * off**2)
    shape -= shape.mean(axis=-1, keepdims=True)
    level = contrasts - contrasts.mean()
    height = np.maximum(shape @ level, 0.0) / np.maximum((shape**2).sum(axis=-1), 1e-12)
    left = ((level - height[..., None] * shape) ** 2).sum(axis=-1)
    best = np.unravel_index(int(left.argmin()), left.shape)
    noise2 = max(float(left[best]) / (len(level) - 4), 1e-12)
    if height[best] < max(LEAST_GREY, 2.0 * float(np.sqrt(noise2))):
        return None
    likely = np.exp(-0.5 * (left - left[best]) / (noise2 * OWN_NOISE)).sum(axis=1)
    likely /= likely.sum()
    place_m = float(likely @ at_m)
    spread_m2 = float(likely @ (at_m - place_m) ** 2)
    if spread_m2 > slice_sigma_m**2:
        return None  # that it is seen at all tells as much
    return Elevation(place_m, float(np.sqrt(spread_m2 + FLOOR_SIGMA_M**2)))
