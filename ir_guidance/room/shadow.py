# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The dark band behind a bone, with soft edges; it moves as the bone does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ir_guidance.room.anatomy import Bone
from ir_guidance.room.breathing import Breathing
from ir_guidance.room.scan_lines import ScanLines
from ir_guidance.values import Vector

Array = NDArray[np.float64]
Field32 = NDArray[np.float32]

EDGE_M = 6e-4
"""Over this a shadow's edge fades: the beam's width."""

SKIN_OF_BONE_M = 8e-4
"""From a bone's face to where its shadow begins."""

ONSET_ROWS = 12.0


class BoneShadow:
    """Darkens what lies behind a bone."""

    def __init__(self, bone: Bone, breathing: Breathing, lines: ScanLines) -> None:
        """Find the lines that meet the bone, and where."""
        self._lines = lines
        self._share = float(breathing.share(bone.depth_m))
        x = bone.x_m + np.linspace(-1.6, 1.6, 65) * bone.half_width_m
        face, range_m = lines.polar_m(x, bone.face_m(x.astype(np.float32)).astype(np.float64))
        off_m = np.abs(x - bone.x_m) - bone.half_width_m
        self._face_m = face
        self._range_m = range_m + SKIN_OF_BONE_M
        self._dark = bone.dark / (1.0 + np.exp(np.clip(off_m / EDGE_M, -30.0, 30.0)))

    def covers(self, line: Array, row: Array, breath_m: Vector) -> NDArray[np.bool_]:
        """Return which samples (n,) lie where the shadow is at least half as dark as it gets."""
        face, range_m = self._moved(breath_m)
        at = (line - 0.5 * (self._lines.count - 1)) * self._lines.line_m
        dark = np.interp(at, face, self._dark, left=0.0, right=0.0) > 0.5
        deep = row * self._lines.row_m > np.interp(at, face, range_m)
        return np.asarray(dark & deep)

    def _moved(self, breath_m: Vector) -> tuple[Array, Array]:
        face = self._face_m + self._share * float(breath_m[0])
        return face, self._range_m - self._share * float(breath_m[2])

    def darken(self, gain: Field32, breath_m: Vector) -> None:
        """Multiply an amplitude gain (rows, lines) by the shadow, in place."""
        lines = self._lines
        face, range_m = self._moved(breath_m)
        faces = lines.faces_m()
        first, last = np.searchsorted(faces, face[[0, -1]]).tolist()
        if first == last:
            return
        top = np.interp(faces[first:last], face, range_m) / lines.row_m
        dark = np.interp(faces[first:last], face, self._dark).astype(np.float32)
        start = min(max(int(top.min()), 0), lines.rows)
        rows = np.arange(start, lines.rows, dtype=np.float32)[:, None]
        behind = np.clip((rows - top.astype(np.float32)) / np.float32(ONSET_ROWS), 0.0, 1.0)
        gain[start:, first:last] *= 1.0 - behind * dark
