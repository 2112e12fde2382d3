# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Keys that move: one joint a letter, back with its capital; every other key moves nothing."""

from __future__ import annotations

import pytest

from ir_guidance.commands.motion_keys import CONSENT, motion_of
from ir_guidance.kinematics import JOINTS
from ir_guidance.values import Mean


def test_every_joint_has_a_letter_and_its_capital_is_the_way_back():
    for at, key in enumerate("xypwio"):
        mean, there = motion_of(key)
        back = motion_of(key.upper())[1]
        assert mean is Mean.JOG and there[at] > 0
        assert [rate != 0 for rate in there] == [name == JOINTS[at] for name in JOINTS]
        assert back == tuple(-rate for rate in there)


@pytest.mark.parametrize(("key", "mean"), [("r", Mean.RETRACT), ("m", Mean.MOVE)])
def test_retraction_and_move_have_a_key_and_no_rate_of_their_own(key, mean):
    assert motion_of(key) == (mean, (0.0,) * 6)


@pytest.mark.parametrize("key", ["", CONSENT, "R", "M", "q", "7", "\x1b"])
def test_other_keys_move_nothing(key):
    assert motion_of(key) is None
