# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""One image plane and the robot's joints: where the needle and the target are, and how sure that is."""

from __future__ import annotations

import numpy as np

from ir_guidance.geometry import base_from_px, px_from_base
from ir_guidance.kinematics import guide_pose, straight_tip
from ir_guidance.localise.breathing import Breath
from ir_guidance.localise.settings import LocaliseSettings
from ir_guidance.values import (
    NS_PER_S,
    Fix,
    GuidePose,
    Matrix,
    NeedleTrack,
    ProbeGeometry,
    RobotState,
    ShaftPrior,
    TargetTrack,
    Track,
    Vector,
)


class Localiser:
    """Kalman filters on the tip's offset from the straight needle, and on the target.

    The robot's joints say where a needle that does not bend would be. What is estimated is the
    difference: registration and bend. It grows uncertain with advance and time, an image pins it
    down in the plane, and that a needle is seen at all pins it to the beam's thickness out of it.
    """

    def __init__(self, settings: LocaliseSettings) -> None:
        """Start without knowledge of needle or target."""
        self._settings = settings
        self.reset()

    def reset(self) -> None:
        """Forget everything, as for a new patient or a moved probe."""
        self._offset_m = np.zeros(3)
        self._offset_cov = np.eye(3) * self._settings.registration_sigma_m**2
        self._bend_rad = 0.0
        self._bend_var = 0.03**2
        self._insertion_m: float | None = None
        self._steady_ns: int | None = None
        self._coasted = 0
        self._target: tuple[Vector, Matrix] | None = None
        self._target_coasted = 0
        self._breath = Breath(self._settings.breathing)

    def prior(self, geometry: ProbeGeometry, robot: RobotState) -> ShaftPrior:
        """Return where the shaft is expected in the image, for the tracker to search near."""
        pose = guide_pose(robot.position)
        entry_px, _ = px_from_base(pose.remote_centre_m, geometry)
        tip_px, _ = px_from_base(straight_tip(pose) + self._offset_m, geometry)
        return ShaftPrior(entry_px=entry_px, tip_px=tip_px)

    def step(
        self, track: Track, geometry: ProbeGeometry, robot: RobotState, image_size: tuple[int, int]
    ) -> Fix:
        """Return the fix of one frame; ``robot`` is its state when the frame was acquired, size is (u, v)."""
        pose = guide_pose(robot.position)
        dt_s = (
            0.0
            if self._steady_ns is None
            else (track.acquired_steady_ns - self._steady_ns) / NS_PER_S
        )
        advance_m = 0.0 if self._insertion_m is None else abs(pose.insertion_m - self._insertion_m)
        self._steady_ns, self._insertion_m = track.acquired_steady_ns, pose.insertion_m
        if pose.insertion_m > 0:  # in air nothing bends the needle
            self._predict(max(dt_s, 0.0), advance_m)
        accepted = track.needle is not None and self._see_needle(track.needle, geometry, pose, dt_s)
        must_be_seen = self._in_view(pose, geometry, image_size)
        self._coasted = 0 if accepted or not must_be_seen else self._coasted + 1
        self._follow_target(track.target, geometry, max(dt_s, 0.0), track.acquired_steady_ns)
        return self._fix(track, geometry, pose)

    def _predict(self, dt_s: float, advance_m: float) -> None:
        grown = (self._settings.bend_sigma_per_m * advance_m) ** 2
        grown += self._settings.drift_sigma_mps**2 * dt_s
        self._offset_cov = self._offset_cov + np.eye(3) * grown
        self._bend_var += (2.0 * advance_m) ** 2 + 0.01**2 * dt_s

    def _see_needle(
        self, seen: NeedleTrack, geometry: ProbeGeometry, pose: GuidePose, dt_s: float
    ) -> bool:
        """Fuse a sighting; return False when it is unsound, or too far from what was predicted."""
        if not _sound(
            seen.tip_px, seen.tip_covariance_px2, *seen.direction, seen.direction_sigma_rad
        ):
            return False
        scale = np.diag(geometry.spacing_m)
        axes = geometry.base_from_image[:3, :3].T  # rows: image x, image y, out of the plane
        residual = axes @ (
            base_from_px(seen.tip_px, geometry) - straight_tip(pose) - self._offset_m
        )
        noise = np.zeros((3, 3))
        noise[:2, :2] = scale @ seen.tip_covariance_px2 @ scale
        noise[:2, :2] += np.eye(2) * self._settings.image_sigma_m**2
        # An echo fades before the tip does, or goes on beyond it: only along the shaft.
        noise[:2, :2] += self._settings.tip_end_sigma_m**2 * np.outer(
            seen.direction, seen.direction
        )
        # Being out of the plane is no fresh error on every frame: many frames must not average it away.
        frames = max(1.0, 2 * self._settings.slice_correlation_s / max(dt_s, 1e-3))
        noise[2, 2] = (self._settings.slice_factor * geometry.slice_sigma_m) ** 2 * frames
        innovation = axes @ self._offset_cov @ axes.T + noise
        plane = residual[:2]
        if plane @ np.linalg.solve(innovation[:2, :2], plane) > self._settings.outlier_chi2:
            return False
        gain = self._offset_cov @ axes.T @ np.linalg.inv(innovation)
        keep = np.eye(3) - gain @ axes
        self._offset_m = self._offset_m + gain @ residual
        self._offset_cov = keep @ self._offset_cov @ keep.T + gain @ noise @ gain.T
        self._see_direction(seen, geometry, pose)
        return True

    def _see_direction(self, seen: NeedleTrack, geometry: ProbeGeometry, pose: GuidePose) -> None:
        """Fuse the shaft's angle in the plane, as its difference from the guide's."""
        expected = geometry.base_from_image[:3, :2].T @ pose.direction
        direction = np.array(geometry.spacing_m) * seen.direction
        turn = np.arctan2(direction[1], direction[0]) - np.arctan2(expected[1], expected[0])
        turn = float((turn + np.pi) % (2 * np.pi) - np.pi)
        gain = self._bend_var / (self._bend_var + seen.direction_sigma_rad**2)
        self._bend_rad += gain * (turn - self._bend_rad)
        self._bend_var *= 1.0 - gain

    def _in_view(
        self, pose: GuidePose, geometry: ProbeGeometry, image_size: tuple[int, int]
    ) -> bool:
        """Return whether so much of the needle is inside the image that it must be seen."""
        if pose.insertion_m <= 0:
            return False
        back_m = self._settings.view_margin_m
        behind = straight_tip(pose) + self._offset_m - back_m * pose.direction
        (u, v), _ = px_from_base(behind, geometry)
        return bool(0 <= u < image_size[0] and 0 <= v < image_size[1] and pose.insertion_m > back_m)

    def _follow_target(
        self, seen: TargetTrack | None, geometry: ProbeGeometry, dt_s: float, steady_ns: int
    ) -> None:
        settings = self._settings
        if self._target is not None:
            point, covariance = self._target
            self._target = point, covariance + np.eye(3) * (settings.target_speed_mps * dt_s) ** 2
        if seen is None or not _sound(seen.px, seen.covariance_px2):
            self._target_coasted += 1
            return
        axes = geometry.base_from_image[:3, :3].T
        scale = np.diag(geometry.spacing_m)
        noise = np.zeros((3, 3))
        noise[:2, :2] = scale @ seen.covariance_px2 @ scale + np.eye(2) * settings.image_sigma_m**2
        noise[2, 2] = settings.target_plane_sigma_m**2
        measured = base_from_px(seen.px, geometry)
        if self._target is None or self._target_coasted > 3:
            self._target = measured, axes.T @ noise @ axes
        else:
            point, covariance = self._target
            gain = covariance @ axes.T @ np.linalg.inv(axes @ covariance @ axes.T + noise)
            keep = np.eye(3) - gain @ axes
            self._target = (
                point + gain @ axes @ (measured - point),
                keep @ covariance @ keep.T + gain @ noise @ gain.T,
            )
        self._target_coasted = 0
        self._breath.update(steady_ns, self._target[0])

    def _fix(self, track: Track, geometry: ProbeGeometry, pose: GuidePose) -> Fix:
        normal = geometry.base_from_image[:3, 2]
        direction = _turned(pose.direction, normal, self._bend_rad)
        across = np.eye(3) - np.outer(direction, direction)
        return Fix(
            sequence=track.sequence,
            stamp_ns=track.stamp_ns,
            acquired_steady_ns=track.acquired_steady_ns,
            tip_m=straight_tip(pose) + self._offset_m,
            tip_covariance_m2=self._offset_cov,
            direction=direction,
            direction_covariance=across * self._bend_var,
            target_m=None if self._target is None else self._target[0],
            target_covariance_m2=None if self._target is None else self._target[1],
            insertion_m=pose.insertion_m,
            target_rest_m=self._breath.rest_m,
            breath_m=self._breath.displacement_m,
            breath_rate_mps=self._breath.rate_mps,
            breath_period_s=self._breath.period_s,
            geometry_epoch=geometry.epoch,
            coasted=self._coasted,
            target_coasted=self._target_coasted,
        )


def _sound(px: Vector, covariance_px2: Matrix, *others: float) -> bool:
    """Return whether a sighting can be fused at all: finite, with a covariance that is one."""
    numbers = (*px, *covariance_px2.flat, *others)
    return bool(np.isfinite(numbers).all() and np.linalg.eigvalsh(covariance_px2)[0] > 0)


def _turned(vector: Vector, axis: Vector, angle_rad: float) -> Vector:
    """Return a vector turned about a unit axis (Rodrigues); the image turns x to y about its z."""
    cos, sin = np.cos(angle_rad), np.sin(angle_rad)
    turned: Vector = (
        vector * cos + np.cross(axis, vector) * sin + axis * (axis @ vector) * (1 - cos)
    )
    return turned
