# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Wires hold the metal they should, wherever they lie among the pixels, and end where they end."""

import numpy as np
import pytest

from ir_guidance.room.xray.instrument import shortened
from ir_guidance.room.xray.stroke import Point, Tip, stroke

SHAPE = (120, 160)
FLAT = Tip(Point.FLAT)


def drawn(line, radius, tip=FLAT, wall=None):
    image = np.zeros(SHAPE, np.float32)
    found = stroke(SHAPE, np.array(line, float), radius, tip, wall)
    image[found.rows, found.columns] = found.length_px
    return image


@pytest.mark.parametrize("radius", [0.4, 1.0, 3.7])
@pytest.mark.parametrize("off", [0.0, 0.3, 0.5])
def test_column_of_a_wire_holds_its_cross_section(radius, off):
    image = drawn([(-10, 60 + off), (170, 60 + off)], radius)
    assert image.sum(axis=0) == pytest.approx(np.pi * radius**2, rel=1e-3)


@pytest.mark.parametrize("end", [80.0, 80.25, 80.5])
def test_blunt_wire_ends_to_a_part_of_a_pixel(end):
    image = drawn([(-10, 60), (end, 60)], 2.0)
    assert image.sum() / (np.pi * 4) == pytest.approx(end + 0.5, abs=0.02)


@pytest.mark.parametrize("point", [Point.CONE, Point.BEVEL, Point.ROUND, Point.TROCAR])
def test_pointed_tip_begins_at_the_tip_and_holds_less_metal(point):
    blunt = drawn([(-10, 60), (80, 60)], 3.0)
    image = drawn([(-10, 60), (80, 60)], 3.0, Tip(point, 4.0, 0.7))
    assert image.sum() < blunt.sum()
    assert (image <= blunt + 1e-5).all()
    assert image[:, 82:].sum() == 0
    assert image[:, 76:81].sum() > 0
    assert image[:, 60] == pytest.approx(blunt[:, 60])


def test_bevel_seen_from_its_side_is_slanted():
    image = drawn([(-10, 60), (80, 60)], 4.0, Tip(Point.BEVEL, 4.0, 0.0))
    assert image[56:60, 70:80].sum() > 3 * image[61:65, 70:80].sum()


def test_trocar_seen_on_a_face_is_a_wedge_twice_as_steep_on_one_side():
    """Its cross-section is the circle within an equilateral triangle, of inradius share of the radius."""
    image = drawn([(-10, 60), (80, 60)], 6.0, Tip(Point.TROCAR, 4.0, 0.0))
    column = image[:, 80 - 8]  # a third of the point's length: inradius 2 of 6
    assert np.flatnonzero(column[60:] > 0.5).max() == pytest.approx(2, abs=1)
    assert np.flatnonzero(column[:61][::-1] > 0.5).max() == pytest.approx(4, abs=1)
    assert column.sum() == pytest.approx(3 * np.sqrt(3) * 2.0**2, rel=0.1)


def test_hollow_wire_is_thinner_in_the_middle():
    solid, hollow = (drawn([(-10, 60), (170, 60)], 4.0, wall=wall) for wall in (None, 1.0))
    assert hollow[60, 80] == pytest.approx(2.0, abs=0.2)
    assert hollow[60 + 4, 80] == pytest.approx(solid[60 + 4, 80])
    assert hollow[:, 80].sum() == pytest.approx(np.pi * (16 - 9), rel=1e-3)


def test_wire_within_the_image_begins_and_ends_alike():
    image = drawn([(40, 60), (80, 60)], 2.0)
    across = np.arange(160) * image.sum(axis=0)
    assert across.sum() / image.sum() == pytest.approx(60, abs=0.01)
    assert image.sum() == pytest.approx(np.pi * 4 * 40, rel=0.001)


def test_round_wire_as_long_as_it_is_thick_is_a_ball():
    image = drawn([(76, 60), (84, 60)], 4.0, Tip(Point.ROUND))
    assert image.sum() == pytest.approx(4 / 3 * np.pi * 64, rel=0.02)
    assert image[60, 70:91] == pytest.approx(image[60, 90:69:-1], abs=1e-4)
    assert image[57:64, 80] == pytest.approx(image[60, 77:84], abs=0.4)


def test_bent_wire_has_no_gap_and_no_bulge_at_its_joints():
    angle = np.linspace(0, 1.5, 20)
    arc = np.stack([20 + 70 * np.sin(angle), 100 - 70 * (1 - np.cos(angle))], axis=1)
    image = drawn(arc, 2.0)
    length = float(np.hypot(*np.diff(arc, axis=0).T).sum())
    assert image.sum() == pytest.approx(np.pi * 4 * length, rel=0.01)
    assert image.max() < 4.05


def test_wire_outside_the_image_is_none():
    assert stroke(SHAPE, np.array([[300.0, 0.0], [300.0, 50.0]]), 2.0, FLAT) is None


def test_shortened_line_loses_that_much():
    line = np.array([[0.0, 0.0], [30.0, 0.0], [30.0, 10.0]])
    assert shortened(line, 4.0)[-1] == pytest.approx([30, 6])
    assert shortened(line, 15.0)[-1] == pytest.approx([25, 0])
    assert len(shortened(line, 15.0)) == 2
