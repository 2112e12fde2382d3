# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Anatomies to plan in, for docs/make_plan_figure.py: the built-in torso with a lesion, or a labelled CT."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ir_guidance.frames.ct import read_ct
from ir_guidance.geometry import transform
from ir_guidance.plan.lesion import Lesion, ellipsoid
from ir_guidance.plan.no_go import NoGo, no_go_from_labels
from ir_guidance.plan.skin import Skin, skin_of_body
from ir_guidance.room.xray.parts import Part, ball, curve, tube
from ir_guidance.room.xray.phantom import AIR, LUNG, outline, torso
from ir_guidance.room.xray.solids import Shape, Solid, Tube
from ir_guidance.values import Matrix, Vector

Array = NDArray[np.float64]

BASE_FROM_BODY = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
"""From left, back, head to ``base_link`` with x to the patient's left and z to the front: in from the right."""
SIDE_M = 0.001
LESION_M, MARGIN_M = (0.015, 0.012, 0.012), 0.005
BONE_HU, SKIN_HU = 900.0, -300.0
BOX_M = np.array([-0.100, -0.045, -0.130]), np.array([0.030, 0.045, 0.030])
"""The part of the body that a needle may use, from the skin over the target."""
OF_CT = ("rib", "vertebrae", "lung", "sternum", "costal", "scapula", "heart", "aorta", "vena_cava", "portal",
         "stomach", "colon", "kidney", "gallbladder", "duodenum", "small_bowel", "pancreas", "esophagus",
         "spinal")  # fmt: skip
"""How the names of the structures begin, or what they hold, that a needle into the liver is kept clear of."""


@dataclass(frozen=True, slots=True, eq=False)
class Anatomy:
    """Hounsfield units and labels (i, j, k), where they lie, and what is asked of a plan in them."""

    title: str
    hounsfield: NDArray[np.float32]
    labels: NDArray[np.uint8]
    base_from_index: Matrix
    names: dict[int, str]
    target_m: Vector
    lesion: Lesion
    skin: Skin
    no_go: NoGo


def of_ct(
    folder: Path, target_lps_m: tuple[float, float, float] = (-0.070, -0.020, -0.235)
) -> Anatomy:
    """Return a CT with a mask of its structures (``cxr.nii.gz``, ``mask.nii.gz``, ``structures.csv``).

    The target is a place in the liver that we chose: the patient has no lesion there.
    """
    ct, mask = read_ct(folder / "cxr.nii.gz"), read_ct(folder / "mask.nii.gz")
    with (folder / "structures.csv").open(encoding="utf-8") as stream:
        every = {int(row["id"]): row["structure"] for row in csv.DictReader(stream)}
    labels = mask.hounsfield.astype(np.uint8)
    held = set(np.unique(labels).tolist())
    names = {n: name for n, name in every.items() if n in held and any(w in name for w in OF_CT)}
    title = "a chest CT and its mask of structures"
    return _placed(title, ct.hounsfield, labels, ct.lps_from_index, names, np.array(target_lps_m))


def of_torso(seed: int = 7) -> Anatomy:
    """Return the built-in torso of a seed, with a vessel tree and a lesion in the dome under its right lung."""
    generator = np.random.default_rng(seed)
    skin = outline(generator)
    parts = torso(generator, skin)
    dome = next(p.form for p in parts if p.water == 0.06 and p.form.centre_m[0] < 0)
    target_m = dome.centre_m + np.array([0.004, -0.030, 0.0])
    parts += [Part(branch, water=0.10) for branch in _vessels(target_m)]
    parts.append(Part(ball(target_m, *LESION_M), water=-0.05))
    lps_from_index = np.diag([SIDE_M, SIDE_M, SIDE_M, 1.0])
    lps_from_index[:3, 3] = [-0.205, -0.150, target_m[2] - 0.090]
    shape = (411, 300, 180)
    density, labels = np.zeros(shape, np.float32), np.zeros(shape, np.uint8)
    for part in parts:
        box, inside = _voxels(part.form, lps_from_index, shape)
        density[box] += (part.water + part.bone * BONE_HU / 1e3) * inside
        labels[box][inside] = _label(part) or labels[box][inside]
    hounsfield = 1e3 * (density - 1) + generator.normal(0, 12, shape)
    names = {1: "lung", 2: "heart", 3: "bone", 4: "rib", 5: "bowel gas", 6: "vessel"}
    names = {number: name for number, name in names.items() if (labels == number).any()}
    made = hounsfield.astype(np.float32)
    return _placed(
        f"the built-in torso, seed {seed}", made, labels, lps_from_index, names, target_m
    )


