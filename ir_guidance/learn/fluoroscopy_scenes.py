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
from ir_guidance.learn.scene import FRAMES, Scene
from ir_guidance.room.xray.backdrop import Backdrop, backdrop
from ir_guidance.room.xray.beam import STEEL, share_left, transmitted
from ir_guidance.room.xray.canvas import Canvas, Material
from ir_guidance.room.xray.detector import Noise
from ir_guidance.room.xray.devices import heading, scatter_devices
from ir_guidance.room.xray.display import Border, border, overlay
from ir_guidance.room.xray.imaging import Imaging
from ir_guidance.room.xray.instrument import Instrument, drawn_instrument, hub, sleeve
from ir_guidance.room.xray.phantom import BODIES
from ir_guidance.room.xray.seen import in_field, on_screen, targets_on_screen
from ir_guidance.room.xray.solids import Rays
from ir_guidance.room.xray.targets import clip, filled_hollow, vessels
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
NEEDLE_CHANCE, PRIOR_CHANCE, STILL_CHANCE = 0.85, 0.60, 0.15

ARRIVING_CHANCE = 0.35
"""Targets that the needle is about to reach, or has reached: where it matters most that both are seen."""

ARRIVING_M = (-0.002, 0.020)

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
    wanted = _instrument(generator, field, spacing_m)
    prior_px = _prior(generator, wanted, spacing_m) if generator.random() < PRIOR_CHANCE else None
    targets_px, radii_px = _lay(generator, canvas, field, wanted)
    held_px = _hold(generator, canvas, wanted) if present else 0.0
    if prior_px is not None and generator.random() < 0.3:
        _lay_others(generator, canvas, field, wanted)
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


def _inside(generator: Generator, field: Border, share: float) -> Array:
    """Return a pixel (2,) within a share of the field's radius."""
    away = field.round_px[2] * share * generator.random() ** 0.5
    place: Array = np.array(field.round_px[:2]) + away * heading(generator.uniform(0, 2 * np.pi))
    return place


def _instrument(generator: Generator, field: Border, spacing_m: float) -> Instrument:
    tip_px = _inside(generator, field, 0.95 if generator.random() < 0.88 else 1.8)
    right_across = generator.random() < 0.6
    length_px = max(generator.uniform(0.004, 0.1) / spacing_m, 8.0)
    if right_across:
        length_px = 2.0 * max(field.open.shape)
    return drawn_instrument(generator, tip_px, length_px, spacing_m)


def _hold(generator: Generator, canvas: Canvas, wanted: Instrument) -> float:
    """Draw what holds a needle that begins inside the image; return how far it runs on in a sleeve."""
    if np.linalg.norm(wanted.line_px[0] - wanted.line_px[-1]) > max(canvas.shape):
        return 0.0
    if generator.random() < 0.35:
        hub(canvas, generator, wanted)
        return 0.0
    return sleeve(canvas, generator, wanted)


def _lay(
    generator: Generator, canvas: Canvas, field: Border, wanted: Instrument
) -> tuple[Array, Array]:
    """Draw vessels, devices and targets; return the targets' places (k, 2) and radii (k,) in pixels."""
    scatter_devices(canvas, generator, int(generator.choice([0, 0, 1, 1, 2, 2, 3, 4, 6])))
    if generator.random() < 0.22:
        vessels(canvas, generator)
    places: list[Array] = []
    radii: list[float] = []
    for chance, most, draw in ((0.55, 5, clip), (0.35, 2, filled_hollow)):
        if generator.random() < chance:
            for _ in range(int(generator.integers(1, most + 1))):
                places.append(_target_place(generator, canvas, field, wanted))
                radii.append(draw(canvas, generator, places[-1]))
    if generator.random() < 0.15:  # a point of a registered CT: nothing shows it
        places.append(_inside(generator, field, 0.8))
        radii.append(4.0)
    return np.array(places).reshape(-1, 2), np.array(radii)


def _target_place(generator: Generator, canvas: Canvas, field: Border, wanted: Instrument) -> Array:
    """Return where a target is, (u, v): anywhere in the field, or ahead of the needle's tip."""
    if generator.random() >= ARRIVING_CHANCE:
        return _inside(generator, field, 0.9)
    start, tip = wanted.line_px[0], wanted.line_px[-1]
    ahead = (tip - start) / np.linalg.norm(tip - start)
    off_m = np.array([generator.uniform(*ARRIVING_M), generator.normal(0.0, 0.002)])
    place: Array = tip + off_m @ np.array([ahead, [-ahead[1], ahead[0]]]) / canvas.spacing_m
    return place


def _lay_others(generator: Generator, canvas: Canvas, field: Border, wanted: Instrument) -> None:
    """Draw needles that are not the guided one, well beside it."""
    start, tip = wanted.line_px[0], wanted.line_px[-1]
    side = np.array([tip[1] - start[1], start[0] - tip[0]]) / np.linalg.norm(tip - start)
    for _ in range(int(generator.integers(1, 4))):
        other = _instrument(generator, field, canvas.spacing_m)
        if abs(float((other.line_px[-1] - tip) @ side)) > 28:
            wall_m = None if other.wall_px is None else other.wall_px * canvas.spacing_m
            radius_m = other.radius_px * canvas.spacing_m
            canvas.wire(other.line_px, radius_m, wall_m=wall_m, tip=other.tip)


def _prior(generator: Generator, wanted: Instrument, spacing_m: float) -> Array:
    """Return where joints would place entry and tip (2, 2), with a robot's error."""
    start, tip = wanted.line_px[0], wanted.line_px[-1]
    length_px = float(np.linalg.norm(tip - start))
    angle = np.arctan2(tip[1] - start[1], tip[0] - start[0]) + generator.normal(0, 0.035)
    along, aside = generator.normal(0, 0.0015, 2) / spacing_m
    said_tip = tip + along * heading(angle) + aside * heading(angle + np.pi / 2)
    length_px = min(length_px, generator.uniform(0.1, 0.2) / spacing_m)
    return np.stack([said_tip - length_px * heading(angle), said_tip])


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
