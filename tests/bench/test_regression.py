# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""No stage gets slower unnoticed: each is timed against a loop that is run beside it, so that the machine cancels out.

The quickest of many rounds is taken of either, in processor time: what else the machine does makes others slower.
``pytest tests/bench --benchmark-json FILE` keeps the times and the ratios.
"""

from __future__ import annotations

import time
from importlib.util import find_spec

import numpy as np
import pytest

from ir_guidance.values import Frame
from stage_cases import CASES

REFERENCE = {
    "network": 10.6,
    "around_the_network": 6.8,
    "localise": 0.3,
    "correct": 1.0,
    "gate": 1.6,
    "plan": 0.95,
}
"""Of the stage's time to the loop's, on two cores of a server from 2023."""
ALLOWED = 2.0
"""Times the reference: processors differ in what they are good at, and a real mistake costs more."""
ROUNDS = 30
SIDE, LOOPS = 32, 2000  # products this small stay in this thread
MATRIX = np.random.default_rng(0).random((SIDE, SIDE))


def calibration() -> float:
    """Do what the stages do, a share of each: plain Python, small arrays, and a product of matrices."""
    total = 0.0
    for number in range(LOOPS):
        total += number * 0.5
    row = MATRIX[0, :3]
    for _ in range(LOOPS // 40):
        row = np.cross(row, MATRIX[1, :3]) + row
    product = MATRIX
    for _ in range(LOOPS // 40):
        product = MATRIX @ product / SIDE
    return total + float(row[0] + product[0, 0])


def quickest_ratio(call, rounds=ROUNDS):
    """Return the quickest round of a call over the quickest of the loop, run in turn, by this thread's own time."""
    times = {call: [], calibration: []}
    for _ in range(rounds + 1):
        for each, taken in times.items():
            started_ns = time.thread_time_ns()
            each()
            taken.append(time.thread_time_ns() - started_ns)
    return min(times[call][1:]) / min(times[calibration][1:])


@pytest.mark.parametrize("stage", CASES)
def test_a_stage_is_as_quick_as_it_was(benchmark, stage):
    call = CASES[stage]()
    ratio = quickest_ratio(call)
    benchmark.extra_info["ratio"] = ratio
    benchmark.pedantic(call, rounds=ROUNDS, warmup_rounds=1)
    assert ratio < ALLOWED * REFERENCE[stage], f"{ratio:.2f}, was {REFERENCE[stage]:.2f}"


@pytest.mark.skipif(find_spec("rclpy") is None, reason="no ROS here")
def test_an_image_message_costs_little_more_than_a_copy_of_its_bytes(benchmark):
    from ir_guidance.nodes.conversions import Delivery, frame_to_msg

    frame = Frame(np.zeros((512, 512), np.uint8), 1, 0, 0)

    def message():
        return frame_to_msg(frame, Delivery(0))

    ratio = quickest_ratio(message) / quickest_ratio(frame.pixels.tobytes)
    benchmark.extra_info["ratio_to_copy"] = ratio
    benchmark.pedantic(message, rounds=ROUNDS, warmup_rounds=1)
    assert ratio < 60, f"{ratio:.0f}: an element-wise setter takes more than a thousand"
