# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""N-wire calibration on images whose truth is known: wires found, told apart, and the probe calibrated."""

import numpy as np
import pytest

from calibration_cases import (
    IMAGE_PX,
    PROBE_FROM_PX,
    SPACING_M,
    cut_px,
    n_wires,
    phantom_file,
    posed,
    probe_from_phantom,
    wire_image,
)
from ir_guidance.calibrate import CalibrationError
from ir_guidance.calibrate.pattern import Labelling, label_all
from ir_guidance.calibrate.plus_xml import read_phantom, read_transform
from ir_guidance.calibrate.probe import (
    WireShots,
    calibrate_probe,
    held_out_errors_m,
    middle_errors_m,
    pixels_in_probe_m,
    travels_m,
    wire_distances_m,
)
from ir_guidance.calibrate.spots import find_spots
from ir_guidance.calibrate.temporal import calibrate_lag
from ir_guidance.calibrate.wires import NWire, shares

WIRES = n_wires()
CORNERS_PX = np.array([[0.0, 0.0], [IMAGE_PX[0], 0], [0, IMAGE_PX[1]], IMAGE_PX, [160, 130]])


def shots(generator, count=40, noise_px=0.0):
    poses = np.stack([probe_from_phantom(generator) for _ in range(count)])
    spots_px = np.stack([cut_px(pose, WIRES) for pose in poses])
    return WireShots(spots_px + generator.normal(0, noise_px, spots_px.shape), poses)


@pytest.fixture(scope="module")
def recorded():
    """Thirty images with their poses and the true spots."""
    generator = np.random.default_rng(0)
    true = shots(generator, 30)
    return true, [wire_image(generator, spots) for spots in true.spots_px]


def test_the_middle_wire_is_cut_where_the_share_says():
    at_m = WIRES[0].middle_m(np.array([0.0, 1.0, 5 / 30]))
    # x = 30 and x = 60 on the line from (55, 0) to (35, 40), and the back end at x = 35.
    np.testing.assert_allclose(at_m * 1e3, [[30, 50, 20], [60, -10, 20], [35, 40, 20]], atol=1e-9)
    np.testing.assert_allclose(shares(np.array([[[0, 0], [3, 4], [6, 8.0]]])), [0.5])


def test_exact_spots_give_the_exact_calibration():
    exact = shots(np.random.default_rng(1))
    found = calibrate_probe(exact, WIRES)
    np.testing.assert_allclose(
        found.probe_from_px[:3, [0, 1, 3]], PROBE_FROM_PX[:3, [0, 1, 3]], atol=1e-9
    )
    assert found.spacing_m == pytest.approx((0.00021, 0.00019))
    assert found.used.all() and abs(found.skew_rad) < 1e-6
    assert middle_errors_m(exact, WIRES, found.probe_from_px).max() < 1e-8
    assert wire_distances_m(exact, WIRES, found.probe_from_px).max() < 1e-8


def test_wires_that_were_mistaken_are_left_out():
    noisy = shots(np.random.default_rng(2), 60, noise_px=0.4)
    plain = calibrate_probe(noisy, WIRES)
    noisy.spots_px[::12, 1, 1] += (25.0, 0.0)
    found = calibrate_probe(noisy, WIRES)
    assert not found.used[::12, 1].any()
    assert found.used.mean() > 0.9
    off_m = pixels_in_probe_m(CORNERS_PX, found.probe_from_px) - pixels_in_probe_m(
        CORNERS_PX, plain.probe_from_px
    )
    assert np.linalg.norm(off_m, axis=1).max() < 0.0001


def test_held_out_errors_are_not_smaller_than_those_of_the_fit():
    noisy = shots(np.random.default_rng(3), 50, noise_px=0.5)
    fitted = middle_errors_m(noisy, WIRES, calibrate_probe(noisy, WIRES).probe_from_px)
    held_out = held_out_errors_m(noisy, WIRES)
    assert held_out.shape == fitted.shape
    assert fitted.mean() < held_out.mean() < 1.3 * fitted.mean()


@pytest.mark.parametrize("lag_s", [0.0, 0.04, -0.06])
def test_stamps_that_do_not_match_show_along_the_wires(lag_s):
    def swept(time_s):
        generator = np.random.default_rng(0)
        start = probe_from_phantom(generator)
        along_m = 0.008 * np.sin(2 * np.pi * 0.4 * time_s)
        return start @ posed([0.02 * np.sin(time_s), 0, 0], [0.002 * np.cos(time_s), along_m, 0])

    stamps_s = np.arange(0.0, 12.0, 0.08)
    spots = np.stack([cut_px(swept(stamp_s + lag_s), WIRES) for stamp_s in stamps_s])
    spots += np.random.default_rng(1).normal(0, 0.3, spots.shape)
    seen = WireShots(spots, np.stack([swept(stamp_s) for stamp_s in stamps_s]))
    by_spots, by_pose = travels_m(seen, WIRES, PROBE_FROM_PX)
    found = calibrate_lag(stamps_s, by_spots, stamps_s, by_pose)
    assert found.lag_s == pytest.approx(lag_s, abs=0.006)


