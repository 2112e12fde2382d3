# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The summary says what the contract asks, and success only where it was one."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from ir_guidance.commands.summary import Run, summary, table, write_summary
from ir_guidance.commands.trajectory import draw_trajectory
from ir_guidance.values import Truth

CONTRACT = {
    "outcome",
    "operator",
    "tip_error_mm",
    "frames",
    "dropped_frames",
    "latency_ms",
    "stage_latency_ms",
    "deadline_misses",
    "blind_travel_mm_max",
    "gate_levels",
    "backend",
    "seed",
}


def truth(steady_ns: int, gap_m: float, **extra: object) -> Truth:
    """Return a truth whose tip is ``gap_m`` from the target."""
    return Truth(
        steady_ns=steady_ns,
        tip_m=np.array([0.0, 0.0, -0.04]),
        direction=np.array([0.0, 0.0, -1.0]),
        target_m=np.array([gap_m, 0.0, -0.04]),
        breathing_m=np.zeros(3),
        insertion_m=0.04,
        needle_out_of_plane_m=0.0,
        extra=extra,
    )


RUN = Run(
    procedure="biopsy",
    seed=4,
    operator="scripted",
    backend="classical",
    outcome="arrived",
    tolerance_m=0.002,
    arrived_steady_ns=200,
    frames=90,
    dropped_frames=2,
    end_to_end_ms=[10.0, 20.0, 30.0],
    stage_ms={"track": [3.0, 4.0, 5.0], "gate": [0.1, 0.2, 0.3]},
    deadline_misses=1,
    blind_travel_m=0.0004,
    levels=[0, 2],
    gate_times=[(0, 0), (200, 2)],
    truths=[truth(100, 0.010), truth(200, 0.001), truth(300, 0.006)],
    fixes=[],
    plan=None,
)


def test_the_summary_has_every_key_of_the_contract() -> None:
    found = summary(RUN)
    assert found.keys() >= CONTRACT
    assert found["latency_ms"].keys() >= {"n", "p50", "p99", "p999", "max"}
    assert (found["latency_ms"]["n"], found["latency_ms"]["p50"]) == (3, 20.0)
    assert found["gate_levels"] == ["R0", "R2"]


def test_the_error_is_that_of_the_arrival_not_of_the_next_breath() -> None:
    assert summary(RUN)["tip_error_mm"] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("change", "success"),
    [
        ({}, True),
        ({"outcome": "timed out"}, False),
        ({"levels": [0, 4]}, False),
        ({"blind_travel_m": 0.0011}, False),
        ({"truths": [truth(200, 0.0021)]}, False),
        ({"truths": [truth(200, 0.001, touched_obstacle=True)]}, False),
        ({"truths": []}, False),
    ],
)
def test_success_needs_arrival_within_tolerance_and_no_violation(
    change: dict[str, object], success: bool
) -> None:
    assert summary(dataclasses.replace(RUN, **change))["success"] is success  # type: ignore[arg-type]


def test_the_summary_is_plain_json_and_the_picture_opens(tmp_path: Path) -> None:
    write_summary(summary(RUN), tmp_path)
    assert json.loads((tmp_path / "summary.json").read_text())["seed"] == 4
    draw_trajectory(RUN, tmp_path / "trajectory.png")
    assert cv2.imread(str(tmp_path / "trajectory.png")).shape[0] > 500


def test_a_run_in_which_nothing_came_has_a_summary_a_table_and_a_picture(tmp_path: Path) -> None:
    nothing = dataclasses.replace(
        RUN, outcome="room_node ended", truths=[], end_to_end_ms=[], stage_ms={}, gate_times=[]
    )
    found = summary(nothing)
    assert found["tip_error_mm"] is None and found["latency_ms"] == {"n": 0}
    assert table(found).row_count == 1
    draw_trajectory(nothing, tmp_path / "trajectory.png")
