# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Where the target is: followed across the image, and in depth by what else is known of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ir_guidance.localise.breathing import Breath
from ir_guidance.localise.fusion import fused, independent, is_sound
from ir_guidance.localise.settings import LocaliseSettings
from ir_guidance.localise.shown import ImageGeometry, Shown, Size, shown
from ir_guidance.values import Matrix, ProbeGeometry, TargetTrack, Vector

ANYWHERE_M = 1.0
FEW_FRAMES = 3  # after more of them unseen the target is taken where it comes back


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where a registered CT has the target at end-exhale: (3,) in metres in ``base_link``, and its sigma."""

    point_m: Vector
    sigma_m: float


class TargetFilter:
    """Follows the target from image to image.

    An ultrasound image shows what lies in its plane. An X-ray image shows the target anywhere on a
    ray: how far along it is told once, by its place in a registered CT, and no image changes that.
    """

    def __init__(self, settings: LocaliseSettings, place: Place | None = None) -> None:
        """Start without having seen it; X-rays show none without its place."""
        self._settings, self._place = settings, place
        self._ray: Vector | None = None
        self._estimate: tuple[Vector, Matrix] | None = None
        self.coasted = 0
        self.breath = Breath(settings.breathing)

    @property
    def point_m(self) -> Vector | None:
        """The target (3,) in metres, None before it was seen."""
        return None if self._estimate is None else self._estimate[0]

    @property
    def covariance_m2(self) -> Matrix | None:
        """Its covariance (3, 3); along the rays breath and needle may move it unseen."""
        if self._estimate is None or self._ray is None:
            return None if self._estimate is None else self._estimate[1]
        breath_m = self._settings.hidden_breath * self.breath.displacement_m
        hidden_m2 = breath_m**2 + self._settings.hidden_push_m**2
        return self._estimate[1] + hidden_m2 * np.outer(self._ray, self._ray)

    def step(
        self,
        seen: TargetTrack | None,
        geometry: ImageGeometry,
        size: Size,
        dt_s: float,
        steady_ns: int,
    ) -> None:
        """Take what one image shows of the target, None when it does not."""
        if self._estimate is not None:
            grown = (self._settings.target_speed_mps * dt_s) ** 2
            moves = np.eye(3) if self._ray is None else across(self._ray)
            self._estimate = self._estimate[0], self._estimate[1] + grown * moves
        known = isinstance(geometry, ProbeGeometry) or self._place is not None
        if not known or seen is None or not is_sound(seen.px, seen.covariance_px2):
            self.coasted += 1
            return
        if self._estimate is None or self.coasted > FEW_FRAMES:
            self._estimate = self._start(geometry, size)
        point_m, covariance_m2 = self._estimate
        view = shown(point_m, geometry, size)
        self._estimate = fused(point_m, covariance_m2, *self._measured(seen, view))
        self._ray = view.unseen if view.off_plane_m is None else None
        self.coasted = 0
        self.breath.update(steady_ns, self._estimate[0])

    def _start(self, geometry: ImageGeometry, size: Size) -> tuple[Vector, Matrix]:
        """Return what is known before the image: nothing at all, or how far along the ray."""
        if isinstance(geometry, ProbeGeometry) or self._place is None:
            return np.zeros(3), ANYWHERE_M**2 * np.eye(3)
        ray = shown(self._place.point_m, geometry, size).unseen
        spread = self._place.sigma_m**2 * np.eye(3) + ANYWHERE_M**2 * across(ray)
        return self._place.point_m, spread

    def _measured(self, seen: TargetTrack, view: Shown) -> tuple[Matrix, Vector, Matrix]:
        """Return what of the target is measured, by how much it differs, and the noise."""
        settings, scale = self._settings, np.diag(view.spacing_m)
        residual = scale @ (seen.px - view.px)
        noise = scale @ seen.covariance_px2 @ scale + np.eye(2) * settings.image_sigma_m**2
        if view.off_plane_m is None:
            return view.across, residual, noise
        # The operator has laid the plane through the target.
        rows = np.vstack([view.across, view.unseen])
        noise = independent(noise, settings.target_plane_sigma_m**2)
        return rows, np.append(residual, -view.off_plane_m), noise


def across(ray: Vector) -> Matrix:
    """Return the projection (3, 3) onto the plane across a unit vector."""
    return np.eye(3) - np.outer(ray, ray)
