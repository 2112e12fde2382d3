# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Processes end together, and none is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from ir_guidance.commands.processes import GRACE_S, Processes

OBEDIENT = "import signal; print('ready', flush=True); signal.pause()"
STUBBORN = "import signal; signal.signal(2, signal.SIG_IGN); print('ready', flush=True)\nwhile True: signal.pause()"
PARENT = """
import sys
from pathlib import Path
from ir_guidance.commands.processes import Processes
processes = Processes(Path(sys.argv[1]))
processes.start("child", [sys.executable, "-c", sys.argv[2]], {})
print(processes._children[0].process.pid, flush=True)
input()
"""


def ready(log: Path) -> None:
    """Wait until a child has said that it runs."""
    wait_until(lambda: log.exists() and "ready" in log.read_text())


def wait_until(done: object, timeout_s: float = 10.0) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + timeout_s
    while not done():  # type: ignore[operator]
        assert time.monotonic() < deadline


def alive(pid: int) -> bool:
    """Return whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_stop_interrupts_all_and_kills_the_stubborn_within_the_grace(tmp_path: Path) -> None:
    processes = Processes(tmp_path)
    processes.start("obedient", [sys.executable, "-c", OBEDIENT], {})
    processes.start("stubborn", [sys.executable, "-c", STUBBORN], {})
    ready(tmp_path / "obedient.log")
    ready(tmp_path / "stubborn.log")
    assert processes.ended() is None
    started = time.monotonic()
    assert processes.stop() == ["stubborn"]
    assert time.monotonic() - started < GRACE_S + 1.0


def test_a_process_that_ends_is_named_with_its_last_words(tmp_path: Path) -> None:
    processes = Processes(tmp_path)
    processes.start("node", [sys.executable, "-c", "print('no such procedure')"], {})
    wait_until(lambda: processes.ended() is not None)
    dead = processes.ended()
    assert dead is not None
    assert (dead.name, dead.last_words()) == ("node", "no such procedure")
    assert processes.stop() == []


def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path), OBEDIENT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        ready(tmp_path / "child.log")
    finally:
        os.kill(parent.pid, signal.SIGKILL)
        parent.communicate()
    wait_until(lambda: not alive(child))
