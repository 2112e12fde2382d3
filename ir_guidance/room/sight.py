# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What a person in front of the room's screen would see and know: for the scripted operator alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from ir_guidance.geometry import base_ray_from_px_carm
from ir_guidance.room.modality import AnyRoom
from ir_guidance.room.patient import Room
from ir_guidance.values import Vector

AT_REST_M = 0.0007  # a lesion that moves less than this seems to stand still


def sight(room: AnyRoom) -> dict[str, Any]:
    """Return where the target appears, whether the breath is at rest, and what must not be touched.

    In ultrasound that is marked in the image: ``marks_px``. By X-rays it comes from a registered CT, in
    ``base_link``: ``place_m`` of the target, with its sigma, and ``regions`` (x, y, z, radius), which
    share the registration's error. ``view`` is the direction that the image shows nothing of;
    ``target_radii_m`` are the target's half axes. Two planes show how deep the target lies, ``second_px`` is
    where it appears in the second, and no place is told.
    """
    truth = room.truth(0)
    seen: dict[str, Any] = {
        "target_px": room.px_of(truth.target_m).tolist(),
        "marks_px": [],
        "at_rest": bool(np.linalg.norm(truth.breathing_m) < AT_REST_M),
        "view": view_direction(room).tolist(),
        "target_radii_m": room.target_radii_m.tolist(),
    }
    if isinstance(room, Room):
        for sphere in room.obstacles:
            u, v = room.px_of(np.array(sphere.centre_m)).tolist()
            seen["marks_px"].append([u, v, sphere.radius_m / room.geometry.spacing_m[0]])
        return seen
    off_m = room.registered_target_m - room.target_rest_m
    regions = [[*(np.array(s.centre_m) + off_m).tolist(), s.radius_m] for s in room.obstacles]
    if room.views == 2:
        return seen | {"second_px": room.px_of(truth.target_m, 1).tolist(), "regions": regions}
    return seen | {
        "place_m": room.registered_target_m.tolist(),
        "place_sigma_m": room.registration_sigma_m,
        "regions": regions,
    }


def view_direction(room: AnyRoom) -> Vector:
    """Return the unit vector (3,) in ``base_link`` that an image shows nothing of, at the target."""
    if isinstance(room, Room):
        return room.geometry.base_from_image[:3, 2]
    target_px = room.px_of(room.target_rest_m)
    _, ray = base_ray_from_px_carm(target_px, room.geometry, room.shape)
    return ray