def test_wires_are_found_in_images_and_told_apart(recorded):
    true, images = recorded
    spots = [find_spots(image, SPACING_M) for image in images]
    labelling, found = label_all(spots, WIRES, SPACING_M)
    assert labelling == Labelling(mirrored=True, reversed=False)
    kept = [index for index, each in enumerate(found) if each is not None]
    assert len(kept) >= 27
    off_px = np.stack([found[index].spots_px for index in kept]) - true.spots_px[kept]
    assert np.abs(off_px).max() < 1.0
    calibrated = calibrate_probe(
        WireShots(
            np.stack([found[index].spots_px for index in kept]), true.probe_from_phantom[kept]
        ),
        WIRES,
    )
    off_m = pixels_in_probe_m(CORNERS_PX, calibrated.probe_from_px) - pixels_in_probe_m(
        CORNERS_PX, PROBE_FROM_PX
    )
    assert np.linalg.norm(off_m, axis=1).max() < 0.0003


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("upside_down", [False, True])
def test_an_image_turned_over_is_seen_to_be(mirrored, upside_down):
    true = shots(np.random.default_rng(4), 12)
    spots = true.spots_px.reshape(12, 9, 2).copy()
    if mirrored:
        spots[..., 0] = IMAGE_PX[0] - spots[..., 0]
    if upside_down:
        spots[..., 1] = IMAGE_PX[1] - spots[..., 1]
    labelling, found = label_all(list(spots), WIRES, SPACING_M)
    assert labelling == Labelling(mirrored=not mirrored, reversed=upside_down)
    for each, expected in zip(found, spots.reshape(12, 3, 3, 2), strict=True):
        np.testing.assert_allclose(each.spots_px, expected)


def test_a_symmetric_phantom_is_refused():
    twin = tuple(
        NWire(WIRES[0].names, WIRES[0].ends_m + np.array([0, 0, -0.01 * step])) for step in range(3)
    )
    poses = [probe_from_phantom(np.random.default_rng(seed)) for seed in range(12)]
    spots = [cut_px(pose, twin).reshape(9, 2) for pose in poses]
    with pytest.raises(CalibrationError, match="in two ways"):
        label_all(spots, twin, SPACING_M)


def test_images_without_the_phantom_are_refused():
    with pytest.raises(CalibrationError, match="in none of 2 images"):
        label_all([np.zeros((0, 2)), np.array([[10.0, 10.0], [30, 30]])], WIRES, SPACING_M)
    assert find_spots(np.zeros((100, 100), np.uint8), SPACING_M).shape == (0, 2)


def test_too_few_images_are_refused():
    with pytest.raises(CalibrationError, match="only 5 images"):
        calibrate_probe(shots(np.random.default_rng(5), 5), WIRES)


def test_a_phantom_that_stands_elsewhere_in_every_image_is_refused():
    true = shots(np.random.default_rng(6), 30)
    jumbled = WireShots(true.spots_px, true.probe_from_phantom[::-1])
    with pytest.raises(CalibrationError, match="do not go together"):
        calibrate_probe(jumbled, WIRES)


def test_wires_that_make_no_n_are_refused():
    ends_m = WIRES[0].ends_m.copy()
    ends_m[1] = ends_m[0] + [0.01, 0, 0]
    with pytest.raises(CalibrationError, match="does not slant"):
        NWire(("a", "b", "c"), ends_m)
    ends_m = WIRES[0].ends_m.copy()
    ends_m[2, 1, 0] += 0.01
    with pytest.raises(CalibrationError, match="not parallel"):
        NWire(("a", "b", "c"), ends_m)


def test_a_phantom_file_is_read_in_metres(tmp_path):
    phantom = read_phantom(phantom_file(tmp_path / "phantom.xml"))
    np.testing.assert_allclose(
        [wire.ends_m for wire in phantom.wires], [wire.ends_m for wire in WIRES], atol=1e-12
    )
    assert phantom.spacing_m == pytest.approx(SPACING_M)
    assert phantom.wires[0].width_m == pytest.approx(0.030)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<a", "not readable as XML"),
        ("<a/>", "has no N-wires"),
        ('<a><Pattern Type="NWire"><Wire/><Wire/><Wire/></Pattern></a>', "is not 3 numbers"),
        ('<a><Pattern Type="Rod"><Wire/></Pattern></a>', "no NWire of three wires"),
    ],
)
def test_a_file_that_is_no_phantom_is_refused(tmp_path, text, said):
    (tmp_path / "phantom.xml").write_text(text)
    with pytest.raises(CalibrationError, match=said):
        read_phantom(tmp_path / "phantom.xml")
    with pytest.raises(CalibrationError, match="no such file"):
        read_transform(tmp_path / "none.xml", "Image", "Probe")
