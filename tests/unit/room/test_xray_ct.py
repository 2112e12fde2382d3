# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A CT is read where it lies, and its radiograph agrees with geometry; what is no CT is refused in one line."""

import gzip
import os
from pathlib import Path

import numpy as np
import pydicom
import pytest
import torch
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from ir_guidance.frames.ct import Ct, CtError, read_ct
from ir_guidance.room.xray import drr
from ir_guidance.room.xray.parts import ball
from ir_guidance.room.xray.solids import Rays
from ir_guidance.values import CarmGeometry
from nifti_file import nifti

REAL = Path(os.environ.get("IR_GUIDANCE_DATA", "../shared/data")) / "ct_chest" / "cxr.nii.gz"


@pytest.fixture
def volume():
    return np.arange(2 * 3 * 4, dtype=np.int16).reshape(2, 3, 4)


def test_nifti_is_turned_from_right_front_to_left_back(tmp_path, volume):
    affine = np.diag([2.0, 3.0, 4.0, 1.0])
    affine[:3, 3] = (10, 20, 30)
    path = tmp_path / "ct.nii.gz"
    path.write_bytes(gzip.compress(nifti(volume, affine)))
    ct = read_ct(path)
    assert (ct.hounsfield == volume).all()
    place = ct.lps_from_index @ np.array([1, 1, 1, 1])
    assert place[:3] == pytest.approx([-0.012, -0.023, 0.034])


def test_nifti_without_sform_lies_as_its_quaternion_says(tmp_path, volume):
    affine = np.eye(4)
    affine[:3, 3] = (5, 6, 7)
    turned = nifti(volume, affine, 0, 1, (0, 0, np.sin(np.pi / 4)), (-1.0, 2.0, 3.0, 4.0))
    path = tmp_path / "ct.nii"
    path.write_bytes(turned)
    # A quarter turn about z: i runs to +y, j to -x; qfac -1 turns k down.
    place = read_ct(path).lps_from_index @ np.array([1, 1, 1, 1])
    assert place[:3] == pytest.approx([0.003 - 0.005, -0.002 - 0.006, -0.004 + 0.007])


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.nii", b"short", "not a NIfTI-1"),
        ("a.nii", b"\0" * 400, "not a NIfTI-1"),
        ("a.nii.gz", b"no gzip", "cannot be read"),
        ("a.nii.gz", gzip.compress(bytes(range(256)), mtime=0)[:100], "cannot be read"),
        ("a.png", b"", "not a CT"),
    ],
)
def test_what_is_no_ct_is_refused(tmp_path, name, content, says):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CtError, match=says):
        read_ct(tmp_path / name)


def test_cut_off_nifti_is_refused(tmp_path, volume):
    path = tmp_path / "a.nii"
    path.write_bytes(nifti(volume, np.eye(4))[:-4])
    with pytest.raises(CtError, match="ends before its last voxel"):
        read_ct(path)


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(CtError, match="no such file"):
        read_ct(tmp_path / "none.nii.gz")


def write_slice(folder, number, series="1.2.3", rows=4):
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = f"1.2.3.{number}"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID = CTImageStorage, f"1.2.3.{number}"
    data.SeriesInstanceUID = series
    data.Rows, data.Columns, data.SamplesPerPixel = rows, 5, 1
    data.PhotometricInterpretation, data.PixelRepresentation = "MONOCHROME2", 0
    data.BitsAllocated = data.BitsStored = 16
    data.HighBit = 15
    data.PixelSpacing, data.ImageOrientationPatient = [2.0, 1.0], [1, 0, 0, 0, 1, 0]
    data.ImagePositionPatient = [10.0, 20.0, 5.0 * number]
    data.RescaleSlope, data.RescaleIntercept = 1.0, -1000.0
    pixels = np.full((rows, 5), 100 * number, np.uint16)
    pixels[1, 3] = 2000
    data.PixelData = pixels.tobytes()
    pydicom.dcmwrite(folder / f"{9 - number}.dcm", data, enforce_file_format=True)


def test_dicom_slices_are_put_in_order_and_in_place(tmp_path):
    for number in range(3):
        write_slice(tmp_path, number)
    (tmp_path / "notes.txt").write_text("no slice")
    ct = read_ct(tmp_path)
    assert ct.hounsfield[0, 0].tolist() == [-1000, -900, -800]
    assert ct.hounsfield[3, 1, 0] == 1000
    place = ct.lps_from_index @ np.array([3, 1, 2, 1])
    assert place[:3] == pytest.approx([0.013, 0.022, 0.010])


def test_dicom_of_two_series_or_none_is_refused(tmp_path):
    with pytest.raises(CtError, match="no series"):
        read_ct(tmp_path)
    for number in range(2):
        write_slice(tmp_path, number, series=f"1.2.{number}")
    with pytest.raises(CtError, match="several series"):
        read_ct(tmp_path)


