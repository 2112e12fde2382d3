# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""CT to X-ray registration: the rigid motion that makes simulated views of a CT look like the images.

Coarse to fine, images are compared by the correlation of what stands out locally, each pixel against the
mean and the spread about it (local normalisation; LaRose, Carnegie Mellon University, 2001): a display's
gamma, flattening and scatter change the coarse, and leave that. Half the squared distance of images of zero
mean and unit norm is one less their correlation, so that Levenberg and Marquardt's method serves, with a
few images an iteration.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ir_guidance.calibrate import CalibrationError
from ir_guidance.geometry import small_motion
from ir_guidance.values import Matrix, Pixels, Vector

Image32 = NDArray[np.float32]
Mask = NDArray[np.bool_]
Render = Callable[[Matrix, int], Sequence[Image32]]
"""Views (side, side) of the volume after a motion 4x4 in the isocentre's axes, in metres, as line integrals."""

LEVER_M = 0.10
"""Arm at which a turn counts as much as a shift: half the size of what is looked at."""

MARGIN, WHOLE, LEAST_SHARE = 0.06, 0.999, 0.15
"""Border left out, share of a pixel that must be valid, share of the image that must be."""

LOCAL, FLAT = 0.10, 1e-3
"""Width (1 sigma) of what is local, as a share of the image; share of the whole's spread below which all is flat."""

FLAT_PX = 9
"""Width of an area in one grey level, to the digit, that is no tissue: X-ray images are noisy."""

DAMPING, LEAST_DAMPING, MOST_DAMPING = 1e-2, 1e-6, 1e3


@dataclass(frozen=True, slots=True)
class Stage:
    """One pass: images of ``side`` pixels, blurred; probing steps and the step that ends it, at the lever's end.

    Where ``saturated``, white counts too: the outline of open lung tells a rough place.
    """

    side: int
    blur_px: float
    saturated: bool
    probe_m: float
    settled_m: float
    rounds: int


STAGES = (
    Stage(side=48, blur_px=2.0, saturated=True, probe_m=0.002, settled_m=0.0005, rounds=20),
    Stage(side=64, blur_px=1.5, saturated=False, probe_m=0.001, settled_m=0.0002, rounds=15),
    Stage(side=128, blur_px=1.0, saturated=False, probe_m=0.0005, settled_m=0.00005, rounds=12),
)


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A square image (side, side) that grows with the line integral; where no collimator is, where it is not white."""

    image: Image32
    uncovered: Mask
    unsaturated: Mask


@dataclass(frozen=True, slots=True, eq=False)
class Registration:
    """``motion`` 4x4 in the isocentre's axes, metres; correlation of the last stage's images; images rendered."""

    motion: Matrix
    correlation: float
    renders: int


def register(
    seen: Sequence[Seen], render: Render, start: Matrix, stages: Sequence[Stage] = STAGES
) -> Registration:
    """Return the motion near ``start`` for which the rendered views correlate best with the seen ones.

    Raises:
        CalibrationError: An image shows nothing.
    """
    motion, renders, correlation = start, 0, 0.0
    for stage in stages:
        masks = [_usable(each, stage) for each in seen]
        wanted = [_features(e.image, stage, mask) for e, mask in zip(seen, masks, strict=True)]

        def residual(
            tried: Matrix,
            stage: Stage = stage,
            masks: Sequence[Mask] = masks,
            wanted: Sequence[Vector] = wanted,
        ) -> Vector:
            views = zip(render(tried, stage.side), masks, wanted, strict=True)
            parts = [_features(view, stage, mask) - want for view, mask, want in views]
            return cast(Vector, np.concatenate(parts) / np.sqrt(len(parts)))

        motion, cost, tries = _fitted(residual, motion, stage)
        renders, correlation = renders + tries, 1 - cost / 2
    return Registration(motion, correlation, renders)


def moved_about_isocentre(step_m: Vector) -> Matrix:
    """Return the 4x4 motion of a step (6,): turns, metres at the lever's end, then shifts, metres."""
    return small_motion(step_m[:3] / LEVER_M, step_m[3:])


def target_errors_m(found: Matrix, true: Matrix, targets_m: Matrix) -> Vector:
    """Return the distances (n,) of targets (n, 3) moved by one motion from where another moves them."""
    off = (found - true)[:3]
    errors: Vector = np.linalg.norm(targets_m @ off[:, :3].T + off[:, 3], axis=1)
    return errors


def capture_range_m(
    starts_m: Vector, errors_m: Vector, success_m: float, share: float = 0.95, bin_m: float = 0.005
) -> float:
    """Return up to which start error at least a share of the trials in every bin ended below ``success_m``.

    The capture range of van de Kraats et al., IEEE Trans. Med. Imaging 24 (2005); 0 where the first bin fails.
    """
    reached_m = 0.0
    for low_m in np.arange(0.0, float(starts_m.max()), bin_m):
        ended_m = errors_m[(starts_m >= low_m) & (starts_m < low_m + bin_m)]
        if len(ended_m) and (ended_m < success_m).mean() < share:
            break
        reached_m = float(low_m + bin_m) if len(ended_m) else reached_m
    return reached_m


