# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""``calibrate probe``: a tracked ultrasound probe, from a recording of an N-wire phantom."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from ir_guidance.calibrate import CalibrationError
from ir_guidance.calibrate.pattern import Labelling, label_all
from ir_guidance.calibrate.plus_xml import (
    WirePhantom,
    read_phantom,
    read_stated_error_m,
    read_transform,
)
from ir_guidance.calibrate.probe import (
    ProbeCalibration,
    WireShots,
    calibrate_probe,
    held_out_errors_m,
    middle_errors_m,
    pixels_in_probe_m,
    travels_m,
    trimmed_mean,
    wire_distances_m,
)
from ir_guidance.calibrate.spots import find_spots
from ir_guidance.calibrate.temporal import calibrate_lag
from ir_guidance.commands.calibrate.pictures import draw_probe
from ir_guidance.commands.calibrate.report import folder_for, mm, write_report
from ir_guidance.commands.progress import with_progress
from ir_guidance.frames import SourceError
from ir_guidance.frames.metaimage import read_metaimage
from ir_guidance.frames.recording import Shot
from ir_guidance.geometry import inverse
from ir_guidance.values import NS_PER_S, Matrix, Pixels, Vector

PROBE, REFERENCE = "ProbeToTracker", "ReferenceToTracker"
LARGEST_LAG_S = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """What a recording gave: its labelled shots, how they were labelled, one image, how many there were."""

    shots: WireShots
    stamps_s: Vector
    labelling: Labelling
    example: Pixels
    images: int


def calibrate_probe_from(
    path: Path,
    phantom: Path,
    check: Path | None,
    published: Path | None,
    out: Path | None,
    console: Console,
) -> dict[str, Any]:
    """Calibrate a probe, and judge the calibration on held-out images, a second recording, a published one."""
    folder = folder_for("probe", out)
    known = read_phantom(phantom)
    recorded = _recorded(path, known, console)
    found = calibrate_probe(recorded.shots, known.wires)
    errors_m = middle_errors_m(recorded.shots, known.wires, found.probe_from_px)
    report: dict[str, Any] = {
        "kind": "probe",
        "file": str(path),
        "probe_from_px": found.probe_from_px.tolist(),
        "spacing_m": list(found.spacing_m),
        "skew_rad": found.skew_rad,
        "images": recorded.images,
        "labelled": len(errors_m),
        "outliers": int(np.count_nonzero(~found.used)),
        "mirrored": recorded.labelling.mirrored,
        "fit": _summary(errors_m),
        "held_out": _summary(held_out_errors_m(recorded.shots, known.wires)),
    }
    said = _said(report, found)
    report["lag"], said["stamps"] = _lag(recorded, known, found.probe_from_px)
    if check is not None:
        report["check"] = _judged(
            _recorded(check, known, console).shots, known, found.probe_from_px
        )
        said["second recording"] = _line(report["check"])
    if published is not None:
        report["published"] = _compared(published, recorded, found.probe_from_px)
        said["from the published"] = (
            f"{mm(report['published']['mean_m'])} over the image, largest {mm(report['published']['largest_m'])}; "
            f"stated error {mm(report['published']['stated_error_m'])}"
        )
    write_report(
        report,
        said,
        folder,
        console,
        partial(draw_probe, recorded.example, recorded.shots.spots_px, errors_m),
    )
    return report


def _recorded(path: Path, phantom: WirePhantom, console: Console) -> Recorded:
    if not path.is_file():
        raise SourceError(f"{path}: no such file")
    recording = read_metaimage(path)
    spots, poses, stamps_ns, example = [], [], [], None
    for shot in with_progress(recording.shots(), recording.count, "finding wires", console):
        if not shot.valid or not {PROBE, REFERENCE} <= shot.transforms.keys():
            continue
        spots.append(find_spots(shot.pixels, phantom.spacing_m))
        poses.append(_probe_from_phantom(shot, phantom))
        stamps_ns.append(shot.stamp_ns or 0)
        example = shot.pixels if example is None else example
    if example is None:
        raise SourceError(
            f"{path}: no image has {PROBE} and {REFERENCE}; record with both markers in view"
        )
    try:
        labelling, labelled = label_all(spots, phantom.wires, phantom.spacing_m)
    except CalibrationError as error:
        raise CalibrationError(f"{path}: {error}") from None
    kept = [index for index, each in enumerate(labelled) if each is not None]
    shots = WireShots(
        np.stack([each.spots_px for each in labelled if each is not None]),
        np.stack([poses[index] for index in kept]),
    )
    stamps_s = np.array(stamps_ns, np.float64)[kept] / NS_PER_S
    return Recorded(shots, stamps_s, labelling, example, recording.count or len(spots))


