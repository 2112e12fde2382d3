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
from ir_guidance.learn.fluoroscopy_layout import (
    hold,
    instrument,
    lay,
    lay_lead,
    other_needles,
    prior,
)
from ir_guidance.learn.scene import FRAMES, Scene
from ir_guidance.room.xray.backdrop import Backdrop, backdrop
from ir_guidance.room.xray.beam import STEEL, share_left, transmitted
from ir_guidance.room.xray.canvas import Canvas, Material
from ir_guidance.room.xray.detector import Noise
from ir_guidance.room.xray.devices import heading
from ir_guidance.room.xray.display import Border, border, overlay
from ir_guidance.room.xray.imaging import Imaging
from ir_guidance.room.xray.instrument import Instrument
from ir_guidance.room.xray.phantom import BODIES
from ir_guidance.room.xray.seen import in_field, on_screen, targets_on_screen
from ir_guidance.room.xray.solids import Rays
from ir_guidance.room.xray.variety import drawn_imaging, drawn_view
from ir_guidance.values import Modality, Vector

Array = NDArray[np.float64]
Field32 = NDArray[np.float32]
Generator = np.random.Generator

BACKDROP_PX = 704
SCENES_A_BACKDROP = 16
SHAPES = ((512, 512),) * 6 + ((480, 640), (400, 400), (448, 512), (512, 384))
BODY_ODDS = {"torso": 0.34, "hip": 0.26, "limb": 0.16, "skull": 0.10, "block": 0.14}
PULSE_RATES_HZ = (3.75, 7.5, 10.0, 15.0, 30.0)
NEEDLE_CHANCE, PRIOR_CHANCE, STILL_CHANCE = 0.80, 0.60, 0.15

LEAD_CHANCE = {True: 0.15, False: 0.50}
"""Of a lead that ends in the field, by whether there is a needle as well: what it must not be taken for."""

LEAST_SIGNAL = 12.0
"""Signal over noise of the needle's last 60 pixels together, from which a needle is there to be seen."""

LEAST_TIP_SIGNAL = 5.0
"""The same of its last 12, for the tip."""


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """From frame to frame: the tissue's shift (2,) and the needle's advance, in pixels; a still repeats.

    ``held`` is the needle's share of the shift.
    """

    shift_px: Array
    advance_px: float
    held: float
    still: bool


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """What a scene is made of: the needle at the last frame, if any, and what else lies in the beam.

    ``passed`` (3, rows, columns) by energy, ``primary`` their sum; ``held_px`` is how far the needle runs
    on in a sleeve.
    """

    passed: Field32
    primary: Field32
    steel_m: Field32
    needle: Instrument | None
    held_px: float
    motion: Motion


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


def _scene(generator: Generator, behind: Backdrop, noise: Noise, field: Border, body: str) -> Scene:
    rows, columns = field.open.shape
    (water_m, bone_m), spacing_m = _turned(generator, behind, (rows, columns))
    canvas = Canvas((rows, columns), spacing_m)
    present = generator.random() < NEEDLE_CHANCE
    wanted = instrument(generator, field, spacing_m)
    prior_px = prior(generator, wanted, spacing_m) if generator.random() < PRIOR_CHANCE else None
    targets_px, radii_px = lay(generator, canvas, field, wanted)
    lay_lead(generator, canvas, field, targets_px, LEAD_CHANCE[present])
    held_px = hold(generator, canvas, wanted) if present else 0.0
    if prior_px is not None and generator.random() < 0.3:
        other_needles(generator, canvas, field, wanted)
    steel_m = canvas.layer(Material.STEEL)
    water_m += canvas.layer(Material.PLASTIC)
    passed = transmitted(water_m, bone_m, steel_m, canvas.layer(Material.CONTRAST))
    motion = _motion(generator, spacing_m)
    needle = wanted if present else None
    setting = Setting(passed, passed.sum(axis=0), steel_m, needle, held_px, motion)
    imaging = _imaging(generator, setting.primary, water_m, field, noise)
    frames = _frames(generator, setting, imaging)
    shaft_px, tip_px = _seen(setting, imaging, field)
    shaft_px, tip_px = on_screen(frames[-1], shaft_px, tip_px)
    shown = targets_on_screen(frames[-1], targets_px, radii_px)
    return Scene(
        frames=frames,
        spacing_m=spacing_m,
        modality=Modality.FLUOROSCOPY,
        shaft_px=shaft_px,
        tip_px=tip_px,
        targets_px=targets_px[shown],
        radii_px=radii_px[shown],
        prior_px=prior_px,
        contrast=shaft_contrast(frames[-1], shaft_px, spacing_m) or 0.0,
        tags={
            f"body_{body}": 1.0,
            "diameter_px": 2 * wanted.radius_px if present else 0.0,
            "sleeve": float(held_px > 0),
        },
    )


