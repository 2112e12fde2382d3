# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The receding horizon: the pivots and bevel curvatures to come that bring the needle onto its target.

The miss at the target is linear in them, so each step is a small quadratic program. It is solved by
the alternating direction method of multipliers as in OSQP (Stellato et al., Math Prog Comp 12:637, 2020)
with a fixed number of iterations, so that it takes the same time always. What is done now is then cut
to its limits exactly, however far the iterations have come.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from ir_guidance.values import Matrix, Vector

STEPS = 8
ITERATIONS = 60
PENALTY = 1.0
"""ADMM's; of the order of the problem's own weights, which are in millimetres squared."""


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """What the horizon starts from; metres, radians, in two axes across the needle.

    Attributes:
        miss_m: (2,), how far from the target the needle would arrive, went it on straight.
        pivot: (2, 2), how the point of arrival moves with pitch and yaw, metres per radian.
        bend_m: (steps,), how far one step's full curvature moves the point of arrival.
        lower: (2,), how far pitch and yaw may still go down, at most 0.
        upper: (2,), how far they may still go up, at least 0.
        turn_rad: The most that pitch and yaw can turn in a step.
        curve: The most of its curvature that the bevel may be asked for in each axis, 0 to 1.
    """

    miss_m: Vector
    pivot: Matrix
    bend_m: Vector
    lower: Vector
    upper: Vector
    turn_rad: float
    curve: float


@dataclass(frozen=True, slots=True)
class Weights:
    """What is paid for, beside the miss: millimetres of pivot at the target, share of curvature."""

    pivot: float
    curve: float


def first_step(outlook: Outlook, weights: Weights) -> tuple[Vector, Vector]:
    """Return the first step's pivot (2,) in radians and curvature (2,), a share in each axis."""
    pivots, curves = solve(outlook, weights)
    low = np.maximum(outlook.lower, -outlook.turn_rad)
    high = np.minimum(outlook.upper, outlook.turn_rad)
    return np.clip(pivots[0], low, high), np.clip(curves[0], -outlook.curve, outlook.curve)


def solve(outlook: Outlook, weights: Weights) -> tuple[Matrix, Matrix]:
    """Return the pivots (steps, 2) in radians and curvatures (steps, 2) of the whole horizon.

    Least is the sum over steps of |miss|^2, in mm^2, and of the weighted squares of what is done, where
    each pivot and each pivot's sum stays within its limits, and each curvature.
    """
    steps = len(outlook.bend_m)
    lever_mm = 1e3 * float(np.linalg.norm(outlook.pivot, 2))
    moves = _moves_mm(outlook, lever_mm)
    hessian = moves.T @ moves + np.diag(np.tile([weights.pivot] * 2 + [weights.curve] * 2, steps))
    gradient = moves.T @ np.tile(1e3 * outlook.miss_m, steps)
    rows, low, high = _limits(outlook, lever_mm, steps)
    u = _minimum(hessian, gradient, rows, low, high).reshape(steps, 4)
    return u[:, :2] / lever_mm, u[:, 2:]


def _moves_mm(outlook: Outlook, lever_mm: float) -> Matrix:
    """Return what each step's inputs (4 a step) do to the miss after each step, millimetres (2 steps, 4 steps)."""
    steps = len(outlook.bend_m)
    moves = np.zeros((2 * steps, 4 * steps))
    for at, bend_m in enumerate(outlook.bend_m):
        effect = np.hstack([-1e3 * outlook.pivot / lever_mm, -1e3 * bend_m * np.eye(2)])
        moves[2 * at :, 4 * at : 4 * at + 4] = np.tile(effect, (steps - at, 1))
    return moves


def _limits(outlook: Outlook, lever_mm: float, steps: int) -> tuple[Matrix, Vector, Vector]:
    """Return rows, lower and upper limits of every input, and of the pivots' sums."""
    turn, curve = np.full(2, outlook.turn_rad * lever_mm), np.full(2, outlook.curve)
    high = np.concatenate([np.tile([*turn, *curve], steps), np.tile(outlook.upper, steps)])
    low = np.concatenate([np.tile([*-turn, *-curve], steps), np.tile(outlook.lower, steps)])
    high[4 * steps :] *= lever_mm
    low[4 * steps :] *= lever_mm
    return _limited(steps), low, high


@cache
def _limited(steps: int) -> Matrix:
    """Return what is limited (6 steps, 4 steps): every input, and the pivots' sums."""
    sums = np.kron(np.tril(np.ones((steps, steps))), np.eye(2, 4))
    return np.vstack([np.eye(4 * steps), sums])


def _minimum(hessian: Matrix, gradient: Vector, rows: Matrix, low: Vector, high: Vector) -> Vector:
    """Return the u (n,) of least u'Hu / 2 + g'u with low <= rows @ u <= high, nearly."""
    factor = cho_factor(hessian + PENALTY * rows.T @ rows)
    answer, free = cho_solve(factor, rows.T), cho_solve(factor, gradient)  # u = answer @ w - free
    reach, rest = rows @ answer, rows @ free
    held, dual, w = np.zeros(len(rows)), np.zeros(len(rows)), np.zeros(len(rows))
    for _ in range(ITERATIONS):
        w = PENALTY * held - dual
        reached = reach @ w - rest
        held = np.minimum(np.maximum(reached + dual / PENALTY, low), high)
        dual = dual + PENALTY * (reached - held)
    return np.asarray(answer @ w - free)