def _probe_from_phantom(shot: Shot, phantom: WirePhantom) -> Matrix:
    probe_from_tracker = inverse(shot.transforms[PROBE])
    placed: Matrix = (
        probe_from_tracker @ shot.transforms[REFERENCE] @ phantom.reference_from_phantom
    )
    return placed


def _lag(
    recorded: Recorded, phantom: WirePhantom, probe_from_px: Matrix
) -> tuple[dict[str, float] | None, str]:
    """Return by how much the images' stamps are early against the poses', if the sweep tells, and the line to say."""
    by_spots, by_pose = travels_m(recorded.shots, phantom.wires, probe_from_px)
    stamps_s = recorded.stamps_s
    try:
        found = calibrate_lag(stamps_s, by_spots, stamps_s, by_pose, LARGEST_LAG_S)
    except CalibrationError as error:
        return None, f"images against poses cannot be told: {error}"
    lag = {"lag_s": found.lag_s, "sigma_s": found.sigma_s, "correlation": found.correlation}
    return (
        lag,
        f"images early against poses by {found.lag_s * 1e3:.0f} +- {found.sigma_s * 1e3:.0f} ms",
    )


def _summary(errors_m: Matrix) -> dict[str, float]:
    return {
        "mean_m": float(errors_m.mean()),
        "sd_m": float(errors_m.std()),
        "median_m": float(np.median(errors_m)),
        "p95_m": float(np.percentile(errors_m, 95)),
        "mean_of_best_95_m": trimmed_mean(errors_m),
    }


def _judged(shots: WireShots, phantom: WirePhantom, probe_from_px: Matrix) -> dict[str, float]:
    distances_m = wire_distances_m(shots, phantom.wires, probe_from_px)
    return _summary(middle_errors_m(shots, phantom.wires, probe_from_px)) | {
        "images": len(shots.spots_px),
        "wire_distance_mean_m": float(distances_m.mean()),
    }


def _compared(published: Path, recorded: Recorded, probe_from_px: Matrix) -> dict[str, Any]:
    """Return how far the image lies from where a published calibration puts it, on a grid over the image."""
    theirs = read_transform(published, "Image", "Probe")
    rows, columns = recorded.example.shape
    across, down = np.linspace(0, columns - 1, 9), np.linspace(0, rows - 1, 9)
    grid_px = np.stack(np.meshgrid(across, down), axis=-1)
    off_m = np.linalg.norm(
        pixels_in_probe_m(grid_px, probe_from_px) - pixels_in_probe_m(grid_px, theirs), axis=-1
    )
    stated_m = read_stated_error_m(published)
    return {
        "file": str(published),
        "stated_error_m": stated_m,
        "mean_m": float(off_m.mean()),
        "largest_m": float(off_m.max()),
        "within_stated_error": bool(off_m.max() <= stated_m),
    }


def _said(report: dict[str, Any], found: ProbeCalibration) -> dict[str, str]:
    across_m, down_m = found.spacing_m
    return {
        "images": f"{report['labelled']} of {report['images']} show every wire, {report['outliers']} outliers",
        "pixel": f"{across_m * 1e3:.5f} x {down_m * 1e3:.5f} mm, axes {np.degrees(found.skew_rad):+.2f} deg off square",
        "fit": _line(report["fit"]),
        "held out": _line(report["held_out"]),
    }


def _line(summary: dict[str, float]) -> str:
    wires = summary.get("wire_distance_mean_m")
    tail = "" if wires is None else f"; {mm(wires)} from the wires"
    return (
        f"3D error {summary['mean_m'] * 1e3:.3f} +- {summary['sd_m'] * 1e3:.3f} mm, "
        f"best 95 %: {summary['mean_of_best_95_m'] * 1e3:.3f} mm{tail}"
    )
