# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Draw docs/fluoroscopy_side_by_side.png: simulated X-ray images beside real ones, whole and close to the tip.

    python docs/make_fluoroscopy_figure.py FOLDER...

Each FOLDER holds real images or runs; their frames are read as ``ir-guidance track`` reads them.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import cv2
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray

from ir_guidance.frames import SourceOptions, open_source
from ir_guidance.kinematics import guide_pose
from ir_guidance.learn.fluoroscopy_scenes import fluoroscopy_scenes
from ir_guidance.room.fluoroscopy_room import FluoroscopyRoom, FluoroscopyRoomSettings
from ir_guidance.room.xray.interior import InteriorSettings
from ir_guidance.values import Modality

SIDE_PX, COLUMNS = 480, 6
SCENE_SEEDS = (12, 5, 6, 41, 8, 23, 47, 19, 33, 26, 27, 11)
TARGETS = ("clip", "contrast", "ct_point")
Pixels = NDArray[np.uint8]


def real(folder: Path, count: int) -> Iterator[tuple[str, Pixels]]:
    """Yield frames spread over a folder, with their names."""
    with open_source(str(folder), SourceOptions(modality=Modality.FLUOROSCOPY)) as source:
        frames = list(source)
    for i in np.linspace(0, len(frames) - 1, count).round().astype(int):
        pixels = frames[i].pixels
        grey = pixels if pixels.dtype == np.uint8 else (pixels >> 8).astype(np.uint8)
        yield f"real: {folder.name}", grey


def scenes() -> Iterator[tuple[str, Pixels]]:
    """Yield training scenes."""
    for seed in SCENE_SEEDS:
        found = next(s for s in fluoroscopy_scenes(seed) if s.tip_px is not None and s.contrast > 2)
        yield f"simulated: scene of seed {seed}", found.frames[-1]


def rooms() -> Iterator[tuple[str, Pixels]]:
    """Yield the room's two planes with the needle near each kind of target."""
    for seed, target in enumerate(TARGETS):
        settings = FluoroscopyRoomSettings(interior=InteriorSettings(target=target))
        room = FluoroscopyRoom(settings, seed, views=2)
        x, y, z = room.target_rest_m
        pitch = 0.7
        for step in range(1, 400):
            insertion_m = 0.9 * abs(z) / np.sin(pitch) * step / 400
            joints = np.array([x + z / np.tan(pitch), y, pitch, 0.0, insertion_m])
            room.step(1 + step / 100, guide_pose(joints))
        for view in range(2):
            yield f"room: {target}, plane {view + 1}", room.render(room.snapshot(), view)


def square(pixels: Pixels) -> Pixels:
    """Return an image on a black square of the sheet's size."""
    scale = SIDE_PX / max(pixels.shape)
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    sheet = np.zeros((SIDE_PX, SIDE_PX), np.uint8)
    top, left = ((SIDE_PX - size) // 2 for size in small.shape)
    sheet[top : top + small.shape[0], left : left + small.shape[1]] = small
    return sheet


def main() -> None:
    """Write the figure beside this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    folders = parser.parse_args().folders
    each = -(-COLUMNS // len(folders))
    shown = [image for folder in folders for image in real(folder, each)][:COLUMNS]
    shown += [*islice(scenes(), 2 * COLUMNS), *rooms()]
    rows = -(-len(shown) // COLUMNS)
    figure, axes = plt.subplots(
        rows, COLUMNS, figsize=(3 * COLUMNS, 3.2 * rows), layout="constrained"
    )
    for axis, (title, pixels) in zip(axes.flat, shown, strict=True):
        axis.imshow(square(pixels), cmap="gray", vmin=0, vmax=255)
        axis.set_title(title, fontsize=10)
        axis.set_axis_off()
    figure.savefig(Path(__file__).with_name("fluoroscopy_side_by_side.png"), dpi=80)


if __name__ == "__main__":
    main()
