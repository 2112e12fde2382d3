# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""When a sweep of the probe is asked for, what the needle does meanwhile, and how it goes on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fixes import LENGTH_M, STILL, answer, fix_at
from ir_guidance.correct import CorrectSettings, Steering
from ir_guidance.values import NS_PER_S, Correction, Fix, Mode, Plane

SETTINGS = CorrectSettings(gate_from_m=0.020)
NORMAL = np.array([0.0, 1.0, 0.0])
UNSURE = np.diag([1e-8, (1.5 * SETTINGS.sweep_sigma_m) ** 2, 1e-8])
SURE = np.diag([1e-8, (0.5 * SETTINGS.sweep_sigma_m) ** 2, 1e-8])


def tracked(insertion_m: float, **changes: Any) -> Fix:
    """Return a fix of a needle on course under a tracked probe, unsure out of the plane."""
    told: dict[str, Any] = {"unseen": NORMAL, "plane": Plane.LAID, "tip_covariance_m2": UNSURE}
    return fix_at(insertion_m, **(told | changes))


class Insertion:
    """One insertion, answered fix by fix."""

    def __init__(self, settings: CorrectSettings = SETTINGS) -> None:
        self._settings, self._steering = settings, Steering(settings)

    def answer(self, remaining_m: float, at_s: float = 0.0, **changes: Any) -> Correction:
        fix = tracked(LENGTH_M - remaining_m, acquired_steady_ns=int(at_s * NS_PER_S), **changes)
        return answer(fix, settings=self._settings, steering=self._steering)


def is_rest(correction: Correction) -> bool:
    return (
        correction.mode == Mode.SWEEP
        and correction.guide_rate == STILL
        and correction.advance_mps == correction.advance_limit_m == correction.roll_radps == 0.0
    )


@pytest.mark.parametrize("checkpoint_m", [0.030, 0.020, 0.010, 0.004])
def test_a_checkpoint_asks_for_a_sweep_and_stands_until_it_has_told(checkpoint_m):
    insertion = Insertion()
    before = insertion.answer(checkpoint_m + 0.001, tip_covariance_m2=SURE)
    assert before.mode == Mode.ADVANCE and before.advance_mps > 0
    asked = insertion.answer(checkpoint_m - 0.0001)
    assert is_rest(asked) and asked.reason.startswith("sweep the probe across the needle")
    assert is_rest(insertion.answer(checkpoint_m - 0.0001, 1.0, plane=Plane.SWEPT))
    told = insertion.answer(checkpoint_m - 0.0001, 2.0, tip_covariance_m2=SURE)
    assert told.mode == Mode.ADVANCE and told.advance_mps > 0


@pytest.mark.parametrize(
    "changes",
    [
        {"plane": Plane.FIXED},
        {"tip_covariance_m2": SURE},
        {"unseen": None},
    ],
)
def test_none_is_asked_for_where_it_would_tell_nothing(changes):
    assert Insertion().answer(0.0199, **changes).mode == Mode.ADVANCE


def test_none_is_asked_for_where_the_profile_wants_none_or_too_little_is_left():
    assert Insertion(CorrectSettings(sweep_sigma_m=0.0)).answer(0.0199).mode == Mode.ADVANCE
    insertion = Insertion(CorrectSettings(sweep_from_m=0.008))
    for remaining_m in (0.0299, 0.0199, 0.0099):
        insertion.answer(remaining_m, tip_covariance_m2=SURE)
    assert insertion.answer(0.0039).mode == Mode.ADVANCE


def test_where_nobody_sweeps_the_needle_goes_on_after_a_while():
    insertion = Insertion()
    assert is_rest(insertion.answer(0.0299))
    assert is_rest(insertion.answer(0.0299, SETTINGS.sweep_wait_s - 0.1))
    on = insertion.answer(0.0299, SETTINGS.sweep_wait_s + 0.1)
    assert on.mode == Mode.ADVANCE and on.advance_mps > 0


@pytest.mark.parametrize("open_loop", [False, True])
@pytest.mark.parametrize("insertion_m", [-0.01, 0.02, LENGTH_M - 0.00001, LENGTH_M + 0.001])
def test_nothing_moves_and_nothing_arrives_while_the_probe_is_away(insertion_m, open_loop):
    away = tracked(insertion_m, plane=Plane.SWEPT, tip_covariance_m2=SURE)
    assert is_rest(answer(away, settings=SETTINGS, open_loop=open_loop))


def test_a_needle_that_is_not_seen_is_held_and_a_sweep_is_asked_for():
    insertion = Insertion()
    for covariance in (UNSURE, SURE):  # what an earlier sweep told of it does not count
        held = insertion.answer(0.025, coasted=10, tip_covariance_m2=covariance)
        assert held.mode == Mode.HOLD and held.guide_rate == STILL
        assert held.reason == "needle not seen for 10 frames: sweep the probe to find it"
    untracked = insertion.answer(0.025, coasted=10, plane=Plane.FIXED)
    assert untracked.mode == Mode.HOLD and "sweep" not in untracked.reason


def test_a_needle_that_a_sweep_found_is_pivoted_back_and_never_advanced():
    insertion = Insertion()
    lost = {"coasted": 60, "miss_m": np.array([0.0, 0.0018, 0.0])}
    assert is_rest(insertion.answer(0.025, **lost, plane=Plane.SWEPT))
    back = insertion.answer(0.025, **lost, tip_covariance_m2=SURE)
    assert back.mode == Mode.ADVANCE and back.advance_mps == back.advance_limit_m == 0.0
    assert back.guide_rate[3] < 0 and back.roll_radps == 0.0
    assert insertion.answer(0.025, **lost).mode == Mode.HOLD  # it is too long ago
    insertion.answer(0.025, tip_covariance_m2=SURE)  # seen again
    assert insertion.answer(0.025, **lost, tip_covariance_m2=SURE).mode == Mode.HOLD
