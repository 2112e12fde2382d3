# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Lengths of rays in solids against what geometry says they are."""

import numpy as np
import pytest

from ir_guidance.room.xray.parts import ball, solid, tube
from ir_guidance.room.xray.solids import Rays, Shape
from ir_guidance.values import CarmGeometry

ACROSS = CarmGeometry(1.0, 0.7, 0.0, 0.0, (0.0005, 0.0005))
ASLANT = CarmGeometry(1.1, 0.75, 0.6, -0.3, (0.0005, 0.0005))
SHAPE = (201, 201)


def length_m(form, geometry=ACROSS, shape=SHAPE):
    image = np.zeros(shape, np.float32)
    form.add(image, Rays(geometry, shape), 1.0)
    return image


@pytest.mark.parametrize("geometry", [ACROSS, ASLANT])
def test_ray_through_the_middle_of_a_ball_runs_its_diameter(geometry):
    assert length_m(ball((0, 0, 0), 0.02), geometry)[100, 100] == pytest.approx(0.04, rel=5e-4)


def test_ray_beside_a_ball_runs_its_chord():
    image = length_m(ball((0, 0, 0), 0.02))
    away_m = 0.7 * np.sin(np.arctan(40 * 0.0005))  # of the ray from the middle
    assert image[100, 140] == pytest.approx(2 * np.sqrt(0.02**2 - away_m**2), rel=1e-3)
    assert image[100, 180] == 0.0


def test_box_is_as_long_as_its_side_and_its_edges_lie_where_they_are_projected():
    image = length_m(solid(Shape.BOX, (0, 0, 0), (0.01, 0.02, 0.01)))
    assert image[100, 100] == pytest.approx(0.04, rel=5e-4)
    front_px = 0.01 / (0.7 + 0.02) / 0.0005
    assert image[100, 100 + int(front_px) - 1] > 0.02
    assert image[100, 100 + int(0.01 / (0.7 - 0.02) / 0.0005) + 2] == 0.0


def test_cylinder_is_cut_off_at_its_ends():
    image = length_m(solid(Shape.CYLINDER, (0, 0, 0), (0.01, 0.01, 0.012)))
    assert image[100, 100] == pytest.approx(0.02, rel=1e-4)
    assert image[100 - 38, 100] == 0.0
    assert image[100 - 30, 100] > 0.018


def test_tube_is_as_thick_as_the_cylinder_it_stands_for():
    points = np.linspace([0, 0, -0.05], [0, 0, 0.05], 9)
    round_tube = length_m(tube(points, 0.006))
    cylinder = length_m(solid(Shape.CYLINDER, (0, 0, 0), (0.006, 0.006, 0.05)))
    assert round_tube[100, 90:111] == pytest.approx(cylinder[100, 90:111], abs=3e-4)


def test_bend_of_a_tube_counts_once():
    corner = tube([(-0.02, 0, 0), (0, 0, 0), (0, 0, 0.02)], 0.004)
    assert length_m(corner).max() < 0.0085


def test_large_solid_drawn_on_a_coarse_grid_is_as_exact_as_a_small_image_of_it():
    form, fine = ball((0.002, 0.0, 0.001), 0.09), (801, 801)
    geometry = CarmGeometry(1.0, 0.7, 0.2, 0.1, (0.0004, 0.0004))
    large = length_m(form, geometry, fine)
    small = length_m(form, CarmGeometry(1.0, 0.7, 0.2, 0.1, (0.0032, 0.0032)), (101, 101))
    assert large[::8, ::8] == pytest.approx(small, abs=5e-4)


def test_rind_holds_what_the_core_does_not():
    whole, core = ball((0, 0, 0), 0.02), ball((0, 0, 0), 0.02).shrunk(0.004)
    assert (length_m(whole) - length_m(core))[100, 100] == pytest.approx(0.008, rel=1e-3)


def test_half_as_many_pixels_show_the_same():
    rays = Rays(ASLANT, (200, 200))
    point = np.array([[0.01, -0.02, 0.015]])
    px, scale = rays.px_of(point)
    half_px, half_scale = rays.halved().px_of(point)
    assert (half_px + 0.5) * 2 - 0.5 == pytest.approx(px)
    assert half_scale * 2 == pytest.approx(scale)
