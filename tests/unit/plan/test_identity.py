# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The hash is of all that a plan says: whoever holds the plan can work it out, and nothing can be changed under it."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from ir_guidance.plan.identity import hash_of, hashed
from ir_guidance.values import Plan, Sphere

PLAN = hashed(
    Plan(
        entry_m=np.array([-0.03, 0.001, 0.0]),
        target_m=np.array([0.01, 0.0, -0.04]),
        direction=np.array([0.6, 0.0, -0.8]),
        length_m=0.05,
        clearance_m=0.004,
        geometry_epoch=3,
        obstacles=(Sphere((0.01, 0.02, -0.03), 0.004),),
        hash="",
    )
)
CHANGES: dict[str, Any] = {
    "entry_m": PLAN.entry_m + 1e-17,
    "target_m": PLAN.target_m + 1e-17,
    "direction": np.array([0.6, 1e-15, -0.8]),
    "length_m": np.nextafter(0.05, 1),
    "clearance_m": np.nextafter(0.004, 1),
    "geometry_epoch": 4,
    "obstacles": (Sphere((0.01, 0.02, -0.03), np.nextafter(0.004, 1)),),
    "planner": "arc",
    "bend_per_m": np.array([0.0, 1e-9, 0.0]),
    "checkpoints_m": (0.02,),
    "no_go": "abc",
    "beyond_m": 1e-9,
}


def test_the_hash_can_be_worked_out_again():
    assert hash_of(PLAN) == PLAN.hash
    assert len(PLAN.hash) == 64
    assert hash_of(replace(PLAN, hash="another")) == PLAN.hash


def test_every_field_is_tried():
    assert set(CHANGES) | {"hash"} == {field.name for field in fields(Plan)}


@pytest.mark.parametrize("name", CHANGES)
def test_every_field_changes_the_hash(name):
    assert hash_of(replace(PLAN, **{name: CHANGES[name]})) != PLAN.hash


def test_numbers_are_the_same_whatever_holds_them():
    same = replace(
        PLAN,
        length_m=np.float64(0.05),
        obstacles=(Sphere(tuple(np.array([0.01, 0.02, -0.03])), 0.004),),
    )
    assert hash_of(same) == PLAN.hash


def test_a_plan_that_is_not_finite_has_no_hash():
    with pytest.raises(ValueError, match="JSON compliant"):
        hash_of(replace(PLAN, length_m=float("nan")))
