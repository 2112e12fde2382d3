# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""One image and the robot's joints: where the needle and the target are, and how sure that is."""

from __future__ import annotations

import numpy as np

from ir_guidance.kinematics import guide_pose, straight_tip
from ir_guidance.localise.fusion import fused, independent, is_sound
from ir_guidance.localise.settings import LocaliseSettings
from ir_guidance.localise.shown import ImageGeometry, Shown, Size, shown
from ir_guidance.localise.target import Place, TargetFilter
from ir_guidance.values import (
    NS_PER_S,
    Fix,
    GuidePose,
    Matrix,
    NeedleTrack,
    RobotState,
    ShaftPrior,
    Track,
    Vector,
)

ALONG_THE_RAY = 1e-3  # sine of the angle between shaft and ray, below which no bend shows as one

SUM = np.hstack([np.eye(3), np.eye(3)])
"""Takes registration and bow (6,) to the tip's offset (3,)."""


class Localiser:
    """Kalman filters on the tip's offset from the straight needle, and on the target.

    The robot's joints say where a needle that does not bend would be. What is estimated is the
    difference, as the sum of two: registration and slow bend, which grow uncertain with advance and
    time; and the needle's bow, which comes and goes with tissue and breath, across the shaft alone.
    An image pins their sum down across its view. Out of an ultrasound image's plane, that a needle is
    seen at all pins it to the beam's thickness, and there is no need of a bow. Along an X-ray there is
    only the robot: the needle is in as far as it was advanced, so that part of any bow shows.
    """

    def __init__(self, settings: LocaliseSettings) -> None:
        """Start without knowledge of needle or target."""
        self._settings = settings
        self.reset()

    def reset(self) -> None:
        """Forget everything, as for a new patient or a moved probe."""
        self._state = np.zeros(6)  # registration and slow bend (3,), bow (3,)
        self._covariance = np.zeros((6, 6))
        self._bend_rad = 0.0
        self._bend_var = self._hidden_bend_var = 0.03**2
        self._before: GuidePose | None = None
        self._straight: Vector | None = None
        self._steady_ns: int | None = None
        self._coasted = 0
        self._target = TargetFilter(self._settings)

    def select_target(self, place: Place | None = None) -> None:
        """Follow another target from now on; X-rays show none without its place."""
        self._target = TargetFilter(self._settings, place)

    def prior(self, geometry: ImageGeometry, robot: RobotState, size: Size) -> ShaftPrior:
        """Return where the shaft is expected in the image, for the tracker to search near."""
        pose = guide_pose(robot.position)
        tip_px = shown(self._tip_m(pose), geometry, size).px
        return ShaftPrior(shown(pose.remote_centre_m, geometry, size).px, tip_px)

    def step(self, track: Track, geometry: ImageGeometry, robot: RobotState, size: Size) -> Fix:
        """Return the fix of one frame; ``robot`` is its state when the frame was acquired, size is (u, v)."""
        pose, steady_ns = guide_pose(robot.position), track.acquired_steady_ns
        dt_s = 0.0 if self._steady_ns is None else (steady_ns - self._steady_ns) / NS_PER_S
        if self._steady_ns is None:
            self._covariance[:3, :3] = self._registration(shown(self._tip_m(pose), geometry, size))
        if pose.insertion_m > 0:  # in air nothing bends the needle
            self._predict(max(dt_s, 0.0), pose)
        self._steady_ns, self._before = steady_ns, pose
        view = shown(self._tip_m(pose), geometry, size)
        accepted = track.needle is not None and self._see_needle(track.needle, view, pose, dt_s)
        must_be_seen = self._in_view(pose, geometry, size)
        self._coasted = 0 if accepted or not must_be_seen else self._coasted + 1
        self._target.step(track.target, geometry, size, max(dt_s, 0.0), steady_ns)
        return self._fix(track, geometry.epoch, view.unseen, pose)

    def _tip_m(self, pose: GuidePose) -> Vector:
        tip_m: Vector = straight_tip(pose) + SUM @ self._state
        return tip_m

    def _registration(self, view: Shown) -> Matrix:
        """Return how unsure (3, 3) the tip is before anything is seen; along an X-ray, as the robot is."""
        spread: Matrix = np.eye(3) * self._settings.registration_sigma_m**2
        if view.off_plane_m is None:
            along = np.outer(view.unseen, view.unseen)
            spread = spread @ (np.eye(3) - along) + along * self._settings.robot_sigma_m**2
        return spread

    def _predict(self, dt_s: float, pose: GuidePose) -> None:
        settings, before = self._settings, self._before
        advance_m = 0.0 if before is None else abs(pose.insertion_m - before.insertion_m)
        grown = (settings.bend_sigma_per_m * advance_m) ** 2 + settings.drift_sigma_mps**2 * dt_s
        self._covariance[:3, :3] += grown * np.eye(3)
        kept = float(np.exp(-dt_s / settings.bow_time_s))
        decay = np.diag([1.0, 1.0, 1.0, kept, kept, kept])
        self._state = decay @ self._state
        self._covariance = decay @ self._covariance @ decay
        across = np.eye(3) - np.outer(pose.direction, pose.direction)
        self._covariance[3:, 3:] += (1.0 - kept**2) * self._bow_m2(pose) * across
        turned = (2.0 * advance_m) ** 2 + 0.01**2 * dt_s
        self._bend_var += turned
        self._hidden_bend_var += turned

    def _bow_m2(self, pose: GuidePose) -> float:
        """Return the variance of the needle's bow at this depth, after this much pivoting."""
        if self._straight is None or self._before is None or self._before.insertion_m <= 0:
            self._straight = pose.direction
        turned = float(np.linalg.norm(pose.direction - self._straight))
        bow_m = 0.5 * self._settings.curvature_sigma_per_m * pose.insertion_m**2
        pivot_m = self._settings.pivot_sigma * turned * pose.insertion_m
        return bow_m**2 + pivot_m**2

    def _see_needle(self, seen: NeedleTrack, view: Shown, pose: GuidePose, dt_s: float) -> bool:
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
        rows = view.across @ SUM
        innovation = rows @ self._covariance @ rows.T + noise
        if residual @ np.linalg.solve(innovation, residual) > settings.outlier_chi2:
            return False
        off = view.across @ SUM @ self._state + scale @ (seen.tip_px - view.px)
        if float(np.linalg.norm(off)) > settings.offset_limit_m:
            return False
        turn_rad = self._turn(seen, view, pose)
        if turn_rad is None:
            return False
        if view.off_plane_m is not None and view.slice_sigma_m is not None:
            # Being out of the plane is no fresh error on every frame: many frames must not average it away.
            frames = max(1.0, 2 * settings.slice_correlation_s / max(dt_s, 1e-3))
            rows = np.vstack([rows, view.unseen @ SUM])
            residual = np.append(residual, -view.off_plane_m)
            noise = independent(noise, (settings.slice_factor * view.slice_sigma_m) ** 2 * frames)
        self._state, self._covariance = fused(self._state, self._covariance, rows, residual, noise)
        gain = self._bend_var / (self._bend_var + seen.direction_sigma_rad**2)
        self._bend_rad += gain * turn_rad
        self._bend_var *= 1.0 - gain
        return True

    def _turn(self, seen: NeedleTrack, view: Shown, pose: GuidePose) -> float | None:
        """Return by how much more the shaft is turned in the image than is thought; None when that is no needle's.

        A shaft that is seen from near its end turns by more in the image than it is bent.
        """
        expected = view.across @ pose.direction
        direction = np.array(view.spacing_m) * seen.direction
        turn = np.arctan2(direction[1], direction[0]) - np.arctan2(expected[1], expected[0])
        turn = float((turn - self._bend_rad + np.pi) % (2 * np.pi) - np.pi)
        variance = self._bend_var / max(float(expected @ expected), ALONG_THE_RAY**2)
        variance += seen.direction_sigma_rad**2
        return None if turn**2 > self._settings.outlier_chi2 * variance else turn

    def _in_view(self, pose: GuidePose, geometry: ImageGeometry, size: Size) -> bool:
        """Return whether so much of the needle is inside the image that it must be seen."""
        if pose.insertion_m <= 0:
            return False
        back_m = self._settings.view_margin_m
        u, v = shown(self._tip_m(pose) - back_m * pose.direction, geometry, size).px
        return bool(0 <= u < size[0] and 0 <= v < size[1] and pose.insertion_m > back_m)

    def _fix(self, track: Track, epoch: int, unseen: Vector, pose: GuidePose) -> Fix:
        direction = _turned(pose.direction, unseen, self._bend_rad)
        target, breath = self._target, self._target.breath
        return Fix(
            sequence=track.sequence,
            stamp_ns=track.stamp_ns,
            acquired_steady_ns=track.acquired_steady_ns,
            tip_m=self._tip_m(pose),
            tip_covariance_m2=SUM @ self._covariance @ SUM.T,
            direction=direction,
            direction_covariance=self._direction_covariance(direction, unseen),
            target_m=target.point_m,
            target_covariance_m2=target.covariance_m2,
            insertion_m=pose.insertion_m,
            target_rest_m=breath.rest_m,
            breath_m=breath.displacement_m,
            breath_rate_mps=breath.rate_mps,
            breath_period_s=breath.period_s,
            geometry_epoch=epoch,
            coasted=self._coasted,
            target_coasted=target.coasted,
        )

    def _direction_covariance(self, direction: Vector, unseen: Vector) -> Matrix:
        """Return the covariance (3, 3): what shows of the bend is known, the rest is not."""
        across = np.eye(3) - np.outer(direction, direction)
        shows = np.cross(unseen, direction)
        length = float(np.linalg.norm(shows))
        if length < ALONG_THE_RAY:
            return across * self._hidden_bend_var
        seen = np.outer(shows, shows) / length**2
        covariance: Matrix = across * self._hidden_bend_var
        return covariance - seen * (self._hidden_bend_var - self._bend_var)


def _turned(vector: Vector, axis: Vector, angle_rad: float) -> Vector:
    """Return a vector turned about a unit axis (Rodrigues); the image turns u to v about what it does not show."""
    cos, sin = np.cos(angle_rad), np.sin(angle_rad)
    turned: Vector = (
        vector * cos + np.cross(axis, vector) * sin + axis * (axis @ vector) * (1 - cos)
    )
    return turned
