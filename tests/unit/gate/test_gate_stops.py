# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""R4: what switches the drives off at once, and what it takes to go on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gate_rig import Rig
from ir_guidance.values import Level

NAN = float("nan")

# What stops protectively, and within how many ticks.
STOPS: list[tuple[dict[str, Any], int, str]] = [
    ({"estop": True}, 1, "emergency stop pressed"),
    ({"fault": "overcurrent"}, 1, "robot fault: overcurrent"),
    ({"force_n": 15.1}, 1, "force 15.1 N over 15.0 N"),
    ({"brake": True}, 1, "drives off or brakes on during motion"),
    ({"enabled": False}, 1, "drives off or brakes on during motion"),
    ({"force_n": NAN}, 1, "the robot's state is not finite"),
    ({"position": np.full(5, NAN)}, 1, "the robot's state is not finite"),
    ({"velocity": np.full(5, np.inf)}, 1, "the robot's state is not finite"),
    ({"offset": (0.0, 0.0, 0.0, 0.0, -0.0012, 0.0)}, 7, "robot not following"),
    ({"offset": (0.0011, 0.0, 0.0, 0.0, 0.0, 0.0)}, 7, "robot not following"),
    ({"offset": (0.0, 0.0, 0.021, 0.0, 0.0, 0.0)}, 7, "robot not following"),
    ({"offset": (0.0, 0.0, 0.0, 0.0, 0.0, 1.01)}, 7, "robot not following"),
    ({"age_ms": 201}, 1, "robot state missing"),
    ({"age_ms": -201}, 1, "robot state missing"),
]


@pytest.mark.parametrize(("reported", "ticks", "why"), STOPS)
def test_r4_switches_the_drives_off_and_stays(reported, ticks, why):
    rig = Rig()
    rig.under_way()
    rig.reported = reported
    decision = rig.run(ticks)
    assert (decision.level, decision.latched) == (Level.R4, True)
    assert decision.reasons[0].startswith(why)
    assert decision.command is not None and not decision.command.enable
    rig.reported = {}
    rig.press()
    assert rig.run(100).level == Level.R4, "a cause that has gone resets nothing"
    assert rig.gate.approved_hash is None


def test_r4_when_the_robot_has_been_silent_for_200_ms():
    rig = Rig()
    rig.under_way()
    rig.reporting = False
    assert rig.run(20).level == Level.R2
    assert rig.run(1).level == Level.R4


def test_following_error_that_passes_within_50_ms_stops_nothing():
    rig = Rig()
    rig.under_way()
    for _ in range(5):
        rig.reported = {"offset": (0.0, 0.0, 0.0, 0.0, -0.0012, 0.0)}
        rig.run(4)
        rig.reported = {}
        assert rig.run(2).level == Level.R0


def test_following_error_is_counted_afresh_after_a_new_start():
    rig = Rig()
    rig.under_way()
    lagging = {"offset": (0.0, 0.0, 0.0, 0.0, -0.0012, 0.0)}
    rig.reported = lagging
    rig.run(4)
    rig.withdraw()
    rig.reported = {}
    rig.run(10)
    rig.approve()
    rig.press()
    rig.run(1)
    rig.reported = lagging
    assert rig.run(4).level == Level.R0


def test_stuck_robot_is_stopped():
    rig = Rig()
    rig.under_way()
    rig.following = False
    rig.run(45)
    assert rig.watch.levels == {Level.R0, Level.R4}


def test_after_a_stop_motion_takes_reset_approval_and_a_new_press():
    rig = Rig()
    rig.under_way()
    rig.stop()
    assert rig.run(5).level == Level.R4
    rig.reset()
    assert rig.run(20).command is None
    rig.approve()
    assert rig.run(20).command is None, "the old press is spent"
    rig.press()
    assert rig.run(20).level == Level.R0
    assert rig.moving


def test_drives_that_are_off_are_switched_on_only_with_consent_and_without_motion():
    rig = Rig()
    rig.report(enabled=False, brake=True)
    rig.reported = {"enabled": False, "brake": True}
    rig.approve()
    rig.imaging = True
    assert rig.run(20).command is None
    rig.press()
    decision = rig.run(20)
    assert (decision.level, decision.reasons) == (Level.R0, ("drives off",))
    assert decision.command is not None and decision.command.enable
    assert not any(decision.command.velocity)
    rig.reported = {}
    rig.run(20)
    assert rig.moving
