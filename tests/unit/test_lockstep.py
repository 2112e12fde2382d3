# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Whole procedures on a simulated clock: they arrive, and the same seed gives the same numbers."""

from __future__ import annotations

import numpy as np
import pytest

from ir_guidance.kinematics import INSERTION, ROLL
from ir_guidance.lockstep import Trial, TrialRow, run_trial
from ir_guidance.plan import NoPlanError
from ir_guidance.profiles import load_profile, merged_profile
from ir_guidance.values import NS_PER_S, Command, Level

CLASSICAL = "classical"
PROFILE = load_profile("biopsy")
# Long enough to see the breath, plan, align and insert a little; ends by its time limit.
QUICK = {"localise": {"breathing": {"observe_s": 3.0}}, "longest_s": 16.0}
QUICK_PROFILE = merged_profile("biopsy", QUICK, "test")


@pytest.fixture(scope="module")
def closed() -> TrialRow:
    return run_trial(PROFILE, 0, backend=CLASSICAL)


def commands(open_loop: bool) -> list[Command]:
    """Return the commands of a quick trial with the needle in tissue."""
    trial = Trial(QUICK_PROFILE, 0, backend=CLASSICAL, open_loop=open_loop)
    sent = []
    while trial.now_ns < QUICK_PROFILE.longest_s * NS_PER_S:
        command = trial.step().command
        if command is not None and command.position[INSERTION] > 0:
            sent.append(command)
    return sent


def test_biopsy_arrives_within_its_tolerance_and_its_bounds(closed):
    assert (closed.outcome, closed.success, closed.obstacle_hit) == ("arrived", True, False)
    assert closed.tip_error_mm <= PROFILE.tolerance_m * 1e3
    assert 0 < closed.blind_travel_mm_max <= 1.0
    assert int(Level.R4) not in closed.gate_levels
    both_mm = np.hypot(closed.across_view_mm, closed.along_view_mm)
    assert both_mm == pytest.approx(closed.tip_error_mm)
    assert closed.frames == pytest.approx(closed.time_s * 30, abs=2)


def test_open_loop_goes_the_same_way_and_ends_farther_off(closed):
    row = run_trial(PROFILE, 0, backend=CLASSICAL, open_loop=True)
    assert (row.outcome, row.seed) == ("arrived", closed.seed)
    assert row.blind_travel_mm_max <= 1.0
    assert row.tip_error_mm > closed.tip_error_mm


def test_open_loop_turns_nothing_in_tissue_and_closed_loop_does_the_same_every_time():
    closed_loop, again, open_loop = commands(False), commands(False), commands(True)
    assert closed_loop == again
    assert len(closed_loop) > 200 and len(open_loop) > 200
    for sent, turns in ((closed_loop, True), (open_loop, False)):
        angles = np.array([(*command.position[2:4], command.position[ROLL]) for command in sent])
        assert (np.ptp(angles, axis=0).max() > 1e-6) == turns


def test_same_seed_gives_the_same_row_and_another_seed_another():
    brief = merged_profile("biopsy", {"longest_s": 3.0}, "test")
    first, again, other = (run_trial(brief, seed, backend=CLASSICAL) for seed in (3, 3, 4))
    assert first == again
    assert first.tip_error_mm != other.tip_error_mm
    assert first.outcome == "timed out" and not first.success


def test_anatomy_without_a_way_in_ends_the_trial_with_the_reason():
    narrow = merged_profile("biopsy", QUICK | {"plan": {"longest_m": 0.03}}, "test")
    row = run_trial(narrow, 0, backend=CLASSICAL)
    assert row.outcome.startswith("no plan: none of ")
    assert not row.success


def test_trial_raises_no_plan_where_it_is_stepped_by_hand():
    narrow = merged_profile("biopsy", QUICK | {"plan": {"longest_m": 0.03}}, "test")
    trial = Trial(narrow, 0, backend=CLASSICAL)
    with pytest.raises(NoPlanError):
        while trial.now_ns < QUICK_PROFILE.longest_s * NS_PER_S:
            trial.step()
