# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What the user asks for beats the file, and the file beats a default."""

import numpy as np
import pytest
from pydantic import ValidationError

from ir_guidance.frames import SourceError, SourceOptions, open_source
from ir_guidance.values import CarmGeometry, Modality


def first(path, **options):
    with open_source(str(path), SourceOptions(**options)) as source:
        return next(source.grabs())


def test_modality_is_assumed_to_be_ultrasound_and_says_so(samples):
    source = open_source(str(samples.png()))
    assert source.modality is Modality.ULTRASOUND
    assert "assumed" in source.description


def test_modality_asked_for_is_not_called_assumed(samples):
    source = open_source(str(samples.png()), SourceOptions(modality="fluoroscopy"))
    assert source.modality is Modality.FLUOROSCOPY
    assert next(iter(source)).modality is Modality.FLUOROSCOPY
    assert "assumed" not in source.description


def test_spacing_asked_for_beats_that_of_the_file(samples):
    path = samples.mha(keys={"ElementSpacing": "0.3 0.2 1"})
    assert first(path).frame.spacing_m == pytest.approx((0.0003, 0.0002))
    assert first(path, spacing_mm=0.5).frame.spacing_m == pytest.approx((0.0005, 0.0005))


def test_region_crops_the_frame_and_keeps_the_full_image(samples):
    grab = first(samples.png(), roi=(4, 2, 20, 16))
    assert grab.frame.pixels.shape == (16, 20)
    assert grab.image.shape == (48, 64)
    assert grab.roi == (4, 2, 20, 16)
    np.testing.assert_array_equal(grab.frame.pixels, grab.image[2:18, 4:24])


@pytest.mark.parametrize("roi", [(50, 0, 20, 20), (0, 40, 20, 20), (0, 0, 65, 48)])
def test_region_outside_of_the_image_is_refused(samples, roi):
    with pytest.raises(SourceError, match=r"--roi"):
        open_source(str(samples.png()), SourceOptions(roi=roi))


@pytest.mark.parametrize(
    "options",
    [
        {"spacing_mm": 0.0},
        {"spacing_mm": -1.0},
        {"spacing_mm": float("nan")},
        {"spacing_mm": 11.0},
        {"rate_hz": 0.0},
        {"roi": (-1, 0, 20, 20)},
        {"roi": (0, 0, 0, 20)},
        {"roi": (0, 0, 20)},
        {"modality": "magic"},
        {"colour": "red"},
    ],
)
def test_options_out_of_bounds_are_refused(options):
    with pytest.raises(ValidationError):
        SourceOptions(**options)


@pytest.mark.parametrize(("invert", "background"), [(None, 20), (False, 20), (True, 235)])
def test_inversion_is_only_what_was_asked_for(samples, invert, background):
    assert np.median(first(samples.png(), invert=invert).frame.pixels) == background


def test_rate_asked_for_beats_recorded_stamps(samples):
    path = samples.mha(fields=[{"Timestamp": str(10 + i)} for i in range(5)])
    source = open_source(str(path), SourceOptions(rate_hz=20.0))
    assert source.rate_hz == 20.0
    assert [frame.stamp_ns for frame in source] == [i * 50_000_000 for i in range(5)]


def test_iterating_again_begins_at_the_start(samples):
    source = open_source(str(samples.mha()))
    for _ in range(2):
        frames = list(source)
        assert [samples.index(frame.pixels) for frame in frames] == [0, 1, 2, 3, 4]
        assert [frame.sequence for frame in frames] == [0, 1, 2, 3, 4]


def test_looping_goes_on_with_sequence_and_stamps(samples):
    path = samples.mha(fields=[{"Timestamp": str(10 + i / 4)} for i in range(5)])
    source = open_source(str(path), SourceOptions(loop=True))
    frames = [frame for frame, _ in zip(source, range(12), strict=False)]
    assert source.count is None
    assert [samples.index(frame.pixels) for frame in frames] == [i % 5 for i in range(12)]
    assert [frame.sequence for frame in frames] == list(range(12))
    assert np.diff([frame.stamp_ns for frame in frames]).tolist() == [250_000_000] * 11
    assert frames[0].acquired_steady_ns == 0


def test_carm_geometry_does_not_survive_a_crop_off_centre(samples):
    path = samples.dicom(
        DistanceSourceToDetector=1000,
        DistanceSourceToPatient=700,
        PositionerPrimaryAngle=0,
        PositionerSecondaryAngle=0,
        ImagerPixelSpacing=[0.3, 0.3],
    )
    assert isinstance(first(path).frame.geometry, CarmGeometry)
    assert isinstance(first(path, roi=(10, 4, 44, 40)).frame.geometry, CarmGeometry)
    cropped = first(path, roi=(0, 0, 44, 40)).frame
    assert cropped.geometry is None
    assert cropped.spacing_m == pytest.approx((0.00021, 0.00021))
