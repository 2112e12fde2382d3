# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Endless fluoroscopy for training: a body from some side, what lies in the beam, a needle, and a C-arm's picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ir_guidance.learn.contrast import shaft_contrast
from ir_guidance.learn.fluoroscopy_clutter import cross_targets, lay_lookalikes, lay_plates
from ir_guidance.learn.fluoroscopy_frames import Motion, Setting, frames_of, seen_needle
from ir_guidance.learn.fluoroscopy_layout import (
    going_in,
    hold,
    instrument,
    lay_devices,
    lay_lead,
    other_needles,
    prior,
)
from ir_guidance.learn.fluoroscopy_targets import Targets, cast, lay_targets, shown
from ir_guidance.learn.scene import Scene
from ir_guidance.room.xray.backdrop import Backdrop, backdrop
from ir_guidance.room.xray.beam import transmitted
from ir_guidance.room.xray.canvas import Canvas, Material
from ir_guidance.room.xray.detector import Noise
from ir_guidance.room.xray.devices import heading
from ir_guidance.room.xray.display import Border, border, overlay
from ir_guidance.room.xray.imaging import Imaging
from ir_guidance.room.xray.instrument import Instrument
from ir_guidance.room.xray.phantom import BODIES
from ir_guidance.room.xray.seen import on_screen, targets_on_screen
from ir_guidance.room.xray.solids import Rays
from ir_guidance.room.xray.subtraction import subtract_mask, subtracted_imaging
from ir_guidance.room.xray.targets import vessels
from ir_guidance.room.xray.variety import drawn_imaging, drawn_view
from ir_guidance.values import Modality

Array = NDArray[np.float64]
Field32 = NDArray[np.float32]
Generator = np.random.Generator

BACKDROP_PX = 704
SCENES_A_BACKDROP = 18
SHAPES = ((512, 512),) * 6 + ((480, 640), (400, 400), (448, 512), (512, 384))
BODY_ODDS = {"torso": 0.34, "hip": 0.26, "limb": 0.16, "skull": 0.10, "block": 0.14}
PULSE_RATES_HZ = (3.75, 7.5, 10.0, 15.0, 30.0)
NEEDLE_CHANCE, PRIOR_CHANCE, STILL_CHANCE = 0.78, 0.60, 0.15

SUBTRACTED_CHANCE, SUBTRACTED_NEEDLE_CHANCE = 0.08, 0.35
"""Of digital subtraction, and of a needle in it."""

VESSELS_CHANCE = {True: 0.7, False: 0.2}
"""Of a tree of filled vessels, by whether the image is a subtracted one."""

APART_CHANCE = 0.5
"""Of targets that move with the breath while bones, leads and edges stand still."""

LEAD_CHANCE = {True: 0.15, False: 0.40}
"""Of a lead that ends in the field, by whether there is a needle as well: what it must not be taken for."""


def fluoroscopy_scenes(seed: int) -> Iterator[Scene]:
    """Yield the scenes of one body from one side; the same seed gives the same scenes."""
    generator = np.random.default_rng(seed)
    behind, body = _drawn_backdrop(generator)
    noise = Noise(generator.uniform(0, 0.9), (512, 640), generator)
    borders = {shape: [border(generator, shape) for _ in range(4)] for shape in set(SHAPES)}
    for _ in range(SCENES_A_BACKDROP):
        shape = SHAPES[generator.integers(len(SHAPES))]
        field = borders[shape][generator.integers(4)]
        yield _scene(generator, behind, noise, field, body)


def _drawn_backdrop(generator: Generator) -> tuple[Backdrop, str]:
    body = str(generator.choice(list(BODY_ODDS), p=list(BODY_ODDS.values())))
    view = drawn_view(generator, BACKDROP_PX)
    parts = BODIES[body](generator)
    return backdrop(generator, parts, Rays(view, (BACKDROP_PX, BACKDROP_PX))), body


@dataclass(frozen=True, slots=True, eq=False)
class _Laid:
    """What was laid into the beam: metres (rows, columns) by material, targets, decoys (m, 2), the sleeve."""

    thickness_m: tuple[Field32, Field32, Field32, Field32]
    spots: Canvas
    targets: Targets
    decoys_px: Array
    held_px: float


def _scene(generator: Generator, behind: Backdrop, noise: Noise, field: Border, body: str) -> Scene:
    rows, columns = field.open.shape
    body_m, spacing_m = _turned(generator, behind, (rows, columns))
    subtracted = bool(generator.random() < SUBTRACTED_CHANCE)
    chance = SUBTRACTED_NEEDLE_CHANCE if subtracted else NEEDLE_CHANCE
    present = bool(generator.random() < chance)
    wanted = going_in(generator, instrument(generator, field, spacing_m), body_m[0])
    prior_px = prior(generator, wanted, spacing_m) if generator.random() < PRIOR_CHANCE else None
    laid = _laid(generator, body_m, field, wanted, (present, prior_px is not None, subtracted))
    setting = _setting(generator, laid, wanted if present else None, spacing_m)
    water_m, targets = laid.thickness_m[0], laid.targets
    imaging = _imaging(generator, setting.primary, water_m, field, noise, subtracted)
    frames = frames_of(generator, setting, imaging)
    shaft_px, tip_px = seen_needle(setting, imaging, field)
    shaft_px, tip_px = on_screen(frames[-1], shaft_px, tip_px)
    seen = targets_on_screen(frames[-1], targets.places_px, targets.radii_px)
    seen &= shown(targets, setting.shadow, setting.without, imaging)
    return Scene(
        frames=frames,
        spacing_m=spacing_m,
        modality=Modality.FLUOROSCOPY,
        shaft_px=shaft_px,
        tip_px=tip_px,
        targets_px=targets.places_px[seen],
        radii_px=targets.radii_px[seen],
        prior_px=prior_px,
        contrast=shaft_contrast(frames[-1], shaft_px, spacing_m) or 0.0,
        decoys_px=laid.decoys_px,
        tags={
            f"body_{body}": 1.0,
            "diameter_px": 2 * wanted.radius_px if present else 0.0,
            "sleeve": float(laid.held_px > 0),
            "subtracted": float(subtracted),
        },
    )


