# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Probe calibration: the pixels of a tracked ultrasound image in the probe marker's axes, from an N-wire phantom.

Least squares over the middle wires' cuts, as in Chen et al., Ultrasound Med. Biol. 35 (2009), and in
PLUS; the errors are those of Carbajal et al., Int. J. CARS 8 (2013): out of plane as well as in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from ir_guidance.calibrate import CalibrationError
from ir_guidance.calibrate.wires import NWire, shares
from ir_guidance.values import Matrix, Vector

FEWEST_FRAMES = 10
OUTLIER_SIGMA = 3.0
ROUNDS = 20
WORST_M = 0.002
"""A mean error that no tracked N-wire calibration in use has: then images, poses and phantom do not belong together."""


@dataclass(frozen=True, slots=True, eq=False)
class WireShots:
    """What n images showed: spots (n, k, 3, 2) in pixels, and the phantom in the probe's axes (n, 4, 4), metres."""

    spots_px: Matrix
    probe_from_phantom: Matrix

    def only(self, images: NDArray[np.intp]) -> WireShots:
        """Return some of the images."""
        return WireShots(self.spots_px[images], self.probe_from_phantom[images])


@dataclass(frozen=True, slots=True, eq=False)
class ProbeCalibration:
    """``probe_from_px`` is 4x4: from (u, v, 0, 1) in pixels to metres in the marker's axes.

    ``used`` (n, k) says which middle wires were fitted, the rest were outliers.
    ``skew_rad`` is how far the two image axes are from square: a warning of bad data.
    """

    probe_from_px: Matrix
    used: NDArray[np.bool_]
    skew_rad: float

    @property
    def spacing_m(self) -> tuple[float, float]:
        """Return the size of a pixel (across, down)."""
        across, down = np.linalg.norm(self.probe_from_px[:3, :2], axis=0)
        return float(across), float(down)


def calibrate_probe(shots: WireShots, wires: Sequence[NWire]) -> ProbeCalibration:
    """Return the calibration that fits the middle wires best, those beyond three sigma left out.

    Raises:
        CalibrationError: There are too few images, the spots do not span the image, or nothing fits.
    """
    count = len(shots.spots_px)
    if count < FEWEST_FRAMES:
        raise CalibrationError(
            f"only {count} images show every wire, {FEWEST_FRAMES} are needed; record more"
        )
    middles_px = shots.spots_px[:, :, 1].reshape(-1, 2)
    at_m = middles_in_probe_m(shots, wires).reshape(-1, 3)
    design = np.column_stack([middles_px, np.ones(len(middles_px))])
    if np.linalg.matrix_rank(design - design.mean(axis=0), tol=1.0) < 2:
        raise CalibrationError("the wires lie on one line in every image; use more than one N-wire")
    used = np.ones(len(design), bool)
    for _ in range(ROUNDS):
        fit = np.linalg.lstsq(design[used], at_m[used], rcond=None)[0]
        off_m = np.linalg.norm(design @ fit - at_m, axis=1)
        limit_m = off_m[used].mean() + OUTLIER_SIGMA * off_m[used].std()
        now = off_m <= limit_m
        if (now == used).all():
            break
        used = now
    if off_m[used].mean() > WORST_M:
        raise CalibrationError(
            f"images, poses and phantom do not go together: mean error {off_m[used].mean() * 1e3:.1f} mm, "
            f"{WORST_M * 1e3:g} mm at most; check PhantomToReference and which transforms were recorded"
        )
    across, down, origin_m = fit
    return ProbeCalibration(
        probe_from_px=_completed(across, down, origin_m),
        used=used.reshape(count, -1),
        skew_rad=_skew_rad(across, down),
    )


def middles_in_probe_m(shots: WireShots, wires: Sequence[NWire]) -> Matrix:
    """Return where the middle wires were cut (n, k, 3) in the probe's axes, by the phantom and the tracker."""
    on_phantom = np.stack(
        [wire.middle_m(shares(shots.spots_px[:, k])) for k, wire in enumerate(wires)], axis=1
    )
    moved: Matrix = _moved(shots.probe_from_phantom, on_phantom)
    return moved


def middle_errors_m(shots: WireShots, wires: Sequence[NWire], probe_from_px: Matrix) -> Matrix:
    """Return the distances (n, k) between the middle wires' spots, by the calibration, and where they were cut."""
    at_m = pixels_in_probe_m(shots.spots_px[:, :, 1], probe_from_px)
    errors: Matrix = np.linalg.norm(at_m - middles_in_probe_m(shots, wires), axis=-1)
    return errors


