# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""``ir-guidance track``: the table, the overlays, and how it refuses."""

import csv
import io
import zlib

import cv2
import numpy as np
import pytest
from rich.console import Console

from ir_guidance.commands.output import OutputError
from ir_guidance.commands.track import parse_roi, track_source
from ir_guidance.frames import SourceError
from ir_guidance.settings import SettingsError
from ir_guidance.values import Modality, NeedleTrack, Reason, TargetTrack, Track

DIRECTION = np.array([0.8, 0.6])


class _Dot:
    """A tracker that finds the one bright pixel of a frame as the tip, and counts its resets."""

    def __init__(self, backend="none", modality=Modality.ULTRASOUND):
        self.backend, self.modality, self.resets, self.frames = backend, modality, 0, 0

    def reset(self):
        self.resets += 1

    def track(self, frame):
        self.frames += 1
        stamps = frame.sequence, frame.stamp_ns, frame.acquired_steady_ns
        v, u = np.unravel_index(np.argmax(frame.pixels), frame.pixels.shape)
        if frame.pixels[v, u] < 200:
            missing = Reason.LOW_CONTRAST, Reason.TARGET_LOST
            return Track(*stamps, None, None, *missing)
        tip_px = np.array([u, v], dtype=float)
        needle = NeedleTrack(tip_px, np.diag([4.0, 9.0]), DIRECTION, 0.01, 0.75)
        return Track(*stamps, needle, TargetTrack(tip_px + 5, np.eye(2), 0.5))


def image(tip_px=None):
    pixels = np.full((96, 128), 60, np.uint8)
    if tip_px is not None:
        pixels[tip_px[1], tip_px[0]] = 255
    return pixels


@pytest.fixture
def run(tmp_path):
    """Return a call of the command that gives summary, rows of the table and what it printed."""

    def call(source, tracker=None, **options):
        printed = io.StringIO()
        tracker = tracker or _Dot()
        options = {"out": tmp_path / "out"} | options
        summary = track_source(
            str(source),
            console=Console(file=printed, width=200),
            make_tracker=lambda backend, modality: tracker,
            **options,
        )
        with (summary.out / "tracks.csv").open(newline="") as file:
            return summary, list(csv.DictReader(file)), printed.getvalue()

    return call


@pytest.fixture
def folder(tmp_path):
    """Return a folder of four stills; the needle is in three."""
    path = tmp_path / "shots"
    path.mkdir()
    for index, tip_px in enumerate([(20, 30), (40, 50), None, (100, 90)]):
        cv2.imwrite(str(path / f"{index}.png"), image(tip_px))
    return path


@pytest.fixture
def sequence(tmp_path):
    """Return a tracked sequence of five frames, the fourth marked unusable, 0.5 mm a pixel."""
    data = zlib.compress(b"".join(image((10 + 10 * i, 40)).tobytes() for i in range(5)))
    header = (
        "ObjectType = Image\nNDims = 3\nDimSize = 128 96 5\nElementType = MET_UCHAR\n"
        "CompressedData = True\nElementSpacing = 0.5 0.5 1\nSeq_Frame0003_ImageStatus = INVALID\n"
        "UltrasoundImageOrientation = MF\n"
    )
    header += "".join(f"Seq_Frame{i:04d}_Timestamp = {7 + i / 10}\n" for i in range(5))
    path = tmp_path / "sweep.1.5.igs.mha"
    path.write_bytes(header.encode() + b"ElementDataFile = LOCAL\n" + data)
    return path


def test_every_frame_has_a_row_with_the_tip_in_pixels(run, folder):
    summary, rows, _ = run(folder)
    assert [row["file"] for row in rows] == ["0.png", "1.png", "2.png", "3.png"]
    assert [row["needle_found"] for row in rows] == ["1", "1", "0", "1"]
    assert (float(rows[1]["tip_u_px"]), float(rows[1]["tip_v_px"])) == (40.0, 50.0)
    assert (float(rows[1]["tip_sigma_u_px"]), float(rows[1]["tip_sigma_v_px"])) == (2.0, 3.0)
    assert float(rows[1]["angle_deg"]) == pytest.approx(36.87, abs=0.01)
    assert float(rows[1]["target_u_px"]) == 45.0
    assert rows[2]["reason"] == "low contrast"
    assert rows[2]["tip_u_px"] == rows[2]["tip_x_mm"] == ""
    assert (summary.frames, summary.found, summary.median_confidence) == (4, 3, 0.75)


def test_pixels_are_of_the_full_image_whatever_the_region(run, folder):
    _, rows, _ = run(folder, roi=(8, 16, 100, 64))
    assert (float(rows[0]["tip_u_px"]), float(rows[0]["tip_v_px"])) == (20.0, 30.0)
    assert float(rows[0]["target_v_px"]) == 35.0
    assert rows[3]["needle_found"] == "0"


def test_millimetres_are_given_where_the_spacing_is_known(run, folder):
    _, rows, _ = run(folder, spacing_mm=0.25)
    assert (float(rows[0]["tip_x_mm"]), float(rows[0]["tip_y_mm"])) == (5.0, 7.5)


def test_stills_reset_the_tracker_each_and_runs_once(run, folder, sequence, tmp_path):
    stills, run_once = _Dot(), _Dot()
    run(folder, stills)
    run(sequence, run_once, out=tmp_path / "again")
    assert stills.resets == 4
    assert run_once.resets == 1


