# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""One picture a calibration: whether to believe it, at a glance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ir_guidance.values import Matrix, Pixels, Vector

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ir_guidance.calibrate.temporal import TemporalCalibration

FIRST, SECOND, BAD = "tab:blue", "tab:orange", "tab:red"


@contextmanager
def _figure(path: Path, count: int) -> Iterator[list[Axes]]:
    """Give so many axes side by side; the figure is written at the end."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(
        1, count, figsize=(6 * count, 5.2), layout="constrained", squeeze=False
    )
    try:
        yield list(axes[0])
        figure.savefig(path, dpi=110)
    finally:
        pyplot.close(figure)


def draw_probe(example: Pixels, spots_px: Matrix, errors_m: Matrix, path: Path) -> None:
    """Draw an image with its wires named, and the middle wires' errors over the recording."""
    with _figure(path, 2) as (image, errors):
        image.imshow(np.sqrt(example.astype(float)), cmap="gray")
        for number, wire in enumerate(spots_px[0], start=1):
            image.plot(*wire.T, "o-", mfc="none", label=f"N-wire {number}, first wire filled")
            image.plot(*wire[0], "o", color=image.lines[-1].get_color())
        image.legend(fontsize=8)
        image.set_title("first image: spots and N-wires")
        errors.plot(errors_m * 1e3, ".", markersize=3)
        errors.axhline(float(errors_m.mean()) * 1e3, color="0.4", linestyle="--")
        errors.set(xlabel="image", ylabel="3D error of the middle wires, mm", ylim=(0, None))
        errors.set_title(f"mean {errors_m.mean() * 1e3:.2f} mm")
        errors.grid(alpha=0.3)


def draw_pivot(tips_m: Matrix, used: NDArray[np.bool_], path: Path) -> None:
    """Draw where each pose puts the tip, about the pivot."""
    with _figure(path, 2) as both:
        for axes, (i, j) in zip(both, ((0, 1), (0, 2)), strict=True):
            axes.plot(*tips_m[used][:, [i, j]].T * 1e3, ".", color=FIRST, label="used")
            axes.plot(*tips_m[~used][:, [i, j]].T * 1e3, "x", color=BAD, label="outliers")
            axes.set(xlabel=f"{'xyz'[i]}, mm", ylabel=f"{'xyz'[j]}, mm", aspect="equal")
            axes.grid(alpha=0.3)
        both[0].set_title("tips about the pivot")
        both[1].legend(fontsize=8)


def draw_biplane(errors_m: Vector, squares: Vector, path: Path) -> None:
    """Draw errors, and squared errors over covariance beside what is honest."""
    from scipy.stats import chi2

    with _figure(path, 2) as (error, square):
        error.hist(errors_m * 1e3, bins=30, color=FIRST)
        error.set(xlabel="error, mm", ylabel="points")
        error.set_title(f"mean {errors_m.mean() * 1e3:.2f} mm")
        square.hist(squares, bins=30, density=True, color=FIRST)
        at = np.linspace(0.01, max(float(squares.max()), 12.0), 200)
        square.plot(at, chi2.pdf(at, 3), "--", color=SECOND, label="honest")
        square.set(xlabel="squared error over covariance", ylabel="density")
        square.set_title(f"mean {squares.mean():.2f} (3 is honest)")
        square.legend()


def draw_distortion(
    before: Pixels, after: Pixels, seen_px: Matrix, true_px: Matrix, path: Path
) -> None:
    """Draw the picture with arrows to where the beads belong, and the picture straightened."""
    with _figure(path, 2) as (left, right):
        left.imshow(before, cmap="gray")
        left.quiver(
            *seen_px.T, *(true_px - seen_px).T, color=BAD, angles="xy", scale_units="xy", scale=1.0
        )
        left.set_title("as seen; arrows to where the beads belong")
        right.imshow(after, cmap="gray")
        right.plot(*true_px.T, "+", color=SECOND, markersize=5)
        right.set_title("straightened; + a true grid")
        for axes in (left, right):
            axes.set(xlim=(0, before.shape[1]), ylim=(before.shape[0], 0))


def draw_temporal(
    signals: tuple[Vector, Vector, Vector, Vector], found: TemporalCalibration, path: Path
) -> None:
    """Draw both signals with the lag taken out, and the correlation over the lags tried."""
    image_s, depth_px, pose_s, motion_m = signals
    with _figure(path, 2) as (motion, search):
        moved_s = image_s + found.lag_s
        at_images_m = np.interp(moved_s, pose_s, motion_m)
        slope, offset = np.polyfit(depth_px, at_images_m, 1)
        start_s = float(moved_s[0])
        inside = (pose_s >= start_s) & (pose_s <= moved_s[-1])
        motion.plot(pose_s[inside] - start_s, motion_m[inside] * 1e3, color=FIRST, label="poses")
        motion.plot(
            moved_s - start_s,
            (slope * depth_px + offset) * 1e3,
            ".",
            color=SECOND,
            label="images, lag taken out",
        )
        motion.set(xlabel="time, s", ylabel="motion, mm")
        motion.legend(fontsize=8)
        search.plot(found.lags_s * 1e3, np.abs(found.correlations), color=FIRST)
        search.axvline(found.lag_s * 1e3, color=BAD, linestyle="--")
        search.set(xlabel="lag, ms", ylabel="correlation")
        search.set_title(f"{found.lag_s * 1e3:+.1f} ms, correlation {found.correlation:.3f}")
        for axes in (motion, search):
            axes.grid(alpha=0.3)


def draw_registration(
    pictures: Sequence[Pixels],
    before: Sequence[NDArray[np.float32]],
    after: Sequence[NDArray[np.float32]],
    path: Path,
) -> None:
    """Draw each image in a chequerboard with the CT's view, before and after."""
    with _figure(path, 2 * len(pictures)) as axes:
        for number, picture in enumerate(pictures):
            for column, views in enumerate((before, after)):
                pane = axes[2 * number + column]
                pane.imshow(_chequered(picture, views[number]), cmap="gray")
                pane.set_title(
                    f"view {number + 1} and CT in turn, {'after' if column else 'before'}"
                )
                pane.axis("off")


def _chequered(picture: Pixels, view: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return squares of the picture and of the view in turn, each by how far it stands out locally."""
    import cv2

    size = view.shape[::-1]
    seen = cv2.resize(picture.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    shown = []
    for image in (seen, -view):
        off = image - cv2.GaussianBlur(image, (0, 0), size[0] / 10)
        spread = np.sqrt(cv2.GaussianBlur(off * off, (0, 0), size[0] / 10)) + 1e-6
        shown.append(np.clip(off / spread, -2, 2))
    rows, columns = np.indices(view.shape)
    odd = (rows // 16 + columns // 16) % 2 == 1
    chequered: NDArray[np.float64] = np.where(odd, shown[0], shown[1]).astype(np.float64)
    return chequered


def draw_capture(
    starts_m: Vector, ends_m: Vector, across_m: Vector, success_m: float, path: Path
) -> None:
    """Draw where each trial ended over where it began."""
    with _figure(path, 1) as (axes,):
        for ends, mark, name in (
            (ends_m, "o", "mTRE"),
            (across_m, "x", "across the first view's ray"),
        ):
            axes.plot(starts_m * 1e3, np.maximum(ends * 1e3, 1e-3), mark, label=name)
        axes.axhline(success_m * 1e3, color="0.4", linestyle="--", label="success")
        axes.set(xlabel="mean target error at the start, mm", ylabel="at the end, mm", yscale="log")
        axes.grid(alpha=0.3, which="both")
        axes.legend(fontsize=8)
