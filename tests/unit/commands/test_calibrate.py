# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""`ir-guidance calibrate`: every kind on a known answer, nothing written over, one line for bad input."""

import json
import sys

import cv2
import numpy as np
import pytest

from calibration_cases import (
    PROBE_FROM_PX,
    bead_plate,
    carm,
    ct_body,
    ct_file,
    cut_px,
    n_wires,
    phantom_file,
    pivoting,
    posed,
    poses_table,
    probe_from_phantom,
    tracked_fields,
    wire_image,
)
from ir_guidance import cli
from ir_guidance.calibrate.carm_file import as_file
from ir_guidance.geometry import inverse, px_from_base_carm
from ir_guidance.room.xray.carm import CarmSettings
from ir_guidance.room.xray.ct_views import CtViews
from samples import Samples

SHAPE = (512, 512)


def run(monkeypatch, capsys, *arguments):
    """Return exit status and what stderr says."""
    monkeypatch.setattr(sys, "argv", ["ir-guidance", "calibrate", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code or 0, capsys.readouterr().err


def report_of(monkeypatch, capsys, folder, *arguments, pictured=True):
    """Return the report of a run that must succeed."""
    status, said = run(monkeypatch, capsys, *arguments, "--out", folder)
    assert status == 0, said
    expected = ["calibration.json", "calibration.png"][: 1 + pictured]
    assert sorted(path.name for path in folder.iterdir()) == expected
    return json.loads((folder / "calibration.json").read_text())


def write_carm(path, geometry):
    path.write_text(json.dumps(as_file(geometry, SHAPE)))
    return path


def test_carm_of_a_dicom_run(tmp_path, monkeypatch, capsys):
    path = Samples(tmp_path).dicom(
        DistanceSourceToDetector=1050,
        DistanceSourceToPatient=720,
        PositionerPrimaryAngle=30,
        PositionerSecondaryAngle=-5,
        ImagerPixelSpacing=[0.4, 0.4],
    )
    found = report_of(monkeypatch, capsys, tmp_path / "out", "carm", path, pictured=False)["carm"]
    assert (found["sdd_m"], found["sid_m"]) == (1.05, 0.72)
    assert np.degrees(found["primary_angle_rad"]) == pytest.approx(30)
    assert np.degrees(found["secondary_angle_rad"]) == pytest.approx(-5)
    assert found["image_px"] == [64, 48]


@pytest.mark.parametrize("placed", [True, False])
def test_biplane_points_with_their_truth(tmp_path, monkeypatch, capsys, placed):
    generator = np.random.default_rng(0)
    views = [carm(0.8), carm(-0.6)]
    true_m = views[0].base_from_isocentre[:3, 3] + generator.uniform(-0.03, 0.03, (60, 3))
    seen = np.concatenate([px_from_base_carm(true_m, view, SHAPE) for view in views], axis=1)
    seen += generator.normal(0, 0.5, seen.shape)
    if not placed:
        iso = inverse(views[0].base_from_isocentre)
        true_m = true_m @ iso[:3, :3].T + iso[:3, 3]
    rows = np.concatenate([seen, true_m], axis=1)
    (tmp_path / "points.csv").write_text(
        "u1_px,v1_px,u2_px,v2_px,x_m,y_m,z_m\n"
        + "".join(",".join(f"{value:.9g}" for value in row) + "\n" for row in rows)
    )
    files = [
        write_carm(tmp_path / f"{name}.json", carm(angle, placed=placed))
        for name, angle in (("first", 0.8), ("second", -0.6))
    ]
    found = report_of(
        monkeypatch, capsys, tmp_path / "out", "biplane", *files, tmp_path / "points.csv"
    )
    assert found["frame"].startswith("base_link" if placed else "the isocentre's axes")
    assert found["error_mean_m"] < 0.0003
    assert len(found["doubted"]) <= 1
    assert 2.0 < found["nees_mean"] < 4.2
    assert np.array(found["points"][0]["covariance_m2"]).shape == (3, 3)


def test_biplane_pixels_that_are_no_one_point_are_named(tmp_path, monkeypatch, capsys):
    views = [carm(0.8), carm(-0.6)]
    points_m = views[0].base_from_isocentre[:3, 3] + np.array([[0, 0, 0], [0.02, 0.01, 0.03]])
    rows = np.concatenate([px_from_base_carm(points_m, view, SHAPE) for view in views], axis=1)
    rows[1] = [*rows[1, :2], *rows[0, 2:]]
    (tmp_path / "points.csv").write_text(
        "u1_px,v1_px,u2_px,v2_px\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)
    )
    files = [write_carm(tmp_path / f"{n}.json", view) for n, view in enumerate(views)]
    given = ("biplane", *files, tmp_path / "points.csv")
    found = report_of(monkeypatch, capsys, tmp_path / "out", *given, pictured=False)
    assert found["doubted"] == [1]


@pytest.mark.parametrize("unit", ["m", "mm"])
def test_pivot_of_a_known_tip(tmp_path, monkeypatch, capsys, unit):
    tip_m = np.array([0.01, -0.02, 0.15])
    poses = pivoting(np.random.default_rng(0), tip_m, np.array([0.2, 0.1, -0.3]))
    path = poses_table(tmp_path / "poses.csv", poses, unit)
    found = report_of(monkeypatch, capsys, tmp_path / "out", "pivot", path)
    np.testing.assert_allclose(found["tip_in_marker_m"], tip_m, atol=0.0003)
    assert found["poses"] == 200 and found["rms_m"] < 0.0007


def test_hand_eye_of_a_known_place(tmp_path, monkeypatch, capsys):
    generator = np.random.default_rng(0)
    place = posed([0.3, -0.8, 0.2], [0.03, 0.01, 0.10])
    hand = np.stack(
        [posed(generator.uniform(-0.6, 0.6, 3), generator.uniform(-0.2, 0.2, 3)) for _ in range(12)]
    )
    target = np.stack(
        [inverse(place) @ inverse(pose) @ posed([1, 0, 0], [0.5, 0, 0]) for pose in hand]
    )
    files = [poses_table(tmp_path / f"{n}.csv", p) for n, p in (("hand", hand), ("target", target))]
    found = report_of(monkeypatch, capsys, tmp_path / "out", "hand-eye", *files, pictured=False)
    np.testing.assert_allclose(found["hand_from_eye"], place, atol=1e-8)


def test_distortion_of_a_known_plate(tmp_path, monkeypatch, capsys):
    cv2.imwrite(str(tmp_path / "plate.png"), bead_plate(SHAPE)[0])
    found = report_of(monkeypatch, capsys, tmp_path / "out", "distortion", tmp_path / "plate.png")
    assert found["before_px"] > 4 and found["held_out_px"] < 0.1
    assert len(found["true_from_seen"]) == 21


def test_temporal_of_a_known_lag(tmp_path, monkeypatch, capsys):
    pose_s = np.arange(0.0, 8.0, 0.02)
    motion_m = 0.01 * np.sin(2 * np.pi * 0.8 * pose_s)
    poses = np.stack([posed([0, 0, 0], [0.1, 0.2, 0.3 + each]) for each in motion_m])
    image_s = np.arange(1.0, 7.0, 1 / 15)
    images = []
    for at_s in image_s + 0.083:
        depth_px = 40 + 1500 * np.interp(at_s, pose_s, motion_m)
        rows = np.arange(80)[:, None]
        images.append(np.broadcast_to(200 * np.exp(-(((rows - depth_px) / 2) ** 2)), (80, 64)))
    video = Samples(tmp_path).mha(
        images=[image.astype(np.uint8) for image in images],
        fields=[{"Timestamp": f"{at_s:.6f}", "ImageStatus": "OK"} for at_s in image_s],
    )
    table = poses_table(tmp_path / "poses.csv", poses, stamps_s=pose_s)
    found = report_of(monkeypatch, capsys, tmp_path / "out", "temporal", video, table)
    assert found["lag_s"] == pytest.approx(0.083, abs=0.002)
    assert found["correlation"] > 0.99


def test_probe_of_a_known_place(tmp_path, monkeypatch, capsys):
    generator = np.random.default_rng(0)
    poses = [probe_from_phantom(generator) for _ in range(40)]
    video = Samples(tmp_path).mha(
        images=[wire_image(generator, cut_px(pose, n_wires())) for pose in poses],
        compressed=True,
        fields=[tracked_fields(pose, 0.1 * k) for k, pose in enumerate(poses)],
    )
    phantom = phantom_file(tmp_path / "phantom.xml")
    found = report_of(
        monkeypatch,
        capsys,
        tmp_path / "out",
        "probe",
        video,
        "--phantom",
        phantom,
        "--check",
        video,
    )
    px = np.array([[0.0, 0.0, 0, 1], [320, 0, 0, 1], [0, 260, 0, 1], [160, 130, 0, 1]])
    off_m = (px @ (np.array(found["probe_from_px"]) - PROBE_FROM_PX).T)[:, :3]
    assert np.linalg.norm(off_m, axis=1).max() < 0.0005
    assert found["labelled"] >= 36 and found["held_out"]["mean_m"] < 0.0003
    assert abs(found["lag"]["lag_s"]) < 0.005
    assert found["check"]["mean_m"] == pytest.approx(found["fit"]["mean_m"])


def test_ct_under_two_views(tmp_path, monkeypatch, capsys):
    """The isocentre is 5 to 9 mm off where it is said to be; the answer says where it is."""
    geometries = [carm(angle, 0.05, placed=False, side_px=256) for angle in (0.8, -0.6)]
    true_m = np.array([0.005, -0.004, 0.009])
    generator = np.random.default_rng(0)
    plain = CarmSettings(collimator="open", log_chance=0.0)
    beams = CtViews(ct_body(), true_m, geometries, 256).beams()
    pictures = [beam.picture(generator, plain) for beam in beams]
    options = []
    for number, (picture, geometry) in enumerate(zip(pictures, geometries, strict=True)):
        cv2.imwrite(str(tmp_path / f"{number}.png"), picture)
        (tmp_path / f"{number}.json").write_text(json.dumps(as_file(geometry, (256, 256))))
        options += ["--image", tmp_path / f"{number}.png", "--carm", tmp_path / f"{number}.json"]
    volume = ct_file(tmp_path / "ct.nii", ct_body())
    given = ("ct", volume, *options, "--isocentre", "0,0,0")
    found = report_of(monkeypatch, capsys, tmp_path / "out", *given)
    isocentre_from_lps = np.array(found["isocentre_from_lps"])
    np.testing.assert_allclose(isocentre_from_lps @ [*true_m, 1.0], [0, 0, 0, 1], atol=0.001)
    assert found["correlation"] > 0.9
    for isocentre, wrong in (("0,0", "give left,back,head"), ("0,0,900", "outside the CT")):
        status, said = run(monkeypatch, capsys, "ct", volume, *options, "--isocentre", isocentre)
        assert (status, said.count("\n")) == (2, 1) and wrong in said


def test_ct_that_is_not_that_patient_is_refused(tmp_path, monkeypatch, capsys):
    picture = np.random.default_rng(0).normal(120, 30, (256, 256)).clip(1, 254)
    cv2.imwrite(str(tmp_path / "a.png"), picture.astype(np.uint8))
    (tmp_path / "a.json").write_text(
        json.dumps(as_file(carm(0.8, placed=False, side_px=256), (256, 256)))
    )
    volume = ct_file(tmp_path / "ct.nii", ct_body())
    given = ("--image", tmp_path / "a.png", "--carm", tmp_path / "a.json", "--out", tmp_path / "o")
    status, said = run(monkeypatch, capsys, "ct", volume, *given)
    assert (status, said.count("\n")) == (2, 1) and "does not fit the images" in said
    assert not (tmp_path / "o").exists()


def test_ct_trials_on_a_small_body(tmp_path, monkeypatch, capsys):
    volume = ct_file(tmp_path / "ct.nii", ct_body())
    given = ("ct", volume, "--trials", 2, "--reach", 8)
    found = report_of(monkeypatch, capsys, tmp_path / "out", *given)
    assert (found["trials"], found["succeeded"]) == (2, 2)
    assert [row["start_mm"] for row in found["rows"]] == pytest.approx([2.0, 6.0], abs=0.01)
    assert found["end_mm"]["largest"] < 1.5
    assert found["capture_range_mm"] == pytest.approx(10.0)


def test_bad_input_is_one_line_and_status_2(tmp_path, monkeypatch, capsys):
    full = tmp_path / "full"
    full.mkdir()
    (full / "kept").write_text("kept")
    (tmp_path / "bad.json").write_text(json.dumps(as_file(carm(0.8), SHAPE) | {"sdd_m": 1100.0}))
    (tmp_path / "no.json").write_text("{")
    good = write_carm(tmp_path / "good.json", carm(0.8))
    unplaced = write_carm(tmp_path / "unplaced.json", carm(0.8, placed=False))
    (tmp_path / "points.csv").write_text("u1_px,v1_px,u2_px,v2_px\n1,2,3,4\n")
    (tmp_path / "far.csv").write_text("x_m,y_m,z_m,qx,qy,qz,qw\n" + "120,-30,284,0,0,0,1\n" * 12)
    still = poses_table(tmp_path / "still.csv", np.stack([posed([0, 0, 0], [0, 0, 0.1])] * 20))
    dicom = Samples(tmp_path).dicom()
    cv2.imwrite(str(tmp_path / "grey.png"), np.full(SHAPE, 90, np.uint8))
    volume = tmp_path / "ct.nii.gz"
    for arguments, wrong in [
        (("carm", dicom), "does not say how the C-arm stood"),
        (("carm", tmp_path / "none.dcm"), "none.dcm"),
        (("biplane", tmp_path / "bad.json", good, tmp_path / "points.csv"), "sdd_m = 1100"),
        (("biplane", tmp_path / "no.json", good, tmp_path / "points.csv"), "not readable as JSON"),
        (("biplane", good, unplaced, tmp_path / "points.csv"), "only one has base_from_isocentre"),
        (("biplane", good, good, tmp_path / "points.csv"), "degrees apart"),
        (("biplane", good, good, tmp_path / "far.csv"), "needs the columns u1_px"),
        (("pivot", tmp_path / "far.csv"), "millimetres taken for metres"),
        (("pivot", still), "swing it both ways"),
        (("pivot", still, "--out", full), "already holds files"),
        (("hand-eye", still, still), "about one axis only"),
        (("distortion", tmp_path / "grey.png"), "no grid of beads"),
        (("temporal", tmp_path / "none.mha", still), "no such file"),
        (("probe", still, "--phantom", tmp_path / "none.xml"), "none.xml: no such file"),
        (
            ("probe", tmp_path / "none.mha", "--phantom", phantom_file(tmp_path / "p.xml")),
            "none.mha",
        ),
        (("ct", volume), "either --image"),
        (("ct", volume, "--trials", 1), "no such file"),
        (("ct", volume, "--image", tmp_path / "grey.png"), "grey.png: does not say"),
    ]:
        status, said = run(monkeypatch, capsys, *arguments)
        assert (status, said.count("\n")) == (2, 1), (arguments, said)
        assert wrong in said
    assert [path.name for path in full.iterdir()] == ["kept"]
