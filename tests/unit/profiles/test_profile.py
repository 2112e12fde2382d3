# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Every profile loads, and what does not hold together is refused in one line that names it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ir_guidance.profiles import Profile, load_profile, merged_profile, profile_names
from ir_guidance.settings import Settings, SettingsError
from ir_guidance.values import Modality

SIGMAS = ("across_sigma_m", "along_sigma_m")
NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize("name", profile_names())
def test_profile_loads_and_is_called_by_its_name(name):
    profile = load_profile(name)
    assert profile.name == name
    assert Profile(**profile.model_dump()) == profile


def test_biopsy_is_there():
    assert "biopsy" in profile_names()


@pytest.mark.parametrize("name", profile_names())
def test_profile_keeps_the_bound_on_blind_travel(name):
    gate = load_profile(name).gate
    travel_m = gate.advance_mps * 0.2 + gate.advance_mps**2 / (2 * gate.decelerate_mps2)
    assert travel_m <= 0.001


BAD: list[tuple[dict[str, Any], str]] = [
    ({"tolerence_m": 0.002}, "tolerence_m"),
    ({"gate": {"advanse_mps": 0.003}}, "gate.advanse_mps"),
    ({"gate": {"consent_age_ms": 0}}, "gate.consent_age_ms"),
    ({"gate": {"consent_age_ms": -250}}, "gate.consent_age_ms"),
    ({"gate": {"frame_age_ms": 100_000}}, "gate.frame_age_ms"),
    ({"gate": {"state_stop_ms": None}}, "gate.state_stop_ms"),
    ({"gate": {"along_sigma_m": NAN}}, "gate.along_sigma_m"),
    ({"gate": {"force_n": INF}}, "gate.force_n"),
    ({"gate": {"advance_mps": 3}}, "gate.advance_mps"),  # mm/s
    ({"gate": {"advance_mps": 0.006}}, "advance_mps = 0.006"),  # 1.56 mm blind
    ({"gate": {"decelerate_mps2": 0.01}}, "decelerate_mps2 = 0.01"),
    ({"gate": {"advance_mps": "fast"}}, "gate.advance_mps"),
    ({"gate": {"decelerate_mps2": 0.06}}, "gate.decelerate_mps2 = 0.06"),  # the joint cannot
    ({"gate": {"budget_ms": 20.0}}, "gate.budget_ms = 20.0"),  # the budget is another
    ({"correct": {"advance_mps": 0.004}}, "correct.advance_mps = 0.004"),
    ({"correct": {"dash_mps": 0.004}}, "correct.dash_mps = 0.004"),
    ({"correct": {"expiry_ms": 0}}, "correct.expiry_ms"),
    ({"gate": {"frame_age_ms": 100.0}}, "correct.expiry_ms = 150.0"),
    ({"correct": {"align_rate": [0.01, 0.01, -0.1, 0.1]}}, "correct.align_rate.2"),
    ({"correct": {"align_rate": [10, 10, 5, 5]}}, "correct.align_rate.0"),
    ({"budget": {"total_ms": 0}}, "budget.total_ms"),
    ({"budget": {"total_ms": 6000}}, "budget.total_ms"),
    ({"budget": {"stage_ms": {"track": 99}}}, "stage_ms.track = 99"),
    ({"drive": {"watchdog_ms": 0}}, "drive.watchdog_ms"),
    ({"drive": {"watchdog_ms": 1000}}, "drive.watchdog_ms"),
    ({"drive": {"home": [-0.03, 0.0, 0.75, 0.0]}}, "drive.home"),
    ({"drive": {"home": [-30.0, 0.0, 0.75, 0.0, -10.0, 0.0]}}, "drive.home: guide_x"),
    ({"limits": {"velocity": [0.02, 0.02, 0.2, 0.2, 0, 4]}}, "limits.velocity.4"),
    ({"limits": {"velocity": [20, 20, 0.2, 0.2, 10, 4]}}, "limits.velocity.0"),
    ({"limits": {"upper": [60, 30, 1.4, 0.35, 90, 6.5]}}, "limits.upper.0"),
    ({"limits": {"lower": [0.07, -0.03, 0.35, -0.35, -0.03, -6.5]}}, "lower guide_x = 0.07"),
    ({"limits": {"acceleration": [0.2, 0.2, 2.0, 2.0, -0.05, 60.0]}}, "limits.acceleration.4"),
    ({"limits": {"upper": [0.06, 0.03, 1.4, 0.35, 0.09, 360]}}, "limits.upper.5"),
    ({"correct": {"checkpoints_m": [0.03, 0.01, 0.02, 0.004]}}, "ever nearer"),
    ({"correct": {"checkpoints_m": [0.01]}}, "1 checkpoints_m, but 4 checkpoint_miss_m"),
    ({"plan": {"pitch_rad": [1.0, 0.5]}}, "pitch_rad: the lower end 1.0"),
    ({"limits": {"upper": [0.06, 0.03, 1.4, 0.35, 0.09, 360]}}, "limits.upper.5"),
    ({"correct": {"checkpoints_m": [0.03, 0.01, 0.02, 0.004]}}, "ever nearer"),
    ({"correct": {"checkpoints_m": [0.01]}}, "1 checkpoints_m, but 4 checkpoint_miss_m"),
    ({"plan": {"pitch_rad": [30, 60]}}, "plan.pitch_rad.0"),  # degrees
    ({"plan": {"entry_x_m": [-45, -20]}}, "plan.entry_x_m.0"),  # millimetres
    ({"plan": {"clearance_m": 0}}, "plan.clearance_m"),
    ({"plan": {"planner": "arc"}}, "plan.planner = 'arc': the needle is steered along straight"),
    ({"plan": {"entry_z_m": [-0.01, 0.0]}}, "plan.entry_z_m = (-0.01, 0.0)"),
    ({"localise": {"registration_sigma_m": 0}}, "localise.registration_sigma_m"),
    ({"localise": {"breathing": {"observe_s": 0}}}, "localise.breathing.observe_s"),
    ({"longest_s": 0}, "longest_s"),
    ({"tolerance_m": 2.0}, "tolerance_m"),  # mm
    ({"modality": "mri"}, "choose from ultrasound, fluoroscopy"),
    ({"gate": "default"}, "gate"),
]


