# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""MetaImage sequences: pixels, stamps, orientation, transforms."""

import numpy as np
import pytest

from ir_guidance.frames import SourceError, open_source
from ir_guidance.values import Modality


def grabs(path):
    with open_source(str(path)) as source:
        return list(source.grabs())


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("beside", ["LOCAL", "run.raw"])
def test_every_frame_comes_once_and_in_order(samples, compressed, beside):
    path = samples.mha(compressed=compressed, keys={"ElementDataFile": beside})
    found = grabs(path)
    assert [samples.index(grab.frame.pixels) for grab in found] == [0, 1, 2, 3, 4]
    assert [grab.starts for grab in found] == [True, False, False, False, False]
    np.testing.assert_array_equal(found[2].frame.pixels, samples.image(2))


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_files_of_an_independent_writer_are_read(samples, compressed, dtype):
    sitk = pytest.importorskip("SimpleITK")
    stack = np.stack([samples.image(i, dtype) for i in range(5)])
    image = sitk.GetImageFromArray(stack)
    image.SetSpacing((0.2, 0.1, 1.0))
    for index in range(5):
        image.SetMetaData(f"Seq_Frame{index:04d}_Timestamp", str(7 + index))
    path = samples.folder / "written.mha"
    sitk.WriteImage(image, str(path), useCompression=compressed)
    found = grabs(path)
    np.testing.assert_array_equal([grab.frame.pixels for grab in found], stack)
    assert found[0].frame.pixels.dtype == dtype
    assert found[0].frame.spacing_m == pytest.approx((0.0002, 0.0001))
    assert found[4].frame.stamp_ns == 11_000_000_000


def test_big_endian_pixels_are_turned(samples):
    images = [samples.image(i, np.dtype(">u2")) for i in range(3)]
    found = grabs(samples.mha(images=images, keys={"ElementByteOrderMSB": "True"}))
    assert [samples.index(grab.frame.pixels) for grab in found] == [0, 1, 2]
    assert found[0].frame.pixels.dtype == np.dtype("=u2")


def test_four_dimensions_hold_one_slice_a_frame(samples):
    path = samples.mha(keys={"NDims": "4", "DimSize": "64 48 1 5", "ElementSpacing": "1 1 1 1"})
    assert len(grabs(path)) == 5


def test_recorded_stamps_are_kept_and_the_first_frame_is_at_zero(samples):
    stamps_s = [215.5, 215.6, 215.7, 216.5, 216.6]
    path = samples.mha(fields=[{"Timestamp": str(stamp)} for stamp in stamps_s])
    frames = [grab.frame for grab in grabs(path)]
    assert [frame.stamp_ns for frame in frames] == [round(stamp * 1e9) for stamp in stamps_s]
    assert frames[0].acquired_steady_ns == 0
    assert frames[4].acquired_steady_ns == 1_100_000_000
    assert open_source(str(path)).rate_hz == pytest.approx(10.0)


def test_stamps_missing_in_between_are_interpolated(samples):
    fields = [{"Timestamp": "1"}, {}, {"Timestamp": "2"}, {"Timestamp": "nan"}, {"Timestamp": "3"}]
    stamps_ns = [grab.frame.stamp_ns for grab in grabs(samples.mha(fields=fields))]
    assert stamps_ns == [1_000_000_000, 1_500_000_000, 2_000_000_000, 2_500_000_000, 3_000_000_000]


def test_without_stamps_the_default_rate_counts(samples):
    assert [grab.frame.stamp_ns for grab in grabs(samples.mha())][:3] == [0, 10**8, 2 * 10**8]


@pytest.mark.parametrize(
    ("orientation", "mark_rows", "mark_columns"),
    [
        ("MF", slice(0, 8), slice(0, 12)),
        ("MFA", slice(0, 8), slice(0, 12)),
        ("XX", slice(0, 8), slice(0, 12)),
        ("UF", slice(0, 8), slice(52, 64)),
        ("UFD", slice(0, 8), slice(52, 64)),
        ("MN", slice(40, 48), slice(0, 12)),
        ("UNA", slice(40, 48), slice(52, 64)),
        ("FM", slice(0, 12), slice(0, 8)),
        ("FU", slice(0, 12), slice(40, 48)),
        ("NM", slice(52, 64), slice(0, 8)),
        ("NU", slice(52, 64), slice(40, 48)),
    ],
)
def test_images_are_turned_to_marked_and_far(samples, orientation, mark_rows, mark_columns):
    keys = {"UltrasoundImageOrientation": orientation, "ElementSpacing": "0.3 0.2 1"}
    frame = grabs(samples.mha(keys=keys))[0].frame
    expected = np.full((64, 48) if orientation[0] in "FN" else (48, 64), 20)
    expected[mark_rows, mark_columns] = 255
    np.testing.assert_array_equal(frame.pixels, expected)
    spacing_mm = (0.2, 0.3) if orientation[0] in "FN" else (0.3, 0.2)
    assert frame.spacing_m == pytest.approx(tuple(value / 1e3 for value in spacing_mm))


def test_spacing_of_exactly_one_is_unknown(samples):
    assert grabs(samples.mha(keys={"ElementSpacing": "1 1 1"}))[0].frame.spacing_m is None


def test_unusable_images_are_kept_and_marked(samples):
    fields = [{"ImageStatus": "OK"}, {"ImageStatus": "INVALID"}, {}, {}, {}]
    assert [grab.valid for grab in grabs(samples.mha(fields=fields))] == [
        True,
        False,
        True,
        True,
        True,
    ]


def test_transforms_come_in_metres_and_unusable_ones_are_left_out(samples):
    matrix = "0 -1 0 10 1 0 0 -20 0 0 1 30 0 0 0 1"
    fields = [
        {
            "ProbeToTrackerTransform": matrix,
            "ProbeToTrackerTransformStatus": "OK",
            "StylusToTrackerTransform": matrix,
            "StylusToTrackerTransformStatus": "INVALID",
        }
    ]
    found = grabs(samples.mha(fields=fields))
    assert set(found[0].transforms) == {"ProbeToTracker"}
    np.testing.assert_allclose(found[0].transforms["ProbeToTracker"][:3, 3], [0.01, -0.02, 0.03])
    assert not found[1].transforms


def test_only_a_file_of_a_tracked_sequence_is_known_to_be_ultrasound(samples):
    tracked = open_source(str(samples.mha(keys={"UltrasoundImageOrientation": "MF"})))
    plain = open_source(str(samples.mha("plain.mha")))
    assert tracked.modality is plain.modality is Modality.ULTRASOUND
    assert "assumed" not in tracked.description
    assert "assumed" in plain.description


def test_frames_before_a_corrupt_place_are_given(samples):
    rng = np.random.default_rng(3)
    images = [rng.integers(0, 256, (256, 256), dtype=np.uint8) for _ in range(6)]
    path = samples.mha(images=images, compressed=True)
    content = bytearray(path.read_bytes())
    content[-100_000:-99_000] = bytes(1000)
    path.write_bytes(content)
    seen = 0
    with pytest.raises(SourceError, match=r"corrupt|truncated"):
        for _ in open_source(str(path)):
            seen += 1
    assert 3 <= seen < 6