def test_images_marked_unusable_are_not_tracked_and_say_so(run, sequence):
    tracker = _Dot()
    _, rows, _ = run(sequence, tracker)
    assert tracker.frames == 4
    assert [row["valid"] for row in rows] == ["1", "1", "1", "0", "1"]
    assert rows[3]["needle_found"] == "0"
    assert "unusable" in rows[3]["reason"]
    assert rows[3]["track_ms"] == ""
    assert [float(row["stamp_s"]) for row in rows] == [7.0, 7.1, 7.2, 7.3, 7.4]


def test_a_still_gives_one_picture_at_display_size(run, folder):
    summary, _, _ = run(folder / "0.png")
    assert summary.files == ("overlay.png", "tracks.csv")
    assert max(cv2.imread(str(summary.out / "overlay.png")).shape) >= 900


def test_a_folder_gives_a_picture_each_and_a_sheet(run, folder):
    summary, _, _ = run(folder)
    names = [f"overlay_000{i + 1}_{i}.png" for i in range(4)]
    assert sorted(summary.files) == sorted(["overlay.png", "tracks.csv", *names])


def test_a_run_gives_a_video_of_every_frame_and_a_sheet(run, sequence):
    summary, _, _ = run(sequence)
    assert summary.files == ("overlay.mp4", "overlay.png", "tracks.csv")
    video = cv2.VideoCapture(str(summary.out / "overlay.mp4"))
    assert video.get(cv2.CAP_PROP_FRAME_COUNT) == 5
    assert video.get(cv2.CAP_PROP_FPS) == pytest.approx(10.0)
    found, picture = video.read()
    assert found
    assert max(picture.shape) >= 900


def test_what_is_drawn_is_at_the_tip(run, folder):
    summary, rows, _ = run(folder)
    drawn = cv2.imread(str(summary.out / "overlay_0001_0.png")).astype(int)
    scale = 900 / 128
    u, v = (round((float(rows[0][key]) + 0.5) * scale) for key in ("tip_u_px", "tip_v_px"))
    orange = (abs(drawn[..., 2] - 230) < 30) & (drawn[..., 0] < 60) & (drawn[..., 1] > 120)
    around = orange[v - 50 : v + 51, u - 50 : u + 51]
    assert around.sum() > 100
    assert orange[: drawn.shape[0] - 90].sum() == around.sum()


def test_the_summary_says_how_many_and_where(run, sequence):
    summary, _, printed = run(sequence)
    assert "ultrasound" in printed
    assert "needle found in 4 of 5" in printed
    assert "median confidence 0.75" in printed
    assert str(summary.out) in printed


def test_nothing_is_written_over(run, folder, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "precious.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"already holds files.*--out"):
        run(folder)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["precious.txt"]


def test_an_empty_folder_may_be_written_to(run, folder, tmp_path):
    (tmp_path / "out").mkdir()
    assert "tracks.csv" in run(folder)[0].files


def test_without_a_folder_each_run_gets_a_new_one(run, sequence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outs = [str(run(sequence, out=None)[0].out) for _ in range(3)]
    assert outs == ["build/track/sweep.1.5", "build/track/sweep.1.5-2", "build/track/sweep.1.5-3"]


def test_a_source_that_breaks_off_leaves_nothing_behind(run, sequence, tmp_path):
    content = sequence.read_bytes()
    header, data = content.split(b"LOCAL\n")
    sequence.write_bytes(header + b"LOCAL\n" + zlib.compress(zlib.decompress(data)[:-9000]))
    before = sorted(tmp_path.iterdir())
    with pytest.raises(SourceError, match="truncated"):
        run(sequence)
    assert sorted(tmp_path.iterdir()) == before


def test_an_interrupt_keeps_what_there_is(run, sequence):
    class _Interrupted(_Dot):
        def track(self, frame):
            if frame.sequence == 2:
                raise KeyboardInterrupt
            return super().track(frame)

    summary, rows, printed = run(sequence, _Interrupted())
    assert len(rows) == summary.frames == 2
    assert "overlay.mp4" in summary.files
    assert "stopped" in printed


def test_backend_and_modality_reach_the_tracker(folder, tmp_path):
    made = []

    def make(backend, modality):
        made.append(_Dot(backend, modality))
        return made[-1]

    track_source(
        str(folder),
        modality=Modality.FLUOROSCOPY,
        backend="classical",
        out=tmp_path / "out",
        console=Console(file=io.StringIO()),
        make_tracker=make,
    )
    assert (made[0].backend, made[0].modality) == ("classical", Modality.FLUOROSCOPY)


def test_a_backend_that_is_not_there_is_refused_and_leaves_nothing(folder, tmp_path):
    with pytest.raises(SettingsError, match=r"--backend magic.*auto"):
        track_source(
            str(folder), backend="magic", out=tmp_path / "out", console=Console(file=io.StringIO())
        )
    assert not (tmp_path / "out").exists()


def test_the_trackers_of_this_version_run_on_any_frame(folder, tmp_path):
    summary = track_source(
        str(folder), backend="auto", out=tmp_path / "out", console=Console(file=io.StringIO())
    )
    assert summary.frames == 4


def test_options_out_of_bounds_are_refused_in_one_line(run, folder):
    with pytest.raises(SettingsError) as refusal:
        run(folder, spacing_mm=-1.0)
    assert "spacing_mm" in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("text", ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "1.5,2,3,4", "-1,2,3,4"])
def test_a_region_that_is_not_four_whole_numbers_is_refused(text):
    with pytest.raises(SourceError, match="--roi"):
        parse_roi(text)


def test_a_region_is_left_top_width_height():
    assert parse_roi("365, 109,650,594") == (365, 109, 650, 594)
