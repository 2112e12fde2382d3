# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A C-arm's geometry as a small file: written by one calibration, read by the next."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from ir_guidance.coordinates import MixUpError, check_rigid
from ir_guidance.settings import Settings, SettingsError, checked
from ir_guidance.values import CarmGeometry

Length = Annotated[float, Field(ge=0.2, le=3.0)]  # metres: millimetres do not fit
Spacing = Annotated[float, Field(ge=1e-5, le=5e-3)]
Angle = Annotated[float, Field(ge=-3.2, le=3.2)]  # radians: most degrees do not fit
Row = tuple[float, float, float, float]


class CarmFile(Settings):
    """What the file holds; names say the units, bounds catch the wrong ones."""

    sdd_m: Length = Field(description="Source to detector.")
    sid_m: Length = Field(description="Source to isocentre.")
    primary_angle_rad: Angle = Field(description="Positive towards LAO.")
    secondary_angle_rad: Angle = Field(description="Positive towards cranial.")
    imager_spacing_m: tuple[Spacing, Spacing] = Field(description="Across, down, at the detector.")
    image_px: tuple[int, int] = Field(description="Columns, rows.")
    centre_px: tuple[float, float] | None = Field(None, description="Pixel of the isocentre's ray.")
    base_from_isocentre: tuple[Row, Row, Row, Row] | None = Field(
        None, description="4x4, metres; null where it is not known."
    )

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the image."""
        return self.image_px[1], self.image_px[0]

    def geometry(self) -> CarmGeometry:
        """Return the value that the stages use."""
        base = self.base_from_isocentre
        return CarmGeometry(
            sdd_m=self.sdd_m,
            sid_m=self.sid_m,
            primary_angle_rad=self.primary_angle_rad,
            secondary_angle_rad=self.secondary_angle_rad,
            imager_spacing_m=self.imager_spacing_m,
            centre_px=self.centre_px,
            base_from_isocentre=None if base is None else np.array(base),
        )


def as_file(geometry: CarmGeometry, shape: tuple[int, int]) -> dict[str, Any]:
    """Return what to write of a geometry and its images' (rows, columns)."""
    base = geometry.base_from_isocentre
    return {
        "sdd_m": geometry.sdd_m,
        "sid_m": geometry.sid_m,
        "primary_angle_rad": geometry.primary_angle_rad,
        "secondary_angle_rad": geometry.secondary_angle_rad,
        "imager_spacing_m": list(geometry.imager_spacing_m),
        "image_px": [shape[1], shape[0]],
        "centre_px": None if geometry.centre_px is None else list(geometry.centre_px),
        "base_from_isocentre": None if base is None else base.tolist(),
    }


def read_carm(path: Path) -> CarmFile:
    """Return the geometry in a file, alone or under "carm" in a calibration report.

    Raises:
        SettingsError: It is none, or a length or angle is out of bounds or in another unit.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise SettingsError(f"{path}: not readable as JSON: {error}") from None
    values = values.get("carm", values) if isinstance(values, dict) else None
    if not isinstance(values, dict):
        raise SettingsError(f"{path}: no C-arm geometry; write one with ir-guidance calibrate carm")
    found = checked(CarmFile, values, str(path))
    if found.sid_m >= found.sdd_m:
        raise SettingsError(
            f"{path}: source to isocentre {found.sid_m} m is not below source to detector {found.sdd_m} m"
        )
    if found.base_from_isocentre is not None:
        try:
            check_rigid(np.array(found.base_from_isocentre), f"{path}: base_from_isocentre")
        except MixUpError as error:
            raise SettingsError(str(error)) from None
    return found
