# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Holding a key is consent, tapping it is not."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest

from ir_guidance.commands.keyboard import HeldKey
from ir_guidance.values import NS_PER_MS


class Clock:
    """A clock that the test sets."""

    now_ns = 10**9

    def __call__(self) -> int:
        return self.now_ns


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Give a terminal as standard input; yield the end that the keyboard writes to."""
    keyboard, screen = os.openpty()
    with os.fdopen(screen, "r") as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        yield keyboard
    os.close(keyboard)


def held_after(key: HeldKey, clock: Clock, keyboard: int, gaps_ms: list[int]) -> bool:
    """Press the space bar after each gap and return what the last look says."""
    held = False
    for gap_ms in gaps_ms:
        clock.now_ns += gap_ms * NS_PER_MS
        os.write(keyboard, b" ")
        held = key.held()
    return held


def test_a_tap_is_no_consent(terminal: int) -> None:
    clock = Clock()
    with HeldKey(clock) as key:
        assert not held_after(key, clock, terminal, [0])
        assert not held_after(key, clock, terminal, [500, 500, 500])


def test_a_held_key_is_consent_until_it_is_let_go(terminal: int) -> None:
    clock = Clock()
    with HeldKey(clock) as key:
        assert held_after(key, clock, terminal, [400, 33, 33, 33])
        clock.now_ns += 100 * NS_PER_MS
        assert key.held()
        clock.now_ns += 51 * NS_PER_MS
        assert not key.held()


def test_another_key_is_no_consent(terminal: int) -> None:
    clock = Clock()
    with HeldKey(clock) as key:
        os.write(terminal, b"xxxxxx")
        assert not key.held()
