# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""DICOM: pixels at their own depth, rate, spacing, regions and the C-arm's geometry."""

import math

import numpy as np
import pydicom
import pytest
from pydicom.uid import RLELossless

from ir_guidance.frames import open_source
from ir_guidance.values import Modality

VIEW = {
    "DistanceSourceToDetector": 1000,
    "DistanceSourceToPatient": 800,
    "PositionerPrimaryAngle": 30,
    "PositionerSecondaryAngle": -10,
}


def grabs(path):
    with open_source(str(path)) as source:
        return list(source.grabs())


def test_every_frame_comes_once_and_in_order(samples):
    found = grabs(samples.dicom())
    assert [samples.index(grab.frame.pixels) for grab in found] == [0, 1, 2, 3, 4]
    assert [grab.starts for grab in found] == [True, False, False, False, False]
    assert found[0].frame.modality is Modality.FLUOROSCOPY
    np.testing.assert_array_equal(found[3].frame.pixels, samples.image(3))


def test_compressed_frames_are_the_same(samples):
    path = samples.dicom()
    header = pydicom.dcmread(path)
    header.compress(RLELossless)
    header.save_as(path)
    np.testing.assert_array_equal(grabs(path)[4].frame.pixels, samples.image(4))


def test_a_file_without_a_suffix_is_known_by_its_mark(samples):
    assert len(grabs(samples.dicom("I0000017"))) == 5


def test_single_frames_are_stills(samples):
    source = open_source(str(samples.dicom(images=samples.image(2)[None])))
    assert source.stills
    assert source.count == 1
    assert not open_source(str(samples.dicom())).stills


@pytest.mark.parametrize(
    ("tags", "rate_hz"),
    [
        ({"FrameTime": "40"}, 25.0),
        ({"CineRate": "15"}, 15.0),
        ({"RecommendedDisplayFrameRate": "8"}, 8.0),
        ({}, 10.0),
    ],
)
def test_rate_comes_from_the_header(samples, tags, rate_hz):
    source = open_source(str(samples.dicom(**tags)))
    assert source.rate_hz == pytest.approx(rate_hz)
    assert np.diff([frame.stamp_ns for frame in source]) == pytest.approx(1e9 / rate_hz)


def test_uneven_frame_times_are_kept(samples):
    found = grabs(samples.dicom(FrameTimeVector=[0, 100, 50, 50, 200]))
    assert [grab.frame.stamp_ns / 1e6 for grab in found] == [0, 100, 150, 200, 400]


def test_white_on_black_files_are_turned_over_within_the_bits_they_use(samples):
    images = np.stack([samples.image(i, np.uint16) % 4096 for i in range(2)])
    path = samples.dicom(images=images, PhotometricInterpretation="MONOCHROME1", BitsStored=12)
    found = grabs(path)
    assert found[0].frame.pixels.dtype == np.uint16
    np.testing.assert_array_equal(found[1].frame.pixels, 4095 - images[1])


def test_colour_becomes_grey(samples):
    images = np.stack([np.dstack([samples.image(i)] * 3) for i in range(2)])
    np.testing.assert_array_equal(grabs(samples.dicom(images=images))[1].image, samples.image(1))


def test_spacing_is_that_of_the_detector_over_the_magnification(samples):
    frame = grabs(samples.dicom(ImagerPixelSpacing=[0.5, 0.25], **VIEW))[0].frame
    assert frame.spacing_m == pytest.approx((0.0002, 0.0004))
    geometry = frame.geometry
    assert (geometry.sdd_m, geometry.sid_m) == pytest.approx((1.0, 0.8))
    assert geometry.primary_angle_rad == pytest.approx(math.radians(30))
    assert geometry.secondary_angle_rad == pytest.approx(math.radians(-10))
    assert geometry.imager_spacing_m == pytest.approx((0.00025, 0.0005))


def test_detector_spacing_follows_from_the_field_of_view_between_the_shutters(samples):
    tags = {
        "FieldOfViewShape": "RECTANGLE",
        "FieldOfViewDimensions": [30, 20],
        "ShutterLeftVerticalEdge": 2,
        "ShutterRightVerticalEdge": 62,
        "ShutterUpperHorizontalEdge": 4,
        "ShutterLowerHorizontalEdge": 44,
    }
    grab = grabs(samples.dicom(**tags, **VIEW))[0]
    assert grab.frame.geometry.imager_spacing_m == pytest.approx((0.0005, 0.0005))
    assert grab.roi == (2, 4, 60, 40)


def test_shutters_off_centre_crop_so_that_the_geometry_stays_true(samples):
    tags = {
        "ShutterLeftVerticalEdge": 20,
        "ShutterRightVerticalEdge": 61,
        "ShutterUpperHorizontalEdge": 5,
        "ShutterLowerHorizontalEdge": 48,
    }
    grab = grabs(samples.dicom(ImagerPixelSpacing=[0.5, 0.5], **tags, **VIEW))[0]
    assert grab.roi == (3, 0, 58, 48)
    assert grab.frame.geometry is not None


@pytest.mark.parametrize(
    "tags",
    [
        {"PositionerMotion": "DYNAMIC"},
        {"TableMotion": "DYNAMIC"},
        {"DistanceSourceToPatient": 1200},
        {"PositionerPrimaryAngle": None},
        {"ImagerPixelSpacing": None},
    ],
)
def test_geometry_that_does_not_hold_is_none(samples, tags):
    tags = VIEW | {"ImagerPixelSpacing": [0.5, 0.5]} | tags
    assert grabs(samples.dicom(**tags))[0].frame.geometry is None


def test_calibrated_spacing_is_used_where_the_detector_is_unknown(samples):
    frame = grabs(samples.dicom(PixelSpacing=[0.4, 0.3]))[0].frame
    assert frame.spacing_m == pytest.approx((0.0003, 0.0004))


def test_spacing_is_none_where_the_magnification_is_unknown(samples):
    assert grabs(samples.dicom(ImagerPixelSpacing=[0.5, 0.5]))[0].frame.spacing_m is None


def test_the_largest_ultrasound_region_gives_spacing_and_crop(samples):
    colour_bar = samples.region(RegionLocationMinX0=44, RegionLocationMaxX1=60, PhysicalDeltaX=0.9)
    doppler = samples.region(RegionDataType=2, RegionLocationMaxX1=63)
    path = samples.dicom(
        Modality="US", SequenceOfUltrasoundRegions=[colour_bar, doppler, samples.region()]
    )
    grab = grabs(path)[0]
    assert grab.frame.modality is Modality.ULTRASOUND
    assert grab.roi == (4, 6, 40, 32)
    assert grab.frame.spacing_m == pytest.approx((0.0002, 0.0002))
