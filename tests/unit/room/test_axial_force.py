# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The force along the needle: it rises, falls at each puncture, grows with depth, and relaxes."""

from __future__ import annotations

import numpy as np
import pytest

from ir_guidance.room.axial_force import AxialForce, ForceSettings

DEPTHS_M = (0.009, 0.017)
STEP_M, STEP_S = 3e-5, 0.01
FIXED = ForceSettings(
    skin_n=(2.0, 2.0),
    fascia_n=(1.5, 1.5),
    cutting_n=(0.8, 0.8),
    stiffness_npm=(1000.0, 1000.0),
    friction_npm=(20.0, 20.0),
)


def inserted(length_m: float) -> tuple[AxialForce, np.ndarray]:
    """Return the force after an insertion straight down, and its course."""
    force = AxialForce(FIXED, np.random.default_rng(0), DEPTHS_M)
    course = []
    for depth_m in np.arange(STEP_M, length_m, STEP_M):
        force.step(STEP_M, STEP_S, float(depth_m), float(depth_m))
        course.append(force.force_n)
    return force, np.array(course)


def test_skin_and_two_membranes_are_punctured_and_the_force_falls_at_each():
    force, course = inserted(0.050)
    assert force.punctures == 3
    drops = np.diff(course)
    assert sorted(-drops[drops < -0.3]) == pytest.approx([0.7, 0.7, 1.2], abs=0.1)


def test_deep_in_it_is_cutting_and_friction_of_the_length():
    force, _ = inserted(0.050)
    assert force.force_n == pytest.approx(0.8 + 20.0 * 0.050, abs=0.02)
    assert force.pressing == pytest.approx(1.0)


def test_tip_force_relaxes_while_the_needle_rests_and_friction_stays():
    force, _ = inserted(0.050)
    for _ in range(2000):
        force.step(0.0, STEP_S, 0.050, 0.050)
    assert force.pressing == pytest.approx(FIXED.relaxed_share, abs=0.01)
    assert force.force_n == pytest.approx(0.6 * 0.8 + 1.0, abs=0.02)


def test_withdrawal_pulls_and_outside_there_is_nothing():
    force, _ = inserted(0.050)
    for back_m in np.arange(0.0, 0.005, STEP_M):
        force.step(-STEP_M, STEP_S, 0.050 - float(back_m), 0.050 - float(back_m))
    assert force.pressing == 0.0
    assert force.force_n == pytest.approx(-20.0 * 0.045, rel=0.02)
    force.step(-0.05, STEP_S, -0.001, -0.001)
    assert (force.force_n, force.punctures) == (0.0, 0)


@pytest.mark.parametrize("seed", range(10))
def test_no_ordinary_insertion_comes_near_the_gates_limit(seed):
    force = AxialForce(ForceSettings(), np.random.default_rng(seed), DEPTHS_M)
    most_n = 0.0
    for depth_m in np.arange(STEP_M, 0.070, STEP_M):
        force.step(STEP_M, STEP_S, float(depth_m), float(depth_m))
        most_n = max(most_n, force.force_n)
    assert 1.0 < most_n < 7.5
