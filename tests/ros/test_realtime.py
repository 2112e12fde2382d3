# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Real time is had whole or refused, and what keeps cores awake ends with whom it is kept for."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ir_guidance.nodes import realtime
from ir_guidance.nodes.realtime import GUIDANCE, go_realtime
from ir_guidance.settings import SettingsError

PATIENCE_S = 30.0
PROGRAM = """
import threading, time
from ir_guidance.nodes.realtime import GUIDANCE, go_realtime, keep_awake
from ir_guidance.settings import SettingsError
threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
keep_awake()
try:
    go_realtime(GUIDANCE)
    print("real time", flush=True)
except SettingsError as error:
    print(error, flush=True)
time.sleep(60)
"""


@pytest.fixture
def program():
    """Give a process that is in real time, or was refused it, what it said, and end it."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True, bufsize=1
    )
    assert process.stdout is not None
    yield process, process.stdout.readline().strip()
    process.kill()
    process.wait()


def threads(process):
    return [int(name) for name in os.listdir(f"/proc/{process.pid}/task")]


def awake(parent):
    """Return the processes that keep cores awake for a parent, dead or alive: by their command lines."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if any(word.endswith(b"awake.py") for word in words) and str(parent).encode() in words:
            found.append(int(folder.name))
    return found


def comes_true(condition):
    until_s = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > until_s:
            return False
        os.sched_yield()
    return True


def is_idle(pid):
    try:
        return os.sched_getscheduler(pid) == os.SCHED_IDLE and len(os.sched_getaffinity(pid)) == 1
    except ProcessLookupError:
        return False


def test_every_thread_has_its_priority_and_no_memory_is_paged_out(program):
    process, said = program
    if said != "real time":
        assert "rtprio" in said and "leave realtime out" in said
        return
    assert len(threads(process)) > 1
    assert {os.sched_getscheduler(each) for each in threads(process)} == {os.SCHED_FIFO}
    assert {os.sched_getparam(each).sched_priority for each in threads(process)} == {GUIDANCE}
    locked = next(
        line
        for line in Path(f"/proc/{process.pid}/status").read_text().splitlines()
        if line.startswith("VmLck")
    )
    assert int(locked.split()[1]) > 1000


def test_each_core_is_kept_awake_by_what_gives_way_to_all_else_and_ends_with_its_parent(program):
    process, _ = program
    cores = os.sched_getaffinity(0)
    assert comes_true(lambda: sum(map(is_idle, awake(process.pid))) == len(cores))
    process.kill()
    process.wait()
    assert comes_true(lambda: not awake(process.pid))


def test_without_permission_it_is_refused_in_one_line_that_says_what_to_do(monkeypatch):
    def refused(*_):
        raise PermissionError

    monkeypatch.setattr(realtime.os, "sched_setscheduler", refused)
    with pytest.raises(SettingsError, match="rtprio 30") as error:
        go_realtime(GUIDANCE)
    assert "\n" not in str(error.value)
