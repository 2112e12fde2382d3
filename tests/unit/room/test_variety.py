# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Drawn rooms differ, can be built, and are the same for the same seed."""

from dataclasses import replace

import numpy as np
import pytest

from ir_guidance.room import Room
from ir_guidance.room.variety import drawn_ultrasound

DRAWN = [drawn_ultrasound(seed) for seed in range(150)]


def test_the_same_seed_draws_the_same_room():
    assert drawn_ultrasound(5) == drawn_ultrasound(5)
    assert drawn_ultrasound(5) != drawn_ultrasound(6)


def test_both_probes_and_shallow_and_deep_images_are_drawn():
    probes = [settings.scanner.probe for settings in DRAWN]
    depths_m = [settings.scanner.depth_m for settings in DRAWN]
    assert 0.45 < probes.count("linear") / len(probes) < 0.75
    assert min(depths_m) < 0.032
    assert max(depths_m) > 0.14


def test_wavelengths_are_those_of_3_to_12_megahertz():
    megahertz = 1540e-6 / np.array([settings.scanner.wavelength_m for settings in DRAWN])
    assert 2.4 < megahertz.min() < 3.5
    assert 10.0 < megahertz.max() < 13.1


def test_needles_of_all_gauges_are_drawn():
    diameters_m = {settings.needle.diameter_m for settings in DRAWN}
    assert min(diameters_m) == 0.00072
    assert max(diameters_m) == 0.00211


@pytest.mark.parametrize("seed", range(8))
def test_a_drawn_room_gives_an_image_of_its_size_with_tissue_and_needle_in_it(seed):
    settings = drawn_ultrasound(seed)
    room = Room(settings, seed)
    scanner = settings.scanner
    shaft_m = np.linspace((-0.03, 0.0, -0.002), (0.0, 0.0, -0.5 * scanner.depth_m), 60)
    snapshot = replace(room.snapshot(), shaft_m=shaft_m, inserted=True)
    image, without = room.render(snapshot), room.render(room.snapshot())
    assert image.shape == (scanner.height_px, scanner.width_px)
    assert image.std() > 3.0
    assert (image != without).any()