def _fitted(
    residual: Callable[[Matrix], Vector], motion: Matrix, stage: Stage
) -> tuple[Matrix, float, int]:
    """Return the motion after one stage, its squared residual, and how many renders it took."""
    here, damping, renders = residual(motion), DAMPING, 1
    for _ in range(stage.rounds):
        probes = [moved_about_isocentre(step) @ motion for step in stage.probe_m * np.eye(6)]
        slopes = np.stack([(residual(probe) - here) / stage.probe_m for probe in probes], axis=1)
        renders += len(probes)
        normal, pull = slopes.T @ slopes, slopes.T @ here
        while damping < MOST_DAMPING:
            damped = normal + damping * np.diag(np.diag(normal))
            step_m = cast(Vector, -np.linalg.solve(damped, pull))
            tried = moved_about_isocentre(step_m) @ motion
            there = residual(tried)
            renders += 1
            if there @ there < here @ here:
                break
            damping *= 10
        else:
            break
        motion, here, damping = tried, there, max(damping / 10, LEAST_DAMPING)
        if float(np.linalg.norm(step_m)) < stage.settled_m:
            break
    return motion, float(here @ here), renders


def seen_of(pixels: Pixels, *, logarithmic: bool = False) -> Seen:
    """Return what an X-ray image (rows, columns), metal dark, says: minus the log of its grey levels.

    Where ``logarithmic``, the display has taken the log already. A wide area of one grey
    level is the collimator, white is saturated.
    """
    grey = pixels.astype(np.float32)
    image = -grey if logarithmic else -np.log(np.maximum(grey, 1.0))
    return Seen(
        np.asarray(image, np.float32),
        uncovered=~_covered(pixels),
        unsaturated=np.asarray(pixels < pixels.max(), np.bool_),
    )


def _covered(pixels: Pixels) -> Mask:
    """Return where an image is flat to the digit over a wide area, in the one grey level that is most so."""
    levels, counts = np.unique(pixels, return_counts=True)
    below_white = np.where(levels < levels[-1], counts, 0)
    flat = (pixels == levels[np.argmax(below_white)]).astype(np.uint8)
    return np.asarray(
        cv2.morphologyEx(flat, cv2.MORPH_OPEN, np.ones((FLAT_PX, FLAT_PX), np.uint8)) > 0
    )


def _usable(seen: Seen, stage: Stage) -> Mask:
    """Return the pixels (side, side) inside the border that nothing useless has been blurred into."""
    size = (stage.side, stage.side)
    valid = seen.uncovered if stage.saturated else seen.uncovered & seen.unsaturated
    share = cv2.resize(valid.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    reach = 2 * round(2 * stage.blur_px) + 1
    mask = cv2.erode((share > WHOLE).astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
    border = max(round(MARGIN * stage.side), 1)
    inside = np.zeros(size, np.bool_)
    inside[border:-border, border:-border] = True
    mask &= inside
    if mask.sum() < LEAST_SHARE * inside.sum():
        raise CalibrationError(
            f"only {mask.sum() / inside.sum():.0%} of an image shows tissue, {LEAST_SHARE:.0%} "
            "is needed; open the collimator, or expose again"
        )
    return np.asarray(mask, np.bool_)


def _features(image: Image32, stage: Stage, mask: Mask) -> Vector:
    """Return what is compared: how far each pixel in the mask stands out, of zero mean and unit norm."""
    size = (stage.side, stage.side)
    small = image if image.shape == size else cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    smooth = np.asarray(cv2.GaussianBlur(small, (0, 0), stage.blur_px), np.float32)
    weight = mask.astype(np.float32)
    around = np.maximum(_local(weight, stage), np.float32(1e-6))
    off = np.asarray(smooth - _local(smooth * weight, stage) / around, np.float32)
    spread = np.sqrt(np.maximum(_local(off * off * weight, stage) / around, 0))
    vector = np.asarray(
        (off / (spread + FLAT * float(smooth[mask].std()) + 1e-12))[mask], np.float64
    )
    vector -= vector.mean()
    norm = float(np.linalg.norm(vector))
    if norm == 0:
        raise CalibrationError(
            "an image shows nothing to register; check exposure and where the CT is placed"
        )
    features: Vector = vector / norm
    return features


def _local(image: Image32, stage: Stage) -> Image32:
    sigma_px = LOCAL * stage.side
    blurred = cv2.GaussianBlur(image, (0, 0), sigma_px, borderType=cv2.BORDER_REFLECT)
    return np.asarray(blurred, np.float32)
