# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What is asked of the planner, and what makes a request one that no search can answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ir_guidance.plan.no_go import NoGo
from ir_guidance.plan.skin import Skin
from ir_guidance.values import Sphere, Vector

LEAST_ACROSS = 0.5  # the entries are spread along base x, so the plane must not lie across it


class NoPlanError(ValueError):
    """No path satisfies the limits; the message says what stood in the way of how many."""


@dataclass(frozen=True, slots=True, eq=False)
class PlanRequest:
    """What the operator asks for, in ``base_link``: the target at end-exhale and what must not be touched.

    ``normal`` is the unit normal of the image plane; the path stays in the plane through the target. None: it
    may lie anywhere, and ``skin`` says where it may begin. Without a ``skin`` that is the line where the
    image plane meets z = 0. ``obstacles`` are what was marked, ``no_go`` what a labelled volume holds.
    """

    target_m: Vector
    normal: Vector | None
    geometry_epoch: int
    obstacles: tuple[Sphere, ...] = ()
    no_go: NoGo | None = None
    skin: Skin | None = None


def check(request: PlanRequest) -> None:
    """Refuse what no search can answer: a NaN is neither too long nor too near.

    Raises:
        NoPlanError: With the value that is at fault.
    """
    target_m, normal = request.target_m, request.normal
    if not np.isfinite(target_m).all() or target_m[2] >= 0:
        raise NoPlanError(f"target {target_m.tolist()} m does not lie below the skin (z < 0)")
    if normal is None and request.skin is None:
        raise NoPlanError(
            "neither an image plane nor a region of skin says where to look for an entry"
        )
    if normal is not None and not (np.isfinite(normal).all() and normal.any()):
        raise NoPlanError(f"the image plane's normal {normal.tolist()} is none")
    if normal is not None and request.skin is None and abs(normal[1]) < LEAST_ACROSS:
        raise NoPlanError(f"the image plane with normal {normal.tolist()} lies the wrong way")
    for sphere in request.obstacles:
        if not np.isfinite([*sphere.centre_m, sphere.radius_m]).all() or sphere.radius_m <= 0:
            raise NoPlanError(f"no-go region {sphere} is not a sphere")
