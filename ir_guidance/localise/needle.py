# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Where the needle is: what the robot's joints say, corrected by what images show of tip and shaft."""

from __future__ import annotations

import numpy as np

from ir_guidance.kinematics import straight_tip
from ir_guidance.localise.ageing import bow_m2, drifted_m2, hidden_growth_m2
from ir_guidance.localise.echo_end import growth, told_apart, way_in
from ir_guidance.localise.flex import flexed, pivot_shares
from ir_guidance.localise.fusion import fused, independent, is_sound
from ir_guidance.localise.out_of_plane import OutOfPlane
from ir_guidance.localise.settings import LocaliseSettings
from ir_guidance.localise.shown import Shown
from ir_guidance.localise.sweep import Elevation
from ir_guidance.localise.x_ray import fused_shadow
from ir_guidance.values import GuidePose, Matrix, NeedleTrack, Vector

ALONG_THE_RAY = 1e-3  # sine of the angle between shaft and ray, below which no bend shows as one
FIRST_BEND_RAD = 0.03

SUM = np.hstack([np.eye(3), np.eye(3)])
"""Takes registration and bow (6,) to the tip's offset (3,)."""


class NeedleFilter:
    """Kalman filters on the tip's offset from the straight needle, and on the shaft's bend.

    The robot's joints say where a needle that does not bend would be. What is estimated is the
    difference, as the sum of two: registration and slow bend, which grow uncertain with advance and
    time; and the needle's bow, which comes and goes with tissue and breath, across the shaft alone.
    An image pins their sum down across its view. Out of an ultrasound image's plane, that a needle is
    seen at all pins it to the beam's thickness, and there is no need of a bow; a sweep of the probe tells
    more, and from then on what it told is carried on apart (``OutOfPlane``). Along an X-ray there is
    only the robot: the needle is in as far as it was advanced, so that part of any bow shows; see
    ``_shown_ways`` for what that part is worth. Two X-ray views fuse into the same filters, image by image.
    """

    def __init__(self, settings: LocaliseSettings, views: int) -> None:
        """Start without knowledge; ``views`` are the planes of a C-arm."""
        self._settings, self._views = settings, views
        self._state = np.zeros(6)  # registration and slow bend (3,), bow (3,)
        self._covariance = np.zeros((6, 6))
        self._bend = np.zeros(3)  # what the shaft's direction is off by, across the straight one
        self._bend_covariance: Matrix = FIRST_BEND_RAD**2 * np.eye(3)
        self._before: GuidePose | None = None
        self._punctured: Vector | None = None
        self._out: OutOfPlane | None = None
        self._begun = False

    def tip_m(self, pose: GuidePose) -> Vector:
        """Return where the tip is (3,)."""
        tip_m: Vector = self.unbent(pose)[0] + self._offset()[0]
        return tip_m

    def direction(self, pose: GuidePose) -> Vector:
        """Return the unit vector (3,) along the shaft at the tip."""
        direction = self.unbent(pose)[1] + self._turn()[0] + self._way(pose)
        return direction / np.linalg.norm(direction)

    def _way(self, pose: GuidePose) -> Vector:
        """Return what the tip's way out of the plane differs by (3,) from how it points: no image corrects it there."""
        if self._out is None or self._punctured is None:
            return np.zeros(3)
        shares = pivot_shares(pose.insertion_m, self._settings.flex_length_m)
        pivot = float((pose.direction - self._punctured) @ self._out.normal)
        return (shares.way - shares.turn) * pivot * self._out.normal

    @property
    def tip_covariance_m2(self) -> Matrix:
        """The covariance (3, 3) of the tip."""
        return self._offset()[1]

    @property
    def direction_covariance(self) -> Matrix:
        """The covariance (3, 3) of the direction, in square radians."""
        return self._turn()[1]

    def unbent(self, pose: GuidePose) -> tuple[Vector, Vector]:
        """Return tip and direction, (3,) each, of a needle that bends by the guide's pivot alone."""
        return flexed(pose, self._punctured, self._settings.flex_length_m)

    def _offset(self) -> tuple[Vector, Matrix]:
        """Return what the tip is beside a needle that bends by the pivot alone (3,), and its covariance."""
        known = SUM @ self._state, SUM @ self._covariance @ SUM.T
        return known if self._out is None else self._out.placed(*known)

    def _turn(self) -> tuple[Vector, Matrix]:
        """Return what the shaft's direction is off by (3,), and its covariance."""
        known = self._bend, self._bend_covariance
        return known if self._out is None else self._out.turned(*known)

    def move_on(self, dt_s: float, pose: GuidePose, view: Shown) -> None:
        """Let knowledge age to a pose, ``dt_s`` after the one before; ``view`` is the tip as it was expected in it."""
        if not self._begun:
            self._covariance[:3, :3], self._begun = self._registration(view), True
        if pose.insertion_m > 0:
            self._predict(dt_s, pose, self._hidden_way(view, pose), self._known_way(view, pose))
        else:
            self._move_in_air(pose)
        self._before = pose

    def puncture(self, pose: GuidePose) -> None:
        """Note how the guide points as the needle goes in, and forget it once it is out."""
        if pose.insertion_m <= 0:
            self._punctured = self._out = None
        elif self._punctured is None:
            self._punctured = pose.direction

    def tell(self, told: tuple[Elevation | None, ...], normal: Vector) -> None:
        """Take where a sweep saw the parts of the shaft; ``normal`` (3,) is that of the plane.

        One that is over and did not find the needle makes what earlier ones told doubtful: nobody is to rely on it.
        """
        if self._punctured is None or not told:
            return
        if self._out is None and any(part is not None for part in told):
            offset_m, covariance_m2 = self._offset()
            sigma_m = float(np.sqrt(normal @ covariance_m2 @ normal))
            slope = float(normal @ self._bend)
            self._out = OutOfPlane(normal, float(normal @ offset_m), sigma_m, slope)
        if self._out is not None and not self._out.tell(told, self._settings.outlier_chi2):
            self._out.doubt()

    def _registration(self, view: Shown) -> Matrix:
        """Return how unsure (3, 3) the tip is before anything is seen; along one view's X-rays, as the robot is."""
        spread: Matrix = np.eye(3) * self._settings.registration_sigma_m**2
        if view.off_plane_m is None and self._views == 1:
            along = np.outer(view.unseen, view.unseen)
            spread = spread @ (np.eye(3) - along) + along * self._settings.robot_sigma_m**2
        return spread

    def _hidden_way(self, view: Shown, pose: GuidePose) -> Vector | None:
        """Return the way (3,) across the shaft in which no view shows a bow but by the tip's place along the shaft."""
        if view.off_plane_m is not None or self._views > 1:
            return None
        way = view.unseen - (view.unseen @ pose.direction) * pose.direction
        length = float(np.linalg.norm(way))
        return None if length < ALONG_THE_RAY else way / length

    def _known_way(self, view: Shown, pose: GuidePose) -> Vector | None:
        """Return the way (3,) in, along which an ultrasound image is to be told apart, None where it is not."""
        if view.off_plane_m is None or self._settings.echo_end_time_s == 0.0:
            return None
        return way_in(self.unbent(pose)[0], pose)

    def _predict(
        self, dt_s: float, pose: GuidePose, hidden: Vector | None, known: Vector | None
    ) -> None:
        """Let knowledge age by time, advance and pivot; a hidden bow is kept by the tissue as it was last seen.

        What the breath adds to a hidden bow goes with it: it is measured at rest alone.
        """
        settings, before = self._settings, self._before
        way_m = 0.0 if before is None else pose.insertion_m - before.insertion_m
        advance_m = abs(way_m)
        grown = (settings.bend_sigma_per_m * advance_m) ** 2 + drifted_m2(
            dt_s, pose.insertion_m, self._covariance[:3, :3], settings
        )
        self._covariance[:3, :3] += grown * growth(known, settings)
        if self._out is not None:
            self._out.predict(way_m, dt_s)
        across = np.eye(3) - np.outer(pose.direction, pose.direction)
        unseen = np.zeros((3, 3)) if hidden is None else np.outer(hidden, hidden)
        kept = float(np.exp(-dt_s / settings.bow_time_s))
        decay = np.eye(6)
        decay[3:, 3:] = kept * (np.eye(3) - unseen) + unseen
        self._state = decay @ self._state
        self._covariance = decay @ self._covariance @ decay.T
        grows = (1.0 - kept**2) * bow_m2(pose, self._punctured, settings) * (across - unseen)
        if before is not None:
            grows += hidden_growth_m2(before, pose, settings) * unseen
        self._covariance[3:, 3:] += grows
        turned = (2.0 * advance_m) ** 2 + 0.01**2 * dt_s
        self._bend = across @ self._bend
        self._bend_covariance = across @ self._bend_covariance @ across + turned * across

    def _move_in_air(self, pose: GuidePose) -> None:
        """Let knowledge age by the tip's way alone: nothing bends it, but registration differs from place to place."""
        if self._before is not None:
            moved_m = float(np.linalg.norm(straight_tip(pose) - straight_tip(self._before)))
            self._covariance[:3, :3] += (self._settings.bend_sigma_per_m * moved_m) ** 2 * np.eye(3)

    def see(
        self,
        seen: NeedleTrack,
        view: Shown,
        pose: GuidePose,
        dt_s: float,
        late_s: float,
        *,
        at_rest: bool,
    ) -> bool:
        """Fuse a sighting; return False when it is unsound, or too far from what was predicted."""
        tip_px, covariance_px2 = seen.tip_px, seen.tip_covariance_px2
        if seen.image_tip_px is not None and seen.image_covariance_px2 is not None:
            tip_px, covariance_px2 = seen.image_tip_px, seen.image_covariance_px2
        if not is_sound(tip_px, covariance_px2, *seen.direction, seen.direction_sigma_rad):
            return False
        settings, scale = self._settings, np.diag(view.spacing_m)
        residual = scale @ (tip_px - view.px)
        noise = scale @ covariance_px2 @ scale + np.eye(2) * settings.image_sigma_m**2
        # An echo fades before the tip does, or goes on beyond it: only along the shaft.
        noise += settings.tip_end_sigma_m**2 * np.outer(seen.direction, seen.direction)
        noise += (
            settings.drift_sigma_mps**2
            + bow_m2(pose, self._punctured, settings) / settings.bow_time_s
        ) * (late_s * np.eye(2))
        rows = view.across @ SUM
        off = view.across @ SUM @ self._state + scale @ (seen.tip_px - view.px)
        if float(np.linalg.norm(off)) > settings.offset_limit_m:
            return False
        if view.off_plane_m is None:
            ways = self._shown_ways(scale @ seen.direction, noise, at_rest=at_rest)
            rows, residual, noise = ways @ rows, ways @ residual, ways @ noise @ ways.T
        innovation = rows @ self._covariance @ rows.T + noise
        if residual @ np.linalg.solve(innovation, residual) > settings.outlier_chi2:
            return False
        if not self._see_bend(seen, view, pose):
            return False
        if view.off_plane_m is None:
            self._fuse_x_ray(rows, residual, noise, view, pose, dt_s)
        else:
            apart = self._known_way(view, pose), view.across, dt_s, settings
            self._covariance, noise = told_apart(self._covariance, noise, *apart)
            self._fuse_slice(rows, residual, noise, view, dt_s)
        return True

    def _fuse_slice(
        self, rows: Matrix, residual: Vector, noise: Matrix, view: Shown, dt_s: float
    ) -> None:
        """Fuse a sighting in an ultrasound image, and that the needle lies in its slice at all."""
        if view.slice_sigma_m is not None and view.off_plane_m is not None:
            # Being out of the plane is no fresh error on every frame: many frames must not average it away.
            frames = max(1.0, 2 * self._settings.slice_correlation_s / max(dt_s, 1e-3))
            rows = np.vstack([rows, view.unseen @ SUM])
            residual = np.append(residual, -view.off_plane_m)
            slice_m = self._settings.slice_factor * view.slice_sigma_m
            noise = independent(noise, slice_m**2 * frames)
        self._state, self._covariance = fused(self._state, self._covariance, rows, residual, noise)

    def _shown_ways(self, shaft: Vector, noise: Matrix, *, at_rest: bool) -> Matrix:
        """Return the ways (n, 2) in which an X-ray image shows the tip: across the shaft's shadow, perhaps along it.

        The robot knows how deep the needle is, so where the tip lies along its shaft's shadow shows the part of
        its bow that the image hides, and is worth its error times the tangent of the angle between shaft and
        ray. It is taken only where that error is small: the tip is clear of other metal, and the breath,
        which bows the needle too, is at rest.
        """
        way = shaft / np.linalg.norm(shaft)
        side = np.array([[-way[1], way[0]]])
        if way @ noise @ way > self._settings.along_shaft_sigma_m**2 or not at_rest:
            return side
        return np.vstack([side, way])

    def _fuse_x_ray(
        self,
        rows: Matrix,
        residual: Vector,
        noise: Matrix,
        view: Shown,
        pose: GuidePose,
        dt_s: float,
    ) -> None:
        """Fuse where a tip lies across its shaft's shadow, then along it where that is shown."""
        # No fresh error on every frame: many frames must not average it away.
        frames = max(1.0, 2 * self._settings.along_shaft_correlation_s / max(dt_s, 1e-3))
        wider = np.sqrt([1.0, frames])[: len(rows)]
        self._state, self._covariance = fused_shadow(
            (self._state, self._covariance),
            rows,
            residual,
            noise * np.outer(wider, wider),
            shaft=self.direction(pose),
            ray=None if self._views > 1 else view.unseen,
            hidden=self._hidden_way(view, pose),
        )

    def _see_bend(self, seen: NeedleTrack, view: Shown, pose: GuidePose) -> bool:
        """Fuse how the shaft is turned in the image; False when no needle is turned so.

        A shaft that is seen from near its end turns by more in the image than it is bent.
        """
        expected = view.across @ self.unbent(pose)[1]
        length = max(float(np.linalg.norm(expected)), ALONG_THE_RAY)
        direction = np.array(view.spacing_m) * seen.direction
        turn = np.arctan2(direction[1], direction[0]) - np.arctan2(expected[1], expected[0])
        rows = (np.array([[-expected[1], expected[0]]]) @ view.across) / length**2
        off = float((turn - float(rows[0] @ self._bend) + np.pi) % (2 * np.pi) - np.pi)
        noise = np.array([[seen.direction_sigma_rad**2]])
        variance = float((rows @ self._bend_covariance @ rows.T + noise)[0, 0])
        if off**2 > self._settings.outlier_chi2 * variance:
            return False
        self._bend, self._bend_covariance = fused(
            self._bend, self._bend_covariance, rows, np.array([off]), noise
        )
        return True
