# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The pictures of ``ir-guidance evaluate``: the worst frames, and how far the uncertainty can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ir_guidance.commands.drawing import (
    INK,
    MISSED,
    REGION,
    TARGET,
    TIP,
    Colour,
    Picture,
    display_window,
    draw_ellipse,
    draw_line,
    draw_shaft,
    placed,
    shown,
)
from ir_guidance.commands.evaluate_table import verdict
from ir_guidance.commands.overlay import captioned
from ir_guidance.commands.overlay_files import TILE_PX, TILES, Sheet
from ir_guidance.learn.evaluate import Judged, calibration_of
from ir_guidance.learn.scoring import DETECTED_SHARE, Row
from ir_guidance.values import Vector

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TRUTH: Colour = REGION
CROSS_PX = 9.0
NEES_SHOWN = 20.0
MEASURED, IDEAL = "#0072b2", "#d55e00"  # tell apart without colour vision


class Worst:
    """The worst frames met so far, one of each image or sequence."""

    def __init__(self) -> None:
        """Start without any."""
        self._kept: dict[str, tuple[float, Judged]] = {}

    def add(self, judged: Judged) -> None:
        """Keep a frame if it is among the worst."""
        group, badness = _group(judged), _badness(judged)
        if badness <= self._kept.get(group, (0.0, judged))[0]:
            return
        self._kept[group] = badness, judged
        if len(self._kept) > TILES:
            del self._kept[min(self._kept, key=lambda name: self._kept[name][0])]

    def ranked(self) -> list[Judged]:
        """Return them, the worst first."""
        pairs = sorted(self._kept.values(), key=lambda pair: -pair[0])
        return [judged for _, judged in pairs]

    def drawn(self, title: str) -> Picture:
        """Return them on one sheet."""
        if not self._kept:
            blank = np.zeros((TILE_PX, TILE_PX, 3), np.uint8)
            return captioned(blank, [[(f"{title}: no frame was off", INK)]])
        sheet = Sheet()
        for judged in self.ranked():
            sheet.add(_tile(judged))
        return sheet.drawn(
            f"{title}: the worst. Yellow: true tip x, target +; orange, green: found"
        )


def _group(judged: Judged) -> str:
    """Return what a frame is one of: frames of one sequence are alike, and one of them will do."""
    file = judged.row.file
    return file.rpartition("/")[0] if file.startswith("simulated/") else file


def _badness(judged: Judged) -> float:
    """Return an error as a share of the image; a miss or a false alarm counts as an error just too large."""
    row, longest_px = judged.row, max(judged.case.frame.pixels.shape)
    errors = [error for error in (row.tip_error_px, row.target_error_px) if error is not None]
    badness = float(max(errors, default=0.0) / longest_px)
    if row.false_alarm or (row.needle_visible and not row.reported):
        badness = max(badness, DETECTED_SHARE)
    return badness


def _tile(judged: Judged) -> Picture:
    case, track, row = judged.case, judged.track, judged.row
    pixels = case.frame.pixels
    scale = TILE_PX / max(pixels.shape)
    picture = shown(pixels, scale, display_window(pixels))
    if case.tip_px is not None:
        _draw_cross(picture, placed(case.tip_px, scale), ((1, 1), (1, -1)))
        if case.shaft_px is not None:
            back = case.tip_px + 3.0 * (case.shaft_px - case.tip_px)
            draw_line(
                picture, placed(case.shaft_px, scale), placed(back, scale), TRUTH, thickness=1
            )
    if case.target_px is not None and case.target_visible and track.target is not None:
        _draw_cross(picture, placed(case.target_px, scale), ((1, 0), (0, 1)))
    if track.target is not None:
        draw_ellipse(picture, track.target.px, track.target.covariance_px2, scale, TARGET)
    if track.needle is not None:
        region = 0, 0, pixels.shape[1], pixels.shape[0]
        draw_shaft(picture, track.needle.tip_px, track.needle.direction, region, scale)
        draw_ellipse(picture, track.needle.tip_px, track.needle.tip_covariance_px2, scale, TIP)
    good = row.detected or not (row.needle_visible or row.false_alarm)
    lines = [[(row.file, INK)], [(verdict(row), INK if good else MISSED)], [(_errors(row), INK)]]
    return captioned(picture, lines, narrowest_px=TILE_PX)


def _errors(row: Row) -> str:
    """Return what is off by how much."""
    parts = []
    if row.tip_error_px is not None:
        parts.append(f"tip {row.tip_error_px:.1f} px, expected {row.tip_sigma_px:.1f}")
    if row.target_error_px is not None:
        parts.append(f"target {row.target_error_px:.1f} px")
    return "; ".join(parts)


def _draw_cross(picture: Picture, centre: Vector, ways: Sequence[tuple[int, int]]) -> None:
    for way in ways:
        arm = CROSS_PX * np.array(way) / np.linalg.norm(way)
        draw_line(picture, centre - arm, centre + arm, TRUTH, thickness=1)


def draw_calibration(rows: Sequence[Row], title: str, path: Path) -> None:
    """Write predicted against true errors of the tip, and the histogram of squared errors over covariance."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (reliability, histogram) = pyplot.subplots(
        1, 2, figsize=(12, 5.5), layout="constrained"
    )
    figure.suptitle(f"{title}: is the tip off by as much as the tracker says?")
    _draw_reliability(reliability, rows)
    _draw_nees(histogram, rows)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _draw_reliability(axes: Axes, rows: Sequence[Row]) -> None:
    found = calibration_of("tip", rows)
    told = [row for row in rows if row.tip_error_px is not None]
    points = np.array(
        [(getattr(row, f"tip_sigma_{found.unit}"), getattr(row, f"tip_error_{found.unit}"))
         for row in told]
    ).reshape(-1, 2)  # fmt: skip
    correlation = "" if found.pearson_r is None else f", Pearson r {found.pearson_r:.2f}"
    axes.set_title(f"{found.n} frames{correlation}")
    axes.plot(*points.T, ".", color="0.7", markersize=3, label="frames")
    if found.bins:
        predicted = [part.predicted for part in found.bins]
        measured = [part.measured for part in found.bins]
        axes.plot(predicted, measured, "o-", color=MEASURED, label="bins, root mean square")
    if len(points):
        ends = [max(float(points.min()), 1e-3), float(points.max())]
        axes.plot(ends, ends, "--", color=IDEAL, label="honest")
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.legend(loc="upper left", fontsize=8)
    axes.set_xlabel(f"predicted, {found.unit}")
    axes.set_ylabel(f"distance from the truth, {found.unit}")
    axes.grid(alpha=0.3, which="both")


def _draw_nees(axes: Axes, rows: Sequence[Row]) -> None:
    values = np.array([row.tip_nees for row in rows if row.tip_nees is not None])
    if len(values):
        beyond = float(np.mean(values > NEES_SHOWN))
        axes.set_title(f"mean {values.mean():.2f} (2 is honest), {beyond:.1%} beyond the axis")
        edges = np.linspace(0.0, NEES_SHOWN, 41)
        axes.hist(
            values,
            bins=edges.tolist(),
            weights=np.full(len(values), 1 / len(values)),
            color=MEASURED,
        )
        share = np.diff(-np.exp(-0.5 * edges))
        axes.plot(0.5 * (edges[1:] + edges[:-1]), share, "--", color=IDEAL, label="honest")
        axes.legend(fontsize=8)
    axes.set_xlabel("squared error over covariance")
    axes.set_ylabel("share of frames")