@pytest.mark.parametrize(("overrides", "named"), BAD)
def test_profile_that_does_not_hold_together_is_refused(overrides, named):
    with pytest.raises(SettingsError) as refused:
        merged_profile("biopsy", overrides, "node robot")
    line = str(refused.value)
    assert line.startswith("node robot: ")
    assert named in line
    assert "\n" not in line


def test_unknown_procedure_is_refused_with_the_known_ones():
    with pytest.raises(SettingsError, match=r"no procedure .biopsi., choose from .*biopsy"):
        load_profile("biopsi")
    with pytest.raises(SettingsError, match="no procedure"):
        load_profile("../profiles/biopsy")


def test_override_replaces_a_value_and_leaves_its_neighbours():
    profile = merged_profile("biopsy", {"gate": {"force_n": 5.0}}, "here")
    assert profile.gate.force_n == 5.0
    assert profile.gate.advance_mps == load_profile("biopsy").gate.advance_mps


def test_another_modality_changes_what_the_profile_says_of_it_and_nothing_else():
    own, other = load_profile("biopsy"), load_profile("biopsy", "fluoroscopy")
    assert (own.modality, other.modality) == (Modality.ULTRASOUND, Modality.FLUOROSCOPY)
    assert own == load_profile("biopsy", "ultrasound")
    assert other.gate.along_sigma_m > own.gate.along_sigma_m, "one X-ray view shows no depth"
    for group in ("budget", "plan", "limits", "drive"):
        assert getattr(other, group) == getattr(own, group), group
    assert other.correct.pulses.resting > own.correct.pulses.resting == 1, "X-rays cost dose"
    for group, told in (("gate", SIGMAS), ("correct", (*SIGMAS, "pulses"))):
        unsure = {name: getattr(getattr(own, group), name) for name in told}
        assert getattr(other, group).model_copy(update=unsure) == getattr(own, group)


def test_limits_of_one_x_ray_view_fit_its_tolerance_and_two_views_are_held_to_more():
    one, two = (load_profile("biopsy", "fluoroscopy", views) for views in (1, 2))
    for profile in (one, two):
        assert 2 * profile.gate.across_sigma_m <= profile.tolerance_m * 1.5
        assert profile.gate.along_sigma_m <= profile.tolerance_m
    assert 2 * one.gate.along_sigma_m <= one.tolerance_m
    assert two.tolerance_m < one.tolerance_m
    assert two.gate.along_sigma_m < one.gate.along_sigma_m


def test_only_fluoroscopy_has_a_second_plane():
    with pytest.raises(SettingsError, match="second plane"):
        load_profile("biopsy", "ultrasound", views=2)


@pytest.mark.parametrize("way", SIGMAS)
def test_guidance_holds_with_a_reason_before_the_gate_refuses(way):
    with pytest.raises(SettingsError, match=f"correct.{way}"):
        merged_profile("biopsy", {"correct": {way: 0.0021}}, "here")


def test_an_override_has_the_last_word_over_the_modality():
    chosen = {"modality": "fluoroscopy", "gate": {"along_sigma_m": 0.003}}
    assert merged_profile("biopsy", chosen, "here").gate.along_sigma_m == 0.003


def groups(model: type[Settings], path: str = "") -> Iterator[tuple[str, type[Settings]]]:
    yield path, model
    for name, info in model.model_fields.items():
        if isinstance(info.annotation, type) and issubclass(info.annotation, Settings):
            yield from groups(info.annotation, f"{path}{name}.")


NUMBERS = [
    f"{path}{name}"
    for path, model in groups(Profile)
    for name, info in model.model_fields.items()
    if info.annotation in (float, int)
]


def nested(key: str, value: object) -> dict[str, Any]:
    *path, last = key.split(".")
    values: dict[str, Any] = {last: value}
    for part in reversed(path):
        values = {part: values}
    return values


@pytest.mark.parametrize("key", NUMBERS)
def test_every_number_is_finite_bounded_and_described(key):
    for value in (NAN, INF, -INF, 1e12, -1e12):
        with pytest.raises(SettingsError, match=f"here: .*{key} = "):
            merged_profile("biopsy", nested(key, value), "here")
    models = dict(groups(Profile))
    *path, last = key.split(".")
    owner = models["".join(f"{part}." for part in path)]
    assert owner.model_fields[last].description
