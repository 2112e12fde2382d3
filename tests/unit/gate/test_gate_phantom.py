# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Where the profile asks for a phantom check the gate is not armed without one that passed."""

from __future__ import annotations

import pytest

from gate_rig import Rig
from ir_guidance.gate import GateSettings, RefusedError

ASKED = GateSettings(phantom_points=3, phantom_error_m=0.001)


def checked(*errors_m: float) -> Rig:
    rig = Rig(ASKED)
    rig.report()
    for error_m in errors_m:
        rig.gate.phantom.note(error_m)
    return rig


def test_a_profile_that_asks_for_none_is_armed_without():
    rig = Rig()
    rig.report()
    rig.approve()
    assert rig.gate.approved_hash is not None


@pytest.mark.parametrize(
    ("errors_m", "why"),
    [
        ((), "wants 3 points, 0 were"),
        ((0.0002, 0.0004), "wants 3 points, 2 were"),
        ((0.0002, 0.0011, 0.0002, 0.0002), "1.10 mm off, limit 1.00 mm"),
    ],
)
def test_too_few_points_or_one_that_is_off_keep_it_disarmed(errors_m, why):
    rig = checked(*errors_m)
    with pytest.raises(RefusedError, match=why):
        rig.approve()
    assert rig.gate.approved_hash is None


def test_enough_points_within_the_limit_arm_it():
    rig = checked(0.0002, 0.0010, 0.0004)
    rig.approve()
    assert rig.gate.approved_hash is not None
