# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Hold-to-run: which press of a motion key counts, and how far it may go."""

from __future__ import annotations

import math

from ir_guidance.gate.intake import AT_REST
from ir_guidance.gate.motion import Motion
from ir_guidance.gate.settings import GateSettings
from ir_guidance.kinematics import INSERTION, JOINTS, ROLL, RobotLimits
from ir_guidance.values import NS_PER_MS, Hand, Mean

SLIDES = (0, 1, INSERTION)
STOPPING_S = 0.15  # a hand moves no joint faster than it can be stopped in


class HandKey:
    """Holds the newest word of the operator's hand; a press that was let go, or lapsed, is spent for good."""

    def __init__(
        self,
        settings: GateSettings,
        limits: RobotLimits,
        acceleration: tuple[float, ...],
        session: str,
    ) -> None:
        """Start with no key held; ``acceleration`` is how fast each joint may be slowed down."""
        self._settings, self._limits, self._session = settings, limits, session
        speeds = zip(limits.velocity, acceleration, strict=True)
        self._fastest = tuple(min(speed, most * STOPPING_S) for speed, most in speeds)
        self._jog = tuple(
            settings.jog_mps if at in SLIDES else settings.jog_radps for at in range(len(JOINTS))
        )
        self._newest: Hand | None = None
        self._spent_press = -1

    def take(self, hand: Hand) -> str:
        """Take what the hand does; return why it is refused, empty when it was taken."""
        last = self._newest
        if hand.session != self._session or (last and hand.sequence <= last.sequence):
            return "hand of another session or out of order"
        if fault := hand_fault(hand):
            return fault
        if last and not (hand.held and hand.press == last.press):
            self._spent_press = max(self._spent_press, last.press)
        self._newest = hand
        return ""

    def spend(self) -> None:
        """Make the press in force worthless: only a new one moves anything."""
        if self._newest is not None:
            self._spent_press = max(self._spent_press, self._newest.press)

    def asks(self, now_ns: int) -> Hand | None:
        """Return the hand that holds a key now, None when none does; one that lapsed is spent."""
        hand = self._newest
        if hand is None or not hand.held or hand.press <= self._spent_press:
            return None
        age_ms = (now_ns - hand.issued_steady_ns) / NS_PER_MS
        if not -self._settings.future_ms <= age_ms <= self._settings.consent_age_ms:
            self.spend()
            return None
        return hand

    def move(
        self, motion: Motion, hand: Hand | None, elapsed_s: float, now_ns: int
    ) -> tuple[str, ...]:
        """Move the set point as the hand asks, to rest without one; return what is done, and what hinders it."""
        at = motion.position
        rate = AT_REST if hand is None else self._rate(hand, at[INSERTION])
        position, velocity = motion.proposed(rate, elapsed_s)
        fault = self._outside(motion.rest_after(position, velocity), at)
        if fault:
            position, velocity = motion.proposed(AT_REST, elapsed_s)
        motion.take_by_hand(position, velocity, now_ns)
        word = "coming to rest" if hand is None else f"{hand.mean.name.lower()} by hand"
        return (word, fault) if fault else (word,)

    def _rate(self, hand: Hand, insertion_m: float) -> tuple[float, ...]:
        """Return the joint rates for a hand: in tissue a needle is only drawn back or turned, the guide rests."""
        if hand.mean is Mean.RETRACT:
            asked: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0, -self._settings.retract_mps, 0.0)
        else:
            pairs = zip(hand.rate, self._jog, strict=True)
            asked = tuple(max(-most, min(most, rate)) for rate, most in pairs)
            if insertion_m > 0:
                back = max(-self._settings.retract_mps, min(0.0, asked[INSERTION]))
                asked = (0.0, 0.0, 0.0, 0.0, back, asked[ROLL])
        pairs = zip(asked, self._fastest, strict=True)
        return tuple(max(-most, min(most, rate)) for rate, most in pairs)

    def _outside(self, rest: tuple[float, ...], now: tuple[float, ...]) -> str:
        """Return why joints may not come to rest there on their way from where they are now."""
        limits = zip(JOINTS, rest, now, self._limits.lower, self._limits.upper, strict=True)
        for name, at, was, low, high in limits:
            if (at < low and at < was) or (at > high and at > was):
                return f"{name} at its limit"
        if rest[INSERTION] > 0 and rest[INSERTION] > now[INSERTION]:
            return "a hand does not push the needle into tissue"
        return ""


def hand_fault(hand: Hand) -> str:
    """Return what is wrong with what a hand asks for, empty when nothing is."""
    if len(hand.rate) != len(AT_REST):
        return f"a hand that moves {len(hand.rate)} joints"
    if not all(math.isfinite(rate) for rate in hand.rate):
        return "a hand that is not finite"
    return ""
