# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""`ir-guidance trials`: the same report whatever the jobs, in the form of the contract."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from ir_guidance import cli
from ir_guidance.commands.output import OutputError
from ir_guidance.commands.trials import check_new, report, run_trials, table, write_json
from ir_guidance.lockstep import TrialRow, run_trial
from ir_guidance.profiles import load_profile, merged_profile
from ir_guidance.settings import SettingsError

CLASSICAL = "classical"
PROFILE = load_profile("biopsy")
BRIEF = merged_profile("biopsy", {"longest_s": 2.0}, "test")
ROW = TrialRow(
    seed=4,
    outcome="arrived",
    success=True,
    purpose="lesion_in_core_mm",
    achieved=4.0,
    tip_error_mm=1.0,
    across_view_mm=0.6,
    along_view_mm=0.8,
    blind_travel_mm_max=0.2,
    obstacle_hit=False,
    gate_levels=[0, 1],
    frames=1200,
    time_s=40.0,
)
ROWS = [
    ROW,
    replace(ROW, seed=5, tip_error_mm=3.0, success=False, blind_travel_mm_max=0.4),
    replace(ROW, seed=6, tip_error_mm=2.0, success=False, obstacle_hit=True, achieved=2.5),
]


def quiet() -> Console:
    return Console(file=io.StringIO(), width=120)


def test_jobs_change_nothing():
    one = run_trials(BRIEF, 2, 7, 1, backend=CLASSICAL, open_loop=False, console=quiet())
    two = run_trials(BRIEF, 2, 7, 2, backend=CLASSICAL, open_loop=False, console=quiet())
    assert one == two
    rows = [run_trial(BRIEF, seed, backend=CLASSICAL) for seed in (7, 8)]
    assert one["rows"] == [row.as_dict() for row in rows]
    assert one["backend"] == CLASSICAL


def test_a_tracker_that_is_not_there_is_refused_before_any_trial():
    with pytest.raises(SettingsError, match="unknown tracker backend 'magic'"):
        run_trials(BRIEF, 1, 0, 1, backend="magic", open_loop=False, console=quiet())


def test_report_has_what_the_contract_asks_for():
    found = report(ROWS, PROFILE, backend="openvino f32", open_loop=True)
    assert (found["trials"], found["success_rate"]) == (3, pytest.approx(1 / 3))
    assert found["tip_error_mm"] == pytest.approx({"median": 2.0, "p95": 2.9, "max": 3.0})
    assert found["across_view_mm"]["median"] == 0.6 and found["along_view_mm"]["max"] == 0.8
    assert (found["backend"], found["modality"]) == ("openvino f32", "ultrasound")
    assert (found["obstacle_hits"], found["blind_travel_mm_max"]) == (1, 0.4)
    assert (found["open_loop"], found["operator"], found["procedure"]) == (
        True,
        "scripted",
        "biopsy",
    )
    assert [row["seed"] for row in found["rows"]] == [4, 5, 6]
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_table_shows_every_trial_and_says_what_went_wrong():
    console = quiet()
    console.print(table(report(ROWS, PROFILE, backend="openvino f32", open_loop=True)))
    text = console.file.getvalue()
    assert "open loop" in text and "touched a no-go region" in text
    assert "success 33%" in text and "R0 R1" in text


def test_report_is_never_written_over_another(tmp_path):
    path = tmp_path / "trials.json"
    check_new(path)
    write_json(report(ROWS, PROFILE, backend="openvino f32", open_loop=False), path)
    assert json.loads(path.read_text())["trials"] == 3
    before = path.read_bytes()
    with pytest.raises(OutputError, match=r"trials\.json: exists already"):
        check_new(path)
    with pytest.raises(FileExistsError):
        write_json(report(ROWS[:1], PROFILE, backend="openvino f32", open_loop=False), path)
    assert path.read_bytes() == before


def test_folder_that_is_not_there_is_refused_before_the_trials_run(tmp_path):
    with pytest.raises(OutputError, match="its folder does not exist"):
        check_new(tmp_path / "none" / "trials.json")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--ct", "{folder}/none.nii"], "only X-rays"),
        (["--modality", "fluoroscopy", "--ct", "{folder}/none.nii"], "no such file"),
        (["--modality", "fluoroscopy", "--ct", "{folder}/notes.txt"], "not a CT"),
    ],
)
def test_a_ct_that_is_of_no_use_is_refused_before_anything_starts(
    given, said, tmp_path, monkeypatch, capsys
):
    (tmp_path / "notes.txt").write_text("hello")
    words = [word.format(folder=tmp_path) for word in given]
    monkeypatch.setattr("sys.argv", ["ir-guidance", "trials", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and said in lines[0]
