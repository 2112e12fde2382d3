# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Draw docs/ultrasound_side_by_side.png: real frames, each beside simulated ones.

    python docs/make_ultrasound_figure.py FOLDER [ROOMS]

FOLDER holds us_biopsy and tracked_us_plus. Beside each real frame stands a room whose settings were
chosen by eye, inside the ranges of ``room/variety.py``, and the two scenes of ROOMS drawn rooms (100)
that are nearest to it in layout, roughness and distribution of grey.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import yaml
from numpy.typing import NDArray

from ir_guidance.frames import SourceOptions, open_source
from ir_guidance.learn.ultrasound_scenes import ultrasound_scenes
from ir_guidance.room import Room, RoomSettings

Grey = NDArray[np.uint8]
SPACING_M = 0.000059
BIOPSIES = ("frames/30.png", "frames/45.png", "frames/63.png", "frames/74.png")
SEQUENCES = {
    "Prostate10_video.igs.mhd": 2,
    "SpinePhantomFreehand.igs.mha": 3,
    "UltrasonixCurvilinearScanConvertedData.igs.mha": 0,
    "fCal_Test_Calibration_3NWires_fCal2.0.igs.mha": 10,
}
DRAWN = 2
COARSE = 12
ROUGHNESS, GREYS = 6.0, 4.0
"""Weights of roughness and of the distribution of grey against the layout."""


def real(folder: Path) -> dict[str, tuple[Grey, NDArray[np.float64] | None]]:
    """Return real frames by name, of screen captures the image alone, and their needle: shaft and tip (2, 2)."""
    labels = json.loads((folder / "us_biopsy" / "labels.json").read_text(encoding="utf-8"))
    frames: dict[str, tuple[Grey, NDArray[np.float64] | None]] = {}
    for label in labels["frames"]:
        if label["file"] in BIOPSIES:
            left, top, width, height = label["roi_xywh"]
            capture = cv2.imread(str(folder / "us_biopsy" / label["file"]), cv2.IMREAD_GRAYSCALE)
            needle = np.array([label["shaft_px"], label["tip_px"]]) - (left, top)
            part = capture[top : top + height, left : left + width]
            frames[f"biopsy {Path(label['file']).stem}"] = part, needle
    for name, wanted in SEQUENCES.items():
        with open_source(str(folder / "tracked_us_plus" / name), SourceOptions()) as source:
            for number, grab in enumerate(source.grabs()):
                if number == wanted:
                    frames[name.split("_")[0].split(".")[0]] = np.asarray(grab.frame.pixels), None
                    break
    return frames


def by_eye(name: str, needle_px: NDArray[np.float64] | None) -> Grey:
    """Return the image of the room that was set by eye to look like a frame."""
    rooms = yaml.safe_load(Path(__file__).with_name("ultrasound_by_eye.yaml").read_text("utf-8"))
    known = rooms[name.split()[0]]
    settings = RoomSettings(**known["settings"])
    room = Room(settings, known["seed"])
    snapshot = room.snapshot()
    if needle_px is not None:
        scanner = settings.scanner
        shaft, tip = (needle_px - (scanner.middle_px, scanner.face_row_px)) * SPACING_M
        along = np.linspace(-8.0, 1.0, 120)[:, None]
        x, depth = (shaft + along * (tip - shaft)).T
        shaft_m = np.stack((x, np.zeros_like(x), -depth), axis=-1)
        snapshot = replace(snapshot, shaft_m=shaft_m, inserted=True)
    return room.render(snapshot)


def looks(image: Grey) -> NDArray[np.float64]:
    """Return what an image is compared by."""
    fine = cv2.resize(image, (384, 384), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    smooth = cv2.GaussianBlur(fine, (0, 0), 4.0)
    rough = cv2.GaussianBlur((fine - smooth) ** 2, (0, 0), 12.0) ** 0.5
    layout, roughness = (
        cv2.resize(part, (COARSE, COARSE), interpolation=cv2.INTER_AREA).ravel()
        for part in (smooth, rough)
    )
    shares = np.cumsum(np.histogram(fine, bins=16, range=(0, 1))[0] / fine.size)
    return np.concatenate((layout, ROUGHNESS * roughness, GREYS * shares))


def drawn(rooms: int) -> Iterator[tuple[int, Grey]]:
    """Yield seeds and images of drawn rooms; the demonstration's, which are alike, are left out."""
    own_m = RoomSettings().scanner.spacing_m
    for seed in range(10**6, 10**6 + rooms):
        for scene in ultrasound_scenes(seed):
            if scene.spacing_m == own_m:
                break
            yield seed, scene.frames[-1]


def nearest(frames: dict[str, Grey], rooms: int) -> dict[str, list[tuple[float, int, Grey]]]:
    """Return for each frame the nearest scenes, no two of one room: distance, seed, image."""
    wanted = {name: looks(frame) for name, frame in frames.items()}
    best: dict[str, list[tuple[float, int, Grey]]] = {name: [] for name in frames}
    for seed, image in drawn(rooms):
        seen = looks(image)
        for name, look in wanted.items():
            away = float(np.linalg.norm(look - seen))
            if all(near[1] != seed or near[0] > away for near in best[name]):
                others = [near for near in best[name] if near[1] != seed]
                best[name] = sorted([*others, (away, seed, image)], key=lambda near: near[0])
                best[name] = best[name][:DRAWN]
    return best


def main() -> None:
    """Write the figure beside this file."""
    frames = real(Path(sys.argv[1]))
    rooms = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    best = nearest({name: frame for name, (frame, _) in frames.items()}, rooms)
    figure, axes = plt.subplots(
        len(frames), 2 + DRAWN, figsize=(11, 2.5 * len(frames)), layout="constrained"
    )
    for row, (name, (frame, needle)) in zip(axes, frames.items(), strict=True):
        shown = [(f"real: {name}", frame), ("simulated, set by eye", by_eye(name, needle))]
        shown += [(f"simulated, drawn with seed {seed}", image) for _, seed, image in best[name]]
        for axis, (title, image) in zip(row, shown, strict=False):
            axis.imshow(image, cmap="gray", vmin=0, vmax=255)
            axis.set_title(title, fontsize=6)
        for axis in row:
            axis.axis("off")
    figure.savefig(Path(__file__).with_name("ultrasound_side_by_side.png"), dpi=100)


if __name__ == "__main__":
    main()