def _vessels(target_m: Vector) -> tuple[Tube, Tube]:
    """Return two branches that rise behind a target and pass before it."""
    ways_m = (
        [
            [0.040, 0.050, 0.0],
            [0.045, -0.010, 0.030],
            [0.0, -0.052, 0.030],
            [-0.050, -0.030, 0.020],
        ],
        [
            [0.040, 0.050, 0.0],
            [0.0, 0.060, -0.030],
            [-0.060, 0.030, -0.030],
            [-0.045, -0.030, -0.012],
        ],
    )
    first, second = (
        curve(*(tuple((target_m + np.array(corner)).tolist()) for corner in way_m))
        for way_m in ways_m
    )
    return tube(first, 0.005, 0.0025), tube(second, 0.005, 0.0025)


def _label(part: Part) -> int:
    """Return which of the torso's structures a part is, 0 for what may be passed through."""
    if part.bone > 0:
        return 4 if isinstance(part.form, Tube) and part.rind_m == 0.0012 else 3
    if part.water == LUNG:
        return 1
    if part.water == 0.55:
        return 2
    if AIR <= part.water < -0.5:
        return 5
    return 6 if isinstance(part.form, Tube) else 0


def _voxels(
    form: Solid | Tube, lps_from_index: Matrix, shape: tuple[int, ...]
) -> tuple[tuple[slice, ...], NDArray[np.bool_]]:
    """Return the box of voxels round a form, and which of them it holds."""
    if isinstance(form, Tube):
        low = (form.points_m - form.radii_m[:, None]).min(axis=0)
        high = (form.points_m + form.radii_m[:, None]).max(axis=0)
    else:
        reach = np.abs(form.axes_m).sum(axis=0)
        low, high = form.centre_m - reach, form.centre_m + reach
    ends = [np.rint((end - lps_from_index[:3, 3]) / SIDE_M).astype(int) for end in (low, high)]
    first, last = np.clip(ends[0] - 1, 0, shape), np.clip(ends[1] + 2, 0, shape)
    box = tuple(slice(int(a), int(b)) for a, b in zip(first, last, strict=True))
    grid = np.stack(np.meshgrid(*[np.arange(s.start, s.stop) for s in box], indexing="ij"), axis=-1)
    points_m = grid * SIDE_M + lps_from_index[:3, 3]
    return box, _held(form, points_m)


def _held(form: Solid | Tube, points_m: Array) -> NDArray[np.bool_]:
    if isinstance(form, Tube):
        held = np.zeros(points_m.shape[:-1], dtype=bool)
        for a, b, radius in zip(form.points_m[:-1], form.points_m[1:], form.radii_m, strict=False):
            share = np.clip((points_m - a) @ (b - a) / float((b - a) @ (b - a)), 0, 1)
            held |= np.linalg.norm(points_m - a - share[..., None] * (b - a), axis=-1) <= radius
        return held
    unit = (points_m - form.centre_m) @ (
        form.axes_m / (form.axes_m**2).sum(axis=1, keepdims=True)
    ).T
    round_axes = 3 if form.shape is Shape.ELLIPSOID else 2
    inside = (unit[..., :round_axes] ** 2).sum(axis=-1) <= 1
    return inside & (np.abs(unit[..., round_axes:]) <= 1).all(axis=-1)


def _placed(
    title: str,
    hounsfield: NDArray[np.float32],
    labels: NDArray[np.uint8],
    lps_from_index: Matrix,
    names: dict[int, str],
    target_lps_m: Vector,
) -> Anatomy:
    """Lay ``base_link`` on the skin in front of the target, and work out skin, lesion and distances there."""
    index = np.rint(np.linalg.solve(lps_from_index, [*target_lps_m, 1.0])[:3]).astype(int)
    back_m = lps_from_index[1, 3] + lps_from_index[1, 1] * np.arange(hounsfield.shape[1])
    front_m = back_m[hounsfield[index[0], :, index[2]] > SKIN_HU].min()
    origin = np.array([target_lps_m[0], front_m, target_lps_m[2]])
    base_from_lps = transform(BASE_FROM_BODY, -BASE_FROM_BODY @ origin)
    base_from_index = base_from_lps @ lps_from_index
    target_m = base_from_lps[:3, :3] @ target_lps_m + base_from_lps[:3, 3]
    skin = skin_of_body(
        hounsfield > SKIN_HU,
        base_from_index,
        np.arange(-0.085, 0.0101, 0.004),
        np.arange(-0.036, 0.0361, 0.004),
        (-0.100, 0.060),
    )
    lesion = ellipsoid(np.diag(LESION_M), target_m, MARGIN_M, 0.0015)
    no_go = no_go_from_labels(labels, base_from_index, names, BOX_M)
    return Anatomy(title, hounsfield, labels, base_from_index, names, target_m, lesion, skin, no_go)
