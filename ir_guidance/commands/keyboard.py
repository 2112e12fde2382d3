# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A key that is held down, as far as a terminal can tell."""

from __future__ import annotations

import os
import select
import sys
import termios
import tty
from types import TracebackType
from typing import Self

from ir_guidance.timing import Clock
from ir_guidance.values import NS_PER_MS

REPEATS = 3  # a tap is no consent: the key counts as held once it repeats
REPEAT_WITHIN_NS = 150 * NS_PER_MS


class HeldKey:
    """Which key is held: the one that repeats, and none within 150 ms of letting go.

    A terminal sends no key releases; what it sends is the key again and again, about 30 times a
    second, after the keyboard's own delay. So nothing moves before the key repeats.
    """

    def __init__(self, clock_ns: Clock) -> None:
        """Watch standard input, which must be a terminal."""
        self._clock_ns = clock_ns
        self._key, self._repeats = "", 0
        self._last_ns = self._asked_ns = 0

    def __enter__(self) -> Self:
        """Take single key presses without echo."""
        self._before = termios.tcgetattr(sys.stdin)
        tty.setcbreak(sys.stdin)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the terminal back as it was."""
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._before)

    def held(self) -> str:
        """Return the key that is held now, empty for none; to be asked again within 150 ms."""
        now_ns = self._clock_ns()
        waited = now_ns - self._asked_ns > REPEAT_WITHIN_NS  # old keys say nothing of now
        self._asked_ns = now_ns
        typed = set(self._typed())
        if waited or now_ns - self._last_ns > REPEAT_WITHIN_NS or typed - {ord(self._key or "\0")}:
            self._key, self._repeats = "", 0
        if len(typed) == 1 and not waited:
            self._key = chr(typed.pop())
            self._repeats += 1  # however many came at once: that may be a paste
            self._last_ns = now_ns
        return self._key if self._repeats >= REPEATS else ""

    def _typed(self) -> bytes:
        keys = b""
        while select.select([sys.stdin], [], [], 0)[0]:
            more = os.read(sys.stdin.fileno(), 64)
            if not more:
                break
            keys += more
        return keys
