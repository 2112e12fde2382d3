# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A real CT with its mask: a needle reaches the liver between ribs, and no labelled voxel is nearer than is said."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from ir_guidance.geometry import arc_points
from ir_guidance.plan import PlanRequest, PlanSettings, plan
from ir_guidance.values import Plan

ROOT = Path(__file__).resolve().parents[3]
REAL = Path(os.environ.get("IR_GUIDANCE_DATA", ROOT.parent / "shared" / "data")) / "ct_chest"
LIVER = 5
SETTINGS = PlanSettings(
    entry_x_m=(-0.1, 0.03),
    entry_y_m=(-0.05, 0.05),
    entry_z_m=(-0.1, 0.05),
    pitch_rad=(0.2, 1.5),
    yaw_rad=0.6,
    longest_m=0.12,
    best_pitch_rad=0.9,
    clearance_m=0.004,
)


def of_docs(name: str) -> ModuleType:
    """Return a module of docs/, which no package holds."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def anatomy() -> Any:
    if not REAL.exists():
        pytest.skip(
            f"no {REAL}: put ../shared/data beside the project, or name it in IR_GUIDANCE_DATA"
        )
    return of_docs("plan_anatomy").of_ct(REAL)


def nearest_m(anatomy: Any, found: Plan) -> float:
    """Return the distance of a path to the nearest labelled voxel, taken as a box, by brute force."""
    points_m = arc_points(
        found.entry_m, found.direction, found.bend_per_m, np.arange(0, found.length_m, 5e-4)
    )
    index_from_base = np.linalg.inv(anatomy.base_from_index)
    points = points_m @ index_from_base[:3, :3].T + index_from_base[:3, 3]
    spacing_m = np.linalg.norm(anatomy.base_from_index[:3, :3], axis=0)
    reach = np.ceil(0.013 / spacing_m).astype(int)
    low = np.maximum(points.min(axis=0).astype(int) - reach, 0)
    high = points.max(axis=0).astype(int) + reach + 2
    part = anatomy.labels[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
    boxes = np.argwhere(np.isin(part, list(anatomy.names))) + low
    least_m = [
        np.linalg.norm(np.maximum(np.abs(boxes - point) - 0.5, 0) * spacing_m, axis=1).min()
        for point in points
    ]
    return float(min(least_m))


@pytest.mark.parametrize("planner", ["straight", "arc"])
def test_a_needle_reaches_the_liver_clear_of_every_labelled_voxel(anatomy, planner):
    settings = SETTINGS.model_copy(update={"planner": planner})
    asked = PlanRequest(anatomy.target_m, None, 1, (), anatomy.no_go, anatomy.skin)
    found = plan(asked, settings)
    index_from_base = np.linalg.inv(anatomy.base_from_index)

    def voxel(point_m: np.ndarray) -> tuple[int, ...]:
        return tuple(
            np.rint(index_from_base[:3, :3] @ point_m + index_from_base[:3, 3]).astype(int)
        )

    assert anatomy.labels[voxel(found.target_m)] == LIVER
    assert (
        anatomy.hounsfield[voxel(found.entry_m - 0.003 * found.direction)]
        < -300
        <= anatomy.hounsfield[voxel(found.entry_m + 0.003 * found.direction)]
    )
    assert settings.clearance_m <= found.clearance_m <= nearest_m(anatomy, found)
    assert len(anatomy.names) > 50
