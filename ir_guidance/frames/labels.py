# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What a folder's ``labels.json`` knows of how its images were made; never where a needle is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError

from ir_guidance.frames.source import Roi, SourceError
from ir_guidance.values import Modality

FILE_NAME = "labels.json"


class _Entry(BaseModel):
    file: str
    spacing_mm_per_px: float | None = Field(None, gt=0, le=10)
    roi_xywh: Roi | None = None


class _File(BaseModel):
    modality: Modality
    frames: list[_Entry]


@dataclass(frozen=True, slots=True)
class Hint:
    """What is known of one image: (across, down) spacing, region of interest."""

    spacing_m: tuple[float, float] | None
    roi: Roi | None


@dataclass(frozen=True, slots=True)
class Labels:
    """Hints by resolved path, in the file's order; ``folder`` is where ``labels.json`` lies."""

    folder: Path
    modality: Modality
    hints: Mapping[Path, Hint]


def find_labels(folder: Path) -> Labels | None:
    """Return the labels of a folder, else of the one above it; None where there are none.

    Raises:
        SourceError: As of ``read_labels``.
    """
    return read_labels(folder) or read_labels(folder.resolve().parent)


def read_labels(folder: Path) -> Labels | None:
    """Return what ``folder/labels.json`` says; None where there is none, or it is of another kind.

    Raises:
        SourceError: It is not JSON, holds a value that cannot be, or names a file outside.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict) or not {"modality", "frames"} <= content.keys():
            return None
        labels = _File.model_validate(content)
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(part) for part in fault["loc"])
        raise SourceError(
            f"{path}: {where} = {fault['input']!r}: {fault['msg']}; correct it"
        ) from None
    except (ValueError, RecursionError):
        raise SourceError(f"{path}: not readable as JSON; correct or remove it") from None
    return Labels(
        folder,
        labels.modality,
        {_inside(path, entry.file): _hint(entry) for entry in labels.frames},
    )


def _inside(path: Path, name: str) -> Path:
    root = path.parent.resolve()
    file = (root / name).resolve()
    if not file.is_relative_to(root):
        raise SourceError(f"{path}: {name!r} lies outside of the folder; name files inside it")
    return file


def _hint(entry: _Entry) -> Hint:
    spacing_mm = entry.spacing_mm_per_px
    return Hint(
        None if spacing_mm is None else (spacing_mm / 1e3, spacing_mm / 1e3), entry.roi_xywh
    )
