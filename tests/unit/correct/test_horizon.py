# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The receding horizon, against a general optimiser, and its limits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import LinearConstraint, minimize

from ir_guidance.correct.horizon import STEPS, Outlook, Weights, first_step, solve

WEIGHTS = Weights(pivot=2.0, curve=0.05)


def outlook(seed: int) -> Outlook:
    draw = np.random.default_rng(seed)
    lever_m = draw.uniform(0.03, 0.07)
    share = np.diag(draw.uniform(0.3, 1.0, 2)) + draw.normal(0, 0.05, (2, 2))
    return Outlook(
        miss_m=draw.normal(0, 0.002, 2),
        pivot=lever_m * share,
        bend_m=np.linspace(3e-5, 1e-5, STEPS) * draw.uniform(0.5, 2),
        lower=-draw.uniform(0, 0.02, 2),
        upper=draw.uniform(0, 0.02, 2),
        turn_rad=0.0045,
        curve=0.6,
    )


def cost(u: np.ndarray, given: Outlook) -> float:
    """The horizon's cost, written out step by step."""
    lever_mm = 1e3 * np.linalg.norm(given.pivot, 2)
    miss_mm, total = 1e3 * given.miss_m, 0.0
    for at, step in enumerate(u.reshape(STEPS, 4)):
        miss_mm = miss_mm - 1e3 * given.pivot @ step[:2] - 1e3 * given.bend_m[at] * step[2:]
        total += miss_mm @ miss_mm + WEIGHTS.pivot * lever_mm**2 * step[:2] @ step[:2]
        total += WEIGHTS.curve * step[2:] @ step[2:]
    return float(total)


@pytest.mark.parametrize("seed", range(4))
def test_solution_costs_no_more_than_a_general_optimisers(seed):
    given = outlook(seed)
    pivots, curves = solve(given, WEIGHTS)
    found = np.hstack([pivots, curves]).ravel()
    box = np.tile([given.turn_rad] * 2 + [given.curve] * 2, STEPS)
    sums = np.kron(np.tril(np.ones((STEPS, STEPS))), np.eye(2, 4))
    low, high = np.tile(given.lower, STEPS), np.tile(given.upper, STEPS)
    best = minimize(
        lambda scaled: cost(scaled * box, given),
        np.zeros(4 * STEPS),
        method="SLSQP",
        bounds=[(-1, 1)] * (4 * STEPS),
        constraints=LinearConstraint(sums * box, low, high),
        options={"maxiter": 300, "ftol": 1e-10},
    )
    assert cost(found, given) <= best.fun * 1.02 + 1e-3
    assert (np.abs(found) <= box * 1.3).all(), "the iterations are few, and what is done is cut"


@pytest.mark.parametrize("seed", range(40))
def test_what_is_done_now_is_within_every_limit_exactly(seed):
    given = replace(outlook(seed), miss_m=np.random.default_rng(seed).normal(0, 0.05, 2))
    pivot, curve = first_step(given, WEIGHTS)
    assert (np.abs(pivot) <= given.turn_rad).all()
    assert (pivot >= given.lower).all() and (pivot <= given.upper).all()
    assert (np.abs(curve) <= given.curve).all()


def test_pivot_and_bevel_work_against_the_miss():
    given = replace(outlook(1), miss_m=np.array([0.002, -0.001]), pivot=0.03 * np.eye(2),
                    lower=np.full(2, -0.1), upper=np.full(2, 0.1))  # fmt: skip
    pivot, curve = first_step(given, WEIGHTS)
    assert pivot[0] > 0 > pivot[1]
    assert curve[0] > 0 > curve[1]


def test_on_course_nothing_is_done():
    pivot, curve = first_step(replace(outlook(2), miss_m=np.zeros(2)), WEIGHTS)
    assert np.abs(pivot).max() < 1e-9 and np.abs(curve).max() < 1e-9
