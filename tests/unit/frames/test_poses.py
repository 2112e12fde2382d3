# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Streams of poses: tables whose names say the unit, trackers' files, and mix-ups that are caught."""

import numpy as np
import pytest

from calibration_cases import posed, poses_table
from ir_guidance.frames import SourceError
from ir_guidance.frames.poses import read_poses
from ir_guidance.geometry import inverse

POSES = np.stack([posed([0.1 * k, 0.2, -0.3], [0.1, 0.02 * k, -0.3]) for k in range(12)])
STAMPS_S = 5.0 + 0.02 * np.arange(12)


@pytest.mark.parametrize("unit", ["m", "mm"])
def test_a_table_says_its_unit_by_name(tmp_path, unit):
    found = read_poses(poses_table(tmp_path / "poses.csv", POSES, unit, STAMPS_S))
    np.testing.assert_allclose(found.matrices, POSES, atol=1e-9)
    np.testing.assert_allclose(found.stamps_s, STAMPS_S)


def tracker_file(samples):
    """Write what a tracker records: millimetres, no images, one frame without the tool."""
    fields = []
    for number, (pose, stamp_s) in enumerate(zip(POSES, STAMPS_S, strict=True)):
        matrix = pose.copy()
        matrix[:3, 3] *= 1e3
        fields.append(
            {
                "ProbeToTrackerTransform": " ".join(f"{value:.9g}" for value in matrix.ravel()),
                "ProbeToTrackerTransformStatus": "INVALID" if number == 3 else "OK",
                "ReferenceToTrackerTransform": "1 0 0 100 0 1 0 0 0 0 1 0 0 0 0 1",
                "Timestamp": f"{stamp_s:.6f}",
            }
        )
    keys = {"NDims": "3", "DimSize": "0 0 12", "ElementType": "MET_OTHER"}
    return samples.mha("tracker.igs.mha", fields=fields, keys=keys)


def test_a_trackers_file_without_images_is_read_and_frames_without_the_tool_left_out(samples):
    found = read_poses(tracker_file(samples), "ProbeToTracker")
    kept = [index for index in range(12) if index != 3]
    np.testing.assert_allclose(found.matrices, POSES[kept], atol=1e-8)
    np.testing.assert_allclose(found.stamps_s, STAMPS_S[kept])


def test_poses_are_told_in_another_markers_axes(samples):
    found = read_poses(tracker_file(samples), "ProbeToTracker", "ReferenceToTracker")
    np.testing.assert_allclose(
        found.matrices[0], inverse(posed([0, 0, 0], [0.1, 0, 0])) @ POSES[0], atol=1e-8
    )


def test_a_tool_that_is_not_there_is_named_with_those_that_are(samples):
    with pytest.raises(SourceError, match=r"StylusToTracker.*ProbeToTracker, ReferenceToTracker"):
        read_poses(tracker_file(samples), "StylusToTracker")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it has no rows"),
        ("x_m,y_m,z_m\n1,2,3\n", "needs the columns qx, qy, qz, qw"),
        ("x,y,z,qx,qy,qz,qw\n0,0,0,0,0,0,1\n", "needs the columns x_m, y_m, z_m"),
        ("x_m,y_m,z_m,qx,qy,qz,qw\n120,-30,284,0,0,0,1\n", "millimetres taken for metres"),
        ("x_m,y_m,z_m,qx,qy,qz,qw\n0,0,zero,0,0,0,1\n", "line 2"),
        ("x_m,y_m,z_m,qx,qy,qz,qw\n0,0,0,0,0,0,1\n0,0\n", "line 3"),
        ("x_m,y_m,z_m,qx,qy,qz,qw\n0,0,0,0,0,0,nan\n", "nan or inf"),
        ("x_m,y_m,z_m,qx,qy,qz,qw\n0,0,0,1,1,1,1\n", "not of unit length"),
        ("x_m,y_m,z_m,x_mm,y_mm,z_mm,qx,qy,qz,qw\n0,0,0,0,0,0,0,0,0,1\n", "leave one out"),
    ],
)
def test_a_table_that_cannot_be_is_refused(tmp_path, text, said):
    (tmp_path / "poses.csv").write_text(text)
    with pytest.raises(SourceError, match=said):
        read_poses(tmp_path / "poses.csv")


def test_axes_that_mirror_are_refused(samples):
    fields = [
        {
            "ProbeToTrackerTransform": "1 0 0 0 0 1 0 0 0 0 -1 0 0 0 0 1",
            "Timestamp": "1.0",
        }
    ]
    path = samples.mha("left.mha", fields=fields)
    with pytest.raises(SourceError, match="mirrors"):
        read_poses(path, "ProbeToTracker")


def test_what_is_no_file_or_names_a_tool_for_a_table_is_refused(tmp_path):
    with pytest.raises(SourceError, match="no such file"):
        read_poses(tmp_path / "none.csv")
    with pytest.raises(SourceError, match="leave the names of tools out"):
        read_poses(poses_table(tmp_path / "poses.csv", POSES), "ProbeToTracker")
