# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What a needle does with a pivot of its guide: tissue holds it, the more the deeper it is."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ir_guidance.kinematics import straight_tip
from ir_guidance.values import GuidePose, Matrix, Vector

DEEPEST_M, STEP_M = 0.2, 0.0005


class Shares(NamedTuple):
    """Of a pivot: what shows at the tip, as shares of what a rigid needle would do.

    ``place`` is where it is, ``turn`` how it points, ``way`` how its place changes with further advance.
    """

    place: float
    turn: float
    way: float


def pivot_shares(depth_m: float, flex_length_m: float) -> Shares:
    """Return what a needle at a depth does with a pivot; ``flex_length_m`` 0 is a rigid one.

    A needle in tissue is a beam on an elastic foundation, E I y'''' = -k y, here turned at its one end and free
    at the other (Hetényi, Beams on Elastic Foundation, 1946); ``flex_length_m`` is the fourth root of 4 EI / k.
    """
    if flex_length_m == 0.0 or depth_m <= 0.0:
        return Shares(1.0, 1.0, 1.0)
    depths_m, shares = _table(flex_length_m)
    place, turn, way = (float(np.interp(depth_m, depths_m, share)) for share in shares)
    return Shares(place, turn, way)


@lru_cache(maxsize=4)
def _table(flex_length_m: float) -> tuple[Vector, Matrix]:
    """Return depths (n,), and the shares at each (3, n)."""
    depths_m = np.arange(STEP_M, DEEPEST_M, STEP_M)
    tips = np.array([_free_end(depth_m / flex_length_m) for depth_m in depths_m]).T
    aside_m = depths_m * tips[0]
    return depths_m, np.vstack([tips, np.gradient(aside_m, depths_m)])


def _free_end(length: float) -> tuple[float, float]:
    """Return place over that of a rigid beam, and slope, of the free end of a beam turned by 1 at the other.

    ``length`` is in flex lengths. y = sum of c_i exp(r_i x) over the four roots r of r^4 = -4.
    """
    roots = np.array([1 + 1j, 1 - 1j, -1 + 1j, -1 - 1j])
    far = np.exp(roots * length)
    clamped_and_free = np.stack([np.ones(4), roots, roots**2 * far, roots**3 * far])
    parts = np.linalg.solve(clamped_and_free, np.array([0, 1, 0, 0], complex))
    return float((parts @ far).real) / length, float((parts @ (roots * far)).real)


def flexed(
    pose: GuidePose, punctured: Vector | None, flex_length_m: float
) -> tuple[Vector, Vector]:
    """Return tip (3,) and direction (3,) of a needle without a bend of its own, pivoted since the puncture.

    ``punctured`` (3,) is how the guide pointed then, None: the needle is in the air.
    """
    if punctured is None:
        return straight_tip(pose), pose.direction
    shares = pivot_shares(pose.insertion_m, flex_length_m)
    pivot = pose.direction - punctured
    tip_m: Vector = pose.remote_centre_m + pose.insertion_m * (punctured + shares.place * pivot)
    return tip_m, punctured + shares.turn * pivot
