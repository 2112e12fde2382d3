# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""An endless stream of samples from seeded workers; nothing is stored, and the same seed gives the same stream."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from ir_guidance.learn.fluoroscopy_scenes import fluoroscopy_scenes
from ir_guidance.learn.sample import Sample, sampled
from ir_guidance.learn.scene import Scene
from ir_guidance.learn.ultrasound_scenes import ultrasound_scenes
from ir_guidance.values import Modality

SCENES = {Modality.ULTRASOUND: ultrasound_scenes, Modality.FLUOROSCOPY: fluoroscopy_scenes}

VIEWS = 3
"""Views of each scene; a scene costs more than a view."""

MIXED = 256
"""Samples that a worker keeps and draws from, so that a batch is not all of one patient."""

Batch = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]
"""view, cells, shaft, direction, flags of ``Sample``, stacked."""


class SampleStream(IterableDataset[Sample]):
    """Samples of one modality; each worker of each process draws rooms of its own."""

    def __init__(self, modality: Modality, seed: int, started: int = 0, rank: int = 0) -> None:
        """Draw from a seed; ``started`` counts the starts of a resumed training, ``rank`` its processes."""
        self._modality = modality
        self._entropy = seed, started, rank

    def __iter__(self) -> Iterator[Sample]:
        """Yield samples without end."""
        cv2.setNumThreads(1)
        worker = get_worker_info()
        entropy = *self._entropy, worker.id if worker else 0
        generator = np.random.default_rng(np.random.SeedSequence(entropy))
        kept: list[Sample] = []
        for scene in self._scenes(generator):
            for _ in range(VIEWS):
                sample = sampled(scene, generator)
                if len(kept) < MIXED:
                    kept.append(sample)
                    continue
                place = generator.integers(MIXED)
                kept[place], sample = sample, kept[place]
                yield sample

    def _scenes(self, generator: np.random.Generator) -> Iterator[Scene]:
        while True:
            yield from SCENES[self._modality](int(generator.integers(2**31)))


def batches(stream: SampleStream, size: int, workers: int) -> Iterator[Batch]:
    """Return the stream in batches, made by that many worker processes."""
    loader = DataLoader(
        stream,
        batch_size=size,
        num_workers=workers,
        collate_fn=collated,
        prefetch_factor=4 if workers else None,
        pin_memory=torch.cuda.is_available(),
    )
    return iter(loader)


def collated(samples: list[Sample]) -> Batch:
    """Return samples stacked."""
    return (
        torch.from_numpy(np.stack([sample.view for sample in samples])),
        torch.from_numpy(np.stack([sample.cells for sample in samples])),
        torch.from_numpy(np.stack([sample.shaft for sample in samples])),
        torch.from_numpy(np.stack([sample.direction for sample in samples])),
        torch.from_numpy(np.stack([sample.flags for sample in samples])),
    )
