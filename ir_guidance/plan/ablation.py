# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Several straight needles whose zones together destroy a lesion and its margin."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ir_guidance.plan.clearance import gaps
from ir_guidance.plan.lesion import Lesion
from ir_guidance.plan.paths import Paths, straight
from ir_guidance.plan.request import NoPlanError, PlanRequest, check
from ir_guidance.plan.search import Ranking, plan_of, rank
from ir_guidance.plan.settings import AblationSettings, PlanSettings
from ir_guidance.plan.skin import Skin
from ir_guidance.values import Plan, Vector

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

WAYS_TO_A_CENTRE = 4
"""Paths to a place for a zone's centre that are kept, the best ones."""
ZONE_GRID_M = 0.002
ROUNDS = 10
"""Exchanges end by themselves after two or three."""


@dataclass(frozen=True, slots=True, eq=False)
class Zone:
    """The ellipsoid of revolution that a needle destroys: centre (3,), unit axis (3,), half axes along and across."""

    centre_m: Vector
    axis: Vector
    half_m: tuple[float, float]

    def holds(self, points_m: Array) -> Mask:
        """Return whether points (..., 3) lie in the zone."""
        offset_m = points_m - self.centre_m
        along_m = offset_m @ self.axis
        across_m2 = np.maximum(np.sum(offset_m * offset_m, axis=-1) - along_m**2, 0.0)
        held: Mask = along_m**2 / self.half_m[0] ** 2 + across_m2 / self.half_m[1] ** 2 <= 1.0
        return held

    def points(self, apart_m: float) -> Array:
        """Return points (n, 3) of the zone such that none of it lies further than a distance from one of them.

        A grid over a ball, what lies beyond drawn back onto it: that brings no point of the ball further from its
        nearest; and the ball is stretched by the longer half axis at most.
        """
        step = apart_m / max(self.half_m)
        steps = step * np.arange(-np.ceil(1 / step) - 1, np.ceil(1 / step) + 2)
        grid = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3)
        sizes = np.linalg.norm(grid, axis=1)
        near = sizes <= 1 + step
        ball = grid[near] / np.maximum(sizes[near, None], 1.0)
        aside = np.cross(self.axis, np.eye(3)[np.argmin(np.abs(self.axis))])
        aside /= np.linalg.norm(aside)
        along_m, across_m = self.half_m
        axes_m = [along_m * self.axis, across_m * aside, across_m * np.cross(self.axis, aside)]
        points_m: Array = self.centre_m + ball @ np.stack(axes_m)
        return points_m


@dataclass(frozen=True, slots=True, eq=False)
class Ablation:
    """Needles, each a plan of its own, what each destroys, and how much of lesion and margin they cover.

    ``covered`` is the share of lesion and margin together, ``lesion_covered`` that of the lesion alone.
    """

    needles: tuple[Plan, ...]
    zones: tuple[Zone, ...]
    covered: float
    lesion_covered: float

    @property
    def hash(self) -> str:
        """The SHA-256 of all needles' hashes, in their order."""
        return hashlib.sha256(" ".join(needle.hash for needle in self.needles).encode()).hexdigest()


def plan_ablation(request: PlanRequest, lesion: Lesion, settings: PlanSettings) -> Ablation:
    """Return as few straight needles as cover the lesion and its margin; the request's own target is not one.

    Places for a zone's centre are tried on a grid through the lesion, each with its best paths. Needles are
    taken one by one by what they add, and then exchanged for better ones while that helps: for one
    needle that is the best there is, for more it is near the best.

    Raises:
        NoPlanError: There is no skin to enter through, no path is allowed, or too little would be covered.
    """
    wanted = settings.ablation
    check(replace(request, target_m=lesion.centre_m))
    if request.skin is None:
        raise NoPlanError("an ablation needs a region of skin to enter through")
    ranking = rank(_to_every_centre(request.skin, lesion, wanted), request, settings)
    kept = _best_to_each(ranking, wanted)
    zones = [_zone(ranking.paths, i, wanted) for i in kept]
    spared = np.flatnonzero([_spares(zone, request, wanted.spare_m) for zone in zones])
    if not len(spared):
        raise NoPlanError(
            f"none of {len(ranking.paths)} paths into the lesion is allowed ({ranking.why_not()}; "
            f"a zone too near a no-go region: {len(kept)} of the best {len(kept)})"
        )
    kept, zones = kept[spared], [zones[i] for i in spared]
    covers = np.stack([zone.holds(lesion.points_m) for zone in zones])
    chosen = _fewest(covers, ranking.paths.only(kept), ranking.costs[kept], wanted)
    held = np.asarray(covers[chosen].any(axis=0))
    return Ablation(
        tuple(plan_of(ranking, int(kept[i]), request, settings) for i in chosen),
        tuple(zones[i] for i in chosen),
        float(held.mean()),
        float(held[lesion.inside].mean()),
    )


