# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The operator's consent, and what it takes to move again after a hold."""

from __future__ import annotations

from ir_guidance.gate import checks
from ir_guidance.gate.settings import GateSettings
from ir_guidance.values import NS_PER_S, Consent, Level

HELD_TOO_LONG_NS = NS_PER_S  # an R2 as long as this becomes R3


class Permission:
    """Knows which presses count: one that was broken, or held while a latch fell, is spent for good."""

    def __init__(self, settings: GateSettings, session: str) -> None:
        """Start without consent."""
        self._settings, self._session = settings, session
        self._consent: Consent | None = None
        self._spent_grant = -1
        self._held_since_ns: int | None = None
        self.latched = ""

    def take(self, consent: Consent) -> bool:
        """Take the operator's consent; False when it is of another session or out of order."""
        last = self._consent
        if consent.session != self._session or (last and consent.sequence <= last.sequence):
            return False
        if last and last.held and not consent.held:
            self._spent_grant = max(self._spent_grant, last.grant)
        self._consent = consent
        return True

    def fault(self, now_ns: int, approved_hash: str) -> str:
        """Return why the operator cannot be said to consent to a plan, empty when that is beyond doubt."""
        spent = self._spent_grant
        return checks.consent_fault(self._consent, now_ns, approved_hash, spent, self._settings)

    def judge(self, now_ns: int, approved_hash: str) -> str:
        """Return ``fault``; a press that has lapsed, or went to another plan, does not come back to life."""
        why = self.fault(now_ns, approved_hash)
        if why in checks.LAPSED:
            self._spend()
        return why

    def latch(self, reason: str) -> None:
        """Hold until the operator presses anew: the press in force is spent."""
        self.latched = reason
        self._spend()

    def count_hold(self, holds: tuple[str, ...], now_ns: int) -> None:
        """Latch a hold that lasts a second; leave the latch once nothing holds, new consent included."""
        if not holds:
            self._held_since_ns, self.latched = None, ""
            return
        if self.latched and any(why not in checks.OF_CONSENT for why in holds):
            self._spend()  # a press before the cause is gone is no answer to it
        if self._held_since_ns is None:
            self._held_since_ns = now_ns
        if now_ns - self._held_since_ns >= HELD_TOO_LONG_NS and not self.latched:
            self.latch(holds[0])

    def waiting(self, holds: tuple[str, ...]) -> tuple[Level, tuple[str, ...]]:
        """Return the level while nothing has moved yet, and what is waited for."""
        return (Level.R3, (self.latched, *holds)) if self.latched else (Level.R0, holds)

    def reaction(self, degraded: str, holds: tuple[str, ...]) -> tuple[Level, tuple[str, ...]]:
        """Return the level of what is wrong in motion, and what it is; ``degraded`` is the datum refused last."""
        if self.latched:
            return Level.R3, (f"consent again ({self.latched})", *holds)
        if holds:
            return Level.R2, holds
        return (Level.R1, (degraded,)) if degraded else (Level.R0, ())

    def _spend(self) -> None:
        if self._consent is not None:
            self._spent_grant = max(self._spent_grant, self._consent.grant)
