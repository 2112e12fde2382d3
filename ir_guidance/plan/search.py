# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Every way a planner proposes, held against the limits, and the best of those that are left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ir_guidance.plan.checkpoints import checkpoints
from ir_guidance.plan.clearance import ENOUGH_M, NOTHING, clearances, gaps, names_of
from ir_guidance.plan.identity import hashed
from ir_guidance.plan.paths import PLANNERS, Paths
from ir_guidance.plan.request import NoPlanError, PlanRequest, check
from ir_guidance.plan.settings import PlanSettings
from ir_guidance.plan.skin import Skin
from ir_guidance.values import Plan, Vector

Array = NDArray[np.float64]
Index = NDArray[np.intp]

REASONS = (
    "",
    "of no length",
    "too long",
    "outside of where the needle may enter",
    "out of the image plane",
    "too flat or too steep",
    "turned too far aside",
    "too flat to the skin",
    "too near a no-go region",
)
"""Why a way is not allowed; the first is that it is."""
ALLOWED, TOO_NEAR = 0, len(REASONS) - 1
GAPS_EVERY_M = 0.0005
SHORTEST_M = 1e-6
"""A path no longer has no direction: the target lies on the skin."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """One way that was looked at: its cost, less is better, by what it comes from, or why it is not allowed.

    ``clearance_m``, and ``nearest``, what that is to, are not known of a way that broke a limit before.
    """

    entry_m: Vector
    direction: Vector
    bend_per_m: Vector
    length_m: float
    clearance_m: float | None
    nearest: str
    cost: float
    terms: dict[str, float]
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """All ways that were looked at.

    ``order`` (m,) are the allowed ones, the best first; ``reasons`` (n,) count in ``REASONS``, ``nearest`` (n,)
    in ``names``.
    """

    paths: Paths
    clearances_m: Array
    nearest: Index
    names: tuple[str, ...]
    terms: dict[str, Array]
    reasons: Index
    order: Index

    @property
    def costs(self) -> Array:
        """The sum (n,) of the terms."""
        total: Array = np.sum(list(self.terms.values()), axis=0)
        return total

    def allowed(self) -> Iterator[Candidate]:
        """Yield the allowed ways, the best first."""
        return (self._candidate(int(i)) for i in self.order)

    def rejected(self) -> Iterator[Candidate]:
        """Yield the others, each with its reason."""
        return (self._candidate(int(i)) for i in np.flatnonzero(self.reasons != ALLOWED))

    def why_not(self) -> str:
        """Return how many ways broke which limit first, and which no-go region stood in the way most often."""
        counts = np.bincount(self.reasons, minlength=len(REASONS))
        counts[ALLOWED] = 0
        parts = []
        for reason in np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]:
            parts.append(f"{REASONS[reason]}: {counts[reason]}")
            if reason == TOO_NEAR:
                most = np.argmax(np.bincount(self.nearest[self.reasons == TOO_NEAR]))
                parts[-1] += f", most often {self.names[most]}"
        return "; ".join(parts)

    def _candidate(self, i: int) -> Candidate:
        clearance_m = float(self.clearances_m[i])
        return Candidate(
            entry_m=self.paths.entries_m[i],
            direction=self.paths.directions[i],
            bend_per_m=self.paths.bends_per_m[i],
            length_m=float(self.paths.lengths_m[i]),
            clearance_m=None if np.isnan(clearance_m) else clearance_m,
            nearest=self.names[self.nearest[i]],
            cost=float(self.costs[i]),
            terms={name: float(term[i]) for name, term in self.terms.items()},
            reason=self._reason(i),
        )

    def _reason(self, i: int) -> str:
        reason = REASONS[self.reasons[i]]
        if self.reasons[i] != TOO_NEAR:
            return reason
        return f"{reason}: {self.clearances_m[i] * 1e3:.1f} mm from {self.names[self.nearest[i]]}"


def search(request: PlanRequest, settings: PlanSettings) -> Ranking:
    """Return every way that the profile's planner proposes to the target, ranked.

    Raises:
        NoPlanError: Something that was asked is no question.
    """
    check(request)
    skin = request.skin or _line(request, settings)
    paths = PLANNERS[settings.planner](skin, request.target_m, settings)
    return rank(paths.beyond(settings.beyond_m), request, settings)


def plan(request: PlanRequest, settings: PlanSettings) -> Plan:
    """Return the best path from the skin to the target.

    Raises:
        NoPlanError: No path satisfies every limit.
    """
    ranking = search(request, settings)
    if not len(ranking.order):
        raise NoPlanError(f"none of {len(ranking.paths)} paths is allowed ({ranking.why_not()})")
    return plan_of(ranking, int(ranking.order[0]), request, settings)


def rank(paths: Paths, request: PlanRequest, settings: PlanSettings) -> Ranking:
    """Return paths held against every limit; those that break one of shape are not held against the no-go regions."""
    reasons = _shape_faults(paths, request, settings)
    still = np.flatnonzero(reasons == ALLOWED)
    clearances_m, nearest = np.full(len(paths), np.nan), np.full(len(paths), NOTHING)
    clearances_m[still], nearest[still] = clearances(
        paths.only(still), request, settings.clearance_m
    )
    reasons[still[clearances_m[still] < settings.clearance_m]] = TOO_NEAR
    pitches = np.arctan2(-paths.directions[:, 2], paths.directions[:, 0])
    terms = {
        "angle": np.abs(pitches - settings.best_pitch_rad),
        "length": paths.lengths_m / settings.longest_m,
        "clearance": -np.minimum(np.nan_to_num(clearances_m), ENOUGH_M) / ENOUGH_M,
        "bend": np.linalg.norm(paths.bends_per_m, axis=1) / settings.curvature_per_m,
    }
    cost = np.where(reasons == ALLOWED, np.sum(list(terms.values()), axis=0), np.inf)
    order = np.argsort(cost, kind="stable")[: int(np.isfinite(cost).sum())]
    return Ranking(paths, clearances_m, nearest, names_of(request), terms, reasons, order)


def plan_of(ranking: Ranking, i: int, request: PlanRequest, settings: PlanSettings) -> Plan:
    """Return one of the ways as a plan that can be consented to."""
    one = ranking.paths.only(np.array([i]))
    length_m = float(one.lengths_m[0])
    shares = np.linspace(0, 1, int(np.ceil(length_m / GAPS_EVERY_M)) + 1)
    gaps_m = gaps(one.at(shares)[0], request)
    return hashed(
        Plan(
            entry_m=one.entries_m[0].copy(),
            target_m=one.beyond(-settings.beyond_m).targets_m[0].copy(),
            direction=one.directions[0].copy(),
            length_m=length_m,
            clearance_m=min(float(ranking.clearances_m[i]), 1.0),
            geometry_epoch=request.geometry_epoch,
            obstacles=request.obstacles,
            hash="",
            planner=settings.planner,
            bend_per_m=one.bends_per_m[0].copy(),
            checkpoints_m=checkpoints(length_m, shares * length_m, gaps_m, settings.checkpoints),
            no_go=request.no_go.digest if request.no_go else "",
            beyond_m=settings.beyond_m,
        )
    )


def _shape_faults(paths: Paths, request: PlanRequest, settings: PlanSettings) -> Index:
    """Return for each path the first limit of shape that it breaks, as it counts in ``REASONS``."""
    pitches = np.arctan2(-paths.directions[:, 2], paths.directions[:, 0])
    yaws = np.arcsin(np.clip(paths.directions[:, 1], -1, 1))
    windows = np.array([settings.entry_x_m, settings.entry_y_m, settings.entry_z_m])
    outside = (paths.entries_m < windows[:, 0]) | (paths.entries_m > windows[:, 1])
    faults = (
        ~(paths.lengths_m > SHORTEST_M),
        paths.lengths_m > settings.longest_m,
        outside.any(axis=1),
        _out_of_plane(paths, request, settings),
        (pitches < settings.pitch_rad[0]) | (pitches > settings.pitch_rad[1]),
        np.abs(yaws) > settings.yaw_rad,
        paths.skin_angles_rad < settings.skin_angle_rad,
    )
    broken = np.stack(faults)
    first: Index = np.where(broken.any(axis=0), np.argmax(broken, axis=0) + 1, ALLOWED)
    return first


def _out_of_plane(paths: Paths, request: PlanRequest, settings: PlanSettings) -> NDArray[np.bool_]:
    """Return whether entry or bend lies out of the plane through the target, where there is one."""
    if request.normal is None:
        return np.zeros(len(paths), dtype=bool)
    normal = request.normal / np.linalg.norm(request.normal)
    entries_m = (paths.entries_m - paths.targets_m) @ normal
    # An arc is furthest out half way, by its sagitta.
    sagittas_m = paths.bends_per_m @ normal * paths.lengths_m**2 / 8
    furthest_m = np.maximum(np.abs(entries_m), np.abs(entries_m / 2 - sagittas_m))
    out: NDArray[np.bool_] = furthest_m > settings.plane_m
    return out


def _line(request: PlanRequest, settings: PlanSettings) -> Skin:
    """Return where the image plane through the target meets z = 0."""
    assert request.normal is not None
    x = np.arange(*settings.entry_x_m, settings.entry_step_m)
    normal = request.normal
    away_m = (x - request.target_m[0]) * normal[0] - request.target_m[2] * normal[2]
    y = request.target_m[1] - away_m / normal[1]
    return Skin(np.column_stack([x, y, np.zeros_like(x)]), np.tile([0.0, 0.0, -1.0], (len(x), 1)))
