# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Straight paths in the image plane, ranked by clearance, length and how well the needle will be seen."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field, model_validator

from ir_guidance.settings import Settings
from ir_guidance.values import Plan, Sphere, Vector

LEAST_ACROSS = 0.5  # the entries are spread along base x, so the plane must not lie across it
Place = Annotated[float, Field(ge=-0.2, le=0.2)]
Angle = Annotated[float, Field(gt=0, lt=1.57)]


class NoPlanError(ValueError):
    """No path satisfies the limits; the message says what stood in the way of how many."""


class PlanSettings(Settings):
    """Which paths are worth considering."""

    entry_x_m: tuple[Place, Place] = Field(
        (-0.045, -0.020), description="Where on the skin the needle may enter, along base x."
    )
    entry_step_m: float = Field(0.0005, gt=0, le=0.01, description="Spacing of the entries tried.")
    pitch_rad: tuple[Angle, Angle] = Field(
        (0.50, 1.00), description="Shallowest and steepest angle below the skin."
    )
    longest_m: float = Field(
        0.075, gt=0, le=0.2, description="Longest path; the needle must reach."
    )
    clearance_m: float = Field(
        0.003, gt=0, le=0.02, description="Least distance from a no-go region."
    )
    best_pitch_rad: float = Field(
        0.62,
        gt=0,
        lt=1.57,
        description="Angle at which the needle is seen well and still goes deep.",
    )

    @model_validator(mode="after")
    def _ordered(self) -> PlanSettings:
        for name in ("entry_x_m", "pitch_rad"):
            low, high = getattr(self, name)
            if low >= high:
                raise ValueError(f"{name}: the lower end {low} is not below the upper end {high}")
        return self


@dataclass(frozen=True, slots=True, eq=False)
class PlanRequest:
    """What the operator asks for, in ``base_link``: the target at end-exhale and the no-go regions.

    ``normal`` is the unit normal of the image plane; the path stays in the plane through the target.
    """

    target_m: Vector
    normal: Vector
    geometry_epoch: int
    obstacles: tuple[Sphere, ...] = ()


def plan(request: PlanRequest, settings: PlanSettings) -> Plan:
    """Return the best straight path from the skin (z = 0) to the target.

    Raises:
        NoPlanError: No entry satisfies every limit.
    """
    _check(request)
    entries = _entries(request, settings)
    paths = request.target_m - entries
    lengths = np.linalg.norm(paths, axis=1)
    directions = paths / lengths[:, None]
    pitches = np.arctan2(-directions[:, 2], directions[:, 0])
    clearances = _clearances(entries, directions, lengths, request.obstacles)
    faults = {
        "too long": lengths > settings.longest_m,
        "too flat or too steep": (pitches < settings.pitch_rad[0])
        | (pitches > settings.pitch_rad[1]),
        "too near a no-go region": clearances < settings.clearance_m,
    }
    feasible = ~np.any(list(faults.values()), axis=0)
    if not feasible.any():
        counts = ", ".join(f"{name}: {int(fault.sum())}" for name, fault in faults.items())
        raise NoPlanError(f"none of {len(entries)} paths is allowed ({counts})")
    cost = np.abs(pitches - settings.best_pitch_rad) + lengths / settings.longest_m
    cost -= (
        np.minimum(clearances, 0.010) / 0.010
    )  # beyond a centimetre more clearance is worth nothing
    best = int(np.argmin(np.where(feasible, cost, np.inf)))
    return _hashed(
        entries[best], directions[best], float(lengths[best]), float(clearances[best]), request
    )


def _check(request: PlanRequest) -> None:
    """Refuse what no search can answer: a NaN is neither too long nor too near."""
    target_m = request.target_m
    if not np.isfinite(target_m).all() or target_m[2] >= 0:
        raise NoPlanError(f"target {target_m.tolist()} m does not lie below the skin (z < 0)")
    if not np.isfinite(request.normal).all() or abs(request.normal[1]) < LEAST_ACROSS:
        raise NoPlanError(
            f"the image plane with normal {request.normal.tolist()} lies the wrong way"
        )
    for sphere in request.obstacles:
        if not np.isfinite([*sphere.centre_m, sphere.radius_m]).all() or sphere.radius_m <= 0:
            raise NoPlanError(f"no-go region {sphere} is not a sphere")


def _entries(request: PlanRequest, settings: PlanSettings) -> Vector:
    """Return the entries (n, 3) on the skin, in the plane through the target."""
    x = np.arange(*settings.entry_x_m, settings.entry_step_m)
    normal = request.normal
    y = (
        request.target_m[1]
        - ((x - request.target_m[0]) * normal[0] - request.target_m[2] * normal[2]) / normal[1]
    )
    return np.column_stack([x, y, np.zeros_like(x)])


def _clearances(
    entries: Vector, directions: Vector, lengths: Vector, obstacles: tuple[Sphere, ...]
) -> Vector:
    """Return each path's distance (n,) in metres to the nearest no-go surface."""
    clearances = np.full(len(entries), np.inf)
    for sphere in obstacles:
        towards = np.array(sphere.centre_m) - entries
        along = np.clip(np.sum(towards * directions, axis=1), 0.0, lengths)
        away = np.linalg.norm(towards - along[:, None] * directions, axis=1) - sphere.radius_m
        clearances = np.minimum(clearances, away)
    return clearances


def _hashed(
    entry_m: Vector, direction: Vector, length_m: float, clearance_m: float, request: PlanRequest
) -> Plan:
    content = {
        "entry_m": entry_m.tolist(),
        "target_m": request.target_m.tolist(),
        "length_m": length_m,
        "geometry_epoch": request.geometry_epoch,
        "obstacles": [[*sphere.centre_m, sphere.radius_m] for sphere in request.obstacles],
    }
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return Plan(
        entry_m=entry_m,
        target_m=request.target_m,
        direction=direction,
        length_m=length_m,
        clearance_m=min(clearance_m, 1.0),
        geometry_epoch=request.geometry_epoch,
        obstacles=request.obstacles,
        hash=digest,
    )
