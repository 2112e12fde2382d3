# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""One image and the robot's joints: where the needle and the target are, and how sure that is."""

from __future__ import annotations

import numpy as np

from ir_guidance.geometry import px_from_base
from ir_guidance.kinematics import guide_pose
from ir_guidance.localise.needle import NeedleFilter
from ir_guidance.localise.settings import LocaliseSettings
from ir_guidance.localise.shown import ImageGeometry, Size, shown
from ir_guidance.localise.sweep import PARTS_M, Sweep
from ir_guidance.localise.target import Place, TargetFilter
from ir_guidance.values import (
    NS_PER_S,
    Fix,
    GuidePose,
    Plane,
    ProbeGeometry,
    RobotState,
    ShaftPrior,
    Track,
    Vector,
)


class Localiser:
    """Fuses image after image, and what the robot measured, into needle and target.

    Where they are is known by two filters, ``NeedleFilter`` and ``TargetFilter``; what is done here is to
    lead each image to them, late ones and those of a sweep too, and to count those that showed nothing.
    """

    def __init__(self, settings: LocaliseSettings, views: int = 1) -> None:
        """Start without knowledge of needle or target; ``views`` are the planes of a C-arm."""
        self._settings, self._views = settings, views
        self.reset()

    def reset(self) -> None:
        """Forget everything, as for a new patient or a moved probe."""
        self._needle = NeedleFilter(self._settings, self._views)
        self._steady_ns: int | None = None
        self._coasted: dict[int, int] = {}
        self._sweep = Sweep()
        self.select_target()

    def select_target(self, place: Place | None = None) -> None:
        """Follow another target from now on; one X-ray view shows none without its place."""
        self._target = TargetFilter(self._settings, place, self._views)

    def prior(self, geometry: ImageGeometry, robot: RobotState, size: Size) -> ShaftPrior:
        """Return where the shaft is expected in the image, for the tracker to search near."""
        pose = guide_pose(robot.position)
        tip_px = shown(self._needle.tip_m(pose), geometry, size).px
        return ShaftPrior(shown(pose.remote_centre_m, geometry, size).px, tip_px)

    def swept_shaft(
        self, geometry: ImageGeometry, robot: RobotState, size: Size
    ) -> tuple[tuple[Vector, Vector], ...]:
        """Return the parts of the shaft in an image of a sweep, each from (u, v) towards the tip; none of any other."""
        pose = guide_pose(robot.position)
        if not isinstance(geometry, ProbeGeometry) or not self._sweep.is_swept(geometry):
            return ()
        tip_m, direction = self._needle.tip_m(pose), self._needle.direction(pose)
        return tuple(
            (
                shown(tip_m - last_m * direction, geometry, size).px,
                shown(tip_m - first_m * direction, geometry, size).px,
            )
            for first_m, last_m in PARTS_M
        )

    def step(
        self,
        track: Track,
        geometry: ImageGeometry,
        robot: RobotState,
        size: Size,
        view: int = 0,
        contrasts: tuple[float | None, ...] = (),
    ) -> Fix | None:
        """Return the fix of one frame, None of one that is older than another view's newest.

        Such a frame still counts, for less the older it is, up to ``late_s``; none older than that does.
        ``robot`` is its state when the frame was acquired, size is (u, v); ``contrasts`` is what the parts of
        ``swept_shaft`` stand out by in an image of a sweep.
        """
        pose, steady_ns = guide_pose(robot.position), track.acquired_steady_ns
        dt_s = 0.0 if self._steady_ns is None else (steady_ns - self._steady_ns) / NS_PER_S
        if dt_s < -self._settings.late_s:
            return None
        self._needle.puncture(pose)
        if dt_s >= 0:
            expected = shown(self._needle.tip_m(pose), geometry, size)
            self._needle.move_on(dt_s, pose, expected)
            self._steady_ns = steady_ns
        late_s, dt_s = max(-dt_s, 0.0), max(dt_s, 0.0)
        self._follow_probe(geometry, pose, contrasts, steady_ns)
        self._target.step(
            track.target, geometry, size, dt_s, steady_ns, view, late_s, self._sweep.laid
        )
        seen_from = shown(self._needle.tip_m(pose), geometry, size)
        accepted = track.needle is not None and self._needle.see(
            track.needle, seen_from, pose, dt_s, late_s, at_rest=self._target.at_rest
        )
        must_be_seen = self._in_view(pose, geometry, size)
        missed = 0 if accepted or not must_be_seen else self._coasted.get(view, 0) + 1
        if self._sweep.plane is Plane.SWEPT and not accepted:
            missed = self._coasted.get(view, 0)  # the image is aside
        self._coasted[view] = missed
        return None if late_s > 0 else self._fix(track, geometry.epoch, seen_from.unseen, pose)

    def _follow_probe(
        self,
        geometry: ImageGeometry,
        pose: GuidePose,
        contrasts: tuple[float | None, ...],
        steady_ns: int,
    ) -> None:
        """Follow a tracked probe, and take what a sweep that is over tells of the needle out of the plane."""
        if not isinstance(geometry, ProbeGeometry):
            return
        if self._target.at_rest:
            tip_m, direction = self._needle.unbent(pose)
            for part, contrast in enumerate(contrasts):
                if contrast is not None:
                    middle_m = tip_m - float(np.mean(PARTS_M[part])) * direction
                    self._sweep.add(part, px_from_base(middle_m, geometry)[1], contrast)
        told = self._sweep.step(geometry, steady_ns)
        self._needle.tell(told, geometry.base_from_image[:3, 2])

    def _in_view(self, pose: GuidePose, geometry: ImageGeometry, size: Size) -> bool:
        """Return whether so much of the needle is inside the image that it must be seen."""
        if pose.insertion_m <= 0:
            return False
        back_m = self._settings.view_margin_m
        u, v = shown(self._needle.tip_m(pose) - back_m * pose.direction, geometry, size).px
        return bool(0 <= u < size[0] and 0 <= v < size[1] and pose.insertion_m > back_m)

    def _fix(self, track: Track, epoch: int, unseen: Vector, pose: GuidePose) -> Fix:
        target, breath = self._target, self._target.breath
        return Fix(
            sequence=track.sequence,
            stamp_ns=track.stamp_ns,
            acquired_steady_ns=track.acquired_steady_ns,
            tip_m=self._needle.tip_m(pose),
            tip_covariance_m2=self._needle.tip_covariance_m2,
            direction=self._needle.direction(pose),
            direction_covariance=self._needle.direction_covariance,
            target_m=target.point_m,
            target_covariance_m2=target.covariance_m2,
            insertion_m=pose.insertion_m,
            unseen=unseen,
            target_rest_m=breath.rest_m,
            breath_m=breath.displacement_m,
            breath_rate_mps=breath.rate_mps,
            breath_period_s=breath.period_s,
            geometry_epoch=epoch,
            coasted=min(self._coasted.values()),
            target_coasted=target.coasted,
            plane=self._sweep.plane,
        )
