# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A key that is held, on a terminal of the test's own and a clock that stands still."""

from __future__ import annotations

import os
import select
import sys
import termios
from collections.abc import Iterator

import pytest

from ir_guidance.commands.keyboard import HeldKey
from ir_guidance.values import NS_PER_MS

REPEAT_MS = 33


class Hand:
    """A hand on a keyboard, and the clock it moves by."""

    def __init__(self, keyboard: int) -> None:
        self._keyboard = keyboard
        self.now_ns = 10_000 * NS_PER_MS

    def clock_ns(self) -> int:
        return self.now_ns

    def wait(self, ms: float) -> None:
        self.now_ns += int(ms * NS_PER_MS)

    def type(self, keys: bytes) -> None:
        os.write(self._keyboard, keys)
        assert select.select([sys.stdin], [], [], 5)[0], "the terminal lost a key"

    def hold(self, key: HeldKey, ms: float, what: bytes = b" ") -> list[bool]:
        """Let a key repeat for a time, asking after each repeat."""
        answers = []
        for _ in range(int(ms / REPEAT_MS)):
            self.wait(REPEAT_MS)
            self.type(what)
            answers.append(key.held() == " ")
        return answers


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hand]:
    keyboard, terminal = os.openpty()
    with open(terminal) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield Hand(keyboard)
    os.close(keyboard)


@pytest.fixture
def key(hand: Hand) -> Iterator[HeldKey]:
    with HeldKey(hand.clock_ns) as it:
        it.held()
        yield it


def test_nothing_pressed_is_no_consent(hand, key):
    for _ in range(10):
        hand.wait(50)
        assert not key.held()


def test_a_tap_is_no_consent(hand, key):
    for _ in range(5):
        hand.wait(50)
        hand.type(b" ")
        assert not key.held()
        for _ in range(8):
            hand.wait(50)
            assert not key.held()


def test_a_held_key_is_consent_once_it_repeats(hand, key):
    answers = hand.hold(key, 1000)
    assert answers[:2] == [False, False]
    assert all(answers[2:])


def test_the_keyboards_delay_before_it_repeats_is_no_consent(hand, key):
    hand.type(b" ")
    assert not key.held()
    for _ in range(10):
        hand.wait(50)
        assert not key.held()
    assert hand.hold(key, 200)[-1]


def test_letting_go_is_seen_within_150_ms(hand, key):
    assert hand.hold(key, 500)[-1]
    hand.wait(150)
    assert key.held()
    hand.wait(1)
    assert not key.held()


def test_after_letting_go_it_takes_a_new_hold(hand, key):
    assert hand.hold(key, 500)[-1]
    for _ in range(4):
        hand.wait(50)
        key.held()
    hand.type(b" ")
    assert not key.held()
    assert hand.hold(key, 200)[-1]


def test_each_key_is_known_by_its_name_and_a_change_of_keys_is_a_new_hold(hand, key):
    hand.hold(key, 300, b"r")
    assert key.held() == "r"
    hand.wait(30)
    hand.type(b"X")
    assert key.held() == ""
    hand.hold(key, 300, b"X")
    assert key.held() == "X"


@pytest.mark.parametrize("other", [b"x", b"\n", b"\x1b[A", b"abc"])
def test_another_key_is_no_consent_and_keeps_none(hand, key, other):
    assert not any(hand.hold(key, 500, other))
    assert hand.hold(key, 500)[-1]
    assert not hand.hold(key, 200, other)[-1], "the space bar was let go"


def test_many_at_once_are_not_a_held_key(hand, key):
    hand.wait(50)
    hand.type(b" " * 40)
    assert not key.held()


def test_keys_from_before_anybody_asked_do_not_count(hand):
    with HeldKey(hand.clock_ns) as key:
        for _ in range(3):
            hand.type(b" ")
            assert not key.held()


def test_keys_that_waited_do_not_count(hand, key):
    assert hand.hold(key, 500)[-1]
    for _ in range(20):
        hand.type(b" ")
    hand.wait(1000)  # whoever asks was busy meanwhile; the key may long be up
    assert not key.held()


def test_terminal_is_given_back_as_it_was(hand):
    before = termios.tcgetattr(sys.stdin)
    with pytest.raises(KeyboardInterrupt), HeldKey(hand.clock_ns):
        assert termios.tcgetattr(sys.stdin) != before
        raise KeyboardInterrupt
    assert termios.tcgetattr(sys.stdin) == before
