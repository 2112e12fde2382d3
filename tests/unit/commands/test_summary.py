# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What a run leaves behind: the contract's keys, what must never happen, a table and a picture."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from rich.console import Console

from ir_guidance.commands.summary import Run, final_truth, summary, table, write_summary
from ir_guidance.commands.trajectory import draw_trajectory
from ir_guidance.plan.settings import AblationSettings
from ir_guidance.profiles.success import AccessSettings, SampleSettings
from ir_guidance.values import NS_PER_S, Fix, Plan, Sphere, Truth

TARGET_M = np.array([0.008, 0.0, -0.030])
ENTRY_M = np.array([-0.030, 0.0, 0.0])
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


def truth_at(second: int, **extra: Any) -> Truth:
    """Return the truth of a needle that goes to the target in 30 s and stops a millimetre short."""
    way = (TARGET_M - ENTRY_M) / np.linalg.norm(TARGET_M - ENTRY_M)
    length_m = float(np.linalg.norm(TARGET_M - ENTRY_M)) - 0.001
    share = min(second / 30, 1.0)
    return Truth(
        steady_ns=NS_PER_S * (100 + second),
        tip_m=ENTRY_M + share * length_m * way,
        direction=way,
        target_m=TARGET_M,
        breathing_m=np.array([0.001 * (second % 4), 0.0, 0.0]),
        insertion_m=share * length_m,
        needle_out_of_plane_m=0.0,
        extra=extra,
    )


def fix_at(truth: Truth) -> Fix:
    return Fix(
        sequence=1,
        stamp_ns=0,
        acquired_steady_ns=truth.steady_ns,
        tip_m=truth.tip_m + 0.0003,
        tip_covariance_m2=np.eye(3) * 1e-8,
        direction=truth.direction,
        direction_covariance=np.eye(3) * 1e-8,
        target_m=TARGET_M,
        target_covariance_m2=np.eye(3) * 1e-8,
        insertion_m=truth.insertion_m,
    )


TRUTHS = [truth_at(second) for second in range(41)]
RUN = Run(
    procedure="biopsy",
    modality="fluoroscopy",
    seed=3,
    operator="scripted",
    backend="classical",
    outcome="arrived",
    tolerance_m=0.002,
    success=SampleSettings(),
    ablation=AblationSettings(),
    arrived_steady_ns=TRUTHS[30].steady_ns + 1,
    frames=1200,
    dropped_frames=2,
    end_to_end_ms=list(np.linspace(10, 30, 1001)),
    stage_ms={"gate": [0.1, 0.3], "track": [5.0], "homemade": [1.0]},
    deadline_misses=1,
    blind_travel_m=0.0004,
    levels=[2, 0],
    gate_times=[(truth.steady_ns, index % 3) for index, truth in enumerate(TRUTHS)],
    truths=TRUTHS,
    fixes=[fix_at(truth) for truth in TRUTHS],
    plan=Plan(
        entry_m=ENTRY_M,
        target_m=TARGET_M,
        direction=TRUTHS[0].direction,
        length_m=0.048,
        clearance_m=0.004,
        geometry_epoch=0,
        obstacles=(Sphere((0.0, 0.0, -0.01), 0.003),),
        hash="plan",
    ),
)
NOTHING = replace(
    RUN,
    outcome="the gate never opened",
    arrived_steady_ns=None,
    end_to_end_ms=[],
    stage_ms={},
    levels=[],
    gate_times=[],
    truths=[],
    fixes=[],
    plan=None,
)


def test_summary_has_the_keys_of_the_contract():
    found = summary(RUN)
    assert set(found) >= CONTRACT
    assert set(found["latency_ms"]) == {"n", "p50", "p99", "p999", "max"}
    assert found["latency_ms"]["n"] == 1001
    assert found["latency_ms"]["p50"] == pytest.approx(20.0)
    assert list(found["stage_latency_ms"]) == ["track", "gate"], "in the order of the flow"
    assert found["tip_error_mm"] == pytest.approx(1.0)
    assert (found["modality"], found["across_view_mm"]) == ("fluoroscopy", None)
    assert found["blind_travel_mm_max"] == pytest.approx(0.4)
    assert found["gate_levels"] == ["R0", "R2"]
    assert (found["success"], found["safety_violations"]) == (True, [])
    assert found["operator"] == "scripted"


def test_error_is_told_apart_by_the_direction_of_view():
    """The tip stops a millimetre short, along a way that falls 3 in 4.84."""
    down = summary(replace(RUN, truths=[truth_at(30, view=[0.0, 0.0, 1.0])]))
    assert down["along_view_mm"] == pytest.approx(0.030 / np.hypot(0.038, 0.030))
    assert np.hypot(down["along_view_mm"], down["across_view_mm"]) == pytest.approx(1.0)
    aside = summary(replace(RUN, truths=[truth_at(30, view=[0.0, 1.0, 0.0])]))
    assert (aside["across_view_mm"], aside["along_view_mm"]) == pytest.approx((1.0, 0.0))


