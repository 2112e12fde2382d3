# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What looks like a needle ends in the image, and differs from one as said; subtraction leaves what has moved."""

import numpy as np
import pytest

from ir_guidance.room.xray.canvas import Canvas, Material
from ir_guidance.room.xray.lookalikes import LOOKALIKES, guide_wire, straight_vessel
from ir_guidance.room.xray.subtraction import MOST_STEEL_M, subtract_mask, subtracted_imaging
from ir_guidance.room.xray.variety import drawn_imaging

SHAPE, SPACING_M = (256, 320), 0.0006
SEEDS = range(20)


@pytest.mark.parametrize("draw", LOOKALIKES)
def test_a_lookalike_ends_in_the_image_and_leaves_a_shadow(draw):
    for seed in SEEDS:
        canvas = Canvas(SHAPE, SPACING_M)
        end = draw(canvas, np.random.default_rng(seed))
        reach = 0.05 / SPACING_M if draw is guide_wire else 0.0
        assert (end >= -reach).all() and (end <= np.array(SHAPE[::-1]) + reach).all()
        assert sum(layer.sum() for layer in canvas.layers.values()) > 0
        assert all(np.isfinite(layer).all() for layer in canvas.layers.values())


def test_a_vessel_is_contrast_agent_alone_and_ends_where_it_says():
    for seed in SEEDS:
        canvas = Canvas(SHAPE, SPACING_M)
        end = straight_vessel(canvas, np.random.default_rng(seed))
        assert set(canvas.layers) == {Material.CONTRAST}
        v, u = np.nonzero(canvas.layer(Material.CONTRAST))
        assert np.hypot(u - end[0], v - end[1]).min() < 4


def test_a_guide_wire_is_thinner_at_its_soft_end_than_along_its_shaft():
    thinner = 0
    for seed in SEEDS:
        canvas = Canvas(SHAPE, SPACING_M)
        end = guide_wire(canvas, np.random.default_rng(seed))
        u, v = np.round(end).astype(int)
        near = canvas.layer(Material.STEEL)[max(v - 2, 0) : v + 3, max(u - 2, 0) : u + 3]
        thinner += near.size == 0 or near.max() < canvas.layer(Material.STEEL).max()
    assert thinner == len(SEEDS)


def test_subtraction_leaves_edges_of_what_has_moved_and_nearly_nothing_else():
    generator = np.random.default_rng(3)
    water_m = np.full(SHAPE, 0.1, np.float32)
    bone_m, steel_m = np.zeros(SHAPE, np.float32), np.zeros(SHAPE, np.float32)
    bone_m[:, 100:200], steel_m[100:120] = 0.01, 0.004
    subtract_mask(generator, water_m, bone_m, steel_m)
    assert water_m == pytest.approx(0.1, abs=1e-4)
    assert np.abs(bone_m[:, 130:170]).max() < 0.06 * 0.01
    assert np.abs(bone_m[:, 97:104]).max() > 2 * np.abs(bone_m[:, 130:170]).max()
    assert np.abs(steel_m).max() <= MOST_STEEL_M
    assert not steel_m[104:116].any() and steel_m.any()


def test_subtracted_runs_are_logarithmic_and_some_are_inverted():
    generator = np.random.default_rng(0)
    made = [subtracted_imaging(generator, drawn_imaging(generator)).display for _ in range(60)]
    assert all(display.gamma == 0 for display in made)
    assert 0.1 < np.mean([display.inverted for display in made]) < 0.55
