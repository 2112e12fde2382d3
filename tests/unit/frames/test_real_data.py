# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Files that this project did not make; skipped where they are absent."""

import numpy as np
import pytest

from ir_guidance.frames import open_source
from ir_guidance.values import Modality

SETS = {
    "us_biopsy": (Modality.ULTRASOUND, 7, (594, 650), 0.059),
    "us_biopsy/frames/30.png": (Modality.ULTRASOUND, 1, (594, 650), 0.059),
    "fluoro_hip_wire": (Modality.FLUOROSCOPY, 10, (1024, 1024), 0.155),
    "xa_phantom/IM1.dcm": (Modality.FLUOROSCOPY, 14, (500, 504), 0.4 * 720 / 860),
    "xa_phantom/IM3.dcm": (Modality.FLUOROSCOPY, 12, (500, 504), 0.4 * 720 / 891),
    "xa_phantom": (Modality.FLUOROSCOPY, 38, (500, 504), 0.4 * 720 / 860),
    "tracked_us_plus/Prostate10_video.igs.mhd": (Modality.ULTRASOUND, 10, (480, 640), 0.3),
    "tracked_us_plus/SpinePhantomFreehand.igs.mha": (Modality.ULTRASOUND, 21, (616, 820), None),
    "tracked_us_plus/UltrasonixCurvilinearScanConvertedData.igs.mha": (
        Modality.ULTRASOUND,
        5,
        (616, 820),
        None,
    ),
}


@pytest.mark.parametrize("name", SETS)
def test_real_files_are_read_as_what_they_are(real_data, name):
    modality, count, shape, spacing_mm = SETS[name]
    with open_source(str(real_data / name)) as source:
        frames = list(source)
    assert source.modality is modality
    assert source.count == len(frames) == count
    assert frames[0].pixels.shape == shape
    assert (frames[0].spacing_m is None) == (spacing_mm is None)
    if spacing_mm is not None:
        assert frames[0].spacing_m[0] * 1e3 == pytest.approx(spacing_mm, rel=1e-6)
    assert (np.diff([frame.stamp_ns for frame in frames]) > 0).all()


def test_tracked_frames_are_those_that_itk_reads(real_data):
    sitk = pytest.importorskip("SimpleITK")
    path = real_data / "tracked_us_plus" / "SpinePhantomFreehand.igs.mha"
    frames = [frame.pixels for frame in open_source(str(path))]
    np.testing.assert_array_equal(frames, sitk.GetArrayFromImage(sitk.ReadImage(str(path))))


def test_tracked_frames_carry_the_pose_of_the_probe(real_data):
    source = open_source(str(real_data / "tracked_us_plus" / "SpinePhantomFreehand.igs.mha"))
    probe = next(source.grabs()).transforms["ProbeToTracker"]
    np.testing.assert_allclose(probe[:3, 3], [0.172641, -0.0980022, -0.0220262])
    np.testing.assert_allclose(probe[:3, :3] @ probe[:3, :3].T, np.eye(3), atol=1e-4)


def test_the_detector_spacing_of_a_real_run_agrees_with_its_intensifier(real_data):
    frame = next(iter(open_source(str(real_data / "xa_phantom" / "IM2.dcm"))))
    assert frame.geometry.imager_spacing_m == pytest.approx((0.2048 / 512, 0.2048 / 512))
    assert (frame.geometry.sdd_m, frame.geometry.sid_m) == pytest.approx((0.865, 0.72))
