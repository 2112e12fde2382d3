# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The breath is learned from noisy sightings of a target that moves as Lujan says."""

from __future__ import annotations

import numpy as np
import pytest

from ir_guidance.localise.breathing import Breath
from ir_guidance.localise.settings import BreathingSettings
from ir_guidance.values import NS_PER_S, Vector

SETTINGS = BreathingSettings(observe_s=9.0, dwell_m=0.0010, follow_s=0.4, rate_s=0.15)
REST_M = np.array([0.004, 0.001, -0.042])
RATE_HZ = 30
SEEDS = range(25)


class Lujan:
    """A target that breathes: A sin^6(pi t / T + phase) along one direction, drawn from a seed."""

    def __init__(self, seed: int, noise_m: float) -> None:
        self._generator = np.random.default_rng(seed)
        self.period_s = float(self._generator.uniform(3.2, 5.0))
        self._amplitude_m = float(self._generator.uniform(0.006, 0.010))
        self._phase = float(self._generator.uniform(0, np.pi))
        direction = self._generator.normal(size=3)
        self._direction = direction / np.linalg.norm(direction)
        self._noise_m = noise_m
        self.rest_m = REST_M.copy()

    def displacement_m(self, time_s: float) -> float:
        phase = np.pi * time_s / self.period_s + self._phase
        return float(self._amplitude_m * np.sin(phase) ** 6)

    def seen(self, time_s: float) -> Vector:
        at_m = self.rest_m + self.displacement_m(time_s) * self._direction
        return at_m + self._generator.normal(0, self._noise_m, 3)


