# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Samples of scan lines land where the probe's geometry says."""

import numpy as np
import pytest

from ir_guidance.room.scan_lines import ScanLines
from ir_guidance.room.scanner import ScannerSettings

CONVEX = ScannerSettings(
    probe="convex",
    aperture_m=0.06,
    face_radius_m=0.06,
    lines=200,
    depth_m=0.12,
    spacing_m=0.0003,
    face_row_px=40.0,
)


@pytest.mark.parametrize("scanner", [ScannerSettings(), CONVEX])
def test_polar_turns_points_back(scanner):
    lines = ScanLines(scanner)
    face, range_m = lines.faces_m()[None, ::17], lines.ranges_m()[::31, None]
    x, depth = np.broadcast_arrays(*lines.points_m(face, range_m))
    back_face, back_range = lines.polar_m(x, depth)
    np.testing.assert_allclose(back_face, np.broadcast_to(face, x.shape), atol=1e-12)
    np.testing.assert_allclose(back_range, np.broadcast_to(range_m, x.shape), atol=1e-12)


def test_lines_of_a_convex_probe_stand_square_on_its_round_face():
    lines = ScanLines(CONVEX)
    x, depth = lines.points_m(np.array([0.0, 0.06 * np.pi / 6]), np.array(0.04))
    np.testing.assert_allclose(x, [0.0, 0.10 * 0.5], atol=1e-12)
    np.testing.assert_allclose(depth, [0.04, 0.10 * np.sqrt(0.75) - 0.06], atol=1e-12)


@pytest.mark.parametrize("scanner", [ScannerSettings(), CONVEX])
@pytest.mark.parametrize(("x_m", "depth_m"), [(0.0, 0.03), (0.018, 0.04), (-0.012, 0.02)])
def test_a_bright_spot_is_shown_at_its_pixel(scanner, x_m, depth_m):
    lines = ScanLines(scanner)
    line, row = lines.places(np.array(x_m), np.array(depth_m))
    rows, columns = np.ogrid[: lines.rows, : lines.count]
    spot = np.exp(-0.5 * (((rows - row) / 6.0) ** 2 + ((columns - line) / 4.0) ** 2))
    image = lines.image((255 * spot).astype(np.uint8)).astype(float)
    v, u = np.indices(image.shape)
    found = np.array([(image * u).sum(), (image * v).sum()]) / image.sum()
    wanted = np.array([x_m, depth_m]) / scanner.spacing_m
    wanted += (scanner.middle_px, scanner.face_row_px)
    assert np.linalg.norm(found - wanted) < 0.5


def test_outside_the_sector_the_image_is_black():
    image = ScanLines(CONVEX).image(np.full(ScanLines(CONVEX).shape, 200, np.uint8))
    assert image.shape == (512, 512)
    assert image[0].max() == image[:60, 0].max() == image[-5:, 0].max() == 0
    assert image[200, 256] == 200


def test_lines_end_with_the_image():
    assert ScanLines(ScannerSettings(depth_m=0.2)).rows == 512 - 8
