# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A gate with everything round it played by the test: images, operator, robot and clock."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from gate_watch import Watch
from ir_guidance.gate import Gate, GateSettings, RefusedError
from ir_guidance.kinematics import INSERTION, RobotLimits
from ir_guidance.values import (
    NS_PER_MS,
    Consent,
    Correction,
    Decision,
    Hand,
    Level,
    Mean,
    Mode,
    RobotState,
)

SESSION, PLAN, OTHER_PLAN = "session", "plan", "other plan"
PLANNED = (-0.0590, 0.0, 0.75, 0.0, 0.0, 0.0)
DEPTH_M = 0.002
START = (-0.0590, 0.0, 0.75, 0.0, -0.0005, 0.0)
ENCODER = np.array([5e-6, 5e-6, 5e-5, 5e-5, 5e-6, 5e-5])
FRAME_MS, CONSENT_MS, IMAGE_AGE_MS = 33, 50, 20


class Rig:
    """Plays everyone but the gate; a Watch looks on."""

    def __init__(self, settings: GateSettings | None = None) -> None:
        self.settings, self.limits = settings or GateSettings(), RobotLimits()
        self.gate = Gate(self.settings, self.limits, SESSION)
        self.watch = Watch(self.settings, self.limits, SESSION)
        self.now_ns = 10_000 * NS_PER_MS
        self.imaging = self.holding = False
        self.reporting = self.following = True
        self.asked: dict[str, Any] = {}
        self.reported: dict[str, Any] = {}
        self.position = np.array(START)
        self.frames = self.consents = 0
        self.grant = 0
        self.consenting_to = PLAN
        self._next_frame_ns = self._next_consent_ns = self.now_ns
        self.handling: dict[str, Any] | None = None
        self.hands = self.presses = 0
        self._next_hand_ns = self.now_ns
        self._hands: list[Hand] = []
        self._given: list[Consent] = []
        self._offered: list[Correction] = []

    # One thing at a time.

    def wait(self, ms: float) -> None:
        self.now_ns += int(ms * NS_PER_MS)

    def tick(self) -> Decision:
        decision = self.gate.tick(self.now_ns)
        self.watch.saw_decision(self.now_ns, decision)
        if decision.command is not None and self.following and decision.command.enable:
            self.position = np.array(decision.command.position)
        return decision

    def correction(self, **changes: Any) -> Correction:
        """Return a good correction but for the changes; ``age_ms`` sets when its image was acquired."""
        self.frames += 1
        acquired_ns = self.now_ns - int(changes.pop("age_ms", IMAGE_AGE_MS) * NS_PER_MS)
        good = Correction(
            sequence=self.frames,
            stamp_ns=acquired_ns,
            acquired_steady_ns=acquired_ns,
            expires_steady_ns=acquired_ns + 150 * NS_PER_MS,
            mode=Mode.ADVANCE,
            plan_hash=PLAN,
            guide_rate=(0.0, 0.0, 0.0, 0.0),
            advance_mps=self.settings.advance_mps,
            advance_limit_m=self.settings.advance_mps * 0.15,
            across_sigma_m=0.001,
            along_sigma_m=0.001,
            remaining_m=0.02,
            predicted_miss_m=0.0,
        )
        return replace(good, **changes)

    def offer(self, **changes: Any) -> str:
        return self.offer_again(self.correction(**changes))

    def offer_again(self, correction: Correction) -> str:
        self._offered.append(correction)
        why = self.gate.offer(correction, self.now_ns)
        if not why:
            self.watch.saw_accepted(correction, self.now_ns)
        return why

    def consent(self, **changes: Any) -> None:
        """Say whether the key is held, as the console would, but for the changes."""
        self.consents += 1
        age_ms = changes.pop("age_ms", 0)
        good = Consent(
            session=SESSION,
            sequence=self.consents,
            issued_steady_ns=self.now_ns - int(age_ms * NS_PER_MS),
            plan_hash=self.consenting_to,
            grant=self.grant,
            held=self.holding,
        )
        self.consent_again(replace(good, **changes))

    def consent_again(self, consent: Consent) -> None:
        self._given.append(consent)
        self.gate.consent(consent)
        self.watch.saw_consent(consent)

    def press(self) -> None:
        self.holding = True
        self.grant += 1
        self.consent()

    def release(self) -> None:
        self.holding = False
        self.consent()

    def hand(self, **changes: Any) -> str:
        """Say what the hand does on a motion key, but for the changes."""
        self.hands += 1
        age_ms = changes.pop("age_ms", 0)
        good = Hand(
            session=SESSION,
            sequence=self.hands,
            issued_steady_ns=self.now_ns - int(age_ms * NS_PER_MS),
            press=self.presses,
            held=True,
            mean=Mean.RETRACT,
        )
        return self.hand_again(replace(good, **changes))

    def hand_again(self, hand: Hand) -> str:
        self._hands.append(hand)
        self.watch.saw_hand(hand)
        return self.gate.hand(hand)

    def hold_key(self, **asked: Any) -> None:
        """Press a motion key and hold it from now on."""
        self.presses += 1
        self.handling = asked
        self.hand(**asked)

    def let_key_go(self) -> None:
        self.handling = None
        self.hand(held=False)

    def report(self, **changes: Any) -> None:
        """Report the robot's state, but for the changes; ``offset`` shifts what the encoders say."""
        offset = np.array(changes.pop("offset", (0.0,) * 6))
        measured = np.round((self.position + offset) / ENCODER) * ENCODER
        age_ms = changes.pop("age_ms", 0)
        good = RobotState(
            steady_ns=self.now_ns - int(age_ms * NS_PER_MS),
            position=measured,
            velocity=np.zeros(6),
            setpoint=measured,
        )
        state = replace(good, **changes)
        self.gate.robot(state)
        if np.isfinite([*state.position, *state.velocity, state.force_n]).all():
            self.watch.measured = tuple(state.position.tolist())

    def approve(self, plan_hash: str = PLAN, depth_m: float = DEPTH_M) -> None:
        self.gate.approve(plan_hash, PLANNED, depth_m)
        self.watch.saw_approval(plan_hash, (*PLANNED[:INSERTION], depth_m, 0.0))

    def stop(self) -> None:
        self.gate.stop("somebody pressed stop")
        self.watch.saw_stop()

    def reset(self) -> None:
        self.gate.reset(self.now_ns)
        self.watch.saw_reset()

    def withdraw(self) -> None:
        self.gate.withdraw()
        self.watch.saw_end()

    def tried(self, what: str, *args: Any) -> bool:
        """Do what may be refused, and say whether it was done."""
        try:
            getattr(self, what)(*args)
        except RefusedError:
            return False
        return True

    def replay(self, kind: str) -> None:
        """Send something old again, as a network would."""
        if kind == "consent" and self._given:
            self.consent_again(self._given[len(self._given) // 2])
        elif kind == "correction" and self._offered:
            self.offer_again(self._offered[-1])
        elif kind == "hand" and self._hands:
            self.hand_again(self._hands[len(self._hands) // 2])

    # Everything together.

    def run(self, ticks: int, dt_ms: float = 10) -> Decision:
        """Go on with what is switched on: images, consent, the robot's reports."""
        decision = None
        for _ in range(ticks):
            self.wait(dt_ms)
            if self.reporting:
                self.report(**self.reported)
            if self.imaging and self.now_ns >= self._next_frame_ns:
                self._next_frame_ns = self.now_ns + FRAME_MS * NS_PER_MS
                self.offer(**self.asked)
            if self.holding and self.now_ns >= self._next_consent_ns:
                self._next_consent_ns = self.now_ns + CONSENT_MS * NS_PER_MS
                self.consent()
            if self.handling is not None and self.now_ns >= self._next_hand_ns:
                self._next_hand_ns = self.now_ns + CONSENT_MS * NS_PER_MS
                self.hand(**self.handling)
            decision = self.tick()
        assert decision is not None
        return decision

    def under_way(self, ticks: int = 30) -> Decision:
        """Approve, press and advance; return the last decision, which has no fault."""
        self.report()
        self.approve()
        self.imaging = True
        self.press()
        decision = self.run(ticks)
        assert (decision.level, decision.reasons) == (Level.R0, ())
        return decision

    @property
    def moving(self) -> bool:
        """Whether the newest command asks any joint to move."""
        return self.watch.last is not None and any(self.watch.last.velocity)
