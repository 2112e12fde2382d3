# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""How images show points: displacements as they really move the pixel, and what they cannot show."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ir_guidance.geometry import (
    BASE_FROM_PROBE_DOWN,
    px_from_base,
    px_from_base_carm,
    transform,
)
from ir_guidance.localise.shown import can_show, shown
from ir_guidance.values import CarmGeometry, ProbeGeometry

SIZE = (640, 480)
SHAPE = (480, 640)
PROBE = ProbeGeometry((1.2e-4, 2e-4), (256.0, 3.0), transform(BASE_FROM_PROBE_DOWN, np.zeros(3)))
STANDS = np.column_stack([[0.0, -1.0, 0.0], [0.0, 0.0, -1.0], [1.0, 0.0, 0.0]])
CARM = CarmGeometry(
    sdd_m=1.1,
    sid_m=0.75,
    primary_angle_rad=0.7,
    secondary_angle_rad=-0.2,
    imager_spacing_m=(3e-4, 4e-4),
    centre_px=(300.0, 250.0),
    base_from_isocentre=transform(STANDS, np.array([0.01, 0.0, -0.04])),
)
POINTS = [np.array(p) for p in ([0.0, 0.0, -0.04], [0.03, -0.02, -0.01], [-0.05, 0.04, -0.07])]
STEP_M = 1e-5


def px_of(point_m, geometry):
    if isinstance(geometry, ProbeGeometry):
        return px_from_base(point_m, geometry)[0]
    return px_from_base_carm(point_m, geometry, SHAPE)


@pytest.mark.parametrize("geometry", [PROBE, CARM], ids=["probe", "C-arm"])
@pytest.mark.parametrize("point_m", POINTS)
def test_a_small_displacement_moves_the_pixel_as_it_is_said_to(geometry, point_m):
    view = shown(point_m, geometry, SIZE)
    np.testing.assert_allclose(view.px, px_of(point_m, geometry))
    for displacement in STEP_M * np.eye(3):
        moved = px_of(point_m + displacement, geometry) - view.px
        np.testing.assert_allclose(
            moved * view.spacing_m, view.across @ displacement, atol=1e-3 * STEP_M
        )


@pytest.mark.parametrize("geometry", [PROBE, CARM], ids=["probe", "C-arm"])
@pytest.mark.parametrize("point_m", POINTS)
def test_nothing_shows_of_the_unseen_direction_and_u_turns_to_v_about_it(geometry, point_m):
    view = shown(point_m, geometry, SIZE)
    assert np.linalg.norm(view.unseen) == pytest.approx(1.0)
    np.testing.assert_allclose(view.across @ view.unseen, 0.0, atol=1e-12)
    far = px_of(point_m + 0.02 * view.unseen, geometry)
    np.testing.assert_allclose(far, view.px, atol=1e-8)
    assert np.cross(*view.across) @ view.unseen > 0.9


def test_only_ultrasound_has_a_plane_that_a_point_can_be_out_of():
    view = shown(np.array([0.0, 0.003, -0.04]), PROBE, SIZE)
    assert (view.off_plane_m, view.slice_sigma_m) == (pytest.approx(0.003), PROBE.slice_sigma_m)
    view = shown(np.array([0.0, 0.003, -0.04]), CARM, SIZE)
    assert (view.off_plane_m, view.slice_sigma_m) == (None, None)


def test_x_rays_show_what_lies_between_source_and_detector_of_a_c_arm_that_stands_somewhere():
    middle = np.array([0.01, 0.0, -0.04])
    towards = -shown(middle, CARM, SIZE).unseen
    assert can_show(middle, CARM) and can_show(middle, PROBE)
    assert can_show(middle - 0.74 * towards, CARM) and can_show(middle + 0.34 * towards, CARM)
    assert not can_show(middle - 0.76 * towards, CARM)
    assert not can_show(middle + 0.36 * towards, CARM)
    assert not can_show(middle, replace(CARM, base_from_isocentre=None))
