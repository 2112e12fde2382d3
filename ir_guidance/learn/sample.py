# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A scene as the network sees it: a view with its marks, disturbed as scanners disturb, and the truth in it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from ir_guidance.learn.scene import FRAMES, Scene
from ir_guidance.track.backends import CHANNELS, SIDE_PX
from ir_guidance.track.marks import draw_shaft, draw_target
from ir_guidance.track.view import FINE, View, fine, whole
from ir_guidance.values import Modality, Vector

CELLS = SIDE_PX // 2
"""Rows and columns of the network's maps."""

LEAST_SHAFT_PX = 6.0
"""Shaft inside the view, in its pixels, from which a needle counts as present."""

PRIOR_PX = 5.0
"""Further error of an expected shaft, in pixels of the view, so that the image is what is learnt."""

ASTRAY_CHANCE, ASTRAY_PX = 0.16, 8.0
"""Of marks that what lies beside a target has led away from it, and how far (1 sigma each axis), in the view."""

SHAFT_CELLS = 2
"""Width of the line that is learnt as the shaft."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One input and what should come out.

    Attributes:
        view: (5, 256, 256) uint8.
        cells: Tip and target (2, 2), (u, v) in cells of the maps.
        shaft: The line (128, 128), 255 on the shaft.
        direction: (2, 128, 128) float32, unit vectors towards the tip on the line, 0 beside it.
        flags: (3,) float32, 1 where the view has a needle, its tip, the target.
    """

    view: NDArray[np.uint8]
    cells: NDArray[np.float32]
    shaft: NDArray[np.uint8]
    direction: NDArray[np.float32]
    flags: NDArray[np.float32]


def sampled(scene: Scene, generator: np.random.Generator) -> Sample:
    """Return a random view of a scene with random marks and disturbances."""
    scene = _turned(scene, generator)
    view = _drawn_view(scene, generator)
    planes = np.zeros((CHANNELS, SIDE_PX, SIDE_PX), np.uint8)
    for plane, pixels in zip(planes, scene.frames, strict=False):
        view.take(pixels, plane)
    _disturb(planes[:FRAMES], generator)
    if scene.prior_px is not None and generator.random() < 0.85:
        entry, tip = view.place_of(scene.prior_px) + generator.normal(0.0, PRIOR_PX, 2)
        draw_shaft(entry, tip, planes[FRAMES])
    target = _drawn_target(scene, view, planes[FRAMES + 1], generator)
    return _labelled(scene, view, planes, target)


def _turned(scene: Scene, generator: np.random.Generator) -> Scene:
    """Return the scene mirrored or, where up is not always up, turned."""
    ways: list[NDArray[np.int64]] = []
    if generator.random() < 0.5:
        ways.append(np.array([[-1, 0], [0, 1]]))
    if scene.modality is Modality.FLUOROSCOPY:
        if generator.random() < 0.5:
            ways.append(np.array([[1, 0], [0, -1]]))
        if generator.random() < 0.5:
            ways.append(np.array([[0, 1], [1, 0]]))
    for way in ways:
        scene = _turned_by(scene, way)
    return scene


def _turned_by(scene: Scene, way: NDArray[np.int64]) -> Scene:
    rows, columns = scene.frames.shape[1:]
    last = np.array([columns - 1, rows - 1])
    shift = np.where((way < 0).any(axis=1), last, 0)
    frames = scene.frames.transpose(0, 2, 1) if way[0, 1] else scene.frames
    frames = frames[:, :: -1 if way[1].min() < 0 else 1, :: -1 if way[0].min() < 0 else 1]

    def moved(px: NDArray[np.float64]) -> NDArray[np.float64]:
        places: NDArray[np.float64] = px @ way.T + shift
        return places

    return Scene(
        frames=np.ascontiguousarray(frames),
        spacing_m=scene.spacing_m,
        modality=scene.modality,
        shaft_px=moved(scene.shaft_px),
        tip_px=None if scene.tip_px is None else moved(scene.tip_px),
        targets_px=moved(scene.targets_px),
        radii_px=scene.radii_px,
        prior_px=None if scene.prior_px is None else moved(scene.prior_px),
        contrast=scene.contrast,
        decoys_px=moved(scene.decoys_px),
        tags=scene.tags,
    )


def _drawn_view(scene: Scene, generator: np.random.Generator) -> View:
    """Return the whole image, or a fine view near the tip, a target, a decoy or anywhere, at about its usual scale."""
    shape = scene.frames.shape[1:]
    if generator.random() < 0.3:
        return whole(shape)
    size = np.array(shape[::-1])
    half = SIDE_PX * max(shape) / FINE / 2
    near: list[Vector] = [generator.uniform(0, size)]
    if scene.tip_px is not None:
        near += [scene.tip_px] * 6
    if len(scene.targets_px):
        near.append(scene.targets_px[generator.integers(len(scene.targets_px))])
    if len(scene.decoys_px):
        near.append(scene.decoys_px[generator.integers(len(scene.decoys_px))])
    centre = near[generator.integers(len(near))] + generator.uniform(-0.9 * half, 0.9 * half, 2)
    return fine(shape, centre, float(np.exp(generator.uniform(-0.3, 0.3))))


