# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Processes that live and end together, whatever happens to whom."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ir_guidance.commands import processes
from ir_guidance.commands.processes import Processes
from ir_guidance.nodes.realtime import NICENESS

GENTLE = "import time; print('ready', flush=True); time.sleep(600)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN);"
    "print('ready', flush=True); time.sleep(600)"
)
ENDS = "print('first'); print('something went wrong')"
PARENT = """
import sys, time
from pathlib import Path
from ir_guidance.commands.processes import Processes
own = Processes(Path(sys.argv[1]))
own.start("child", [sys.executable, "-c", sys.argv[2]], {})
print(own._children[0].process.pid, flush=True)
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


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Processes]:
    it = Processes(tmp_path)
    yield it
    for child in it._children:
        child.process.kill()
        child.process.wait()


def start(own: Processes, name: str, program: str) -> int:
    """Start a program and wait until it runs; return its process id."""
    own.start(name, [sys.executable, "-c", program], {})
    child = own._children[-1]
    wait_until(lambda: "ready" in child.log.read_text())
    return child.process.pid


def test_stop_interrupts_all_and_waits_for_them(own):
    pids = [start(own, name, GENTLE) for name in ("one", "two", "three")]
    assert own.ended() is None
    assert own.stop() == []
    assert not any(runs(pid) for pid in pids)
    assert own.stop() == [], "a second stop has nothing to do"


def test_stubborn_process_is_killed_and_named(own, monkeypatch):
    assert processes.GRACE_S <= 2.0
    monkeypatch.setattr(processes, "GRACE_S", 0.5)
    gentle, stubborn = start(own, "gentle", GENTLE), start(own, "stubborn", STUBBORN)
    assert own.stop() == ["stubborn"]
    assert not runs(gentle) and not runs(stubborn)


def test_grace_is_for_all_together(own, monkeypatch):
    monkeypatch.setattr(processes, "GRACE_S", 0.5)
    waits: list[float] = []
    for number in range(3):
        start(own, f"stubborn {number}", STUBBORN)
    for child in own._children:
        wait = child.process.wait

        def noted(timeout: float | None = None, wait: Callable[..., int] = wait) -> int:
            waits.append(timeout or 0.0)
            return wait(timeout)

        monkeypatch.setattr(child.process, "wait", noted)
    assert len(own.stop()) == 3
    assert sum(waits) <= 0.5 + 0.001, "three that do not end take no longer than one"


def test_the_one_that_ended_is_known_with_its_last_words(own):
    start(own, "gentle", GENTLE)
    own.start("brief", [sys.executable, "-c", ENDS], {})
    wait_until(lambda: own.ended() is not None)
    ended = own.ended()
    assert ended is not None
    assert (ended.name, ended.last_words()) == ("brief", "something went wrong")


def test_one_that_said_nothing_is_said_to_have(own):
    own.start("mute", [sys.executable, "-c", ""], {})
    wait_until(lambda: own.ended() is not None)
    ended = own.ended()
    assert ended is not None and ended.last_words() == "it said nothing"


def test_the_signal_that_ended_one_is_said(own):
    start(own, "gentle", GENTLE)
    own._children[0].process.kill()
    wait_until(lambda: own.ended() is not None)
    ended = own.ended()
    assert ended is not None and ended.last_words().startswith("by SIGKILL; ")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may go before others")
def test_one_that_is_to_go_first_goes_before_other_work(own):
    own.start("urgent", [sys.executable, "-c", "import os; print(os.nice(0))"], {}, first=True)
    wait_until(lambda: own.ended() is not None)
    assert own._children[0].last_words() == str(NICENESS)


def test_process_has_its_environment_its_session_and_no_input(own):
    program = (
        "import os, sys; print(os.environ['MARK'], sys.stdin.read() == '', 'ready', flush=True)"
    )
    own.start(
        "marked", [sys.executable, "-c", program + ";import time; time.sleep(600)"], {"MARK": "m"}
    )
    child = own._children[0]
    wait_until(lambda: "ready" in child.log.read_text())
    assert child.log.read_text().split() == ["m", "True", "ready"]
    assert os.getsid(child.process.pid) == child.process.pid, "ctrl-C in the terminal is not for it"


def test_child_ends_when_its_parent_is_killed(tmp_path):
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path), GENTLE],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path(processes.__file__).parents[2])},
    )
    try:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        wait_until(lambda: "ready" in (tmp_path / "child.log").read_text())
        assert runs(pid)
    finally:
        parent.kill()
        parent.wait()
        if parent.stdout is not None:
            parent.stdout.close()
    wait_until(lambda: not runs(pid))
