# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A folder: its images one by one, in natural order or that of its labels, or its runs in turn."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from ir_guidance.frames.image import image_shots
from ir_guidance.frames.labels import FILE_NAME, Labels, find_labels
from ir_guidance.frames.recording import Recording, Shot
from ir_guidance.frames.source import SourceError


def natural_key(path: Path) -> list[tuple[int, str]]:
    """Return a sort key that puts 9.png before 10.png."""
    return [
        (int(part), "") if part.isdecimal() else (-1, part.lower())
        for part in re.split(r"(\d+)", path.name)
    ]


def read_images(folder: Path, files: Sequence[Path]) -> Recording:
    """Read a folder's images, each by itself; ``labels.json`` says which, where the folder has one.

    Raises:
        SourceError: ``labels.json`` cannot be used, or names a file that is missing.
    """
    labels = find_labels(folder)
    if labels and labels.folder == folder:
        files = list(labels.hints)
        for file in files:
            if not file.is_file():
                raise SourceError(
                    f"{folder / FILE_NAME}: names {file.name}, which is missing; put it back"
                )
    if not files:
        raise SourceError(f"{folder / FILE_NAME}: lists no frames; list some or remove it")
    known = labels is not None and any(file.resolve() in labels.hints for file in files)
    return Recording(
        description=f"{folder}: {len(files)} image{'s' if len(files) > 1 else ''}",
        shots=partial(_image_shots, folder, tuple(files), labels),
        modality=labels.modality if labels and known else None,
        count=len(files),
        stills=True,
    )


def read_runs(folder: Path, files: Sequence[Path], read: Callable[[Path], Recording]) -> Recording:
    """Read a folder's recordings, one after the other.

    Raises:
        SourceError: One of them cannot be read, or they are of different modalities.
    """
    recordings = [read(file) for file in files]
    modalities = {recording.modality for recording in recordings}
    if len(modalities) > 1:
        raise SourceError(f"{folder}: images of different modalities; give one file at a time")
    counts = [recording.count for recording in recordings]
    return Recording(
        description=f"{folder}: {len(files)} recording{'s' if len(files) > 1 else ''}",
        shots=partial(_run_shots, recordings),
        modality=modalities.pop(),
        rate_hz=recordings[0].rate_hz,
        count=None if None in counts else sum(count for count in counts if count),
        stills=all(recording.stills for recording in recordings),
    )


def _image_shots(folder: Path, files: Sequence[Path], labels: Labels | None) -> Iterator[Shot]:
    root = folder.resolve()
    for file in files:
        path = file.resolve()
        name = str(path.relative_to(root)) if path.is_relative_to(root) else file.name
        yield from image_shots(file, name, labels)


def _run_shots(recordings: Sequence[Recording]) -> Iterator[Shot]:
    """Yield all runs; their stamps count from different starts, so the rate stamps them.

    Each has a geometry of its own, hence an epoch.
    """
    for epoch, recording in enumerate(recordings):
        for shot in recording.shots():
            geometry = replace(shot.geometry, epoch=epoch) if shot.geometry else None
            yield replace(shot, stamp_ns=None, geometry=geometry)
