# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Draw plans in an anatomy: what was looked at and why it was refused, the path, its checkpoints, an ablation.

python docs/make_plan_figure.py                          docs/plan.png, from the built-in torso
python docs/make_plan_figure.py --ct FOLDER --out FILE   from a CT: cxr.nii.gz, mask.nii.gz, structures.csv
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from numpy.typing import NDArray
from plan_anatomy import LESION_M, MARGIN_M, Anatomy, of_ct, of_torso
from scipy import ndimage
from scipy.spatial import cKDTree

from ir_guidance.geometry import arc_points
from ir_guidance.plan import PlanRequest, PlanSettings
from ir_guidance.plan.ablation import Ablation, plan_ablation
from ir_guidance.plan.clearance import gaps
from ir_guidance.plan.lesion import ellipsoid
from ir_guidance.plan.search import REASONS, TOO_NEAR, Ranking, plan_of, search
from ir_guidance.plan.settings import AblationSettings
from ir_guidance.plan.skin import fixed_entry
from ir_guidance.values import Plan, Vector

Array = NDArray[np.float64]

STRAIGHT = PlanSettings(
    entry_x_m=(-0.100, 0.030),
    entry_y_m=(-0.050, 0.050),
    entry_z_m=(-0.100, 0.050),  # no robot's guide has to lie on this skin
    pitch_rad=(0.20, 1.50),
    yaw_rad=0.60,
    longest_m=0.120,
    best_pitch_rad=0.90,
    clearance_m=0.004,
    curvature_per_m=6.0,
    ablation=AblationSettings(covered=0.99, most_needles=6),
)
ARC = STRAIGHT.model_copy(update={"planner": "arc"})
NO_GO, PATH, OTHER, REFUSED, SPOT, ZONE = (
    "#d55e00", "#56b4e9", "#009e73", "#cc79a7", "#f0e442", "#e69f00",
)  # fmt: skip
SHOWN = 40
"""Of the many candidates, that many of each kind are drawn."""
STEP_M = 0.0005
SHARES = np.linspace(0, 1, 200)
UP, LEVEL = np.array([0.0, 0.0, 1.0]), np.array([1.0, 0.0, 0.0])


class Slice:
    """A plane through a point, spanned by a unit vector to the right and one upwards; drawn in millimetres."""

    def __init__(self, at_m: Vector, right: Vector, up: Vector) -> None:
        """Keep the plane."""
        self.at_m, self.axes = at_m, np.stack([right, up])

    def mm(self, points_m: Array) -> Array:
        """Return where points (..., 3) are drawn (..., 2)."""
        return (points_m - self.at_m) @ self.axes.T * 1e3

    def draw(
        self, axes: Axes, anatomy: Anatomy, wide_m: tuple[float, float], high_m: tuple[float, float]
    ) -> None:
        """Draw the CT in grey and the no-go structures over it, between bounds to the right and upwards."""
        right, up = np.arange(*wide_m, STEP_M), np.arange(*high_m, STEP_M)
        points_m = self.at_m + right[:, None] * self.axes[0] + up[:, None, None] * self.axes[1]
        from_base = np.linalg.inv(anatomy.base_from_index)
        index = np.moveaxis(points_m @ from_base[:3, :3].T + from_base[:3, 3], -1, 0)
        grey = ndimage.map_coordinates(anatomy.hounsfield, index, order=1, cval=-1000)
        extent = [1e3 * end for end in (*wide_m, *high_m)]
        axes.imshow(grey, cmap="gray", vmin=-160, vmax=260, origin="lower", extent=extent)
        labels = ndimage.map_coordinates(anatomy.labels, index, order=0, cval=0)
        held = np.isin(labels, list(anatomy.names)).astype(float)
        shade = ListedColormap([(0, 0, 0, 0), (*matplotlib.colors.to_rgb(NO_GO), 0.35)])
        axes.imshow(held, cmap=shade, vmin=0, vmax=1, origin="lower", extent=extent)
        axes.contour(held, [0.5], colors=NO_GO, linewidths=0.8, extent=extent)
        axes.set(xlim=extent[:2], ylim=extent[2:], xlabel="mm", ylabel="mm")
        axes.set_aspect("equal")


def along(found: Plan, depths_m: Array) -> Array:
    """Return the points (n, 3) at depths (n,) of a plan's path."""
    return arc_points(found.entry_m, found.direction, found.bend_per_m, depths_m)


def draw_plan(axes: Axes, view: Slice, found: Plan) -> None:
    """Draw a path with its checkpoints and its target."""
    way = view.mm(along(found, np.linspace(0, found.length_m, 60)))
    axes.plot(*way.T, color="black", linewidth=4)
    axes.plot(*way.T, color=PATH, linewidth=2.2, label="chosen path")
    stops = view.mm(along(found, np.array(found.checkpoints_m)))
    axes.plot(
        *stops.T, "o", color="white", markeredgecolor="black", markersize=5.5, label="checkpoint"
    )
    axes.plot(*way[-1], "*", color=SPOT, markeredgecolor="black", markersize=13, label="target")


