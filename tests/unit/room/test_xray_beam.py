# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Beer and Lambert's law, hardening, scatter; and what the detector adds."""

import numpy as np
import pytest

from ir_guidance.room.xray.beam import CONTRAST, STEEL, scattered, share_left, transmitted
from ir_guidance.room.xray.detector import Detector, DetectorSettings, Noise

FLAT = np.zeros((64, 64), np.float32)


def metres(value):
    return np.full((64, 64), value, np.float32)


def passing(*thickness_m):
    return float(transmitted(*(metres(value) for value in thickness_m)).sum(axis=0)[0, 0])


def test_all_passes_where_there_is_nothing():
    assert passing(0.0, 0.0, 0.0, 0.0) == pytest.approx(1.0)


def test_every_energy_is_weakened_exponentially():
    once, twice = (transmitted(metres(value))[:, 0, 0] for value in (0.1, 0.2))
    start = transmitted(FLAT)[:, 0, 0]
    assert twice / once == pytest.approx(once / start, rel=1e-5)


def test_beam_hardens_so_that_the_second_centimetre_of_steel_takes_less_than_the_first():
    first = passing(0, 0, 0.001) / passing(0, 0, 0.0)
    second = passing(0, 0, 0.002) / passing(0, 0, 0.001)
    assert second > 1.2 * first


def test_steel_weakens_most_then_contrast_agent_then_bone_then_water():
    shares = [passing(*(0.002 * (i == j) for j in range(4))) for i in range(4)]
    assert shares[2] < shares[3] < shares[1] < shares[0] < 1


def test_share_left_agrees_with_the_whole_beam():
    still = transmitted(metres(0.2), metres(0.01))
    added = transmitted(metres(0.2), metres(0.01), metres(0.001)).sum(axis=0)
    share = share_left(still, STEEL, metres(0.001))
    assert share * still.sum(axis=0) == pytest.approx(added, rel=1e-4)
    assert (share_left(still, CONTRAST, FLAT) == 1).all()


def test_scatter_is_the_ratio_of_the_primary_and_smooth():
    primary = metres(1.0)
    primary[:, 32:] = 0.1
    scatter = scattered(primary, 0.5, 0.15)
    assert scatter.mean() == pytest.approx(0.5 * primary.mean(), rel=0.05)
    assert np.abs(np.diff(scatter, axis=1)).max() < 0.03


def detector(**values):
    plain = {"blur_px": 0.0, "noise": 0.05, "electronic": 0.0, "lag": 0.0} | values
    noise = Noise(0.0, (256, 256), np.random.default_rng(0))
    return Detector(DetectorSettings(**plain), noise)


def test_noise_grows_with_the_root_of_the_level():
    level = np.full((256, 256), 4.0, np.float32)
    read = detector().read(level, np.random.default_rng(1))
    assert read.mean() == pytest.approx(4.0, abs=0.01)
    assert read.std() == pytest.approx(0.1, rel=0.05)


def test_lag_calms_noise_from_the_first_image_on():
    flat, generator = np.ones((256, 256), np.float32), np.random.default_rng(1)
    slow = detector(lag=0.5)
    spreads = [slow.read(flat, generator).std() for _ in range(4)]
    assert spreads == pytest.approx([0.05 * (1 / 3) ** 0.5] * 4, rel=0.08)


def test_lag_keeps_a_share_of_the_last_image():
    slow, generator = detector(lag=0.25, noise=0.0), np.random.default_rng(1)
    slow.read(np.ones((8, 8), np.float32), generator)
    assert slow.read(np.zeros((8, 8), np.float32), generator) == pytest.approx(0.25)
