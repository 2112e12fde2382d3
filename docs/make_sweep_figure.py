# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Draw docs/sweep.png: a probe swept across a needle, what its images show, and where that puts the needle.

python docs/make_sweep_figure.py [--seed 3] [--out docs/sweep.png]
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from ir_guidance.kinematics import guide_pose
from ir_guidance.localise.sweep import PARTS_M, elevation
from ir_guidance.room.patient import Room
from ir_guidance.room.patients import SWEPT, ultrasound_patient
from ir_guidance.track.contrast import shaft_contrast

JOINTS = np.array([-0.035, 0.0, 0.70, 0.016, 0.052])
"""A guide turned by 0.9 degrees out of the plane, its needle 52 mm in."""
IMAGES = 48
SHOWN = (36, 0, 4)  # numbers of the images that are drawn: far, where it was laid, on the needle
LENGTH_PX, CUT_PX = 130, 90


def main() -> None:
    """Sweep, measure, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("docs/sweep.png"))
    options = parser.parse_args()
    room = resting(options.seed)
    snapshot = room.snapshot()
    places_m = SWEPT.sweep_m * np.sin(2 * np.pi * np.arange(IMAGES) / (IMAGES - 1))
    images = [
        room.render(replace(snapshot, probe_out_m=float(place_m), time_s=snapshot.time_s + n / 30))
        for n, place_m in enumerate(places_m)
    ]
    draw(room, snapshot, images, places_m, options.out)


def resting(seed: int) -> Room:
    """Return a room at end-exhale with the needle in."""
    room = Room(ultrasound_patient("biopsy"), seed)
    times_s = np.arange(1.0, 8.0, 0.01)
    rest_s = next(t for t in times_s[300:] if np.linalg.norm(room.breath_m(t)) < 1e-4)
    for time_s in times_s[times_s <= rest_s]:
        joints = JOINTS.copy()
        joints[4] *= min(1.0, (time_s - 1.0) / (rest_s - 1.0))
        room.step(float(time_s), guide_pose(joints))
    return room


def draw(room: Room, snapshot, images, places_m, out: Path) -> None:
    """Draw three images and the needle's contrast over the probe's place."""
    tip_m, direction = snapshot.shaft_m[-1], room.truth(0).direction
    spacing_m = room.geometry.spacing_m[0]
    figure, axes = plt.subplots(1, 4, figsize=(13, 3.3), width_ratios=[1, 1, 1, 1.5])
    u, v = np.round(room.px_of(tip_m - 0.006 * direction)).astype(int)
    for axis, number in zip(axes, SHOWN, strict=False):
        axis.imshow(
            images[number][v - CUT_PX : v + CUT_PX, u - LENGTH_PX : u + LENGTH_PX],
            cmap="gray",
            vmin=0,
            vmax=255,
        )
        axis.set_title(f"probe at {1e3 * places_m[number]:+.1f} mm", fontsize=10)
        axis.set_axis_off()
    plot = axes[3]
    for number, (first_m, last_m) in enumerate(PARTS_M):
        ends_px = (room.px_of(tip_m - back_m * direction) for back_m in (last_m, first_m))
        ends = tuple(ends_px)
        contrast = np.array([shaft_contrast(image, *ends, spacing_m) for image in images])
        found = elevation(np.stack([places_m, contrast], 1), room.geometry.slice_sigma_m)
        middle_m = 0.5 * (first_m + last_m)
        true_m = float(np.interp(-middle_m, *along(snapshot.shaft_m)))
        label = f"{1e3 * first_m:.0f} to {1e3 * last_m:.0f} mm from the tip"
        (points,) = plot.plot(1e3 * places_m, 255 * contrast, "o", ms=3, label=label)
        plot.axvline(1e3 * true_m, color=points.get_color(), lw=1, ls=":")
        if found is not None:
            plot.axvline(1e3 * found.place_m, color=points.get_color(), lw=1.5)
            print(
                f"part {number}: found {1e3 * found.place_m:.2f} +- {1e3 * found.sigma_m:.2f} mm, "
                f"true {1e3 * true_m:.2f} mm"
            )
    plot.set_xlabel("probe out of the plane that it was laid in [mm]")
    plot.set_ylabel("shaft over what is beside it [grey]")
    plot.set_title("found (lines) and true (dotted)", fontsize=10)
    plot.legend(fontsize=8, frameon=False)
    figure.tight_layout()
    figure.savefig(out, dpi=110)


def along(shaft_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how far from the tip, negative, each point of a shaft (n, 3) lies, and its place out of the plane."""
    steps_m = np.linalg.norm(np.diff(shaft_m, axis=0), axis=1)
    run_m = np.concatenate([[0.0], np.cumsum(steps_m)])
    return run_m - run_m[-1], shaft_m[:, 1]


if __name__ == "__main__":
    main()
