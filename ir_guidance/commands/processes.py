# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Processes that end with us: started in their own session, interrupted together, never orphaned."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ir_guidance.nodes.realtime import go_before_others

GRACE_S = 2.0
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


@dataclass(frozen=True, slots=True)
class Child:
    """One process, by the name a person knows it by, and the file its words go to."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def last_words(self) -> str:
        """Return the last line of its log, and the signal that ended it where one did."""
        lines = self.log.read_text(errors="replace").strip().splitlines()
        said = lines[-1] if lines else "it said nothing"
        status = self.process.returncode
        by = f"by {signal.Signals(-status).name}; " if status is not None and status < 0 else ""
        return by + said


class Processes:
    """A set of processes that live and end together."""

    def __init__(self, logs: Path) -> None:
        """Keep the folder for their logs."""
        self._logs = logs
        self._children: list[Child] = []

    def start(
        self,
        name: str,
        command: Sequence[str],
        environment: dict[str, str],
        *,
        first: bool = False,
    ) -> None:
        """Start a process; were we killed, the kernel would interrupt it.

        ``first``: it asks to go before other work, as our nodes do by themselves.
        """
        log = self._logs / f"{name}.log"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                env=os.environ | environment,
                start_new_session=True,
                preexec_fn=partial(_prepare, first),
            )
        self._children.append(Child(name, process, log))

    def ended(self) -> Child | None:
        """Return a process that has ended, None while all run."""
        return next((child for child in self._children if child.process.poll() is not None), None)

    def stop(self) -> list[str]:
        """Interrupt all, wait, and return the names of those that had to be killed."""
        for child in self._children:
            if child.process.poll() is None:
                child.process.send_signal(signal.SIGINT)
        deadline = time.monotonic() + GRACE_S
        killed = []
        for child in self._children:
            try:
                child.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()
                killed.append(child.name)
        return killed


def _prepare(first: bool) -> None:
    if first:
        go_before_others()
    signal.signal(
        signal.SIGINT, signal.SIG_DFL
    )  # a shell's background job ignores it, and so would we
    if sys.platform == "linux":
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGINT)
