# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""How far X-rays run through simple solids: exact for ellipsoids, cylinders and boxes, near for tubes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

import cv2
import numpy as np
from numpy.typing import NDArray

from ir_guidance.geometry import carm_axes, isocentre_px, source_from_isocentre
from ir_guidance.values import CarmGeometry, Vector

Field32 = NDArray[np.float32]
Array = NDArray[np.float64]
Box = tuple[slice, slice]


class Rays:
    """The rays of a view from the source through every pixel, in a body whose axes are the isocentre's."""

    def __init__(
        self,
        geometry: CarmGeometry,
        shape: tuple[int, int],
        isocentre_m: Vector | tuple[float, float, float] = (0.0, 0.0, 0.0),
    ) -> None:
        """Lay the rays to an image of (rows, columns), with the isocentre at a point of the body."""
        self.geometry, self.shape = geometry, shape
        self.axes = carm_axes(geometry)
        self.source_m = source_from_isocentre(geometry) + np.asarray(isocentre_m, float)
        self.centre_px = isocentre_px(geometry, shape)
        across, down = (
            (np.arange(size) - middle) * spacing
            for size, middle, spacing in zip(
                shape[::-1], self.centre_px, geometry.imager_spacing_m, strict=True
            )
        )
        u, v, out = (axis.astype(np.float32) for axis in self.axes)
        self.directions: Field32 = (
            across.astype(np.float32)[None, :, None] * u
            + down.astype(np.float32)[:, None, None] * v
            + np.float32(geometry.sdd_m) * out
        )
        self.lengths_m: Field32 = np.sqrt(
            np.float32(geometry.sdd_m**2)
            + (across**2).astype(np.float32)[None, :]
            + (down**2).astype(np.float32)[:, None]
        )

    @property
    def spacing_m(self) -> float:
        """Pixel spacing at the isocentre."""
        geometry = self.geometry
        return geometry.imager_spacing_m[0] * geometry.sid_m / geometry.sdd_m

    def halved(self) -> Rays:
        """Return the rays of the same view with half as many pixels each way."""
        across_m, down_m = self.geometry.imager_spacing_m
        geometry = replace(
            self.geometry,
            imager_spacing_m=(2 * across_m, 2 * down_m),
            centre_px=tuple((self.centre_px - 0.5) / 2),
        )
        isocentre_m = self.source_m - source_from_isocentre(geometry)
        return Rays(geometry, (self.shape[0] // 2, self.shape[1] // 2), isocentre_m)

    def px_of(self, points_m: Array) -> tuple[Array, Array]:
        """Return pixels (n, 2) of points (n, 3) of the body, and pixels a metre there (n,)."""
        across, down, along = (self.axes @ (points_m - self.source_m).T).astype(np.float64)
        scale = self.geometry.sdd_m / np.maximum(along, 1e-3) / self.geometry.imager_spacing_m[0]
        ratio = self.geometry.imager_spacing_m[0] / self.geometry.imager_spacing_m[1]
        return np.stack([across * scale, down * scale * ratio], axis=1) + self.centre_px, scale

    def box(self, corners_px: Array, margin_px: float) -> Box | None:
        """Return the part of the image round some pixels (n, 2), None where they all lie outside."""
        first = np.floor(corners_px.min(axis=0) - margin_px).astype(int)
        last = np.ceil(corners_px.max(axis=0) + margin_px).astype(int) + 1
        rows, columns = self.shape
        left, top = max(int(first[0]), 0), max(int(first[1]), 0)
        right, bottom = min(int(last[0]), columns), min(int(last[1]), rows)
        return (slice(top, bottom), slice(left, right)) if left < right and top < bottom else None


class Shape(Enum):
    """What fills the three half axes of a solid; a cylinder stands along the third."""

    ELLIPSOID = 0
    CYLINDER = 1
    BOX = 2


@dataclass(frozen=True, slots=True, eq=False)
class Solid:
    """A solid round a centre; rows of ``axes_m`` (3, 3) are its half axes, square to each other."""

    centre_m: Vector
    axes_m: Array
    shape: Shape = Shape.ELLIPSOID

    def shrunk(self, by_m: float) -> Solid:
        """Return the solid with every half axis shorter by a length, as a core inside a rind."""
        sizes = np.linalg.norm(self.axes_m, axis=1, keepdims=True)
        return Solid(self.centre_m, self.axes_m * np.maximum(1 - by_m / sizes, 0.02), self.shape)

    def add(self, image: Field32, rays: Rays, amount: float) -> None:
        """Add ``amount`` times the metres of ray inside to an image (rows, columns)."""
        signs = np.array(np.meshgrid(*[(-1.0, 1.0)] * 3)).reshape(3, 8).T
        corners_px, _ = rays.px_of(self.centre_m + signs @ self.axes_m)
        box = rays.box(corners_px, 2.0)
        if box is None:
            return
        height, width = image[box].shape
        stride = 4 if height * width > 250_000 else 2 if height * width > 60_000 else 1
        sparse = (
            slice(box[0].start, box[0].stop, stride),
            slice(box[1].start, box[1].stop, stride),
        )
        length = self._length_m(rays, sparse)
        if stride > 1:
            grid = np.array([[1 / stride, 0, 0], [0, 1 / stride, 0]])
            how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
            edge = cv2.BORDER_REPLICATE
            finer = cv2.warpAffine(length, grid, (width, height), flags=how, borderMode=edge)
            length = finer.astype(np.float32, copy=False)
        image[box] += np.float32(amount) * length

    def _length_m(self, rays: Rays, box: Box) -> Field32:
        to_unit = self.axes_m / (self.axes_m**2).sum(axis=1, keepdims=True)
        start = (to_unit @ (rays.source_m - self.centre_m)).astype(np.float32)
        along = rays.directions[box] @ to_unit.T.astype(np.float32)
        if self.shape is Shape.BOX:
            enter, leave = _slabs(start, along, (0, 1, 2))
        else:
            round_axes = 3 if self.shape is Shape.ELLIPSOID else 2
            part, first = along[..., :round_axes], start[:round_axes]
            square = np.einsum("...i,...i", part, part) + np.float32(1e-12)
            half = part @ first
            root = half * half - square * (first @ first - 1)
            width = np.sqrt(np.maximum(root, 0))
            enter, leave = (-half - width) / square, (-half + width) / square
            if self.shape is Shape.CYLINDER:
                top, bottom = _slabs(start, along, (2,))
                enter, leave = np.maximum(enter, top), np.minimum(leave, bottom)
        length: Field32 = np.maximum(leave - enter, 0) * rays.lengths_m[box]
        return length


def _slabs(start: Field32, along: Field32, which: tuple[int, ...]) -> tuple[Field32, Field32]:
    enter = np.full(along.shape[:-1], -np.inf, np.float32)
    leave = np.full(along.shape[:-1], np.inf, np.float32)
    for axis in which:
        step = np.where(np.abs(along[..., axis]) < 1e-9, np.float32(1e-9), along[..., axis])
        first, second = (-1 - start[axis]) / step, (1 - start[axis]) / step
        enter = np.maximum(enter, np.minimum(first, second))
        leave = np.minimum(leave, np.maximum(first, second))
    return enter, leave


@dataclass(frozen=True, slots=True, eq=False)
class Tube:
    """A round tube along points (n, 3) with radii (n,); its ends are hemispheres."""

    points_m: Array
    radii_m: Array

    def shrunk(self, by_m: float) -> Tube:
        """Return the tube with radii smaller by a length, as marrow inside cortex."""
        return Tube(self.points_m, np.maximum(self.radii_m - by_m, 1e-4))

    def add(self, image: Field32, rays: Rays, amount: float) -> None:
        """Add ``amount`` times the metres of ray inside to an image; parts that overlap count once."""
        px, scale = rays.px_of(self.points_m)
        reach = float((self.radii_m * scale).max()) + 2.0
        box = rays.box(px, reach)
        if box is None:
            return
        tube = np.zeros(image[box].shape, np.float32)
        corner = np.array([box[1].start, box[0].start])
        for i in range(len(px) - 1):
            self._put(tube, px[i : i + 2] - corner, i, scale, rays)
        image[box] += np.float32(amount) * tube

    def _put(self, tube: Field32, px: Array, i: int, scale: Array, rays: Rays) -> None:
        radii = self.radii_m[i : i + 2]
        reach = float((radii * scale[i : i + 2]).max()) + 1.5
        low = np.maximum(np.floor(px.min(axis=0) - reach), 0).astype(int)
        high = np.minimum(np.ceil(px.max(axis=0) + reach) + 1, tube.shape[::-1]).astype(int)
        if (low >= high).any():
            return
        across = np.arange(low[0], high[0], dtype=np.float32)[None, :] - np.float32(px[0, 0])
        down = np.arange(low[1], high[1], dtype=np.float32)[:, None] - np.float32(px[0, 1])
        step = (px[1] - px[0]).astype(np.float32)
        square = float(step @ step)
        share = np.clip((across * step[0] + down * step[1]) / max(square, 1e-6), 0, 1)
        away = (across - share * step[0]) ** 2 + (down - share * step[1]) ** 2
        radius = np.float32(radii[0]) + share * np.float32(radii[1] - radii[0])
        size = np.float32(scale[i])
        inside = np.maximum(radius * radius - away / (size * size), 0)
        chord = self.points_m[i + 1] - self.points_m[i]
        ray = self.points_m[i] - rays.source_m
        cosine = float(chord @ ray) / float(np.linalg.norm(chord) * np.linalg.norm(ray) + 1e-12)
        slant = 1 / max(np.sqrt(max(1 - cosine**2, 0.0)), 0.35)
        part = tube[low[1] : high[1], low[0] : high[0]]
        np.maximum(part, np.float32(2 * slant) * np.sqrt(inside), out=part)
