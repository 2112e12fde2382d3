# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Digitally reconstructed radiographs: a CT seen by a C-arm.

The CT is cut into slices square to the axis that the beam runs along most. A flat slice is
projected onto a flat detector by a homography, so each slice costs one warp of an image: the
idea of shear-warp rendering (Lacroute and Levoy, SIGGRAPH 1994).
"""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from ir_guidance.frames.ct import Ct, CtError
from ir_guidance.room.xray.solids import Field32, Rays

BONE_HU = 150.0
CORTICAL_HU = 1700.0
"""Cortical bone at the energies of CT; below ``BONE_HU`` all is water, denser or thinner."""

Array = NDArray[np.float64]


def thickness(ct: Ct, rays: Rays, device: str = "cpu") -> tuple[Field32, Field32]:
    """Return metres of water and of cortical bone (rows, columns) along every ray.

    ``device`` other than "cpu" is one of PyTorch's.

    Raises:
        CtError: That device is not to be had.
    """
    step_m = np.linalg.norm(ct.lps_from_index[:3, :3], axis=0)
    if (
        1.5 * rays.spacing_m < step_m.min()
    ):  # finer than the voxels: nothing is lost at half the size
        half = thickness(ct, rays.halved(), device)
        water_m, bone_m = (cv2.resize(image, rays.shape[::-1]) for image in half)
        return water_m.astype(np.float32, copy=False), bone_m.astype(np.float32, copy=False)
    normals = ct.lps_from_index[:3, :3] / step_m
    axis = int(np.argmax(np.abs(rays.axes[2] @ np.linalg.inv(normals).T)))
    slices = np.moveaxis(ct.hounsfield, axis, 0)
    bodily = [number for number, part in enumerate(slices) if part.max() >= -900]
    views = [_px_from_slice(ct, rays, axis, number) for number in bodily]
    images = (_materials(slices[number]) for number in bodily)
    total = _summed(images, views, rays.shape, device)
    along_m = _step_along(rays, np.cross(*np.delete(normals, axis, axis=1).T), normals[:, axis])
    total *= (step_m[axis] * along_m)[..., None].astype(np.float32)
    return np.ascontiguousarray(total[..., 0]), np.ascontiguousarray(total[..., 1])


def _materials(part: Field32) -> Field32:
    """Return the shares of water and of bone (first, second, 2) in a slice."""
    water = 1 + np.minimum(part, BONE_HU) / np.float32(1000)
    bone = np.maximum(part - np.float32(BONE_HU), 0) / np.float32(CORTICAL_HU - BONE_HU)
    return np.stack([water, bone], axis=-1).astype(np.float32, copy=False)


def _summed(
    images: Iterable[Field32], views: list[Array], shape: tuple[int, int], device: str
) -> Field32:
    """Return the slices' sum (rows, columns, 2), each seen through its homography."""
    if device != "cpu":
        try:
            from ir_guidance.room.xray.drr_torch import summed

            return summed(list(images), views, shape, device)
        except (ImportError, RuntimeError, AssertionError) as error:
            why = " ".join(str(error).split())[:160]
            raise CtError(f"device {device}: PyTorch cannot project there: {why}") from None
    rows, columns = shape
    total = np.zeros((rows, columns, 2), np.float32)
    layer = np.empty_like(total)
    for image, view in zip(images, views, strict=True):
        # An image's rows are the slice's first axis and its columns the second: (u, v) = (second, first).
        cv2.warpPerspective(
            image,
            view,
            (columns, rows),
            dst=layer,
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
        )
        total += layer
    return total


def _px_from_slice(ct: Ct, rays: Rays, axis: int, number: int) -> Array:
    """Return the homography (3, 3) from a slice's (second, first) index to pixels (u, v)."""
    first, second = (i for i in range(3) if i != axis)
    place = ct.lps_from_index
    origin = place[:3, 3] + number * place[:3, axis] - rays.source_m
    plane = np.stack([place[:3, second], place[:3, first], origin], axis=1)
    geometry = rays.geometry
    focal = geometry.sdd_m / np.array(geometry.imager_spacing_m)
    camera = np.array(
        [[focal[0], 0, rays.centre_px[0]], [0, focal[1], rays.centre_px[1]], [0, 0, 1]]
    )
    view: Array = np.asarray(camera, np.float64) @ rays.axes
    homography: Array = view @ plane
    return homography


def _step_along(rays: Rays, normal: Array, step: Array) -> Array:
    """Return how far each ray runs (rows, columns) while it crosses one unit of a step between slices."""
    normal = normal / np.linalg.norm(normal)
    across = np.abs(rays.directions @ normal.astype(np.float32)) / rays.lengths_m
    along: Array = np.abs(float(normal @ step)) / np.maximum(across, 1e-3)
    return along
