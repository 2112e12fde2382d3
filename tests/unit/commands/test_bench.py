# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What `ir-guidance bench` is asked, refuses and says."""

from __future__ import annotations

import json

import pytest
from rich.console import Console
from typer.testing import CliRunner

from ir_guidance.bench.cells import BESIDE, CELLS, beside, cell_frames
from ir_guidance.bench.statistics import spread_ms
from ir_guidance.cli import app
from ir_guidance.commands.bench import checked_size, chosen_cells, ratios
from ir_guidance.commands.bench_table import cells_table, latency_table
from ir_guidance.settings import SettingsError


def spread(scale):
    return spread_ms([scale * n for n in range(1, 101)])


def window(scale):
    return spread(scale) | {
        "frames": 101,
        "dropped": 1,
        "deadline_ms": 60.0,
        "deadline_misses": 2,
        "age_at_actuation": spread(scale),
        "jitter": spread(scale),
        "stages": {"track": spread(scale)},
        "gate_states": {"R0": 9},
    }


def report():
    ours, plain, floor = window(1.0), window(4.0), spread(0.5)
    return {
        "modality": "ultrasound",
        "size_px": 512,
        "rate_hz": 30.0,
        "backend": "openvino f32",
        "end_to_end": ours,
        "baseline": plain,
        "floor": floor,
        "network": floor,
        "image_hop": floor,
        "command_hop": floor,
        "ratios": {"baseline_to_ours": ratios(plain, ours), "ours_to_floor": ratios(ours, floor)},
        "stages": {"decode": floor},
        "backends": {"openvino": floor, "tensorrt": {"skipped": "no driver"}},
        "cells": {"stress": window(2.0), "gpu": {"n": 0, "skipped": "no GPU here"}},
    }


def text_of(table):
    console = Console(width=160)
    with console.capture() as captured:
        console.print(table)
    return captured.get()


def test_ratios_are_percentile_by_percentile():
    assert ratios(spread(4.0), spread(1.0)) == pytest.approx(
        dict.fromkeys(spread(1)["latency_ms"], 4)
    )
    assert ratios({}, spread(1.0)) == {}


def test_the_tables_tell_the_ratios_and_what_was_not_measured():
    shown = text_of(latency_table(report()))
    assert "takes 4.00 times as long at p50" in shown
    assert "ours is 2.00 times the floor at p50" in shown
    assert "infer: tensorrt" in shown and "not here" in shown
    assert "gpu: no GPU here" in text_of(cells_table(report()))


@pytest.mark.parametrize(
    ("names", "cells"),
    [
        ("all", CELLS),
        ("beside", BESIDE),
        ("none", ()),
        ("stress, recorder", ("stress", "recorder")),
    ],
)
def test_cells_are_chosen_by_name(names, cells):
    assert chosen_cells(names) == cells


@pytest.mark.parametrize("names", ["", "stres", "stress,,recorder"])
def test_an_unknown_cell_is_refused(names):
    with pytest.raises(SettingsError, match="--cells"):
        chosen_cells(names)


def test_only_sizes_that_are_measured_are_taken():
    assert checked_size(1024) == 1024
    with pytest.raises(SettingsError, match="--size 500: choose from 256, 512, 1024"):
        checked_size(500)


@pytest.mark.parametrize("cell", BESIDE)
def test_every_cell_has_something_beside_the_loop(cell):
    company = beside(cell)
    assert company.modules or company.nodes


@pytest.mark.parametrize(("frames", "few"), [(300, 300), (1000, 300), (20_000, 4000)])
def test_a_cell_takes_a_fifth_of_the_frames_but_not_too_few(frames, few):
    assert cell_frames(frames) == few


def test_reports_are_compared_from_the_command_line(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_text(json.dumps(report() | {"machine": {}}), encoding="utf-8")
    result = CliRunner().invoke(
        app, ["bench", "--compare", str(tmp_path / "a"), str(tmp_path / "b")]
    )
    assert result.exit_code == 0
    assert "within noise" in result.output and "slower" not in result.output