def watch(breath: Breath, target: Lujan, start_s: float, end_s: float) -> None:
    for frame in range(int(start_s * RATE_HZ), int(end_s * RATE_HZ) + 1):
        breath.update(NS_PER_S + frame * NS_PER_S // RATE_HZ, target.seen(frame / RATE_HZ))


def off_m(breath: Breath, target: Lujan) -> float:
    assert breath.rest_m is not None
    return float(np.linalg.norm(breath.rest_m - target.rest_m))


@pytest.mark.parametrize("noise_m", [0.0, 0.0001, 0.0003])
def test_rest_is_end_exhale_within_a_third_of_a_millimetre(noise_m):
    for seed in SEEDS:
        breath, target = Breath(SETTINGS), Lujan(seed, noise_m)
        watch(breath, target, 0, SETTINGS.observe_s)
        assert off_m(breath, target) <= 0.0003, seed


@pytest.mark.parametrize("noise_m", [0.0, 0.0001, 0.0003])
def test_period_is_found_within_five_per_cent(noise_m):
    for seed in SEEDS:
        breath, target = Breath(SETTINGS), Lujan(seed, noise_m)
        watch(breath, target, 0, SETTINGS.observe_s)
        assert breath.period_s == pytest.approx(target.period_s, rel=0.05), seed


def test_nothing_is_known_before_long_enough_was_watched():
    breath, target = Breath(SETTINGS), Lujan(0, 0.0001)
    watch(breath, target, 0, SETTINGS.observe_s - 0.1)
    assert breath.rest_m is None
    assert breath.displacement_m == breath.period_s == 0.0


def test_rest_stays_right_at_every_later_end_exhale():
    for seed in SEEDS:
        breath, target = Breath(SETTINGS), Lujan(seed, 0.0002)
        watch(breath, target, 0, 10)
        quiet = 0
        for frame in range(10 * RATE_HZ + 1, 25 * RATE_HZ):
            watch(breath, target, frame / RATE_HZ, frame / RATE_HZ)
            quiet = quiet + 1 if target.displacement_m(frame / RATE_HZ) < 0.0001 else 0
            if quiet > RATE_HZ / 2:
                assert off_m(breath, target) <= 0.0003, seed


def test_rest_follows_a_target_that_drifts():
    breath, target = Breath(SETTINGS), Lujan(3, 0.0001)
    watch(breath, target, 0, 10)
    target.rest_m = REST_M + np.array([0.0005, 0.0, -0.0003])
    frame = int(10.1 * RATE_HZ)
    quiet = 0
    while frame < 25 * RATE_HZ or quiet < RATE_HZ / 2:
        frame += 1
        watch(breath, target, frame / RATE_HZ, frame / RATE_HZ)
        quiet = quiet + 1 if target.displacement_m(frame / RATE_HZ) < 0.0001 else 0
    assert off_m(breath, target) <= 0.0003


def test_rest_goes_along_with_a_target_that_is_seen_to_rest_elsewhere():
    """The tracker corrected itself by 2.4 mm: rest that stayed behind was never reached again."""
    for seed in SEEDS:
        breath, target = Breath(SETTINGS), Lujan(seed, 0.0001)
        watch(breath, target, 0, 10)
        target.rest_m = REST_M + np.array([0.002, 0.0005, -0.001])
        watch(breath, target, 10, 30)
        frame, quiet = 30 * RATE_HZ, 0
        while quiet < RATE_HZ / 2:
            frame += 1
            watch(breath, target, frame / RATE_HZ, frame / RATE_HZ)
            quiet = quiet + 1 if target.displacement_m(frame / RATE_HZ) < 0.0001 else 0
        assert off_m(breath, target) <= 0.0003, seed


def test_breath_that_was_held_while_it_was_to_be_learned_does_not_take_rest_along():
    for seed in SEEDS:
        breath, target = Breath(SETTINGS), Lujan(seed, 0.0)
        for frame in range(10 * RATE_HZ):
            breath.update(NS_PER_S + frame * NS_PER_S // RATE_HZ, REST_M)
        worst_m = 0.0
        for frame in range(10 * RATE_HZ, 30 * RATE_HZ):
            watch(breath, target, frame / RATE_HZ, frame / RATE_HZ)
            worst_m = max(worst_m, off_m(breath, target))
        assert worst_m < SETTINGS.dwell_m, seed


@pytest.mark.parametrize("noise_m", [0.0, 0.0001, 0.0002])
def test_rest_is_not_dragged_along_by_the_breath(noise_m):
    """Nor by its first and last millimetre: it went 0.75 mm with them, before they were told by their speed."""
    worst_m = []
    for seed in SEEDS:
        breath, target = Breath(SETTINGS), Lujan(seed, noise_m)
        watch(breath, target, 0, 10)
        off = []
        for frame in range(10 * RATE_HZ + 1, 30 * RATE_HZ):
            watch(breath, target, frame / RATE_HZ, frame / RATE_HZ)
            off.append(off_m(breath, target))
        worst_m.append(max(off))
    assert np.median(worst_m) < 0.0004 and max(worst_m) < 0.0006


def test_displacement_and_its_rate_are_those_of_the_breath():
    breath, target = Breath(SETTINGS), Lujan(2, 0.0)
    watch(breath, target, 0, 10)
    errors_m, signs = [], []
    for frame in range(10 * RATE_HZ + 1, 20 * RATE_HZ):
        now_s = frame / RATE_HZ
        watch(breath, target, now_s, now_s)
        errors_m.append(breath.displacement_m - target.displacement_m(now_s))
        rate_mps = (target.displacement_m(now_s) - target.displacement_m(now_s - 0.2)) / 0.2
        if abs(rate_mps) > 0.004:
            signs.append(np.sign(rate_mps) == np.sign(breath.rate_mps))
    assert np.max(np.abs(errors_m)) < 0.0008
    assert len(signs) > 50 and np.mean(signs) > 0.95


def test_target_that_does_not_breathe_rests_where_it_is():
    generator = np.random.default_rng(0)
    breath = Breath(SETTINGS)
    for frame in range(10 * RATE_HZ):
        breath.update(frame * NS_PER_S // RATE_HZ, REST_M + generator.normal(0, 5e-5, 3))
    assert breath.rest_m is not None
    assert np.linalg.norm(breath.rest_m - REST_M) < 5e-5
    assert breath.period_s == 0.0


def test_breath_is_learned_though_the_target_is_out_of_sight_at_inhale():
    breath, target = Breath(SETTINGS), Lujan(4, 0.0002)
    for frame in range(11 * RATE_HZ):
        if target.displacement_m(frame / RATE_HZ) < 0.004:
            watch(breath, target, frame / RATE_HZ, frame / RATE_HZ)
    assert off_m(breath, target) <= 0.0006
