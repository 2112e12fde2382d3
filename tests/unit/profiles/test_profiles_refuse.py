# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A profile that does not hold together is refused in one line that names the key."""

from __future__ import annotations

import math
from typing import Any

import pytest

from ir_guidance.profiles import load_profile, merged_profile, profile_names
from ir_guidance.settings import SettingsError


@pytest.mark.parametrize("name", profile_names())
def test_every_profile_holds_together(name: str) -> None:
    profile = load_profile(name)
    assert profile.name == name
    assert profile.gate.budget_ms == profile.budget.total_ms


@pytest.mark.parametrize(
    ("overrides", "key"),
    [
        ({"gate": {"advance_mps": 3.0}}, "gate.advance_mps"),
        ({"gate": {"advance_mps": math.nan}}, "gate.advance_mps"),
        ({"gate": {"frame_age_ms": 0.0}}, "gate.frame_age_ms"),
        ({"gate": {"frame_age_ms": -1.0}}, "gate.frame_age_ms"),
        ({"gate": {"consent_age_ms": 5000.0}}, "gate.consent_age_ms"),
        ({"gate": {"watchdog": False}}, "gate.watchdog"),
        ({"drive": {"watchdog_ms": 0.0}}, "drive.watchdog_ms"),
        ({"correct": {"expiry_ms": math.inf}}, "correct.expiry_ms"),
        ({"tolerance_m": "2 mm"}, "tolerance_m"),
        ({"unheard_of": 1}, "unheard_of"),
        ({"budget": {"stage_ms": {"track": 61.0}}}, "stage_ms.track"),
        ({"gate": {"advance_mps": 0.006}}, "travels"),
        ({"gate": {"budget_ms": 50.0}}, "budget.total_ms"),
        ({"correct": {"advance_mps": 0.004}}, "gate.advance_mps"),
        ({"gate": {"decelerate_mps2": 0.9}}, "decelerate_mps2"),
    ],
)
def test_a_bad_value_is_refused_in_one_line(overrides: dict[str, Any], key: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        merged_profile("biopsy", overrides, "node robot")
    assert key in str(refusal.value)
    assert str(refusal.value).startswith("node robot:")
    assert "\n" not in str(refusal.value)


def test_an_unknown_procedure_is_refused_with_the_choices() -> None:
    with pytest.raises(SettingsError, match=r"no procedure 'heart', choose from .*biopsy"):
        load_profile("heart")


def test_a_value_replaces_the_profile_s_and_leaves_its_neighbours() -> None:
    profile = merged_profile("biopsy", {"gate": {"along_sigma_m": 0.0025}}, "test")
    assert profile.gate.along_sigma_m == 0.0025
    assert profile.gate.advance_mps == load_profile("biopsy").gate.advance_mps
