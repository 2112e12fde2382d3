# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A CT's rays cast on a real GPU: the same radiograph as on the CPU."""

from __future__ import annotations

import numpy as np
import pytest

from ir_guidance.frames.ct import Ct
from ir_guidance.room.xray import drr
from ir_guidance.room.xray.solids import Rays
from ir_guidance.track.backends import BackendError
from ir_guidance.track.backends.cuda import find_gpu
from ir_guidance.values import CarmGeometry


def missing() -> str:
    try:
        find_gpu()
    except BackendError as error:
        return str(error)
    return ""


@pytest.mark.skipif(bool(missing()), reason=missing())
def test_the_gpu_casts_the_same_rays():
    noise = np.random.default_rng(0).normal(0, 300, (60, 50, 40)).astype(np.float32)
    place = np.diag([0.003, 0.003, 0.004, 1.0])
    place[:3, 3] = -0.09, -0.075, -0.08
    rays = Rays(CarmGeometry(1.0, 0.7, 0.4, 0.1, (0.001, 0.001)), (256, 256))
    alone, there = (drr.thickness(Ct(noise, place), rays, device) for device in ("cpu", "cuda"))
    for first, second in zip(alone, there, strict=True):
        assert np.abs(first - second).mean() < 0.01 * float(first.max())
