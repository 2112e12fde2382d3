# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Real frames, labelled by one reader; skipped where absent. ``pytest -rP`` shows the figures."""

import json

import cv2
import numpy as np
import pytest

from ir_guidance.frames import open_source
from ir_guidance.track import make_tracker
from ir_guidance.values import Frame, Modality


def errors_px(folder):
    """Return (error, allowed) of every labelled frame: infinite where nothing is found."""
    labels = json.loads((folder / "labels.json").read_text())
    modality = Modality(labels["modality"])
    rows = []
    for label in labels["frames"]:
        if not label.get("labelled", True):
            continue
        pixels = cv2.imread(str(folder / label["file"]), cv2.IMREAD_UNCHANGED)
        x, y, width, height = label.get("roi_xywh", (0, 0, *pixels.shape[::-1]))
        part = np.ascontiguousarray(pixels[y : y + height, x : x + width])
        spacing_m = label["spacing_mm_per_px"] * 1e-3
        frame = Frame(part, 1, 0, 0, modality, (spacing_m, spacing_m))
        needle = make_tracker("classical", modality).track(frame).needle
        tip_px = np.array(label["tip_px"]) - np.array([x, y])
        off = np.inf if needle is None else float(np.linalg.norm(needle.tip_px - tip_px))
        print(f"{label['file']}: tip off by {off:.1f} px, {off * spacing_m * 1e3:.1f} mm")
        rows.append((off, max(0.05 * max(width, height), 2 * label["tip_sigma_px"])))
    return rows


@pytest.mark.parametrize(("name", "least"), [("us_biopsy", 4), ("fluoro_hip_wire", 7)])
def test_needle_is_found_in_most_labelled_frames(real_data, name, least):
    rows = errors_px(real_data / name)
    assert sum(off <= allowed for off, allowed in rows) >= least


@pytest.mark.parametrize(
    "name",
    [
        "xa_phantom/IM1.dcm",
        "xa_phantom/IM3.dcm",
        "tracked_us_plus/SpinePhantomFreehand.igs.mha",
        "tracked_us_plus/fCal_Test_Calibration_3NWires_fCal2.0.igs.mha",
    ],
)
def test_needles_are_hardly_ever_seen_where_there_are_none(real_data, name):
    with open_source(str(real_data / name)) as source:
        tracker = make_tracker("classical", source.modality)
        needles = [tracker.track(frame).needle for frame, _ in zip(source, range(12), strict=False)]
    false_alarms = sum(needle is not None for needle in needles)
    print(f"{false_alarms} false alarms in {len(needles)} frames")
    assert false_alarms <= 1