def held_out_errors_m(shots: WireShots, wires: Sequence[NWire], parts: int = 5) -> Matrix:
    """Return the middle wires' errors (n, k), each image judged by a calibration that never saw it.

    The recording is cut into ``parts`` pieces in its order, for neighbours are nearly the same image.

    Raises:
        CalibrationError: Too few images are left to calibrate with.
    """
    errors = []
    for piece in np.array_split(np.arange(len(shots.spots_px)), parts):
        others = np.setdiff1d(np.arange(len(shots.spots_px)), piece)
        fitted = calibrate_probe(shots.only(others), wires)
        errors.append(middle_errors_m(shots.only(piece), wires, fitted.probe_from_px))
    return np.concatenate(errors)


def wire_distances_m(shots: WireShots, wires: Sequence[NWire], probe_from_px: Matrix) -> Matrix:
    """Return how far (n, k, 3) every spot, by the calibration, lies from its wire."""
    at_m = pixels_in_probe_m(shots.spots_px, probe_from_px)
    phantom_from_probe = cast(Matrix, np.linalg.inv(shots.probe_from_phantom))
    on_phantom = _moved(phantom_from_probe, at_m.reshape(len(at_m), -1, 3)).reshape(at_m.shape)
    starts_m = np.stack([wire.ends_m[:, 0] for wire in wires])
    along = np.stack([wire.ends_m[:, 1] - wire.ends_m[:, 0] for wire in wires])
    along /= np.linalg.norm(along, axis=-1, keepdims=True)
    distances: Matrix = np.linalg.norm(np.cross(on_phantom - starts_m, along), axis=-1)
    return distances


def travels_m(
    shots: WireShots, wires: Sequence[NWire], probe_from_px: Matrix
) -> tuple[Vector, Vector]:
    """Return how far along the side wires each image was cut (n,), by its spots and by its pose; means over N-wires.

    Where the two differ by a shift in time, the images' stamps and the poses' are not on one clock.
    """
    by_spots, by_pose = [], []
    phantom_from_probe = cast(Matrix, np.linalg.inv(shots.probe_from_phantom))
    for k, wire in enumerate(wires):
        by_spots.append(wire.middle_m(shares(shots.spots_px[:, k])) @ wire.direction)
        usual_m = pixels_in_probe_m(shots.spots_px[:, k, 1].mean(axis=0), probe_from_px)
        on_phantom = phantom_from_probe[:, :3, :3] @ usual_m + phantom_from_probe[:, :3, 3]
        by_pose.append(on_phantom @ wire.direction)
    return np.mean(by_spots, axis=0), np.mean(by_pose, axis=0)


def pixels_in_probe_m(px: Matrix, probe_from_px: Matrix) -> Matrix:
    """Return points (..., 3) in metres in the marker's axes of pixels (..., 2)."""
    points: Matrix = px @ probe_from_px[:3, :2].T + probe_from_px[:3, 3]
    return points


def trimmed_mean(errors: Matrix, share: float = 0.95) -> float:
    """Return the mean of the smallest errors, a share of all: what PLUS reports, at 0.95."""
    ordered = np.sort(errors.ravel())
    return float(ordered[: max(int(share * len(ordered)), 1)].mean())


def _moved(a_from_b: Matrix, points_m: Matrix) -> Matrix:
    """Return points (n, k, 3), each image's moved by its own transform (n, 4, 4)."""
    moved: Matrix = (
        np.einsum("nij,nkj->nki", a_from_b[:, :3, :3], points_m) + a_from_b[:, None, :3, 3]
    )
    return moved


def _completed(across: Vector, down: Vector, origin_m: Vector) -> Matrix:
    """Return the 4x4 with a third axis square to the image, as long as the mean of the two: PLUS's form."""
    normal = np.cross(across, down)
    normal *= (np.linalg.norm(across) + np.linalg.norm(down)) / 2 / np.linalg.norm(normal)
    matrix = np.eye(4)
    matrix[:3] = np.stack([across, down, normal, origin_m], axis=1)
    return matrix


def _skew_rad(across: Vector, down: Vector) -> float:
    cosine = across @ down / (np.linalg.norm(across) * np.linalg.norm(down))
    return float(np.arcsin(np.clip(cosine, -1.0, 1.0)))
