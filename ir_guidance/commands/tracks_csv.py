# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""``tracks.csv``: a row a frame, in pixels of the full image and millimetres where known."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from types import TracebackType
from typing import Self

from ir_guidance.frames import Grab
from ir_guidance.values import NS_PER_S, NeedleTrack, TargetTrack, Track

COLUMNS = (
    "frame",
    "file",
    "stamp_s",
    "valid",
    "needle_found",
    "tip_u_px",
    "tip_v_px",
    "tip_sigma_u_px",
    "tip_sigma_v_px",
    "direction_u",
    "direction_v",
    "angle_deg",
    "direction_sigma_deg",
    "confidence",
    "tip_x_mm",
    "tip_y_mm",
    "reason",
    "target_found",
    "target_u_px",
    "target_v_px",
    "target_sigma_u_px",
    "target_sigma_v_px",
    "target_confidence",
    "target_x_mm",
    "target_y_mm",
    "target_reason",
    "track_ms",
)
UNUSABLE = "marked unusable in the recording"


class TracksCsv:
    """Writes the table; a cell is empty where there is nothing to say.

    Pixels are of the full image, not of the region of interest, integers at pixel centres;
    millimetres are those times the spacing. ``angle_deg`` is of the direction towards the tip,
    from u (right) towards v (down).
    """

    def __init__(self, path: Path) -> None:
        """Open a new file and write the heading."""
        self._file = path.open("x", newline="", encoding="utf-8")
        self._table = csv.DictWriter(self._file, COLUMNS, restval="")
        self._table.writeheader()

    def add(self, grab: Grab, track: Track, track_ms: float | None) -> None:
        """Write a row; ``track`` is in full-image pixels, ``track_ms`` None where not tried."""
        row: dict[str, object] = {
            "frame": grab.frame.sequence,
            "file": grab.file,
            "stamp_s": f"{grab.frame.stamp_ns / NS_PER_S:.6f}",
            "valid": int(grab.valid),
            "needle_found": int(track.needle is not None),
            "reason": track.needle_reason if grab.valid else UNUSABLE,
            "target_found": int(track.target is not None),
            "target_reason": track.target_reason if grab.valid else UNUSABLE,
            "track_ms": "" if track_ms is None else f"{track_ms:.3f}",
        }
        if track.needle is not None:
            row |= _needle_cells(track.needle, grab.frame.spacing_m)
        if track.target is not None:
            row |= _target_cells(track.target, grab.frame.spacing_m)
        self._table.writerow(row)

    def __enter__(self) -> Self:
        """Return itself; the end of the block closes the file."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._file.close()


def _needle_cells(needle: NeedleTrack, spacing_m: tuple[float, float] | None) -> dict[str, object]:
    u, v = (float(value) for value in needle.tip_px)
    across, down = (float(value) for value in needle.direction)
    covariance_px2 = needle.tip_covariance_px2
    cells: dict[str, object] = {
        "tip_u_px": f"{u:.3f}",
        "tip_v_px": f"{v:.3f}",
        "tip_sigma_u_px": f"{math.sqrt(covariance_px2[0, 0]):.3f}",
        "tip_sigma_v_px": f"{math.sqrt(covariance_px2[1, 1]):.3f}",
        "direction_u": f"{across:.6f}",
        "direction_v": f"{down:.6f}",
        "angle_deg": f"{math.degrees(math.atan2(down, across)):.3f}",
        "direction_sigma_deg": f"{math.degrees(needle.direction_sigma_rad):.3f}",
        "confidence": f"{needle.confidence:.4f}",
    }
    return cells | _mm_cells("tip", u, v, spacing_m)


def _target_cells(target: TargetTrack, spacing_m: tuple[float, float] | None) -> dict[str, object]:
    u, v = (float(value) for value in target.px)
    cells: dict[str, object] = {
        "target_u_px": f"{u:.3f}",
        "target_v_px": f"{v:.3f}",
        "target_sigma_u_px": f"{math.sqrt(target.covariance_px2[0, 0]):.3f}",
        "target_sigma_v_px": f"{math.sqrt(target.covariance_px2[1, 1]):.3f}",
        "target_confidence": f"{target.confidence:.4f}",
    }
    return cells | _mm_cells("target", u, v, spacing_m)


def _mm_cells(
    name: str, u: float, v: float, spacing_m: tuple[float, float] | None
) -> dict[str, object]:
    if spacing_m is None:
        return {}
    return {
        f"{name}_x_mm": f"{u * spacing_m[0] * 1e3:.4f}",
        f"{name}_y_mm": f"{v * spacing_m[1] * 1e3:.4f}",
    }