def _laid(
    generator: Generator,
    body_m: tuple[Field32, Field32],
    field: Border,
    wanted: Instrument,
    known: tuple[bool, bool, bool],
) -> _Laid:
    """Draw all but the needle: by whether it is present, a robot tells of it, and the image is subtracted."""
    present, told, subtracted = known
    (water_m, bone_m), shape = body_m, (field.open.shape[0], field.open.shape[1])
    canvas, spots = Canvas(shape, wanted.spacing_m), Canvas(shape, wanted.spacing_m)
    lay_devices(generator, canvas)
    if subtracted:  # what was there before the contrast agent; what is drawn from here on was not
        subtract_mask(generator, water_m, bone_m, canvas.layer(Material.STEEL))
    if generator.random() < VESSELS_CHANCE[subtracted]:
        vessels(canvas, generator)
    targets = lay_targets(generator, spots, field, wanted)
    decoys = lay_lookalikes(canvas, generator, present, subtracted)
    decoys += lay_plates(canvas, generator, present, subtracted)
    decoys += cross_targets(canvas, generator, targets.places_px[targets.drawn])
    decoys += lay_lead(generator, canvas, field, targets.places_px, LEAD_CHANCE[present])
    held_px = hold(generator, canvas, wanted) if present else 0.0
    if told and generator.random() < 0.3:
        other_needles(generator, canvas, field, wanted)
    water_m += canvas.layer(Material.PLASTIC)
    bone_m += canvas.layer(Material.BONE)
    metal_m, filled_m = canvas.layer(Material.STEEL), canvas.layer(Material.CONTRAST)
    decoys_px = np.array(decoys).reshape(-1, 2)
    return _Laid((water_m, bone_m, metal_m, filled_m), spots, targets, decoys_px, held_px)


def _setting(
    generator: Generator, laid: _Laid, needle: Instrument | None, spacing_m: float
) -> Setting:
    """Return the beam behind what was laid into it."""
    steel_m = laid.thickness_m[2]
    passed = transmitted(*laid.thickness_m)
    without = passed.sum(axis=0)
    shadow = cast(passed, laid.spots, steel_m)
    primary = without.copy()
    primary[shadow.rows, shadow.columns] *= shadow.share
    motion = _motion(generator, spacing_m)
    return Setting(passed, primary, without, shadow, steel_m, needle, laid.held_px, motion)


def _turned(
    generator: Generator, behind: Backdrop, shape: tuple[int, int]
) -> tuple[tuple[Field32, Field32], float]:
    """Return a part of the backdrop, turned, shifted and scaled, at a size (rows, columns), and its spacing."""
    rows, columns = shape
    zoom = float(np.exp(generator.uniform(-0.25, 0.25)) * max(shape) / 512)
    angle = float(np.rad2deg(generator.normal(0, 0.25)))
    middle = BACKDROP_PX / 2 + generator.normal(0, 0.04 * BACKDROP_PX, 2)
    turn = cv2.getRotationMatrix2D((float(middle[0]), float(middle[1])), angle, zoom)
    turn[:, 2] = turn[:, 2] + np.array([columns / 2, rows / 2]) - middle
    water_m, bone_m = (
        np.asarray(
            cv2.warpAffine(image, turn, (columns, rows), borderMode=cv2.BORDER_REFLECT_101),
            np.float32,
        )
        for image in (behind.water_m, behind.bone_m)
    )
    return (water_m, bone_m), behind.spacing_m / zoom


def _motion(generator: Generator, spacing_m: float) -> Motion:
    period_s = 1 / generator.choice(PULSE_RATES_HZ)
    advance_mps = 0.0 if generator.random() < 0.4 else generator.uniform(0, 0.004)
    breath_mps = 0.0 if generator.random() < 0.4 else generator.normal(0, 0.006)
    return Motion(
        shift_px=breath_mps * period_s / spacing_m * heading(generator.uniform(0, 2 * np.pi)),
        advance_px=float(advance_mps * period_s / spacing_m),
        held=float(generator.choice([0.0, 1.0, generator.random()])),
        still=bool(generator.random() < STILL_CHANCE),
        apart=bool(generator.random() < APART_CHANCE),
    )


def _imaging(
    generator: Generator,
    primary: Field32,
    water_m: Field32,
    field: Border,
    noise: Noise,
    subtracted: bool,
) -> Imaging:
    writing = overlay(generator, field.open.shape) if generator.random() < 0.35 else None
    settings = drawn_imaging(generator)
    if subtracted:
        settings = subtracted_imaging(generator, settings)
    imaging = Imaging(settings, field, noise, writing)
    measured = water_m[::8, ::8] > 0.02
    if generator.random() < 0.15:
        measured = np.ones_like(measured)
    imaging.expose(primary, measured)
    return imaging
