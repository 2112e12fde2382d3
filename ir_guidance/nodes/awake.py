# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Keeps one core from falling asleep, as long as its parent lives: awake.py CORE PARENT.

A core that has slept can be slow for the first milliseconds, which are those that a frame takes (docs/latency.md).
Whatever else wants the core has it at once: this asks for the idle class of the scheduler (sched(7)).
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # prctl(2)


def stay_awake(core: int, parent: int) -> None:
    """Compute nothing, on one core, until the parent process ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's is for our parent to heed
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the kernel was asked to tell
        return
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    os.sched_setaffinity(0, {core})
    while True:
        pass


if __name__ == "__main__":
    stay_awake(*map(int, sys.argv[1:]))
