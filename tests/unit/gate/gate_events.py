# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What may come to a gate, good and bad, by name: changes to a datum that is otherwise as it should be."""

from __future__ import annotations

from typing import Any

import numpy as np

from gate_rig import OTHER_PLAN
from ir_guidance.values import Mean, Mode

NAN, INF = float("nan"), float("inf")
MODES = [Mode.ADVANCE, Mode.ALIGN, Mode.HOLD, Mode.WAIT_FOR_BREATH, Mode.ARRIVED, Mode.SWEEP]
# A correction that must not be followed, or only just may; what is left out is as it should be.
CORRECTIONS: dict[str, dict[str, Any]] = {
    "good": {},
    "not a number": {"advance_mps": NAN},
    "endless": {"advance_limit_m": INF},
    "guide not a number": {"guide_rate": (0.0, NAN, 0.0, 0.0)},
    "guide infinite": {"guide_rate": (0.0, 0.0, -INF, 0.0)},
    "uncertainty not a number": {"across_sigma_m": NAN},
    "uncertain across the view": {"across_sigma_m": 0.003},
    "uncertain along the view": {"along_sigma_m": 0.003},
    "old": {"age_ms": 151},
    "late": {"age_ms": 61},
    "at the limit of the budget": {"age_ms": 60},
    "future": {"age_ms": -21},
    "just not future": {"age_ms": -20},
    "replayed": {"sequence": 1},
    "of another plan": {"plan_hash": OTHER_PLAN},
    "too fast": {"advance_mps": 0.02},
    "retracting": {"advance_mps": -0.003},
    "negative limit": {"advance_limit_m": -0.001},
    "never expires": {"expires_steady_ns": 2**62},
    "expired already": {"expires_steady_ns": 0},
    "sliding": {"guide_rate": (-0.02, 0.02, 0.0, 0.0)},
    "sliding absurdly": {"guide_rate": (1e300, -1e300, 0.0, 0.0)},
    "pivoting": {"guide_rate": (0.0, 0.0, 0.2, -0.2)},
    "pivoting with advance by the millimetre": {
        "guide_rate": (0.0, 0.0, -0.2, 0.2),
        "advance_limit_m": 0.001,
    },
    "turning": {"roll_radps": 3.0},
    "turning back": {"roll_radps": -4.0},
    "turning absurdly": {"roll_radps": 1e300},
    "roll not a number": {"roll_radps": NAN},
    **{f"mode {mode.name}": {"mode": mode} for mode in MODES},
}
CONSENTS: dict[str, dict[str, Any]] = {
    "stale": {"age_ms": 251, "held": True},
    "from the future": {"age_ms": -500, "held": True},
    "of another session": {"session": "elsewhere", "held": True, "grant": 10**6},
    "for another plan": {"plan_hash": OTHER_PLAN, "held": True},
    "of an old press": {"grant": 0, "held": True},
    "out of order": {"sequence": 0, "held": True},
    "let go": {"held": False},
}
STATES: dict[str, dict[str, Any]] = {
    "good": {},
    "late": {"age_ms": 60},
    "very late": {"age_ms": 250},
    "from the future": {"age_ms": -1000},
    "pressed": {"estop": True},
    "braked": {"brake": True},
    "disabled": {"enabled": False},
    "faulty": {"fault": "overcurrent"},
    "pushed": {"force_n": 20.0},
    "force not a number": {"force_n": NAN},
    "not a number": {"position": np.array([0.0, 0.0, NAN, 0.0, 0.0, 0.0])},
    "infinitely fast": {"velocity": np.array([0.0, 0.0, 0.0, 0.0, 0.0, INF])},
    "lagging": {"offset": (0.0, 0.0, 0.0, 0.0, -0.002, 0.0)},
    "rolled": {"offset": (0.0, 0.0, 0.0, 0.0, 0.0, 1.1)},
    "turned": {"offset": (0.0, 0.0, 0.05, 0.0, 0.0, 0.0)},
    "beyond its limits": {"offset": (0.0, 0.0, 0.0, 0.0, 1.0, 0.0)},
    "beside the plan": {"offset": (0.004, 0.0, 0.0, 0.0, 0.003, 0.0)},
}
HANDS: dict[str, dict[str, Any]] = {
    "retracting": {"mean": Mean.RETRACT},
    "retracting, or so it says": {"mean": Mean.RETRACT, "rate": (1.0, 1.0, 1.0, 1.0, 1.0, 1.0)},
    "sliding": {"mean": Mean.JOG, "rate": (0.003, -0.003, 0.0, 0.0, 0.0, 0.0)},
    "pushing": {"mean": Mean.JOG, "rate": (0.0, 0.0, 0.0, 0.0, 0.02, 0.0)},
    "pulling and turning": {"mean": Mean.JOG, "rate": (0.0, 0.0, 0.0, 0.0, -0.02, -3.0)},
    "pivoting absurdly": {"mean": Mean.MOVE, "rate": (0.0, 0.0, 1e300, -1e300, 0.0, 0.0)},
    "not a number": {"mean": Mean.JOG, "rate": (0.0, NAN, 0.0, 0.0, 0.0, 0.0)},
    "stale": {"age_ms": 251},
    "from the future": {"age_ms": -21},
    "of another session": {"session": "elsewhere", "press": 10**6},
    "out of order": {"sequence": 0},
    "of an old press": {"press": 0},
    "let go": {"held": False},
}
PROFILES = [
    {},
    # As fast as the bound on blind travel allows, at two decelerations.
    {"advance_mps": 0.00414, "decelerate_mps2": 0.05},
    {"advance_mps": 0.0033, "decelerate_mps2": 0.025},
]
