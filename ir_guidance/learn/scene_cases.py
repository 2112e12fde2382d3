# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Cases of scenes as training draws them, from seeds that it never draws from: the widest variety there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ir_guidance.learn.case import Case
from ir_guidance.learn.rooms import BACK_M
from ir_guidance.learn.scene import FRAMES, Scene
from ir_guidance.learn.sequences import CLICK_SIGMA_PX, FIRST_SEED, STREAM
from ir_guidance.values import NS_PER_S, Frame, Modality, ShaftPrior, Vector

SCENES_A_SEED = 4
RATE_HZ = 15


def scene_cases(modality: Modality, count: int, seed: int) -> Iterator[Case]:
    """Yield the frames of ``count`` scenes; the newest of each is judged, those before it are memory."""
    drawn_scenes = _scenes_of(modality)
    for number in range(0, count, SCENES_A_SEED):
        generator = np.random.default_rng(np.random.SeedSequence([STREAM, seed, number]))
        scenes = drawn_scenes(FIRST_SEED + int(generator.integers(2**31)))
        for index, scene in enumerate(islice(scenes, min(SCENES_A_SEED, count - number))):
            yield from _cases(scene, f"scene/{modality}/{seed}/{number + index:04d}", generator)


def _scenes_of(modality: Modality) -> Callable[[int], Iterator[Scene]]:
    if modality is Modality.ULTRASOUND:
        from ir_guidance.learn.ultrasound_scenes import ultrasound_scenes

        return ultrasound_scenes
    from ir_guidance.learn.fluoroscopy_scenes import fluoroscopy_scenes

    return fluoroscopy_scenes


def _cases(scene: Scene, name: str, generator: np.random.Generator) -> Iterator[Case]:
    """Yield the frames of a scene; the operator has pointed at one of its targets before the first."""
    target_px = click_px = prior = None
    if len(scene.targets_px):
        target_px = scene.targets_px[generator.integers(len(scene.targets_px))]
        click_px = target_px + generator.normal(0.0, CLICK_SIGMA_PX, 2)
    if scene.prior_px is not None:
        prior = ShaftPrior(entry_px=scene.prior_px[0], tip_px=scene.prior_px[1])
    for index, pixels in enumerate(scene.frames):
        stamp_ns = NS_PER_S + round(index * NS_PER_S / RATE_HZ)
        case = Case(
            frame=Frame(
                pixels=pixels,
                sequence=index,
                stamp_ns=stamp_ns,
                acquired_steady_ns=stamp_ns,
                modality=scene.modality,
                spacing_m=(scene.spacing_m, scene.spacing_m),
            ),
            file=f"{name}/{index}",
            starts=index == 0,
            needle_visible=None,
            click_px=click_px if index == 0 else None,
            prior=prior,
        )
        yield case if index < FRAMES - 1 else _with_truth(case, scene, target_px)


def _with_truth(case: Case, scene: Scene, target_px: Vector | None) -> Case:
    visible = None if len(scene.shaft_px) else False
    if scene.tip_px is not None:
        visible = True
    return replace(
        case,
        needle_visible=visible,
        tip_px=scene.tip_px,
        shaft_px=_behind(scene.shaft_px, BACK_M / scene.spacing_m) if visible else None,
        target_px=target_px,
        contrast=scene.contrast if visible else None,
    )


def _behind(shaft_px: NDArray[np.float64], back_px: float) -> Vector:
    """Return the point of a shaft (n, 2) that lies so far behind its end, or the first."""
    gaps = np.linalg.norm(shaft_px - shaft_px[-1], axis=1)
    far = np.flatnonzero(gaps >= back_px)
    return np.asarray(shaft_px[far[-1] if len(far) else 0])
