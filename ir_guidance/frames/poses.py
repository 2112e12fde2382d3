# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Streams of poses: from a tracker's MetaImage file, with images or without, or from a table (CSV)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from ir_guidance.coordinates import MixUpError, check_rigid
from ir_guidance.frames.metaimage import transforms_of
from ir_guidance.frames.metaimage_header import read_frame_fields
from ir_guidance.frames.source import SourceError
from ir_guidance.frames.table import read_table
from ir_guidance.geometry import inverse
from ir_guidance.values import Matrix, Vector

UNITS_M = {"m": 1.0, "mm": 1e-3}
QUATERNION = ("qx", "qy", "qz", "qw")
MAX_BYTES = 256 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Poses:
    """Poses (n, 4, 4) in metres with their stamps (n,) in seconds, on the recorder's own clock."""

    stamps_s: Vector
    matrices: Matrix


def read_poses(path: Path, tool: str | None = None, reference: str | None = None) -> Poses:
    """Return a stream of poses.

    From a MetaImage, the transform ``tool`` of every frame whose status is OK, such as
    "ProbeToTracker"; with ``reference``, such as "ReferenceToTracker", in that marker's axes. From a
    table, the columns qx, qy, qz, qw and either x_m, y_m, z_m or x_mm, y_mm, z_mm: the names say the
    unit; stamps from time_s, else counted.

    Raises:
        SourceError: It cannot be read, lacks what is asked for, or its poses cannot be what they say.
    """
    if not path.is_file():
        raise SourceError(f"{path}: no such file")
    if path.stat().st_size > MAX_BYTES:
        raise SourceError(f"{path}: too large for a stream of poses; give a shorter one")
    if path.suffix.lower() == ".csv":
        if tool or reference:
            raise SourceError(
                f"{path}: a table has one stream of poses; leave the names of tools out"
            )
        poses = _from_table(path)
    else:
        poses = _from_metaimage(path, tool, reference)
    try:
        check_rigid(poses.matrices, str(path))
    except MixUpError as error:
        raise SourceError(f"{error}; check its units and axes") from None
    return poses


def _from_metaimage(path: Path, tool: str | None, reference: str | None) -> Poses:
    stamps_s: list[float] = []
    matrices: list[Matrix] = []
    seen: set[str] = set()
    for fields in read_frame_fields(path).values():
        found = transforms_of(path, fields)
        seen |= found.keys()
        if tool not in found or (reference is not None and reference not in found):
            continue
        matrix = found[tool]
        matrices.append(matrix if reference is None else inverse(found[reference]) @ matrix)
        stamps_s.append(_stamp_s(path, fields))
    if not matrices:
        wanted = " with ".join(name for name in (tool, reference) if name) or "none"
        raise SourceError(
            f"{path}: no frame has the transform asked for ({wanted}); there are: {', '.join(sorted(seen)) or 'none'}"
        )
    return Poses(np.array(stamps_s, np.float64), np.stack(matrices))


def _stamp_s(path: Path, fields: dict[str, str]) -> float:
    try:
        return float(fields["Timestamp"])
    except (KeyError, ValueError):
        raise SourceError(f"{path}: a frame with poses has no Timestamp; export it again") from None


def _from_table(path: Path) -> Poses:
    table = read_table(path)
    units = [unit for unit in UNITS_M if table.has([f"{axis}_{unit}" for axis in "xyz"])]
    if len(units) > 1:
        raise SourceError(f"{path}: has x, y, z in metres and in millimetres; leave one out")
    unit = units[0] if units else "m"
    places_m = table.numbers([f"{axis}_{unit}" for axis in "xyz"]) * UNITS_M[unit]
    turns = table.numbers(QUATERNION)
    if not np.allclose(np.linalg.norm(turns, axis=1), 1.0, atol=1e-2):
        raise SourceError(f"{path}: a quaternion is not of unit length; check the columns' order")
    matrices = np.tile(np.eye(4), (len(turns), 1, 1))
    matrices[:, :3, :3], matrices[:, :3, 3] = Rotation.from_quat(turns).as_matrix(), places_m
    if table.has(["time_s"]):
        return Poses(table.numbers(["time_s"])[:, 0], matrices)
    return Poses(np.linspace(0.0, len(turns) - 1.0, len(turns)), matrices)