def _turned(
    generator: Generator, behind: Backdrop, shape: tuple[int, int]
) -> tuple[list[Field32], float]:
    """Return a part of the backdrop, turned, shifted and scaled, at a size (rows, columns), and its spacing."""
    rows, columns = shape
    zoom = float(np.exp(generator.uniform(-0.25, 0.25)) * max(shape) / 512)
    angle = float(np.rad2deg(generator.normal(0, 0.25)))
    middle = BACKDROP_PX / 2 + generator.normal(0, 0.04 * BACKDROP_PX, 2)
    turn = cv2.getRotationMatrix2D((float(middle[0]), float(middle[1])), angle, zoom)
    turn[:, 2] = turn[:, 2] + np.array([columns / 2, rows / 2]) - middle
    turned = [
        cv2.warpAffine(image, turn, (columns, rows), borderMode=cv2.BORDER_REFLECT_101)
        for image in (behind.water_m, behind.bone_m)
    ]
    return [image.astype(np.float32, copy=False) for image in turned], behind.spacing_m / zoom


def _motion(generator: Generator, spacing_m: float) -> Motion:
    period_s = 1 / generator.choice(PULSE_RATES_HZ)
    advance_mps = 0.0 if generator.random() < 0.4 else generator.uniform(0, 0.004)
    breath_mps = 0.0 if generator.random() < 0.4 else generator.normal(0, 0.006)
    return Motion(
        shift_px=breath_mps * period_s / spacing_m * heading(generator.uniform(0, 2 * np.pi)),
        advance_px=float(advance_mps * period_s / spacing_m),
        held=float(generator.choice([0.0, 1.0, generator.random()])),
        still=bool(generator.random() < STILL_CHANCE),
    )


def _imaging(
    generator: Generator, primary: Field32, water_m: Field32, field: Border, noise: Noise
) -> Imaging:
    writing = overlay(generator, field.open.shape) if generator.random() < 0.35 else None
    imaging = Imaging(drawn_imaging(generator), field, noise, writing)
    measured = water_m[::8, ::8] > 0.02
    if generator.random() < 0.15:
        measured = np.ones_like(measured)
    imaging.expose(primary, measured)
    return imaging


def _frames(generator: Generator, setting: Setting, imaging: Imaging) -> NDArray[np.uint8]:
    """Return the frames (3, rows, columns); everything was drawn where it is in the last."""
    if setting.motion.still:
        return np.stack([imaging.picture(_beam(setting, 0), generator)] * FRAMES)
    return np.stack(
        [imaging.picture(_beam(setting, ago), generator) for ago in reversed(range(FRAMES))]
    )


def _beam(setting: Setting, ago: int) -> Field32:
    """Return the primary beam (rows, columns) some frames ago."""
    motion, needle = setting.motion, setting.needle
    shift_px = -ago * motion.shift_px
    move = np.array([[1, 0, shift_px[0]], [0, 1, shift_px[1]]])
    rows, columns = setting.primary.shape
    beam: Field32 = setting.primary.copy()
    if shift_px.any():
        cv2.warpAffine(
            setting.primary, move, (columns, rows), dst=beam, borderMode=cv2.BORDER_REFLECT_101
        )
    if needle is None:
        return beam
    drawn = needle.drawn((rows, columns), ago * motion.advance_px, motion.held * shift_px)
    if drawn is not None:
        steel_m = drawn.length_px * np.float32(needle.spacing_m)
        passed = setting.passed[:, drawn.rows, drawn.columns]
        beam[drawn.rows, drawn.columns] *= share_left(passed, STEEL, steel_m)
    return beam


def _seen(setting: Setting, imaging: Imaging, field: Border) -> tuple[Array, Vector | None]:
    """Return the part of the needle's shaft that the last frame shows, and its tip if that is there to be seen."""
    needle, nothing = setting.needle, np.zeros((0, 2))
    if needle is None:
        return nothing, None
    shape = field.open.shape
    line = needle.line_px
    if setting.held_px > 0:
        step = line[1] - line[0]
        line = np.concatenate([[line[0] - setting.held_px * step / np.linalg.norm(step)], line])
    shaft_px, tip_px = in_field(line, setting.held_px, field.open, setting.steel_m)
    drawn = needle.drawn((shape[0], shape[1]), 0.0, np.zeros(2))
    if drawn is None or not len(shaft_px):
        return nothing, None
    steel_m = drawn.length_px * np.float32(needle.spacing_m)
    share = share_left(setting.passed[:, drawn.rows, drawn.columns], STEEL, steel_m)
    signal = imaging.signal_to_noise(setting.primary, drawn.rows, drawn.columns, share)
    away = np.hypot(drawn.columns - shaft_px[-1, 0], drawn.rows - shaft_px[-1, 1])
    if _together(signal[away < 60]) < LEAST_SIGNAL:
        return nothing, None
    return shaft_px, tip_px if _together(signal[away < 12]) > LEAST_TIP_SIGNAL else None


def _together(signal: Field32) -> float:
    return float(np.sqrt((signal * signal).sum()))
