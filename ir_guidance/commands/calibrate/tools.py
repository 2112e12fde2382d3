# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""``calibrate pivot`` and ``calibrate hand-eye``: tools on markers, sensors on hands."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from ir_guidance.calibrate.hand_eye import calibrate_hand_eye as solve_hand_eye
from ir_guidance.calibrate.pivot import calibrate_pivot as solve_pivot
from ir_guidance.commands.calibrate.pictures import draw_pivot
from ir_guidance.commands.calibrate.report import folder_for, mm, write_report
from ir_guidance.frames.poses import read_poses


def calibrate_pivot(
    path: Path, tool: str | None, reference: str | None, out: Path | None, console: Console
) -> dict[str, Any]:
    """Find a tool's tip from its marker's poses while it turned about the tip."""
    folder = folder_for("pivot", out)
    poses = read_poses(path, tool, reference).matrices
    found = solve_pivot(poses)
    sigma_m = np.sqrt(np.diag(found.tip_covariance_m2))
    report = {
        "kind": "pivot",
        "file": str(path),
        "tip_in_marker_m": found.tip_m.tolist(),
        "tip_sigma_m": sigma_m.tolist(),
        "pivot_in_tracker_m": found.pivot_m.tolist(),
        "rms_m": found.rms_m,
        "poses": len(poses),
        "used": int(np.count_nonzero(found.used)),
    }
    said = {
        "tip on its marker": ", ".join(f"{value * 1e3:.2f}" for value in found.tip_m) + " mm",
        "1 sigma": ", ".join(f"{value * 1e3:.3f}" for value in sigma_m) + " mm",
        "residual": f"{mm(found.rms_m)} RMS over {report['used']} of {len(poses)} poses",
    }
    tips_m = poses[:, :3, :3] @ found.tip_m + poses[:, :3, 3] - found.pivot_m
    write_report(report, said, folder, console, partial(draw_pivot, tips_m, found.used))
    return report


def calibrate_hand_eye(
    hand: Path, target: Path, out: Path | None, console: Console
) -> dict[str, Any]:
    """Find a sensor's place on a robot's hand from pairs of poses, row by row."""
    folder = folder_for("hand-eye", out)
    found = solve_hand_eye(read_poses(hand).matrices, read_poses(target).matrices)
    report = {
        "kind": "hand-eye",
        "files": [str(hand), str(target)],
        "hand_from_eye": found.hand_from_eye.tolist(),
        "rotation_rms_rad": found.rotation_rms_rad,
        "translation_rms_m": found.translation_rms_m,
    }
    place_m = found.hand_from_eye[:3, 3]
    said = {
        "sensor on the hand": ", ".join(f"{value * 1e3:.2f}" for value in place_m) + " mm",
        "residual of AX = XB": f"{np.degrees(found.rotation_rms_rad):.3f} deg, {mm(found.translation_rms_m)} RMS",
    }
    write_report(report, said, folder, console)
    return report