@pytest.mark.parametrize(
    ("changes", "violation"),
    [
        ({"blind_travel_m": 0.00101}, "blind travel 1.01 mm over 1 mm"),
        ({"levels": [0, 4]}, "protective stop"),
        (
            {"truths": [*TRUTHS[:30], truth_at(30, touched_obstacle=True)]},
            "the needle touched a no-go region",
        ),
    ],
)
def test_what_must_never_happen_is_named_and_no_success(changes, violation):
    found = summary(replace(RUN, **changes))
    assert found["safety_violations"] == [violation]
    assert not found["success"]


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": "timed out"},
        {"tolerance_m": 0.0009},
        {"truths": []},
        {"arrived_steady_ns": TRUTHS[10].steady_ns},
    ],
)
def test_run_that_did_not_get_there_is_no_success(changes):
    assert not summary(replace(RUN, **changes))["success"]


def test_blind_travel_of_exactly_a_millimetre_is_allowed():
    assert summary(replace(RUN, blind_travel_m=0.001))["success"]


def test_error_is_taken_at_arrival_and_else_at_the_end():
    early = replace(RUN, arrived_steady_ns=TRUTHS[12].steady_ns - 2)
    assert final_truth(early) is TRUTHS[12]
    assert final_truth(replace(RUN, arrived_steady_ns=None)) is TRUTHS[-1]
    assert final_truth(NOTHING) is None


def test_summary_is_written_as_json_without_nan(tmp_path):
    found = summary(RUN)
    write_summary(found, tmp_path)
    assert json.loads((tmp_path / "summary.json").read_text()) == found
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_summary(found | {"tip_error_mm": float("nan")}, tmp_path)


def test_summary_of_a_run_that_came_to_nothing_is_honest(tmp_path):
    found = summary(NOTHING)
    write_summary(found, tmp_path)
    assert (found["tip_error_mm"], found["success"]) == (None, False)
    assert found["latency_ms"]["n"] == 0


def test_brackets_in_the_last_words_of_another_program_are_no_markup():
    console = Console(file=io.StringIO(), width=160)
    console.print(table(summary(replace(NOTHING, outcome="bridge ended: [ros_gz] [/] gone"))))
    assert "bridge ended: [ros_gz] [/] gone" in console.file.getvalue()


@pytest.mark.parametrize("run", [RUN, NOTHING])
def test_table_says_how_it_ended_and_how_long_each_stage_took(run):
    console = Console(file=io.StringIO(), width=160)
    console.print(table(summary(run)))
    text = console.file.getvalue()
    assert run.outcome in text and "end to end" in text
    assert ("20.00" in text) == bool(run.end_to_end_ms)
    assert ("tip to target unknown" in text) == (not run.truths)


@pytest.mark.parametrize(
    "run",
    [
        RUN,
        NOTHING,
        replace(RUN, gate_times=[]),
        replace(RUN, plan=None, fixes=[]),
        replace(RUN, truths=[truth_at(second, view=[0.0, 0.0, 1.0]) for second in range(41)]),
    ],
    ids=["whole", "nothing", "without the gate", "without a plan", "by X-rays"],
)
def test_picture_opens_and_is_a_size_to_look_at(tmp_path, run):
    path = tmp_path / "trajectory.png"
    draw_trajectory(run, path)
    picture = cv2.imread(str(path))
    assert picture is not None
    rows, columns, _ = picture.shape
    assert columns >= 1000 and rows >= 700
    assert picture.std() > 5, "something is drawn"


RADII = {"target_radii_m": [0.004, 0.004, 0.004]}


def told(run: Run) -> Run:
    """Return a run whose truth tells how large the target is."""
    return replace(run, truths=[replace(truth, extra=RADII) for truth in run.truths])


def test_what_the_procedure_is_for_is_measured_and_decides_with_the_tip():
    found = summary(told(RUN))
    assert found["purpose"] == {"lesion_in_core_mm": pytest.approx(5.0, abs=0.2), "met": True}
    assert found["success"]
    much = summary(told(replace(RUN, success=SampleSettings(least_m=0.006))))
    assert not much["purpose"]["met"] and not much["success"]
    assert "lesion in core mm 5.0" in str(table(found).caption)


def test_a_vessel_that_was_pierced_on_the_way_is_no_access():
    run = told(replace(RUN, success=AccessSettings()))
    assert summary(run)["success"]
    beyond = replace(run.truths[20], tip_m=TARGET_M + 0.006 * run.truths[20].direction)
    pierced = replace(run, truths=[*run.truths[:20], beyond, *run.truths[21:]])
    assert not summary(pierced)["success"]


def test_without_the_targets_size_the_tip_alone_decides():
    assert summary(RUN)["purpose"] is None and summary(RUN)["success"]
