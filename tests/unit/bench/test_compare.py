# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What two reports differ in beyond noise."""

from __future__ import annotations

import json

import pytest

from ir_guidance.bench.compare import changes, read_report, unlike
from ir_guidance.settings import SettingsError


def report(p50, low, high, **more):
    spread = {"n": 9, "latency_ms": {"p50": p50}, "interval_ms": {"p50": [low, high]}}
    return {"end_to_end": spread, "cells": {"stress": spread}} | more


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        ((10, 9, 11), (12, 10.5, 13), "within noise"),
        ((10, 9, 11), (14, 12, 15), "slower"),
        ((10, 9, 11), (7, 6, 8), "faster"),
        ((10, 9.99, 10.01), (10.1, 10.09, 10.11), "within noise"),
    ],
)
def test_only_intervals_that_do_not_meet_are_a_change(before, after, verdict):
    found = changes(report(*before), report(*after))
    assert [change.what for change in found] == ["end to end", "cells stress"]
    assert {change.verdict for change in found} == {verdict}


def test_what_only_one_report_has_is_not_compared():
    assert len(changes({"end_to_end": {}}, report(1, 1, 1))) == 0


def test_other_circumstances_are_told():
    old, new = report(1, 1, 1, machine={"cores": 2}), report(1, 1, 1, machine={"cores": 8})
    assert unlike(old, new) == ["machine cores: 2 then, 8 now"]


@pytest.mark.parametrize("text", ["not JSON", "[]", json.dumps({"trials": 3})])
def test_another_file_is_refused_in_one_line(tmp_path, text):
    path = tmp_path / "a.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"--compare: .*a\.json") as refused:
        read_report(path)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="No such file"):
        read_report(tmp_path / "none.json")
