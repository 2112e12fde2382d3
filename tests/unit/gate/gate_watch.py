# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A witness beside the gate: it keeps its own books and says when a promise is broken."""

from __future__ import annotations

import math
from itertools import pairwise

from ir_guidance.gate import GateSettings
from ir_guidance.kinematics import INSERTION, ROLL, RobotLimits
from ir_guidance.values import (
    NS_PER_MS,
    NS_PER_S,
    Command,
    Consent,
    Correction,
    Decision,
    Hand,
    Level,
    Mean,
)

TINY = 1e-12
BLIND_LIMIT_M = 0.001
REST_NS = 200 * NS_PER_MS
EXPIRY_NS = 100 * NS_PER_MS
LONGEST_TICK_S = 0.020


class Watch:
    """Sees what goes into the gate and what comes out, and shares no code with it."""

    def __init__(self, settings: GateSettings, limits: RobotLimits, session: str) -> None:
        self.settings, self.limits, self.session = settings, limits, session
        self.acceleration = list(limits.acceleration)
        self.acceleration[INSERTION] = settings.decelerate_mps2
        self.fastest = list(limits.velocity)
        self.fastest[INSERTION] = settings.advance_mps
        self.plan: tuple[str, tuple[float, ...]] | None = None
        self.image: Correction | None = None
        self.consent: Consent | None = None
        self.barred_grant = -1
        self.stopped = False
        self.measured: tuple[float, ...] = ()
        self.last: Command | None = None
        self.ticks_ns: list[int] = []
        self.advances: list[tuple[int, float]] = []
        self.levels: set[Level] = set()
        self.travelled_m = self.blind_max_m = self.retracted_m = 0.0
        self.hand: Hand | None = None
        self.barred_press = -1
        self.by_hand = self.held = False

    # What goes in.

    def saw_approval(self, plan_hash: str, planned: tuple[float, ...]) -> None:
        self.plan, self.image, self.last = (plan_hash, planned), None, None

    def saw_end(self) -> None:
        """The approval was taken back."""
        self.plan = self.image = None
        if not self.by_hand:  # a hand needs no plan
            self.last = None

    def saw_stop(self) -> None:
        self.stopped = True
        self.by_hand = self.held = False
        self.saw_end()

    def saw_reset(self) -> None:
        if self.stopped:
            self._bar_press()
        self.stopped = False

    def saw_accepted(self, correction: Correction, now_ns: int) -> None:
        age_ms = (now_ns - correction.acquired_steady_ns) / NS_PER_MS
        assert self.plan is not None and correction.plan_hash == self.plan[0]
        assert -self.settings.future_ms <= age_ms <= self.settings.budget_ms
        assert self.image is None or correction.sequence > self.image.sequence
        assert 0 <= correction.advance_mps <= self.settings.advance_mps
        assert all(math.isfinite(rate) for rate in (*correction.guide_rate, correction.roll_radps))
        self.image = correction

    def saw_consent(self, consent: Consent) -> None:
        newer = self.consent is None or consent.sequence > self.consent.sequence
        if consent.session == self.session and newer:
            self.consent = consent

    def saw_hand(self, hand: Hand) -> None:
        finite = all(math.isfinite(rate) for rate in hand.rate)
        newer = self.hand is None or hand.sequence > self.hand.sequence
        if hand.session != self.session or not newer or not finite:
            return
        if self.hand is not None and not (hand.held and hand.press == self.hand.press):
            self._bar_press()
        self.hand = hand

    def _bar_press(self) -> None:
        """The press in force is spent: it was let go, grew old, or something stopped it."""
        if self.hand is not None:
            self.barred_press = max(self.barred_press, self.hand.press)

    def moved_by(self, now_ns: int) -> Hand | None:
        """Return the hand that may move the robot now; one that has grown old stays worthless."""
        if self.hand is None or self.stopped or not self.hand.held:
            return None
        age_ms = (now_ns - self.hand.issued_steady_ns) / NS_PER_MS
        if not -self.settings.future_ms <= age_ms <= self.settings.consent_age_ms:
            self._bar_press()
        return self.hand if self.hand.press > self.barred_press else None

    # What comes out.

    def saw_decision(self, now_ns: int, decision: Decision) -> None:
        self.levels.add(decision.level)
        kept = len(self.ticks_ns) > 1 and self.ticks_ns[-1] - self.ticks_ns[-2] > EXPIRY_NS
        if kept or decision.level == Level.R4:
            self._bar_press()
        hand = self.moved_by(now_ns)
        moving = self.last is not None and any(self.last.velocity)
        self.by_hand = hand is not None or (self.by_hand and (self.held or moving))
        self.held = hand is not None
        self.ticks_ns.append(now_ns)
        if decision.level == Level.R4:
            self.saw_stop()
        if self.stopped:
            assert decision.level == Level.R4, "a stop beats everything until it is reset"
        if self.consent is not None and self.consent.held and decision.level == Level.R4:
            self.barred_grant = max(self.barred_grant, self.consent.grant)
        command = decision.command
        if command is None:
            self.last = None
        elif decision.level == Level.R4 or decision.reasons == ("drives off",):
            self._check_rest(command, decision)
        elif self.by_hand:
            self._check_by_hand(now_ns, command, hand)
        else:
            self._check_motion(now_ns, command, decision)
        if decision.reasons == ("arrived",):
            self.saw_end()
        assert decision.blind_travel_max_m <= BLIND_LIMIT_M + TINY

    def _check_rest(self, command: Command, decision: Decision) -> None:
        assert all(math.isfinite(value) for value in (*command.position, *command.velocity))
        assert not any(command.velocity)
        assert command.enable == (decision.level != Level.R4)
        if command.enable and not self.by_hand:
            self._check_envelope(command)
        self.last = None

    def _check_motion(self, now_ns: int, command: Command, decision: Decision) -> None:
        assert command.enable and self.plan is not None
        self._check_envelope(command)
        before, before_v, elapsed_s = self._check_smooth(now_ns, command, self.fastest)
        advance_m = command.position[INSERTION] - before[INSERTION]
        assert advance_m >= 0, "the needle is never drawn back"
        self._check_permission(now_ns, command, before_v, decision, elapsed_s)
        self._check_blind(now_ns, advance_m, decision)
        self._check_rest_in_time(now_ns, command)
        self.last = command

    def _check_smooth(
        self, now_ns: int, command: Command, fastest: list[float]
    ) -> tuple[tuple[float, ...], tuple[float, ...], float]:
        """Check that a command goes on from the one before; return whence (position, velocity) and for how long."""
        assert command.expires_steady_ns - now_ns <= 100 * NS_PER_MS
        assert all(math.isfinite(value) for value in (*command.position, *command.velocity))
        last = None if self._ran_out(now_ns) else self.last
        before_v = last.velocity if last else (0.0,) * 6
        before = last.position if last else self.measured
        elapsed_s = self._elapsed_s()
        for v, old, limit, most in zip(
            command.velocity, before_v, fastest, self.acceleration, strict=True
        ):
            assert abs(v) <= limit * (1 + 1e-9) + TINY
            assert abs(v - old) <= most * elapsed_s + TINY, "the set point jerked"
        for at, was, limit in zip(command.position, before, fastest, strict=True):
            assert abs(at - was) <= limit * (1 + 1e-9) * elapsed_s + TINY, "the set point jumped"
        return before, before_v, elapsed_s

    def _check_by_hand(self, now_ns: int, command: Command, hand: Hand | None) -> None:
        """A hand moves only what it asks for, the way it asks; a needle in tissue it draws back or turns."""
        settings = self.settings
        assert command.enable
        fastest = list(self.limits.velocity)
        fastest[INSERTION] = max(settings.retract_mps, settings.jog_mps, settings.advance_mps)
        before, before_v, elapsed_s = self._check_smooth(now_ns, command, fastest)
        depth = before[INSERTION]
        for at, (v, old, most) in enumerate(
            zip(command.velocity, before_v, self.acceleration, strict=True)
        ):
            slowing = abs(v) <= max(0.0, abs(old) - most * elapsed_s) + TINY
            assert slowing or self._asked_by(hand, at, v, depth), "a hand did not ask for this"
        for at, was, low, high in zip(
            command.position, before, self.limits.lower, self.limits.upper, strict=True
        ):
            assert low - TINY <= at <= high + TINY or abs(at - was) <= TINY or low <= was <= high
            assert at >= min(low, was) - TINY and at <= max(high, was) + TINY, (
                "beyond a joint limit"
            )
        advance_m = command.position[INSERTION] - depth
        if advance_m > TINY and command.velocity[INSERTION] > before_v[INSERTION] + TINY:
            assert command.position[INSERTION] <= TINY, "a hand pushed the needle into tissue"
        self.retracted_m += max(0.0, -advance_m)
        self.advances, self.last = [], command
        if self.plan is not None and self.consent is not None and self.consent.held:
            self.barred_grant = max(self.barred_grant, self.consent.grant)

    def _asked_by(self, hand: Hand | None, joint: int, speed: float, depth: float) -> bool:
        if hand is None:
            return False
        slide = joint in (0, 1, INSERTION)
        if hand.mean is Mean.RETRACT:
            return joint == INSERTION and -self.settings.retract_mps - TINY <= speed <= 0
        if depth > 0 and joint not in (INSERTION, ROLL):
            return False
        most = self.settings.jog_mps if slide else self.settings.jog_radps
        return abs(speed) <= most + TINY and speed * hand.rate[joint] >= 0

    def _ran_out(self, now_ns: int) -> bool:
        """Whether the command before this one expired, so that the drive came to rest by itself."""
        return self.last is not None and now_ns > self.last.expires_steady_ns

    def _elapsed_s(self) -> float:
        if len(self.ticks_ns) < 2:
            return 0.0
        return min((self.ticks_ns[-1] - self.ticks_ns[-2]) / NS_PER_S, LONGEST_TICK_S)

    def _check_envelope(self, command: Command) -> None:
        assert self.plan is not None
        planned = self.plan[1]
        x, y, pitch, yaw, depth, _ = command.position
        for at, low, high in zip(
            command.position, self.limits.lower, self.limits.upper, strict=True
        ):
            assert low <= at <= high, "outside the joint limits"
        if depth > 0:
            slide = max(abs(x - planned[0]), abs(y - planned[1]))
            pivot = max(abs(pitch - planned[2]), abs(yaw - planned[3]))
            assert slide <= self.settings.slide_m + TINY
            assert pivot <= self.settings.pivot_rad + TINY
            assert depth <= planned[INSERTION] + self.settings.overshoot_m + TINY

    def permitted(self, now_ns: int) -> bool:
        """Whether motion is permitted: a fresh consent by a press that counts, for the plan, and a live image."""
        if self.consent is None or self.plan is None or self.image is None or self.stopped:
            return False
        age_ms = (now_ns - self.consent.issued_steady_ns) / NS_PER_MS
        consents = self.consent.held and self.consent.plan_hash == self.plan[0]
        fresh = -self.settings.future_ms <= age_ms <= self.settings.consent_age_ms
        counts = self.consent.grant > self.barred_grant
        live = now_ns < self.image.expires_steady_ns
        return consents and fresh and counts and live

    def _check_permission(
        self,
        now_ns: int,
        command: Command,
        before_v: tuple[float, ...],
        decision: Decision,
        elapsed_s: float,
    ) -> None:
        if self.permitted(now_ns) and not decision.latched:
            return
        for v, old, most in zip(command.velocity, before_v, self.acceleration, strict=True):
            left = max(0.0, abs(old) - most * elapsed_s)
            assert abs(v) <= left + TINY, "without permission there is only slowing down"
        if decision.latched and self.consent is not None and self.consent.held:
            self.barred_grant = max(self.barred_grant, self.consent.grant)

    def _check_blind(self, now_ns: int, advance_m: float, decision: Decision) -> None:
        self.advances.append((now_ns, advance_m))
        self.travelled_m += advance_m
        if self.image is None:
            return
        since_ns = self.image.acquired_steady_ns
        blind_m = sum(advance for at_ns, advance in self.advances if at_ns > since_ns)
        self.advances = [each for each in self.advances if now_ns - each[0] < 3 * NS_PER_S]
        self.blind_max_m = max(self.blind_max_m, blind_m)
        assert blind_m <= BLIND_LIMIT_M + TINY
        assert decision.blind_travel_m <= blind_m + 1e-9

    def _check_rest_in_time(self, now_ns: int, command: Command) -> None:
        """At rest 200 ms after the last image, where the gate was allowed to decide on time."""
        if self.image is None or now_ns - self.image.acquired_steady_ns < REST_NS:
            return
        since_ns = self.image.acquired_steady_ns
        decided = [since_ns, *(at_ns for at_ns in self.ticks_ns[-400:] if at_ns > since_ns)]
        if all(b - a <= 10 * NS_PER_MS for a, b in pairwise(decided)):
            assert not any(command.velocity), "still moving 200 ms after the last image"
