# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Images of which everything is known, made from a seed: speckle with a needle, X-ray with a wire."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from ir_guidance.track import make_tracker
from ir_guidance.values import Frame, Modality, ShaftPrior

DATA = Path(__file__).parents[4] / "shared" / "data"
SIDE_PX = 512
SPACING_M = 0.00012


class Scenes:
    """Makes images and wraps them as frames; pixels are (u, v)."""

    spacing_m = SPACING_M

    def __init__(self) -> None:
        """Start counting frames."""
        self._sequence = 0

    def frame(self, pixels, modality=Modality.ULTRASOUND, spacing_m=SPACING_M, time_s=None):
        """Return a frame of these pixels, 1/30 s after the one before."""
        self._sequence += 1
        steady_ns = round((self._sequence / 30 if time_s is None else time_s) * 1e9)
        spacing = None if spacing_m is None else (spacing_m, spacing_m)
        return Frame(pixels, self._sequence, steady_ns, steady_ns, modality, spacing)

    def tissue(self, seed, needle=None, lesion=None, radius_m=0.006, shift_px=(0, 0)):
        """Return speckle (512, 512) uint8 with a needle (entry, tip) and a dark lesion at a pixel.

        The lesion and its speckle move by ``shift_px``; the needle does not.
        """
        generator = np.random.default_rng(seed)
        parts = generator.standard_normal((2, SIDE_PX, SIDE_PX)).astype(np.float32)
        gain = np.ones((SIDE_PX, SIDE_PX), np.float32)
        if lesion is not None:
            v, u = np.mgrid[:SIDE_PX, :SIDE_PX]
            gain[np.hypot(u - lesion[0], v - lesion[1]) < radius_m / SPACING_M] = 0.4
        parts *= gain
        parts = np.stack([cv2.GaussianBlur(part, (0, 0), 2.2, sigmaY=1.2) for part in parts])
        move = np.array([[1, 0, shift_px[0]], [0, 1, shift_px[1]]], dtype=float)
        mode = cv2.BORDER_REFLECT
        parts = np.stack(
            [cv2.warpAffine(part, move, (SIDE_PX, SIDE_PX), borderMode=mode) for part in parts]
        )
        parts /= parts.std()
        if needle is not None:
            parts += self._echo(generator, *needle)
        return np.clip(110 + 36 * np.log(np.hypot(*parts) + 1e-3), 0, 255).astype(np.uint8)

    @staticmethod
    def _echo(generator, entry, tip):
        """Return the complex echo of points along a line, blurred as the speckle is."""
        entry, tip = np.asarray(entry, float), np.asarray(tip, float)
        count = int(2 * np.linalg.norm(tip - entry))
        points = tip + np.linspace(0, 1, count)[:, None] * (entry - tip)
        phase = 1.2 * generator.standard_normal(count)
        rough = cv2.GaussianBlur(generator.standard_normal((1, count)), (0, 0), 4)[0]
        strength = np.exp(0.5 * rough / rough.std())
        echo = np.zeros((2, SIDE_PX, SIDE_PX), np.float32)
        for (u, v), turn, size in zip(points, phase, strength, strict=True):
            column, row = int(u), int(v)
            if 0 <= column < SIDE_PX - 1 and 0 <= row < SIDE_PX - 1:
                right, down = u - column, v - row
                weight = size * np.outer([1 - down, down], [1 - right, right])
                box = slice(row, row + 2), slice(column, column + 2)
                echo[0][box] += np.cos(turn) * weight
                echo[1][box] += np.sin(turn) * weight
        blurred = np.stack([cv2.GaussianBlur(part, (0, 0), 2.2, sigmaY=1.2) for part in echo])
        return 22.0 * blurred

    @staticmethod
    def xray(seed, wire=None, width_px=12.0, side_px=SIDE_PX, attenuation=0.6):
        """Return X-ray intensity (rows, columns) uint16: a gradient, noise, a wire (from, tip)."""
        generator = np.random.default_rng(seed)
        v, u = np.mgrid[:side_px, :side_px] / side_px
        depth = 1.2 + 0.8 * u + 0.3 * np.sin(5 * v + seed)
        if wire is not None:
            image = np.zeros((side_px, side_px), np.uint8)
            ends = [tuple(round(16 * x) for x in end) for end in wire]
            cv2.line(image, *ends, 255, round(width_px), cv2.LINE_AA, shift=4)
            # A round cap reaches half a width beyond the point: cut it off.
            start, tip = (np.asarray(end, float) for end in wire)
            along = (tip - start) / np.linalg.norm(tip - start)
            past = (u * side_px - tip[0]) * along[0] + (v * side_px - tip[1]) * along[1]
            image[past > 0] = 0
            depth += attenuation * cv2.GaussianBlur(image, (0, 0), 1.0) / 255.0
        intensity = np.exp(-depth) * (1 + 0.02 * generator.standard_normal(depth.shape))
        return np.clip(65535 * intensity, 0, 65535).astype(np.uint16)

    @staticmethod
    def prior(needle, aside_px=0.0, along_px=0.0):
        """Return what kinematics might expect of a needle (entry, tip): off by so much at the tip."""
        entry, tip = (np.asarray(end, float) for end in needle)
        along = (tip - entry) / np.linalg.norm(tip - entry)
        across = np.array([-along[1], along[0]])
        return ShaftPrior(entry_px=entry, tip_px=tip + aside_px * across + along_px * along)


@pytest.fixture(scope="module")
def scenes():
    return Scenes()


@pytest.fixture
def tracker():
    return make_tracker("classical", Modality.ULTRASOUND)


@pytest.fixture
def xray_tracker():
    return make_tracker("classical", Modality.FLUOROSCOPY)


@pytest.fixture
def real_data():
    if not DATA.is_dir():
        pytest.skip(f"no {DATA.name} folder beside the repository")
    return DATA
