# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Exponents of laws that are known."""

from __future__ import annotations

import pytest

from ir_guidance.bench.growth import MIB, Growth, exponent, peak_mib


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 2.0])
def test_the_exponent_of_a_power_law_is_found(power):
    sizes = [1, 2, 4, 8]
    assert exponent(sizes, [3 * size**power for size in sizes]) == pytest.approx(power)


def test_there_is_no_law_through_one_point():
    assert exponent([1, 2], [5.0, 0.0]) is None
    assert exponent([], []) is None


def test_memory_that_was_not_measured_has_no_exponent():
    row = Growth("plan", "obstacles", (1, 2), (1.0, 2.0)).as_dict()
    assert row["exponent"] == pytest.approx(1.0)
    assert row["memory_exponent"] is None


def test_the_peak_is_what_was_held_at_once():
    assert peak_mib(lambda: bytearray(4 * MIB)) == pytest.approx(4.0, rel=0.05)
