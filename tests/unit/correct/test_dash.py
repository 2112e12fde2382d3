# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The last stretch to what breathes over a waiting needle: gone within one rest, and begun only as one begins."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fixes import LENGTH_M, answer, fix_at
from ir_guidance.correct import CorrectSettings, Steering
from ir_guidance.values import NS_PER_S, Correction, Mode

DASH = CorrectSettings(
    gate_from_m=0.020,
    checkpoints_m=(0.020, 0.006),
    checkpoint_miss_m=(0.002, 0.0005),
    dash_mps=0.004,
    slow_within_m=0.001,
)
AWAY_M = 0.008


class Insertion:
    """One insertion, answered fix by fix."""

    def __init__(self, settings: CorrectSettings = DASH) -> None:
        self._settings, self._steering = settings, Steering(settings)

    def answer(self, remaining_m: float, at_s: float, **changes: Any) -> Correction:
        fix = fix_at(LENGTH_M - remaining_m, acquired_steady_ns=int(at_s * NS_PER_S), **changes)
        return answer(fix, settings=self._settings, steering=self._steering)


def test_the_needle_waits_before_it_until_a_rest_begins():
    insertion = Insertion()
    insertion.answer(0.010, 0.0)
    late = insertion.answer(0.006, DASH.dash_within_s + 0.1)
    assert (late.mode, late.advance_mps) == (Mode.ADVANCE, 0.0)
    assert insertion.answer(0.006, 1.5, breath_m=AWAY_M).mode is Mode.WAIT_FOR_BREATH
    assert insertion.answer(0.006, 3.0).advance_mps == pytest.approx(DASH.dash_mps)


def test_once_begun_it_goes_on_at_its_own_speed_however_long_the_rest_lasts():
    insertion = Insertion()
    insertion.answer(0.006, 0.0)
    assert insertion.answer(0.003, 1.0).advance_mps == pytest.approx(DASH.dash_mps)
    assert insertion.answer(0.0005, 1.6).advance_mps < DASH.dash_mps


def test_before_it_the_needle_goes_as_ever():
    assert Insertion().answer(0.012, 5.0).advance_mps == pytest.approx(DASH.advance_mps)


def test_at_its_end_a_needle_beside_the_target_has_arrived_and_does_not_wait():
    insertion = Insertion()
    insertion.answer(0.006, 0.0)
    beside = 0.8 * DASH.beside_m
    assert beside > DASH.arrived_miss_m
    end = insertion.answer(0.0, 1.5, miss_m=np.array([0.0, beside, 0.0]))
    assert end.mode is Mode.ARRIVED


def test_without_it_a_rest_may_be_as_old_as_it_likes():
    insertion = Insertion(DASH.model_copy(update={"dash_mps": 0.0}))
    insertion.answer(0.010, 0.0)
    assert insertion.answer(0.0059, 1.0).advance_mps > 0.0


def test_it_needs_a_checkpoint_to_begin_at():
    with pytest.raises(ValueError, match="dash_mps needs a checkpoint"):
        CorrectSettings(dash_mps=0.004, checkpoints_m=(), checkpoint_miss_m=())
