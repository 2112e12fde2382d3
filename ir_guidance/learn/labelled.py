# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Cases of a folder of real images that somebody labelled in ``labels.json``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BaseModel, Field, ValidationError

from ir_guidance.frames import Grab, SourceError, SourceOptions, open_source
from ir_guidance.frames.labels import FILE_NAME, Hint, read_labels
from ir_guidance.frames.source import DEFAULT_RATE_HZ
from ir_guidance.learn.case import Case
from ir_guidance.values import NS_PER_S, Modality, Vector

Number = Annotated[float, Field(allow_inf_nan=False)]
Point = tuple[Number, Number]


class Label(BaseModel):
    """What ``labels.json`` says of one image; pixels (u, v) of the whole image.

    Images with the same ``sequence`` follow each other; one without is a still.
    """

    file: str
    needle_visible: bool
    labelled: bool = True
    tip_px: Point | None = None
    shaft_px: Point | None = None
    tip_sigma_px: float | None = Field(None, ge=0, allow_inf_nan=False)
    target_px: Point | None = None
    sequence: str | None = None


class _File(BaseModel):
    frames: list[Label] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class LabelledFolder:
    """A folder whose labels were found to be in order."""

    folder: Path
    modality: Modality
    labels: tuple[Label, ...]
    hints: Mapping[Path, Hint]

    def cases(self) -> Iterator[Case]:
        """Yield the images in the file's order; a target is pointed at where its sequence first shows it.

        Raises:
            SourceError: An image cannot be read.
        """
        before: str | None = None
        pointed = False
        for number, label in enumerate(self.labels):
            starts = label.sequence is None or label.sequence != before
            before, pointed = label.sequence, pointed and not starts
            case = _case(self._grab(label), label, number, starts=starts)
            if label.sequence is None:
                case = replace(case, target_px=None)
            elif case.target_px is not None and not pointed:
                case, pointed = replace(case, click_px=case.target_px, target_px=None), True
            yield case

    def _grab(self, label: Label) -> Grab:
        path = (self.folder / label.file).resolve()
        hint = self.hints[path]
        options = SourceOptions(
            modality=self.modality,
            roi=hint.roi,
            spacing_mm=None if hint.spacing_m is None else hint.spacing_m[0] * 1e3,
        )
        with open_source(str(path), options) as source:
            if source.count != 1:
                raise SourceError(
                    f"{path}: holds several images, a label is of one; save them one by one"
                )
            return next(source.grabs())


def labelled_folder(folder: Path) -> LabelledFolder:
    """Return a folder's labels.

    Raises:
        SourceError: There are none, or they are not in the form that docs/evaluation.md describes.
    """
    path = folder / FILE_NAME
    if not folder.is_dir():
        raise SourceError(f"{folder}: no such folder; give one that holds a {FILE_NAME}")
    known = read_labels(folder)
    if known is None:
        raise SourceError(
            f"{path}: missing, or without modality and frames; label the images "
            "as docs/evaluation.md says"
        )
    try:
        labels = _File.model_validate_json(path.read_text(encoding="utf-8")).frames
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(part) for part in fault["loc"])
        raise SourceError(f"{path}: {where}: {fault['msg']}; correct it") from None
    for file in known.hints:
        if not file.is_file():
            raise SourceError(f"{path}: names {file.name}, which is missing; put it back")
    return LabelledFolder(folder.resolve(), known.modality, tuple(labels), known.hints)


def _case(grab: Grab, label: Label, number: int, *, starts: bool) -> Case:
    """Return the case of an image, in pixels of its region of interest; labels have no times, so a rate has."""
    corner = np.array(grab.roi[:2], dtype=np.float64)
    tip_px = _within(label.tip_px, corner)
    scored = label.labelled and not (label.needle_visible and tip_px is None)
    time_ns = round(number * NS_PER_S / DEFAULT_RATE_HZ)
    return Case(
        frame=replace(grab.frame, sequence=number, stamp_ns=time_ns, acquired_steady_ns=time_ns),
        file=label.file,
        starts=starts,
        needle_visible=label.needle_visible if scored else None,
        tip_px=tip_px if scored and label.needle_visible else None,
        shaft_px=_within(label.shaft_px, corner),
        tip_sigma_px=label.tip_sigma_px or 0.0,
        target_px=_within(label.target_px, corner) if label.labelled else None,
    )


def _within(px: Point | None, corner: Vector) -> Vector | None:
    return None if px is None else np.array(px) - corner
