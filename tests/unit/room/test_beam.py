# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The beam agrees with the closed forms of elastic beams."""

import numpy as np
import pytest

from ir_guidance.room.beam import Beam

EI = 0.025


def beam(spring_npm2: float) -> Beam:
    return Beam(EI, np.full(600, spring_npm2), 0.001)


@pytest.mark.parametrize("length_m", [0.0004, 0.0151, 0.0305, 0.0574])
def test_without_tissue_a_tip_force_bends_a_cantilever(length_m):
    nodes = beam(1e-6).nodes_m(length_m)
    bent, slope = beam(1e-6).solve(
        nodes, np.zeros((2, 2)), np.zeros((len(nodes), 2)), np.array([1.0, -2.0])
    )
    assert bent[-1] == pytest.approx(np.array([1.0, -2.0]) * length_m**3 / (3 * EI), rel=1e-6)
    assert slope == pytest.approx(np.array([1.0, -2.0]) * length_m**2 / (2 * EI), rel=1e-6)


def test_without_tissue_the_clamp_carries_the_beam_with_it():
    nodes = beam(1e-6).nodes_m(0.05)
    clamp = np.array([[0.001, 0.0], [0.02, -0.03]])
    bent, slope = beam(1e-6).solve(nodes, clamp, np.zeros((len(nodes), 2)), np.zeros(2))
    assert bent[-1] == pytest.approx(clamp[0] + 0.05 * clamp[1], rel=1e-4)
    assert slope == pytest.approx(clamp[1], rel=1e-4)


def test_long_beam_in_tissue_bends_at_its_end_as_hetenyi_says():
    spring = 2.0e4
    nodes = beam(spring).nodes_m(0.5)
    bent, _ = beam(spring).solve(
        nodes, np.zeros((2, 2)), np.zeros((len(nodes), 2)), np.array([1.0, 0.0])
    )
    decay = (spring / (4 * EI)) ** 0.25
    assert bent[-1, 0] == pytest.approx(2 * decay / spring, rel=0.01)


def test_beam_follows_tissue_that_moves_as_one():
    nodes = beam(1e9).nodes_m(0.05)
    rest = np.full((len(nodes), 2), 0.003)
    bent, _ = beam(1e9).solve(nodes, np.zeros((2, 2)), rest, np.zeros(2))
    assert bent[-1] == pytest.approx([0.003, 0.003], rel=1e-2)


def test_deflection_does_not_jump_when_a_node_is_added():
    tips = []
    for length_m in np.arange(0.0480, 0.0520, 0.0001):
        nodes = beam(2e4).nodes_m(length_m)
        bent, _ = beam(2e4).solve(
            nodes, np.zeros((2, 2)), np.zeros((len(nodes), 2)), np.array([1.0, 0.0])
        )
        tips.append(bent[-1, 0])
    assert np.abs(np.diff(tips)).max() < 2e-5
