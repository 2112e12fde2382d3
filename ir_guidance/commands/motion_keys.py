# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Which key of a terminal moves what, while it is held; the gate bounds every rate."""

from __future__ import annotations

from ir_guidance.kinematics import JOINTS
from ir_guidance.values import Mean

CONSENT = " "
LETTERS = dict(zip("xypwio", JOINTS, strict=True))
FAST = 1.0  # m/s, rad/s: more than any gate allows
STILL = (0.0,) * len(JOINTS)

Motion = tuple[Mean, tuple[float, ...]]


def motion_of(key: str) -> Motion | None:
    """Return what a held key asks for, and at which joint rates; None for one that moves nothing.

    ``r`` retracts, ``m`` goes on with a move; ``x y p w i o`` jog one joint up, capitals down.
    """
    if key in ("r", "m"):
        return (Mean.RETRACT if key == "r" else Mean.MOVE), STILL
    joint = LETTERS.get(key.lower())
    if joint is None:
        return None
    rate = FAST if key.islower() else -FAST
    return Mean.JOG, tuple(rate if name == joint else 0.0 for name in JOINTS)
