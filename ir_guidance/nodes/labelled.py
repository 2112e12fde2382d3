# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""No-go structures from a labelled volume that is registered to the robot, read once as the planner starts."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from pydantic import Field

from ir_guidance.coordinates import MixUpError, check_rigid
from ir_guidance.frames.ct import CtError, read_ct
from ir_guidance.plan.no_go import NoGo, NoGoError, no_go_from_labels
from ir_guidance.plan.settings import PlanSettings
from ir_guidance.settings import Settings, SettingsError
from ir_guidance.values import Matrix

ABOVE_M = 0.005
"""Of what lies over the highest entry: a structure that bulges there counts."""


class LabelledVolume(Settings):
    """Which voxels must not be touched, and where they lie."""

    labels: str = Field(
        "", description="NIfTI file of labels, 0 where nothing is; empty: no labelled volume."
    )
    names: str = Field(
        "", description="CSV with the columns id and structure; empty: labels are called by number."
    )
    keep_clear: tuple[str, ...] = Field(
        (), description="Only structures whose name holds one of these; empty: all."
    )
    base_from_lps: tuple[float, ...] = Field(
        (),
        description="4x4 rigid transform, row by row, from the patient's left, back and head in metres to "
        "base_link: the volume's registration.",
    )


def read_no_go(told: LabelledVolume, plan: PlanSettings) -> NoGo | None:
    """Return the structures round every path that the plan's limits allow; None where no volume was told.

    Raises:
        SettingsError: A file that cannot be read, a transform that is none, or nothing to keep clear of.
    """
    if not told.labels:
        return None
    try:
        volume = read_ct(Path(told.labels))
        base_from_index = _registration(told) @ volume.lps_from_index
        labels = np.rint(volume.hounsfield).astype(np.int32)
        return no_go_from_labels(labels, base_from_index, _names(told, labels), _reach(plan))
    except (CtError, NoGoError, MixUpError) as error:
        raise SettingsError(f"node planner: no_go: {error}") from None


def _registration(told: LabelledVolume) -> Matrix:
    if len(told.base_from_lps) != 16:
        raise MixUpError(
            f"base_from_lps has {len(told.base_from_lps)} numbers, a 4x4 transform row by row has 16"
        )
    base_from_lps = np.array(told.base_from_lps).reshape(4, 4)
    check_rigid(base_from_lps, "base_from_lps")
    return base_from_lps


def _names(told: LabelledVolume, labels: np.ndarray) -> dict[int, str]:
    """Return what to call the labels that the volume holds, of those that are to be kept clear of."""
    held = [int(label) for label in np.unique(labels) if label > 0]
    called = {label: str(label) for label in held}
    if told.names:
        called |= _read_names(Path(told.names))
    wanted = tuple(part.lower() for part in told.keep_clear)
    names = {label: called[label] for label in held}
    if wanted:
        names = {n: name for n, name in names.items() if any(w in name.lower() for w in wanted)}
    if not names:
        raise NoGoError(
            f"{told.labels} holds nothing that is called {' or '.join(told.keep_clear) or 'anything'}"
        )
    return names


def _read_names(path: Path) -> dict[int, str]:
    try:
        with path.open(encoding="utf-8") as stream:
            return {int(row["id"]): row["structure"] for row in csv.DictReader(stream)}
    except OSError as error:
        raise NoGoError(f"{path}: cannot be read: {error.strerror}") from None
    except (KeyError, ValueError, TypeError):
        raise NoGoError(f"{path}: not a table with the columns id and structure") from None


def _reach(plan: PlanSettings) -> tuple[np.ndarray, np.ndarray]:
    """Return the corners (3,) of the box that holds every path."""
    sides = np.array([plan.entry_x_m, plan.entry_y_m, plan.entry_z_m])
    low_m, high_m = sides[:, 0] - plan.longest_m, sides[:, 1] + plan.longest_m
    high_m[2] = sides[2, 1] + ABOVE_M
    return low_m, high_m