def _to_every_centre(skin: Skin, lesion: Lesion, wanted: AblationSettings) -> Paths:
    """Return the lines from every entry through every place for a zone's centre, on to where the tip must be."""
    inside_m = lesion.points_m[lesion.inside]
    cells = np.rint((inside_m - lesion.centre_m) / wanted.grid_m)
    centres_m = lesion.centre_m + wanted.grid_m * np.unique(cells, axis=0)
    entry, centre = (
        grid.ravel() for grid in np.indices((len(skin.points_m), len(centres_m)), dtype=np.intp)
    )
    every = Skin(skin.points_m[entry], skin.inward[entry])
    towards = straight(every, centres_m[centre]).directions
    return straight(every, centres_m[centre] + wanted.zone_behind_m * towards)


def _best_to_each(ranking: Ranking, wanted: AblationSettings) -> NDArray[np.intp]:
    """Return the allowed paths, the best few to each centre, the best first.

    Entries to the same centre keep apart, so that there is one beside another needle too.
    """
    paths = ranking.paths.only(ranking.order)
    centres_m = paths.targets_m - wanted.zone_behind_m * paths.directions
    taken: dict[bytes, list[Vector]] = {}
    kept = []
    for n, cell in enumerate(np.rint(centres_m / (wanted.grid_m / 4))):
        entries_m, entry_m = taken.setdefault(cell.tobytes(), []), paths.entries_m[n]
        beside = all(np.linalg.norm(entry_m - other) >= wanted.apart_m for other in entries_m)
        if beside and len(entries_m) < WAYS_TO_A_CENTRE:
            entries_m.append(entry_m)
            kept.append(ranking.order[n])
    return np.array(kept, dtype=np.intp)


def _zone(paths: Paths, i: int, wanted: AblationSettings) -> Zone:
    axis = paths.directions[i]
    return Zone(paths.targets_m[i] - wanted.zone_behind_m * axis, axis, wanted.zone_m)


def _spares(zone: Zone, request: PlanRequest, spare_m: float) -> bool:
    """Return whether a zone keeps its distance from all that must not be touched, between its points too."""
    return bool(gaps(zone.points(ZONE_GRID_M), request).min() - ZONE_GRID_M >= spare_m)


def _fewest(covers: Mask, paths: Paths, costs: Array, wanted: AblationSettings) -> list[int]:
    """Return as few needles as cover enough.

    Raises:
        NoPlanError: As many as are allowed do not.
    """
    apart = cache(lambda i: needle_distances(paths, i) >= wanted.apart_m)
    chosen: list[int] = []
    for _ in range(wanted.most_needles):
        best = _best_beside(chosen, covers, costs, apart)
        if best is None:
            break
        chosen = _exchanged([*chosen, best], covers, costs, apart)
        if covers[chosen].any(axis=0).mean() >= wanted.covered:
            return chosen
    share = covers[chosen].any(axis=0).mean()
    raise NoPlanError(
        f"{len(chosen)} needles cover {share:.1%} of lesion and margin, {wanted.covered:.1%} are asked for; "
        f"all {len(covers)} places that spare the no-go regions hold {covers.any(axis=0).mean():.1%}"
    )


def needle_distances(paths: Paths, i: int) -> Array:
    """Return the distance (n,) in metres of every straight needle to one of them.

    Two lines are nearest inside of both or at an end of either (Ericson, Real-Time Collision Detection, 2005, 5.1.9).
    """
    between_m = paths.entries_m - paths.entries_m[i]
    cosine = paths.directions @ paths.directions[i]
    own, other = np.sum(paths.directions * between_m, axis=1), between_m @ paths.directions[i]
    slant = np.maximum(1.0 - cosine**2, 1e-12)  # parallel needles are as near anywhere
    along_m = np.clip((cosine * other - own) / slant, 0.0, paths.lengths_m)
    along_one_m = np.clip(other + along_m * cosine, 0.0, paths.lengths_m[i])
    along_m = np.clip(along_one_m * cosine - own, 0.0, paths.lengths_m)
    ways_m = between_m + along_m[:, None] * paths.directions
    ways_m -= along_one_m[:, None] * paths.directions[i]
    distance_m: Array = np.linalg.norm(ways_m, axis=1)
    return distance_m


def _best_beside(
    others: list[int], covers: Mask, costs: Array, apart: Callable[[int], Mask]
) -> int | None:
    """Return the needle that adds most to some others and keeps away from them, the cheapest of equals."""
    missing = ~covers[others].any(axis=0) if others else np.ones(covers.shape[1], dtype=bool)
    adds = (covers & missing).sum(axis=1)
    for other in others:
        adds[~apart(other)] = 0
    best = int(np.lexsort((costs, -adds))[0])
    return best if adds[best] else None


def _exchanged(
    chosen: list[int], covers: Mask, costs: Array, apart: Callable[[int], Mask]
) -> list[int]:
    """Return needles of which none could be exchanged for one that covers more."""
    for _ in range(ROUNDS):
        before = chosen
        for i in range(len(chosen)):
            others = chosen[:i] + chosen[i + 1 :]
            best = _best_beside(others, covers, costs, apart)
            if best is not None and _held(covers, [*others, best]) > _held(covers, chosen):
                chosen = [*others[:i], best, *others[i:]]
        if chosen == before:
            break
    return chosen


def _held(covers: Mask, chosen: list[int]) -> int:
    return int(covers[chosen].any(axis=0).sum())
