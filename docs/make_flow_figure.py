# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Draw docs/flow.png: the stages in order, what flows between them, and which process holds them."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

STAGES = (
    ("frames", "Frame", "room or source"),
    ("track", "Track", "guidance"),
    ("localise", "Fix", "guidance"),
    ("plan", "Plan", "guidance"),
    ("correct", "Correction", "guidance"),
    ("gate", "Command", "robot"),
    ("robot", "RobotState", "room or hardware"),
)
COLOURS = {
    "room or source": "#d9ead3",
    "guidance": "#cfe2f3",
    "robot": "#f4cccc",
    "room or hardware": "#d9ead3",
}
STEP, WIDTH, HEIGHT = 2.0, 1.3, 0.8


def main() -> None:
    """Write the picture beside this script."""
    figure, axes = pyplot.subplots(figsize=(14, 4.4))
    for number, (stage, value, process) in enumerate(STAGES):
        _box(axes, number * STEP, stage, COLOURS[process])
        if number + 1 < len(STAGES):
            _arrow(axes, (number * STEP + WIDTH, 0.4), ((number + 1) * STEP, 0.4), value)
    _brace(axes, 0, 0, "room or source", 1.35)
    _brace(
        axes,
        1,
        4,
        "guidance: tracker and planner; the search for a plan in a worker of its own",
        1.35,
    )
    _brace(axes, 5, 5, "robot", 1.35)
    _brace(axes, 6, 6, "drive, with a watchdog", 1.35)
    last = (len(STAGES) - 1) * STEP
    back = FancyArrowPatch(
        (last + WIDTH / 2, 0),
        (WIDTH / 2, 0),
        connectionstyle="arc3,rad=-0.16",
        arrowstyle="-|>",
        mutation_scale=16,
    )
    axes.add_patch(back)
    axes.text(last / 2, -1.35, "patient, needle, imaging", ha="center")
    _arrow(axes, (5 * STEP + WIDTH / 2, -0.75), (5 * STEP + WIDTH / 2, 0), "")
    axes.text(
        5 * STEP + WIDTH / 2, -0.95, "consent, bound to the plan's hash", ha="center", fontsize=9
    )
    axes.set_xlim(-0.6, last + WIDTH + 0.6)
    axes.set_ylim(-1.9, 2.4)
    axes.set_axis_off()
    figure.savefig(Path(__file__).with_name("flow.png"), dpi=100, bbox_inches="tight")


def _box(axes: Axes, x: float, text: str, colour: str) -> None:
    axes.add_patch(
        FancyBboxPatch((x, 0), WIDTH, HEIGHT, boxstyle="round,pad=0.05", facecolor=colour)
    )
    axes.text(x + WIDTH / 2, HEIGHT / 2, text, ha="center", va="center", fontsize=12, weight="bold")


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], text: str) -> None:
    axes.add_patch(
        FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=14, shrinkA=4, shrinkB=4)
    )
    middle = (start[0] + end[0]) / 2
    axes.text(middle, start[1] + 0.55, text, ha="center", fontsize=8.5, style="italic")


def _brace(axes: Axes, first: int, last: int, text: str, height: float) -> None:
    left, right = first * STEP, last * STEP + WIDTH
    axes.plot([left, left, right, right], [height - 0.1, height, height, height - 0.1], color="0.3")
    axes.text((left + right) / 2, height + 0.1, text, ha="center", fontsize=9, wrap=True)


if __name__ == "__main__":
    main()