def test_dicom_with_a_slice_missing_is_refused(tmp_path):
    for number in (0, 1, 3):
        write_slice(tmp_path, number)
    with pytest.raises(CtError, match="5 to 10 mm apart"):
        read_ct(tmp_path)


def ball_ct(radius_m=0.03, voxel_m=0.001, half=45):
    at = (np.arange(2 * half + 1) - half) * voxel_m
    x, y, z = np.meshgrid(at, at, at, indexing="ij")
    away = np.sqrt(x * x + y * y + z * z)
    full = np.clip((radius_m - away) / voxel_m + 0.5, 0, 1)
    place = np.diag([voxel_m] * 3 + [1.0])
    place[:3, 3] = -half * voxel_m
    return Ct((1000 * full - 1000).astype(np.float32), place)


@pytest.mark.parametrize("angles", [(0.0, 0.0), (0.7, 0.2), (1.57, 0.0), (0.1, 1.3)])
def test_radiograph_of_a_ball_is_its_chords(angles):
    rays = Rays(CarmGeometry(1.0, 0.7, *angles, (0.002, 0.002)), (64, 64))
    water_m, bone_m = drr.thickness(ball_ct(), rays)
    exact_m = np.zeros((64, 64), np.float32)
    ball((0, 0, 0), 0.03).add(exact_m, rays, 1.0)
    deep = exact_m > 0.02
    assert water_m[deep] == pytest.approx(exact_m[deep], abs=0.0008)
    assert bone_m.max() == 0


@pytest.mark.parametrize("angles", [(0.0, 0.0), (0.7, 0.2), (1.57, 0.0), (0.1, 1.3)])
def test_pytorch_casts_the_same_rays(angles):
    from ir_guidance.room.xray.drr_torch import summed

    rays = Rays(CarmGeometry(1.0, 0.7, *angles, (0.002, 0.002)), (64, 64))
    alone, _ = drr.thickness(ball_ct(), rays)
    with pytest.MonkeyPatch.context() as patched:  # "there" is a GPU; here PyTorch's CPU stands in
        patched.setattr(
            "ir_guidance.room.xray.drr_torch.summed",
            lambda images, views, shape, _: summed(images, views, shape, "cpu"),
        )
        there, _ = drr.thickness(ball_ct(), rays, "cuda")
    assert np.abs(there - alone).max() < 0.002
    assert np.abs(there - alone).mean() < 1e-4


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_device_that_is_not_here_is_refused_in_one_line():
    rays = Rays(CarmGeometry(1.0, 0.7, 0.0, 0.0, (0.002, 0.002)), (64, 64))
    with pytest.raises(CtError, match=r"^device cuda: [^\n]*$"):
        drr.thickness(ball_ct(), rays, "cuda")


def test_radiograph_of_a_point_lies_where_it_is_projected():
    volume = np.full((40, 50, 30), -1000, np.float32)
    volume[10, 35, 20] = 1700
    place = np.array(
        [[-0.003, 0, 0, 0.05], [0, 0.002, 0, -0.04], [0, 0, 0.004, -0.06], [0, 0, 0, 1]]
    )
    point_m = (place @ [10, 35, 20, 1])[None, :3]
    for angles in ((0.0, 0.0), (0.5, -0.3), (1.4, 0.1)):
        rays = Rays(CarmGeometry(1.0, 0.7, *angles, (0.0005, 0.0005)), (300, 300))
        _, bone_m = drr.thickness(Ct(volume, place), rays)
        v, u = np.mgrid[:300, :300]
        found = [float((grid * bone_m).sum() / bone_m.sum()) for grid in (u, v)]
        assert found == pytest.approx(rays.px_of(point_m)[0][0], abs=0.5)


def test_skin_is_found_in_front_of_the_body():
    ct = ball_ct()
    assert ct.skin_m(0.5, 0.5) == pytest.approx([0, -0.03, 0], abs=0.001)
    with pytest.raises(CtError, match="no body"):
        ct.skin_m(0.0, 0.0)


@pytest.mark.skipif(not REAL.exists(), reason="no ../shared/data")
def test_real_chest_is_read_and_has_its_liver_on_the_right():
    ct = read_ct(REAL)
    assert ct.hounsfield.shape == (512, 512, 133)
    to_index = np.linalg.inv(ct.lps_from_index)
    front = ct.skin_m(0.4, 0.15)
    inside = to_index @ np.append(front + np.array([0, 0.05, 0]), 1)
    assert (
        -50
        < np.median(ct.hounsfield[tuple(slice(int(i) - 3, int(i) + 4) for i in inside[:3])])
        < 250
    )
