# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""``calibrate distortion``: an image intensifier's distortion, from a picture of a bead plate."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from ir_guidance.calibrate.beads import find_beads
from ir_guidance.calibrate.distortion import DEGREE, calibrate_distortion
from ir_guidance.commands.calibrate.pictures import draw_distortion
from ir_guidance.commands.calibrate.report import folder_for, write_report
from ir_guidance.frames import SourceOptions, open_source
from ir_guidance.values import Modality


def calibrate_distortion_from(path: Path, out: Path | None, console: Console) -> dict[str, Any]:
    """Fit the polynomial that straightens a picture of a square grid of beads."""
    folder = folder_for("distortion", out)
    with open_source(str(path), SourceOptions(modality=Modality.FLUOROSCOPY)) as source:
        pixels = next(iter(source)).pixels
    beads = find_beads(pixels)
    rows, columns = pixels.shape
    found = calibrate_distortion(beads, (rows, columns))
    report = {
        "kind": "distortion",
        "file": str(path),
        "image_px": [columns, rows],
        "beads": len(beads.px),
        "before_px": found.before_px,
        "after_px": found.after_px,
        "held_out_px": found.held_out_px,
        "degree": DEGREE,
        "terms": "x^i y^j for i from 0, for j from 0, while i + j <= degree; x, y = (pixel - centre) / scale",
        "centre_px": found.distortion.centre_px.tolist(),
        "scale_px": found.distortion.scale_px,
        "true_from_seen": found.distortion.true_from_seen.tolist(),
        "seen_from_true": found.distortion.seen_from_true.tolist(),
    }
    said = {
        "beads": str(len(beads.px)),
        "before": f"{found.before_px:.2f} px RMS from a true grid",
        "after": f"{found.after_px:.2f} px, {found.held_out_px:.2f} px on beads held out",
    }
    straight = found.distortion.straightened(pixels)
    draw = partial(draw_distortion, pixels, straight, beads.px, found.true_px)
    write_report(report, said, folder, console, draw)
    return report
