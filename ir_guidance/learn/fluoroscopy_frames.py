# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A training scene in motion: its beam from frame to frame, and what of the needle the last picture shows."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ir_guidance.learn.fluoroscopy_targets import Shadow
from ir_guidance.learn.scene import FRAMES
from ir_guidance.room.xray.beam import STEEL, share_left
from ir_guidance.room.xray.display import Border
from ir_guidance.room.xray.imaging import Imaging
from ir_guidance.room.xray.instrument import Instrument
from ir_guidance.room.xray.seen import in_field
from ir_guidance.values import Vector

Array = NDArray[np.float64]
Field32 = NDArray[np.float32]
Generator = np.random.Generator

LEAST_SIGNAL = 12.0
"""Signal over noise of the needle's last 60 pixels together, from which a needle is there to be seen."""

LEAST_TIP_SIGNAL = 5.0
"""The same of its last 12, for the tip."""


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """From frame to frame: the tissue's shift (2,) and the needle's advance, in pixels; a still repeats.

    ``held`` is the needle's share of the shift; ``apart``, that of the rest only targets have it.
    """

    shift_px: Array
    advance_px: float
    held: float
    still: bool
    apart: bool


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """What a scene is made of: the needle at the last frame, if any, and what else lies in the beam.

    ``passed`` (3, rows, columns) by energy, ``primary`` their sum, ``without`` the same without targets,
    whose ``shadow`` is apart; ``held_px`` is how far the needle runs on in a sleeve.
    """

    passed: Field32
    primary: Field32
    without: Field32
    shadow: Shadow
    steel_m: Field32
    needle: Instrument | None
    held_px: float
    motion: Motion


def frames_of(generator: Generator, setting: Setting, imaging: Imaging) -> NDArray[np.uint8]:
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
    if shift_px.any() and motion.apart:
        np.multiply(setting.without, setting.shadow.moved((rows, columns), shift_px), out=beam)
    elif shift_px.any():
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


def seen_needle(setting: Setting, imaging: Imaging, field: Border) -> tuple[Array, Vector | None]:
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