def draw_candidates(axes: Axes, view: Slice, ranking: Ranking) -> None:
    """Draw some of the ways that were looked at, as they fall on the slice."""
    refused = np.flatnonzero(ranking.reasons == TOO_NEAR)
    for which, colour, name in (
        (refused, REFUSED, "refused: too near a no-go structure"),
        (ranking.order, OTHER, "allowed"),
    ):
        some = which[np.linspace(0, len(which) - 1, min(SHOWN, len(which))).astype(int)]
        ways = view.mm(ranking.paths.only(some).at(np.linspace(0, 1, 30)))
        for n, way in enumerate(ways):
            label = f"{name}, {len(some)} of {len(which)}" if n == 0 else None
            axes.plot(*way.T, color=colour, linewidth=0.7, alpha=0.7, label=label)


def draw_entries(axes: Axes, anatomy: Anatomy, ranking: Ranking, found: Plan) -> None:
    """Draw the skin from above: what each entry costs, or why it is refused."""
    entries = ranking.paths.entries_m[:, :2] * 1e3
    marks = iter("x+1v^")
    for reason in np.unique(ranking.reasons[ranking.reasons > 0]):
        of_it = ranking.reasons == reason
        colour = REFUSED if reason == TOO_NEAR else "0.55"
        axes.plot(
            *entries[of_it].T,
            next(marks),
            color=colour,
            markersize=4,
            label=f"{REASONS[reason]}: {of_it.sum()}",
        )
    allowed = axes.scatter(
        *entries[ranking.order].T, c=ranking.costs[ranking.order], cmap="viridis_r", s=26
    )
    axes.figure.colorbar(allowed, ax=axes, shrink=0.75, label="cost of the allowed")
    axes.plot(
        *found.entry_m[:2] * 1e3,
        "o",
        color=PATH,
        markeredgecolor="black",
        markersize=10,
        label="chosen entry",
    )
    axes.plot(
        *anatomy.target_m[:2] * 1e3,
        "*",
        color=SPOT,
        markeredgecolor="black",
        markersize=13,
        label="target",
    )
    axes.set(title="every entry on the skin, from above", xlabel="base x, mm", ylabel="base y, mm")
    axes.set_aspect("equal")
    axes.legend(fontsize=7.5, loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=2)


def draw_clearance(axes: Axes, anatomy: Anatomy, plans: dict[str, tuple[Plan, str]]) -> None:
    """Draw how near a no-go structure the needle comes, by depth."""
    for name, (found, colour) in plans.items():
        depths_m = np.arange(0, found.length_m, STEP_M)
        request = PlanRequest(anatomy.target_m, None, 1, (), anatomy.no_go, anatomy.skin)
        axes.plot(
            depths_m * 1e3, gaps(along(found, depths_m), request) * 1e3, color=colour, label=name
        )
        stops_m = np.array(found.checkpoints_m)
        axes.plot(
            stops_m * 1e3,
            gaps(along(found, stops_m), request) * 1e3,
            "o",
            color="white",
            markeredgecolor=colour,
        )
    axes.axhline(
        STRAIGHT.clearance_m * 1e3, color=NO_GO, linestyle="--", linewidth=1, label="least allowed"
    )
    axes.axhline(
        STRAIGHT.checkpoints.narrow_m * 1e3,
        color="0.5",
        linestyle=":",
        linewidth=1,
        label="narrow: stop ahead of it",
    )
    axes.set(
        title="clearance along the paths, never too large; o: checkpoints",
        xlabel="depth, mm",
        ylabel="to the nearest no-go structure, mm",
    )
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=7.5)
    axes.grid(alpha=0.3)


def draw_ablation(axes: Axes, anatomy: Anatomy, found: Ablation) -> None:
    """Draw the slice along the needles through the lesion: lesion, margin, what each needle destroys."""
    view = along_needle(anatomy.target_m, np.mean([it.direction for it in found.needles], axis=0))
    view.draw(axes, anatomy, (-0.045, 0.045), (-0.040, 0.050))
    steps = np.arange(-0.040, 0.050, STEP_M)
    points_m = view.at_m + steps[:, None] * view.axes[0] + steps[:, None, None] * view.axes[1]
    extent = [1e3 * steps[0], 1e3 * steps[-1]] * 2
    fine = ellipsoid(np.diag(LESION_M), anatomy.target_m, MARGIN_M, STEP_M)
    for colour, filled_m, name in (
        ("white", fine.points_m[fine.inside], "lesion"),
        (SPOT, fine.points_m, "its margin"),
    ):
        away_m, _ = cKDTree(filled_m).query(points_m)
        axes.contour(away_m, [STEP_M], colors=colour, linewidths=1.8, extent=extent)
        axes.plot([], [], color=colour, label=name)
    covered = np.any([zone.holds(points_m) for zone in found.zones], axis=0).astype(float)
    axes.contourf(covered, [0.5, 1.5], colors=ZONE, alpha=0.2, extent=extent)
    for zone, needle in zip(found.zones, found.needles, strict=True):
        axes.contour(
            zone.holds(points_m).astype(float), [0.5], colors=ZONE, linewidths=1.6, extent=extent
        )
        way = view.mm(along(needle, np.linspace(0, needle.length_m, 30)))
        axes.plot(*way.T, color="black", linewidth=3.5)
        axes.plot(*way.T, color=PATH, linewidth=2)
    axes.plot([], [], color=ZONE, label="what a needle destroys")
    count, share, inner = len(found.needles), found.covered, found.lesion_covered
    axes.set_title(
        f"ablation, {count} needles: {share:.1%} of lesion and margin, {inner:.0%} of the lesion"
    )
    axes.legend(fontsize=7.5, loc="lower left")


