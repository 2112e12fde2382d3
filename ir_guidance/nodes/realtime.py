# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Real time, where it is asked for: priority over all other work, memory that stays, cores that stay awake."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from ir_guidance.settings import SettingsError

IMAGES, GUIDANCE, ROBOT = 10, 20, 30
"""Priorities of SCHED_FIFO: what stops the needle goes before what moves it, and that before new images."""

NICENESS = -10
"""Of the same processes where real time is not asked for, and the user may have it."""

MCL_CURRENT, MCL_FUTURE = 1, 2  # mlockall(2)
REMEDY = (
    "let this user have it (rtprio 30 and memlock unlimited in /etc/security/limits.d), "
    "or leave realtime out"
)


def go_before_others() -> None:
    """Ask for less niceness than other work has; without permission nothing changes."""
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)


def go_realtime(priority: int) -> None:
    """Give every thread of this process real-time priority, and keep its memory from being paged out.

    Raises:
        SettingsError: The user may not.
    """
    try:
        for thread in os.listdir("/proc/self/task"):
            with suppress(ProcessLookupError):  # it has ended since
                os.sched_setscheduler(int(thread), os.SCHED_FIFO, os.sched_param(priority))
    except PermissionError:
        raise SettingsError(f"realtime: no real-time priority is permitted; {REMEDY}") from None
    if ctypes.CDLL(None).mlockall(MCL_CURRENT | MCL_FUTURE):
        raise SettingsError(f"realtime: memory cannot be locked; {REMEDY}")


def keep_awake() -> list[subprocess.Popen[bytes]]:
    """Start and return a process on every core that keeps it from falling asleep; they end with this one.

    To be called before real-time priority is asked for, which they would inherit.
    """
    words = [sys.executable, "-I", "-S", str(Path(__file__).with_name("awake.py"))]
    return [
        subprocess.Popen([*words, str(core), str(os.getpid())], stdin=subprocess.DEVNULL)
        for core in os.sched_getaffinity(0)
    ]
