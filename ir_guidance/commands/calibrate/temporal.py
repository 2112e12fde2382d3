# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""``calibrate temporal``: the lag between an ultrasound scanner's images and a tracker's poses."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from ir_guidance.calibrate.temporal import bottom_px, calibrate_lag, main_motion_m
from ir_guidance.commands.calibrate.pictures import draw_temporal
from ir_guidance.commands.calibrate.report import folder_for, write_report
from ir_guidance.commands.progress import with_progress
from ir_guidance.frames import SourceError
from ir_guidance.frames.metaimage import read_metaimage
from ir_guidance.frames.poses import read_poses
from ir_guidance.values import NS_PER_S, Vector


def calibrate_temporal(
    images: Path,
    poses: Path,
    tool: str | None,
    reference: str | None,
    largest_lag_s: float,
    out: Path | None,
    console: Console,
) -> dict[str, Any]:
    """Find the lag from a probe moved up and down over a flat bottom."""
    folder = folder_for("temporal", out)
    image_s, depth_px, count = _depths(images, console)
    stream = read_poses(poses, tool, reference)
    motion_m = main_motion_m(stream.matrices[:, :3, 3])
    found = calibrate_lag(image_s, depth_px, stream.stamps_s, motion_m, largest_lag_s)
    report = {
        "kind": "temporal",
        "files": [str(images), str(poses)],
        "lag_s": found.lag_s,
        "sigma_s": found.sigma_s,
        "meaning": "add lag_s to the images' stamps to have them on the poses' clock",
        "correlation": found.correlation,
        "images": count,
        "used": len(image_s),
        "poses": len(stream.stamps_s),
    }
    said = {
        "lag": f"{found.lag_s * 1e3:+.1f} +- {found.sigma_s * 1e3:.1f} ms, {report['meaning']}",
        "correlation": f"{found.correlation:.4f}",
        "bottom seen": f"in {len(image_s)} of {count} images",
    }
    signals = (image_s, depth_px, stream.stamps_s, motion_m)
    write_report(report, said, folder, console, partial(draw_temporal, signals, found))
    return report


def _depths(path: Path, console: Console) -> tuple[Vector, Vector, int]:
    """Return stamps and depths of the bottom in the images that show it, and how many images there are."""
    if not path.is_file():
        raise SourceError(f"{path}: no such file")
    recording = read_metaimage(path)
    stamps_s, depths_px, count = [], [], 0
    for shot in with_progress(recording.shots(), recording.count, "finding the bottom", console):
        count += 1
        depth_px = bottom_px(shot.pixels) if shot.valid else None
        if depth_px is None:
            continue
        if shot.stamp_ns is None:
            raise SourceError(f"{path}: its images have no Timestamp; record them with one")
        stamps_s.append(shot.stamp_ns / NS_PER_S)
        depths_px.append(depth_px)
    if not depths_px:
        raise SourceError(f"{path}: no image shows a flat bottom; image that of a water bath")
    return np.array(stamps_s, np.float64), np.array(depths_px, np.float64), count
