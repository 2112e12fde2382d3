# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Trials are the same by seed, whatever ran beside them, and end in what the contract asks."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from ir_guidance.commands.output import OutputError
from ir_guidance.commands.trials import check_new, run_trials, table
from ir_guidance.lockstep import Trial, run_trial
from ir_guidance.pipeline import Phase
from ir_guidance.profiles import load_profile

BIOPSY = load_profile("biopsy")
SHORT = BIOPSY.model_copy(update={"longest_s": 6.0})
QUIET = Console(file=io.StringIO())


def test_same_seed_same_numbers_whatever_the_jobs() -> None:
    alone = run_trials(SHORT, 2, 5, 1, open_loop=False, console=QUIET)
    together = run_trials(SHORT, 2, 5, 2, open_loop=False, console=QUIET)
    assert alone == together
    assert [row["seed"] for row in alone["rows"]] == [5, 6]
    assert alone["rows"][0]["tip_error_mm"] != alone["rows"][1]["tip_error_mm"]


def test_the_report_has_every_key_of_the_contract() -> None:
    found = run_trials(SHORT, 1, 5, 1, open_loop=True, console=QUIET)
    assert found.keys() >= {
        "trials",
        "success_rate",
        "tip_error_mm",
        "obstacle_hits",
        "blind_travel_mm_max",
        "rows",
    }
    assert found["tip_error_mm"].keys() == {"median", "p95", "max"}
    assert table(found).row_count == 1


def test_a_procedure_that_runs_out_of_time_is_no_success() -> None:
    row = run_trial(SHORT, 3)
    assert (row.outcome, row.success) == ("timed out", False)


def test_nothing_moves_before_a_plan_is_approved() -> None:
    trial = Trial(BIOPSY, 2)
    home = trial.robot.state().position.tolist()
    while trial.steer.phase < Phase.PLANNED:
        assert trial.step().command is None
    assert trial.robot.state().position.tolist() == home


def test_the_needle_arrives_within_the_tolerance() -> None:
    row = run_trial(BIOPSY, 4)
    assert row.success, row
    assert row.blind_travel_mm_max <= 1.0 and not row.obstacle_hit


def test_a_report_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text("{}")
    with pytest.raises(OutputError, match="exists already"):
        check_new(tmp_path / "old.json")
    with pytest.raises(OutputError, match="folder does not exist"):
        check_new(tmp_path / "nowhere" / "new.json")
