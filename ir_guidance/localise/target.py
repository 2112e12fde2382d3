# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Where the target is: followed across the image, and in depth by what else is known of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ir_guidance.geometry import base_ray_from_px_carm, nearest_to_rays, px_from_base
from ir_guidance.localise.agreement import Agreement
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
    ray: how far along it is told once, by its place in a registered CT, and no image of the same view changes
    that. Two views tell it by themselves, image by image; where one of them stops, it grows unsure.
    """

    def __init__(
        self, settings: LocaliseSettings, place: Place | None = None, views: int = 1
    ) -> None:
        """Start without having seen it; a single X-ray view shows none without its place."""
        self._settings, self._place, self._views = settings, place, views
        self._ray: Vector | None = None
        self._rays: dict[int, tuple[Vector, Vector]] = {}
        self._estimate: tuple[Vector, Matrix] | None = None
        self._unseen: dict[int, int] = {}
        self._laid: ProbeGeometry | None = None
        self._agreement = Agreement(settings.disagreement_share, settings.disagreement_m)
        self.breath = Breath(settings.breathing)

    @property
    def coasted(self) -> int:
        """Frames since the target was last seen, in the view that saw it last."""
        return min(self._unseen.values(), default=0)

    @property
    def at_rest(self) -> bool:
        """Whether the target is seen where it rests; before the breath is known nothing says otherwise."""
        if self.breath.rest_m is None:
            return True
        return self.coasted == 0 and self.breath.displacement_m <= self._settings.breathing.dwell_m

    @property
    def _speed_mps(self) -> float:
        """How fast the target may be: what rests is slower than what breathes."""
        rests = self.breath.rest_m is not None and self.at_rest
        settings = self._settings
        return settings.target_rest_speed_mps if rests else settings.target_speed_mps

    @property
    def point_m(self) -> Vector | None:
        """The target (3,) in metres, None before it was seen."""
        return None if self._estimate is None else self._estimate[0]

    @property
    def covariance_m2(self) -> Matrix | None:
        """Its covariance (3, 3); along the rays of a single view breath and needle may move it unseen."""
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
        view: int = 0,
        late_s: float = 0.0,
        laid: ProbeGeometry | None = None,
    ) -> None:
        """Take what one image shows of the target, None when it does not; ``late_s`` older than another's newest.

        ``laid`` is where the operator laid a probe that is not there now.
        """
        self._laid = laid
        if self._estimate is not None:
            grown = (self._speed_mps * dt_s) ** 2
            moves = np.eye(3) if self._ray is None else across(self._ray)
            self._estimate = self._estimate[0], self._estimate[1] + grown * moves
        if seen is None or not self._take(seen, geometry, size, view, late_s):
            self._unseen[view] = self._unseen.get(view, 0) + 1
            return
        self._unseen[view] = 0
        if late_s == 0.0 and self._estimate is not None:
            # Where one of two views has lost it, what the other cannot see of it is anybody's guess.
            sure = all(frames <= FEW_FRAMES for frames in self._unseen.values())
            self.breath.update(steady_ns, self._estimate[0], sure=sure)

    def _take(
        self, seen: TargetTrack, geometry: ImageGeometry, size: Size, view: int, late_s: float
    ) -> bool:
        """Fuse a sighting; return False when it cannot be, or cannot be the target."""
        if not is_sound(seen.px, seen.covariance_px2):
            return False
        # Two views place it anew only by growing unsure: one of them alone could not.
        lost = self._views == 1 and self.coasted > FEW_FRAMES
        if self._estimate is None or lost:
            self._estimate = self._start(seen, geometry, size, view)
        if self._estimate is None:
            return False
        point_m, covariance_m2 = self._estimate
        image = shown(point_m, geometry, size)
        rows, residual, noise = self._measured(seen, image, point_m)
        noise += (self._speed_mps * late_s) ** 2 * np.eye(len(noise))
        if self._views > 1:
            predicted = rows @ covariance_m2 @ rows.T
            noise = noise + self._agreement.unsaid_m2(view, residual, predicted, noise)
        self._estimate = fused(point_m, covariance_m2, rows, residual, noise)
        hides = image.off_plane_m is None and self._views == 1
        self._ray = image.unseen if hides else None
        return True

    def _start(
        self, seen: TargetTrack, geometry: ImageGeometry, size: Size, view: int
    ) -> tuple[Vector, Matrix] | None:
        """Return what is known before the image: nothing, how far along the ray, or where two rays meet."""
        if isinstance(geometry, ProbeGeometry):
            return np.zeros(3), ANYWHERE_M**2 * np.eye(3)
        if self._place is not None:
            ray = shown(self._place.point_m, geometry, size).unseen
            spread = self._place.sigma_m**2 * np.eye(3) + ANYWHERE_M**2 * across(ray)
            return self._place.point_m, spread
        self._rays[view] = base_ray_from_px_carm(seen.px, geometry, size[::-1])
        if len(self._rays) < 2:
            return None
        (first, one), (second, other) = self._rays.values()
        point_m = nearest_to_rays((first, second), (one, other))
        return None if point_m is None else (point_m, ANYWHERE_M**2 * np.eye(3))

    def _measured(
        self, seen: TargetTrack, view: Shown, point_m: Vector
    ) -> tuple[Matrix, Vector, Matrix]:
        """Return what of the target is measured, by how much it differs, and the noise."""
        settings, scale = self._settings, np.diag(view.spacing_m)
        residual = scale @ (seen.px - view.px)
        noise = scale @ seen.covariance_px2 @ scale + np.eye(2) * settings.image_sigma_m**2
        if view.off_plane_m is None:
            return view.across, residual, noise
        # The operator has laid the plane through the target, and may have moved it since.
        off_m = view.off_plane_m if self._laid is None else px_from_base(point_m, self._laid)[1]
        rows = np.vstack([view.across, view.unseen])
        noise = independent(noise, settings.target_plane_sigma_m**2)
        return rows, np.append(residual, -off_m), noise


def across(ray: Vector) -> Matrix:
    """Return the projection (3, 3) onto the plane across a unit vector."""
    return np.eye(3) - np.outer(ray, ray)
