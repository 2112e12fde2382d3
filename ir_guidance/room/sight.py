# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What a person in front of the room's screen would see: for the scripted operator alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from ir_guidance.room.patient import Room

AT_REST_M = 0.0007  # a lesion that moves less than this seems to stand still


def sight(room: Room) -> dict[str, Any]:
    """Return where target and no-go regions appear, in pixels, and whether the breath is at rest."""
    truth = room.truth(0)
    marks = []
    for sphere in room.obstacles:
        u, v = room.px_of(np.array(sphere.centre_m)).tolist()
        marks.append([u, v, sphere.radius_m / room.geometry.spacing_m[0]])
    return {
        "target_px": room.px_of(truth.target_m).tolist(),
        "marks_px": marks,
        "at_rest": bool(np.linalg.norm(truth.breathing_m) < AT_REST_M),
    }