def _disturb(frames: NDArray[np.uint8], generator: np.random.Generator) -> None:
    """Change levels, sharpness and noise of the frames (3, 256, 256) in place, alike in all of them."""
    if generator.random() < 0.3:
        sigma = generator.uniform(0.4, 1.2)
        for plane in frames:
            cv2.GaussianBlur(plane, (0, 0), sigma, dst=plane)
    if generator.random() < 0.6:
        levels = np.linspace(0, 1, 256) ** np.exp(generator.uniform(-0.5, 0.5))
        gain, offset = np.exp(generator.uniform(-0.4, 0.3)), generator.uniform(-0.08, 0.12)
        table = np.clip((gain * levels + offset) * 255, 0, 255).astype(np.uint8)
        for plane in frames:
            cv2.LUT(plane, table, dst=plane)
    if generator.random() < 0.25:
        sigma = generator.uniform(1, 8)
        noise = generator.standard_normal((SIDE_PX, SIDE_PX + 64), np.float32) * np.float32(sigma)
        for plane in frames:
            shift = generator.integers(64)
            plane[:] = np.clip(plane + noise[:, shift : shift + SIDE_PX], 0, 255)
    if generator.random() < 0.15:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(generator.integers(30, 90))]
        for plane in frames:
            coded = cv2.imencode(".jpg", plane, quality)[1]
            plane[:] = cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE)


def _drawn_target(
    scene: Scene, view: View, mark: NDArray[np.uint8], generator: np.random.Generator
) -> Vector | None:
    """Draw a mark near a target, or where there is none (on a decoy, too), or nothing.

    Return the target's place (u, v) if it is marked.
    """
    places = view.place_of(scene.targets_px)
    radii = scene.radii_px / view.scale
    inside = [
        i for i, place in enumerate(places) if (place > 2).all() and (place < SIDE_PX - 3).all()
    ]
    chance = generator.random()
    if inside and chance < 0.75:
        chosen = inside[generator.integers(len(inside))]
        spread = min(max(0.7 * float(radii[chosen]), 4.0), 14.0) * generator.random()
        if generator.random() < ASTRAY_CHANCE:
            spread = ASTRAY_PX
        shown = places[chosen] + generator.normal(0.0, spread, 2)
        gaps = np.linalg.norm(places - shown, axis=1) / np.maximum(radii, 3.0)
        draw_target(shown, mark)
        return np.asarray(places[int(np.argmin(gaps))])
    decoys = view.place_of(scene.decoys_px)
    decoys = decoys[((decoys > 2) & (decoys < SIDE_PX - 3)).all(axis=1)]
    if chance > 0.92 or (len(decoys) and chance > 0.80):
        shown = generator.uniform(0, SIDE_PX, 2)
        if len(decoys) and chance <= 0.92:
            shown = decoys[generator.integers(len(decoys))]
        if all(np.linalg.norm(places - shown, axis=1) > 2 * radii + 20):
            draw_target(shown, mark)
    return None


def _labelled(scene: Scene, view: View, planes: NDArray[np.uint8], target: Vector | None) -> Sample:
    line = (view.place_of(scene.shaft_px) + 0.5) / 2 - 0.5
    cells, flags = np.zeros((2, 2), np.float32), np.zeros(3, np.float32)
    shaft = np.zeros((CELLS, CELLS), np.uint8)
    direction = np.zeros((2, CELLS, CELLS), np.float32)
    if len(line) > 1:
        _draw_line(line, shaft, direction)
        flags[0] = float(shaft.sum()) > 255 * SHAFT_CELLS * LEAST_SHAFT_PX / 2
    if scene.tip_px is not None:
        cells[0] = (view.place_of(scene.tip_px) + 0.5) / 2 - 0.5
        flags[1] = bool((cells[0] >= 0).all() and (cells[0] <= CELLS - 1).all())
    if target is not None:
        cells[1], flags[2] = (target + 0.5) / 2 - 0.5, 1.0
    cells = np.clip(cells, 0, CELLS - 1.001)
    return Sample(planes, cells, shaft, direction, flags)


def _draw_line(
    line: NDArray[np.float64], shaft: NDArray[np.uint8], direction: NDArray[np.float32]
) -> None:
    """Draw a polyline (n, 2) in cells, and along it the direction towards its end."""
    line = np.clip(line, -4 * CELLS, 5 * CELLS)
    fixed = np.round(line * 8).astype(int)
    step = max(len(line) // 8, 1)
    ends = [*range(0, len(line) - 1, step), len(line) - 1]
    for first, last in pairwise(ends):
        along = line[last] - line[first]
        length = float(np.linalg.norm(along))
        if length == 0:
            continue
        part = np.ascontiguousarray(fixed[first : last + 1])
        for plane, share in zip(direction, along / length, strict=True):
            cv2.polylines(plane, [part], False, float(share), 2 * SHAFT_CELLS, cv2.LINE_8, 3)
    cv2.polylines(shaft, [fixed], False, 255, SHAFT_CELLS, cv2.LINE_AA, 3)
