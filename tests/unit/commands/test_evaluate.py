# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""`ir-guidance evaluate`: the contract's report, a table, pictures, and one line for bad input."""

from __future__ import annotations

import io
import json
import sys

import cv2
import numpy as np
import pytest
from rich.console import Console

from ir_guidance import cli
from ir_guidance.commands.evaluate import evaluate, labelled_test, simulated_test
from ir_guidance.commands.evaluate_pictures import Worst
from ir_guidance.commands.overlay_files import TILES
from ir_guidance.learn.case import Case
from ir_guidance.learn.evaluate import Judged
from ir_guidance.learn.scoring import score
from ir_guidance.values import Frame, Modality, NeedleTrack, Track

SIDE_PX = 256


def wire(tip=None, seed=0):
    """Return X-ray intensity with a dark wire of 6 pixels from the left border to a tip (u, v)."""
    generator = np.random.default_rng(seed)
    shade = np.zeros((SIDE_PX, SIDE_PX), np.uint8)
    if tip is not None:
        cv2.line(shade, (-20, tip[1] - 40), (tip[0] - 3, tip[1] - 1), 255, 6, cv2.LINE_AA)
    depth = 1.5 + 0.6 * shade / 255.0
    noisy = np.exp(-depth) * (1 + 0.02 * generator.standard_normal(depth.shape))
    return np.clip(65535 * noisy, 0, 65535).astype(np.uint16)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Four images: a wire, a wire elsewhere, none, and one that nobody could label."""
    folder = tmp_path_factory.mktemp("wires")
    frames = []
    for number, tip in enumerate([(150, 130), (120, 160), None, (90, 90)]):
        cv2.imwrite(str(folder / f"{number}.png"), wire(tip, number))
        label = {"file": f"{number}.png", "needle_visible": tip is not None}
        if tip is not None:
            label |= {"tip_px": tip, "shaft_px": [-20, tip[1] - 40], "tip_sigma_px": 1.0}
        frames.append(label | {"spacing_mm_per_px": 0.3})
    frames[3]["labelled"] = False
    (folder / "labels.json").write_text(json.dumps({"modality": "fluoroscopy", "frames": frames}))
    return folder


def quiet() -> Console:
    return Console(file=io.StringIO(), width=120)


def test_report_is_the_contracts(folder, tmp_path):
    console = quiet()
    written = tmp_path / "report.json"
    found = evaluate(labelled_test(folder), backend="classical", json=written, console=console)
    assert json.loads(written.read_text()) == found
    assert (found["modality"], found["data"]) == ("fluoroscopy", str(folder))
    summary, rows = found["summary"], found["rows"]
    assert (summary["n"], summary["detected"], summary["false_alarms"]) == (2, 2, 0)
    assert (summary["needle_free_frames"], summary["false_alarm_rate"]) == (1, 0.0)
    assert 0.0 < summary["tip_error_px_median"] < 6.0
    assert summary["tip_error_mm_median"] == pytest.approx(0.3 * summary["tip_error_px_median"])
    assert summary["angle_error_deg_median"] < 3.0
    assert summary["backend"] == "classical" and summary["frames_per_second"] > 0
    assert {"pearson_r", "nees_mean", "nees_n", "coverage"} <= summary["calibration"].keys()
    assert {"n", "found", "switched", "false"} <= summary["targets"].keys()
    asked = {"file", "tip_error_px", "tip_error_mm", "angle_error_deg", "detected"}
    for row in rows:
        assert asked | {"target_error_px", "target_error_mm"} <= row.keys()
    assert [row["file"] for row in rows] == ["0.png", "1.png", "2.png", "3.png"]
    assert [row["detected"] for row in rows] == [True, True, False, False]
    assert rows[3]["tip_error_px"] is None and rows[3]["scored"] is False
    text = console.file.getvalue()
    assert "2 of 2" in text and "0 of 1 frames without a needle" in text and "not scored" in text


def test_pictures_of_the_worst_frames_and_of_the_uncertainty(folder, tmp_path):
    out = tmp_path / "new"
    evaluate(labelled_test(folder), backend="classical", out=out, console=quiet())
    assert sorted(path.name for path in out.iterdir()) == ["calibration.png", "worst.png"]
    for path in out.iterdir():
        picture = cv2.imread(str(path))
        assert min(picture.shape[:2]) > 300 and picture.std() > 10


def test_folder_where_nothing_can_be_scored_still_gets_its_report(folder, tmp_path):
    label = {"file": "0.png", "needle_visible": True, "labelled": False}
    (tmp_path / "0.png").write_bytes((folder / "0.png").read_bytes())
    (tmp_path / "labels.json").write_text(
        json.dumps({"modality": "fluoroscopy", "frames": [label]})
    )
    found = evaluate(
        labelled_test(tmp_path), backend="classical", out=tmp_path / "out", console=quiet()
    )
    assert (found["summary"]["n"], found["summary"]["tip_error_px_median"]) == (0, None)
    assert (tmp_path / "out" / "worst.png").is_file()


def test_simulated_sequences_are_judged_alike(monkeypatch):
    monkeypatch.setattr("ir_guidance.learn.sequences.FRAMES", 3)
    test = simulated_test(Modality.ULTRASOUND, 2, 8, with_prior=True)
    found = evaluate(test, backend="classical", console=quiet())
    assert (found["simulated"], found["seed"], found["prior"]) == (2, 8, True)
    files = [f"simulated/ultrasound/8/000{n}/00{k}" for n in (0, 1) for k in (0, 1, 2)]
    assert [row["file"] for row in found["rows"]] == files
    assert found["summary"]["targets"]["n"] == 6


def run(monkeypatch, capsys, *arguments):
    """Return exit status and what stderr says."""
    monkeypatch.setattr(
        sys, "argv", ["ir-guidance", "evaluate", *(str(each) for each in arguments)]
    )
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code, capsys.readouterr().err


def test_bad_input_is_one_line_and_status_2(folder, tmp_path, monkeypatch, capsys):
    (tmp_path / "there.json").write_text("{}")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("kept")
    given = ("--data", folder, "--backend", "classical")
    for arguments, wrong in [
        ((), "either --data FOLDER or --simulated N"),
        ((*given, "--simulated", 1), "either --data FOLDER or --simulated N"),
        (("--data", tmp_path / "none"), "no such folder"),
        (("--data", tmp_path / "full"), "labels.json: missing"),
        (("--simulated", 1, "--modality", "sonar"), "--modality sonar"),
        ((*given, "--modality", "ultrasound"), "labels.json says"),
        (("--data", folder, "--backend", "magic"), "magic"),
        ((*given, "--json", tmp_path / "there.json"), "exists already"),
        ((*given, "--json", tmp_path / "none" / "a.json"), "its folder does not exist"),
        ((*given, "--out", tmp_path / "full"), "already holds files"),
    ]:
        status, said = run(monkeypatch, capsys, *arguments)
        assert (status, said.count("\n")) == (2, 1), said
        assert wrong in said
    assert (tmp_path / "there.json").read_text() == "{}"
    assert (tmp_path / "full" / "file").read_text() == "kept"


def test_image_that_breaks_half_way_leaves_nothing_behind(folder, tmp_path, monkeypatch, capsys):
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "1.png").write_bytes(b"\x89PNG broken")
    status, said = run(
        monkeypatch, capsys, "--data", tmp_path, "--backend", "classical",
        "--json", tmp_path / "a.json", "--out", tmp_path / "out",
    )  # fmt: skip
    assert status == 2 and "1.png" in said and said.count("\n") == 1
    assert not (tmp_path / "a.json").exists() and not (tmp_path / "out").exists()


def judged(file, tip, visible=True):
    """Return a frame of 100 x 100 pixels whose tip is at (50, 50), found at a place or not."""
    frame = Frame(np.zeros((100, 100), np.uint8), 1, 0, 0)
    true = np.array([50.0, 50.0]) if visible else None
    case = Case(frame, file, starts=True, needle_visible=visible, tip_px=true)
    needle = tip and NeedleTrack(np.array(tip), np.eye(2), np.array([1.0, 0.0]), 0.1, 0.5)
    track = Track(1, 0, 0, needle, None)
    return Judged(case, track, score(case, track, 1.0))


def test_worst_are_ranked_one_of_each_sequence_and_misses_among_the_errors():
    worst = Worst()
    for number in range(TILES + 3):
        worst.add(judged(f"fine {number}.png", (50.5 + number / 100, 50.0)))
    worst.add(judged("missed.png", None))
    worst.add(judged("alarm.png", (10.0, 10.0), visible=False))
    worst.add(judged("simulated/ultrasound/0/0000/001", (54.0, 50.0)))
    worst.add(judged("simulated/ultrasound/0/0000/002", (80.0, 50.0)))
    worst.add(judged("simulated/ultrasound/0/0000/003", (53.0, 50.0)))
    names = [each.row.file for each in worst.ranked()]
    assert len(names) == TILES
    assert names[0] == "simulated/ultrasound/0/0000/002"
    assert set(names[1:3]) == {"missed.png", "alarm.png"}
    assert names[3:] == [f"fine {number}.png" for number in range(TILES + 2, 5, -1)]
    assert worst.drawn("made up").std() > 0