def along_needle(at_m: Vector, direction: Vector, aside: Vector = LEVEL) -> Slice:
    """Return the slice that holds a needle, upright, and what of a direction is square to it."""
    up = -direction / np.linalg.norm(direction)
    right = aside - (aside @ up) * up
    return Slice(at_m, right / np.linalg.norm(right), up)


def bent(anatomy: Anatomy, asked: PlanRequest) -> Plan:
    """Return the plan by an arc from the entry whose straight way leads deepest into a no-go structure."""
    lines, ranking = search(asked, STRAIGHT), search(asked, ARC)
    blocked = {
        tuple(lines.paths.entries_m[i].tolist()): gaps(
            lines.paths.only(np.array([i])).at(SHARES)[0], asked
        ).min()
        for i in np.flatnonzero(lines.reasons == TOO_NEAR)
    }
    entries = [tuple(ranking.paths.entries_m[i].tolist()) for i in ranking.order]
    depths_m = [blocked.get(entry, np.inf) for entry in entries]
    return plan_of(ranking, int(ranking.order[int(np.argmin(depths_m))]), asked, ARC)


def draw_straight(row: tuple[Axes, Axes], anatomy: Anatomy, ranking: Ranking, found: Plan) -> None:
    """Draw the best straight plan and other candidates on two slices through it."""
    upright = found.direction * [1.0, 1.0, 0.0]
    views = (
        Slice(anatomy.target_m, upright / np.linalg.norm(upright), UP),
        along_needle(anatomy.target_m, found.direction, np.cross(found.direction, UP)),
    )
    titles = (
        "the best straight needle, upright slice through it",
        "the slice across, needle upright",
    )
    sizes = (((-0.090, 0.050), (-0.040, 0.120)), ((-0.060, 0.060), (-0.030, 0.130)))
    for axes, view, title, (wide, high) in zip(row, views, titles, sizes, strict=True):
        view.draw(axes, anatomy, wide, high)
        draw_candidates(axes, view, ranking)
        draw_plan(axes, view, found)
        axes.set_title(title)
    row[0].plot([], [], "s", color=NO_GO, alpha=0.5, label="no-go structure")
    row[0].legend(fontsize=7.5, loc="upper left")


def draw_bent(axes: Axes, anatomy: Anatomy, asked: PlanRequest, found: Plan) -> None:
    """Draw an arc in its own plane, with the line that is refused and the arcs from the same entry."""
    chord = found.target_m - found.entry_m
    view = along_needle(anatomy.target_m, chord, found.bend_per_m)
    view.draw(axes, anatomy, (-0.060, 0.060), (-0.030, 0.130))
    fixed = replace(asked, skin=fixed_entry(found.entry_m, -UP))
    draw_candidates(axes, view, search(fixed, ARC))
    draw_plan(axes, view, found)
    line = view.mm(np.array([found.entry_m, found.target_m]))
    axes.plot(*line.T, "--", color="white", linewidth=1.2, label="straight: refused")
    radius_m = 1 / float(np.linalg.norm(found.bend_per_m))
    axes.set_title(
        f"a bevel needle's arc, radius {radius_m * 1e3:.0f} mm, where no line is allowed"
    )
    axes.legend(fontsize=7.5, loc="upper right")


def main() -> None:
    """Write the figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ct", type=Path, metavar="FOLDER")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("plan.png"))
    given = parser.parse_args()
    anatomy = of_ct(given.ct) if given.ct else of_torso()
    asked = PlanRequest(anatomy.target_m, None, 1, (), anatomy.no_go, anatomy.skin)
    ranking = search(asked, STRAIGHT)
    best = plan_of(ranking, int(ranking.order[0]), asked, STRAIGHT)
    arc = bent(anatomy, asked)
    figure, axes = plt.subplots(2, 3, figsize=(18, 13), layout="constrained")
    figure.suptitle(
        f"Plans in {anatomy.title}: {len(ranking.order)} of {len(ranking.paths)} straight ways are allowed"
    )
    draw_straight((axes[0, 0], axes[0, 1]), anatomy, ranking, best)
    draw_entries(axes[0, 2], anatomy, ranking, best)
    draw_bent(axes[1, 0], anatomy, asked, arc)
    draw_ablation(axes[1, 1], anatomy, plan_ablation(asked, anatomy.lesion, STRAIGHT))
    draw_clearance(axes[1, 2], anatomy, {"straight": (best, PATH), "arc": (arc, OTHER)})
    figure.savefig(given.out, dpi=80)


if __name__ == "__main__":
    main()
