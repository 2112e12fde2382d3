# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Draw docs/room.png: frames of the simulated ultrasound, four patients, six situations each."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray

from ir_guidance.kinematics import guide_pose
from ir_guidance.room.patient import Room, RoomSettings

RATE_HZ = 100
ADVANCE_MPS = 0.006
SEEDS = (0, 1, 2, 3)
SITUATIONS = {
    "before puncture": (0.70, 0.0, 0.0, False),
    "half way": (0.70, 0.0, 0.5, False),
    "at the lesion": (0.70, 0.0, 0.97, False),
    "at the lesion, full inhale": (0.70, 0.0, 0.97, True),
    "turned 2 degrees out of plane": (0.70, 0.035, 0.97, False),
    "steep, 60 degrees": (1.05, 0.0, 0.97, False),
}


def frame(
    seed: int, pitch_rad: float, yaw_rad: float, share: float, inhale: bool
) -> NDArray[np.uint8]:
    """Return the image after inserting a share of the way, at the next end-exhale or full inhale."""
    room = Room(RoomSettings(), seed)
    x_m, _, z_m = room.target_rest_m
    entry_x_m = x_m + z_m / np.tan(pitch_rad)
    wanted_m = share * abs(z_m) / np.sin(pitch_rad)
    steps = int(wanted_m / ADVANCE_MPS * RATE_HZ) + 1
    best, chosen = np.inf, room.snapshot()
    for step in range(steps + 5 * RATE_HZ):
        insertion_m = wanted_m * min(step / steps, 1.0)
        joints = np.array([entry_x_m, 0.0, pitch_rad, yaw_rad, insertion_m])
        room.step(step / RATE_HZ, guide_pose(joints))
        moved_m = float(np.linalg.norm(room.truth(0).breathing_m))
        if step >= steps and (-moved_m if inhale else moved_m) < best:
            best = -moved_m if inhale else moved_m
            chosen = room.snapshot()
    return room.render(chosen)


def main() -> None:
    """Write the contact sheet beside this file."""
    figure, axes = plt.subplots(
        len(SEEDS),
        len(SITUATIONS),
        figsize=(3.2 * len(SITUATIONS), 3.3 * len(SEEDS)),
        layout="constrained",
    )
    for row, seed in zip(axes, SEEDS, strict=True):
        for axis, (title, situation) in zip(row, SITUATIONS.items(), strict=True):
            axis.imshow(frame(seed, *situation), cmap="gray", vmin=0, vmax=255)
            axis.set_axis_off()
            axis.set_title(f"seed {seed}: {title}", fontsize=10)
    figure.savefig(Path(__file__).with_name("room.png"), dpi=80)


if __name__ == "__main__":
    main()
