# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""``calibrate carm`` and ``calibrate biplane``: how a C-arm stands, and what two of its views make of points."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from ir_guidance.calibrate.carm_file import CarmFile, as_file, read_carm
from ir_guidance.calibrate.triangulate import Sighting, Triangulated, nees, triangulate
from ir_guidance.commands.calibrate.pictures import draw_biplane
from ir_guidance.commands.calibrate.report import folder_for, mm, write_report
from ir_guidance.coordinates import MixUpError, check_reach
from ir_guidance.frames import SourceError, open_source
from ir_guidance.frames.table import read_table
from ir_guidance.settings import SettingsError
from ir_guidance.values import CarmGeometry, Matrix

PIXELS = ("u1_px", "v1_px", "u2_px", "v2_px")
TRUTH = ("x_m", "y_m", "z_m")
DOUBTED = 10.8
"""Chi squared of one degree of freedom that one point in a thousand exceeds: its pixels are hardly one point's."""


def carm_of(path: Path) -> tuple[CarmGeometry, tuple[int, int]]:
    """Return the geometry that a DICOM run states, and its images' (rows, columns) as this software shows them.

    Raises:
        SourceError: It is no DICOM, or does not say how the C-arm stood.
    """
    with open_source(str(path)) as source:
        frame = next(iter(source))
    if not isinstance(frame.geometry, CarmGeometry):
        raise SourceError(
            f"{path}: does not say how the C-arm stood: it needs a still positioner, DistanceSourceToDetector and "
            "-Patient, PositionerPrimary- and -SecondaryAngle, and ImagerPixelSpacing or the field of view"
        )
    rows, columns = frame.pixels.shape
    return frame.geometry, (rows, columns)


def calibrate_carm(path: Path, out: Path | None, console: Console) -> dict[str, Any]:
    """Print and write the C-arm geometry of a DICOM file."""
    folder = folder_for("carm", out)
    geometry, shape = carm_of(path)
    report = {"kind": "carm", "file": str(path), "carm": as_file(geometry, shape)}
    across_m, down_m = geometry.imager_spacing_m
    said = {
        "source to detector": mm(geometry.sdd_m),
        "source to isocentre": mm(geometry.sid_m),
        "primary angle": f"{np.degrees(geometry.primary_angle_rad):+.1f} deg (LAO positive)",
        "secondary angle": f"{np.degrees(geometry.secondary_angle_rad):+.1f} deg (cranial positive)",
        "detector's pixel": f"{across_m * 1e3:.4f} x {down_m * 1e3:.4f} mm",
        "image": f"{shape[1]} x {shape[0]} px",
        "place in base_link": "not in DICOM: add base_from_isocentre to the file once it is measured",
    }
    write_report(report, said, folder, console)
    return report


def calibrate_biplane(
    first: Path, second: Path, points: Path, sigma_px: float, out: Path | None, console: Console
) -> dict[str, Any]:
    """Triangulate a table's points from two views; with the truth in the table, judge error and covariance."""
    folder = folder_for("biplane", out)
    views, frame = _two_views(first, second)
    table = read_table(points)
    seen_px = table.numbers(PIXELS).reshape(-1, 2, 2)
    found = [_triangulated(pair, views, sigma_px) for pair in seen_px]
    report: dict[str, Any] = {
        "kind": "biplane",
        "frame": frame,
        "sigma_px": sigma_px,
        "residual_rms_px": float(np.sqrt(np.mean([each.residual_px**2 for each in found]) * 2)),
        "chi2_mean": float(np.mean([each.chi2 for each in found])),
        "doubted": [index for index, each in enumerate(found) if each.chi2 > DOUBTED],
        "points": [
            {
                "point_m": each.point_m.tolist(),
                "covariance_m2": each.covariance_m2.tolist(),
                "chi2": each.chi2,
            }
            for each in found
        ],
    }
    said = {
        "points": f"{len(found)}, in {frame}",
        "residual": f"{report['residual_rms_px']:.3f} px, chi2 {report['chi2_mean']:.2f} (1 is honest)",
    }
    if report["doubted"]:
        said["hardly one point"] = "rows " + ", ".join(
            str(index + 1) for index in report["doubted"]
        )
    draw = None
    if table.has(TRUTH):
        true_m = table.numbers(TRUTH)
        _check_metres(points, true_m)
        errors_m = np.array(
            [np.linalg.norm(f.point_m - t) for f, t in zip(found, true_m, strict=True)]
        )
        squares = np.array([nees(f, t) for f, t in zip(found, true_m, strict=True)])
        report |= {"error_mean_m": float(errors_m.mean()), "nees_mean": float(squares.mean())}
        said["error"] = f"mean {mm(float(errors_m.mean()))}, largest {mm(float(errors_m.max()))}"
        said["NEES"] = f"{squares.mean():.2f} (3 is honest)"
        draw = partial(draw_biplane, errors_m, squares)
    write_report(report, said, folder, console, draw)
    return report


def _two_views(first: Path, second: Path) -> tuple[list[CarmFile], str]:
    views = [read_carm(first), read_carm(second)]
    placed = [view.base_from_isocentre is not None for view in views]
    if placed[0] != placed[1]:
        raise SettingsError(
            f"{first}, {second}: only one has base_from_isocentre; give it in both, or in neither for views about "
            "one isocentre"
        )
    return views, "base_link" if all(placed) else "the isocentre's axes (left, back, head)"


def _triangulated(pair_px: Matrix, views: list[CarmFile], sigma_px: float) -> Triangulated:
    sightings = []
    for px, view in zip(pair_px, views, strict=True):
        geometry = view.geometry()
        if geometry.base_from_isocentre is None:
            geometry = replace(geometry, base_from_isocentre=np.eye(4))
        sightings.append(Sighting(px, sigma_px**2 * np.eye(2), geometry, view.shape))
    return triangulate(sightings)


def _check_metres(path: Path, points_m: Matrix) -> None:
    try:
        check_reach(points_m, f"{path}: x_m, y_m, z_m")
    except MixUpError as error:
        raise SourceError(str(error)) from None
