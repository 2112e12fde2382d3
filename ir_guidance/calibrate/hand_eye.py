# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Hand-eye calibration: how a sensor sits on a robot's hand, from poses of the hand and what the sensor saw.

AX = XB with X the sensor's place on the hand (Park and Martin, IEEE Trans. Robot. Autom. 10, 1994):
the rotation from the axes of the motions, then the translation by least squares. OpenCV 5 has no
such function in its main modules any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.spatial.transform import Rotation

from ir_guidance.calibrate import CalibrationError
from ir_guidance.geometry import transform
from ir_guidance.values import Matrix

FEWEST_POSES = 4
LEAST_TURN_RAD = np.radians(5.0)
LEAST_SPREAD_RAD = np.radians(5.0)
WORST_RAD, WORST_M = np.radians(2.0), 0.005
"""Residuals at which the poses are no pairs, or the target has moved."""


@dataclass(frozen=True, slots=True, eq=False)
class HandEyeCalibration:
    """``hand_from_eye`` 4x4 in metres; residuals of AX = XB over all pairs of poses, root mean square."""

    hand_from_eye: Matrix
    rotation_rms_rad: float
    translation_rms_m: float


def calibrate_hand_eye(base_from_hand: Matrix, eye_from_target: Matrix) -> HandEyeCalibration:
    """Return the sensor's place on the hand from n poses of each, (n, 4, 4), metres; the target stands still.

    Raises:
        CalibrationError: There are too few poses, all turns have one axis (the place along it is not
            seen), or nothing fits.
    """
    if base_from_hand.shape != eye_from_target.shape:
        raise CalibrationError(
            f"{len(base_from_hand)} poses of the hand and {len(eye_from_target)} of the target; give pairs"
        )
    if len(base_from_hand) < FEWEST_POSES:
        raise CalibrationError(
            f"only {len(base_from_hand)} pairs of poses, {FEWEST_POSES} are needed; record more"
        )
    first, second = np.array(list(combinations(range(len(base_from_hand)), 2))).T
    hand = np.linalg.inv(base_from_hand[second]) @ base_from_hand[first]
    eye = eye_from_target[second] @ np.linalg.inv(eye_from_target[first])
    hand_axes, eye_axes = (
        Rotation.from_matrix(each[:, :3, :3]).as_rotvec() for each in (hand, eye)
    )
    turned = np.linalg.norm(hand_axes, axis=1) > LEAST_TURN_RAD
    _check_axes(hand_axes[turned])
    rotation, _ = Rotation.align_vectors(hand_axes[turned], eye_axes[turned])
    turn = rotation.as_matrix()
    design = (hand[:, :3, :3] - np.eye(3)).reshape(-1, 3)
    wanted_m = (eye[:, :3, 3] @ turn.T - hand[:, :3, 3]).ravel()
    place_m = np.linalg.lstsq(design, wanted_m, rcond=None)[0]
    hand_from_eye = transform(turn, place_m)
    left, right = hand @ hand_from_eye, hand_from_eye @ eye
    turns = Rotation.from_matrix(left[:, :3, :3]).inv() * Rotation.from_matrix(right[:, :3, :3])
    rotation_rms_rad = float(np.sqrt((turns.magnitude() ** 2).mean()))
    off_m = np.linalg.norm(left[:, :3, 3] - right[:, :3, 3], axis=1)
    translation_rms_m = float(np.sqrt((off_m**2).mean()))
    if rotation_rms_rad > WORST_RAD or translation_rms_m > WORST_M:
        raise CalibrationError(
            f"the poses are no pairs, or the target moved: residual {np.degrees(rotation_rms_rad):.1f} degrees, "
            f"{translation_rms_m * 1e3:.1f} mm; check the rows' order and which pose is whose"
        )
    return HandEyeCalibration(hand_from_eye, rotation_rms_rad, translation_rms_m)


def _check_axes(axes: Matrix) -> None:
    spread = np.linalg.svd(axes, compute_uv=False) / np.sqrt(max(len(axes), 1))
    if len(spread) < 2 or spread[1] < LEAST_SPREAD_RAD:
        raise CalibrationError(
            "the hand turned about one axis only; turn it about two axes at least, by 10 degrees and more"
        )
