# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The search in a process of its own: the same answer, ended when it takes too long, never orphaned."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from queue import Queue

import numpy as np
import pytest

from ir_guidance.plan import NoPlanError, PlanRequest, PlanSettings, plan, worker
from ir_guidance.plan.no_go import no_go_from_labels
from ir_guidance.plan.worker import PlanWorker, SearchTimeoutError
from ir_guidance.values import Plan, Sphere

SETTINGS = PlanSettings()
REQUEST = PlanRequest(np.array([0.010, 0.0, -0.032]), np.array([0.0, 1.0, 0.0]), 1)
BELOW_NOTHING = PlanRequest(np.array([0.0, 0.0, 0.1]), np.array([0.0, 1.0, 0.0]), 1)
PARENT = """
import sys, time
from ir_guidance.plan import PlanSettings
from ir_guidance.plan.worker import PlanWorker
if __name__ == "__main__":
    worker = PlanWorker(PlanSettings())
    print(worker._process.pid, flush=True)
    time.sleep(600)
"""


def wait_until(done: Callable[[], bool], timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not done():
        assert time.monotonic() < deadline, f"nothing happened within {timeout_s} s"
        time.sleep(0.01)


def runs(pid: int) -> bool:
    """Return whether a process is alive; one that waits to be buried is not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@pytest.fixture(scope="module")
def shared() -> Iterator[PlanWorker]:
    it = PlanWorker(SETTINGS)
    yield it
    it.close()


def ask(it: PlanWorker, request: PlanRequest) -> Plan | NoPlanError:
    answers: Queue[Plan | NoPlanError] = Queue()
    wait_until(lambda: it.search(request, answers.put))
    return answers.get(timeout=30)


def test_worker_finds_what_the_search_finds(shared):
    found, expected = ask(shared, REQUEST), plan(REQUEST, SETTINGS)
    assert isinstance(found, Plan)
    assert found.hash == expected.hash
    np.testing.assert_array_equal(found.entry_m, expected.entry_m)
    np.testing.assert_array_equal(found.direction, expected.direction)
    assert found.clearance_m == expected.clearance_m


def test_worker_keeps_clear_of_the_structures_of_each_request(shared):
    labels = np.zeros((60, 20, 50), np.uint8)
    labels[:, :, 25] = 1
    base_from_index = np.diag([0.002, 0.002, 0.002, 1.0])
    base_from_index[:3, 3] = [-0.060, -0.020, -0.070]
    wall = no_go_from_labels(labels, base_from_index, {1: "wall"})
    for no_go in (wall, wall, None, wall):
        found = ask(shared, replace(REQUEST, no_go=no_go))
        if no_go is None:
            assert isinstance(found, Plan) and found.no_go == ""
        else:
            assert isinstance(found, NoPlanError) and "most often wall" in str(found)


def test_worker_says_why_there_is_no_plan_and_goes_on(shared):
    refused = ask(shared, BELOW_NOTHING)
    assert isinstance(refused, NoPlanError) and "below the skin" in str(refused)
    assert not isinstance(refused, SearchTimeoutError)
    assert isinstance(ask(shared, REQUEST), Plan)


def test_search_that_takes_too_long_is_ended_and_the_next_one_works(shared, monkeypatch):
    process = shared._process
    many = tuple(Sphere((0.03, 0.03, -0.03), 0.001) for _ in range(20_000))
    monkeypatch.setattr(worker, "LONGEST_S", 0.01)
    late = ask(shared, PlanRequest(REQUEST.target_m, REQUEST.normal, 1, many))
    assert isinstance(late, SearchTimeoutError) and "10 ms" in str(late)
    monkeypatch.setattr(worker, "LONGEST_S", 20.0)
    assert isinstance(ask(shared, REQUEST), Plan)
    assert shared._process.pid != process.pid
    assert not process.is_alive()


def test_search_survives_the_death_of_its_process(shared):
    os.kill(shared._process.pid, signal.SIGKILL)
    wait_until(lambda: not shared._process.is_alive())
    refused = ask(shared, REQUEST)
    assert isinstance(refused, SearchTimeoutError) and "ended" in str(refused)
    assert isinstance(ask(shared, REQUEST), Plan)


def test_only_one_search_runs_at_a_time(shared):
    answers: Queue[object] = Queue()
    wait_until(lambda: shared.search(REQUEST, answers.put))
    many = [shared.search(REQUEST, answers.put) for _ in range(3)]
    started = 1 + sum(many)
    for _ in range(started):
        answers.get(timeout=30)
    assert answers.empty()


def test_process_is_gone_after_close():
    it = PlanWorker(SETTINGS)
    pid = it._process.pid
    assert pid is not None and runs(pid)
    os.kill(pid, signal.SIGINT)  # a terminal sends it to all; only its parent ends it
    assert isinstance(ask(it, REQUEST), Plan)
    it.close()
    assert not runs(pid)


def test_process_is_gone_when_its_parent_is_killed(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    folder = str(Path(worker.__file__).parents[2])
    parent = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": folder},
    )
    try:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert runs(pid)
    finally:
        parent.kill()
        parent.wait()
        if parent.stdout is not None:
            parent.stdout.close()
    wait_until(lambda: not runs(pid))
