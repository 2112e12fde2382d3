# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Scenes for tests of training: a bright line on noise, its tip known, a dark disc as the target."""

import cv2
import numpy as np

from ir_guidance.learn.scene import Scene
from ir_guidance.values import Modality


def line_scene(seed, modality=Modality.ULTRASOUND, shape=(512, 512)):
    rng = np.random.default_rng(seed)
    image = rng.integers(40, 90, shape, dtype=np.uint8)
    centre = rng.uniform(120, min(shape) - 120, 2)
    cv2.circle(image, tuple(np.round(centre).astype(int).tolist()), 30, 10, cv2.FILLED)
    tip = rng.uniform(100, min(shape) - 100, 2)
    entry = tip + rng.uniform(60, 90, 2) * np.where(tip > np.array(shape[::-1]) / 2, -1, 1)
    ends = [tuple(np.round(end).astype(int).tolist()) for end in (entry, tip)]
    cv2.line(image, *ends, 250, 3)
    return Scene(
        frames=np.stack([image] * 3),
        spacing_m=1.2e-4,
        modality=modality,
        shaft_px=np.stack((entry, tip)),
        tip_px=tip,
        targets_px=centre[None],
        radii_px=np.array([30.0]),
        prior_px=np.stack((entry, tip)) + rng.normal(0, 5, (2, 2)) if seed % 2 else None,
        contrast=9.0,
    )


def line_scenes(seed):
    for i in range(12):
        yield line_scene(1000 * seed + i)
