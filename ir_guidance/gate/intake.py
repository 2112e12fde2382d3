# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The newest correction: taken or refused, how long it may be followed, and what it asks for."""

from __future__ import annotations

from ir_guidance.gate import checks
from ir_guidance.gate.settings import REACTION_S, GateSettings
from ir_guidance.values import NS_PER_S, Correction, Mode

OVER_BUDGET_HOLDS = 3
FUTURE_LATCHES = 3
PERIOD_S = 0.010  # the longest between two decisions
AT_REST = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


class Intake:
    """Holds the newest correction that may be followed."""

    def __init__(
        self, settings: GateSettings, velocity: tuple[float, ...], acceleration: tuple[float, ...]
    ) -> None:
        """Keep the limits: the largest speed of each joint, and how fast it may be slowed down."""
        self._settings, self._velocity, self._acceleration = settings, velocity, acceleration
        self._from_m = 0.0
        self._until_ns = 0
        self._over_budget = self._future = 0
        self.newest: Correction | None = None
        self.accepted = 0
        self._refusal = ""  # of what came after the newest that was taken

    @property
    def clocks_disagree(self) -> bool:
        """Whether too many corrections in a row came from the future."""
        return self._future >= FUTURE_LATCHES

    @property
    def arrived(self) -> bool:
        """Whether the newest correction says that the work is done."""
        return self.newest is not None and self.newest.mode == Mode.ARRIVED

    def clear(self) -> None:
        """Forget the newest correction."""
        self.newest = None

    def offer(
        self, correction: Correction, now_ns: int, approved_hash: str | None, insertion_m: float
    ) -> str:
        """Take a correction or refuse it; return why it was refused, empty when it was taken."""
        last = self.newest.sequence if self.newest else None
        why = checks.correction_fault(correction, now_ns, approved_hash, last, self._settings)
        self._over_budget = self._over_budget + 1 if why == checks.OVER_BUDGET else 0
        self._future = self._future + 1 if why == checks.FUTURE else 0
        self._refusal = why
        if why:
            return why
        self.newest = correction
        self.accepted += 1
        self._until_ns = self._last_moment_ns(correction)
        self.count_from(insertion_m)
        return ""

    def count_from(self, insertion_m: float) -> None:
        """Measure the advance that the correction allows from an insertion in metres."""
        self._from_m = insertion_m

    def reasons_to_hold(self, now_ns: int) -> list[str]:
        """Return every reason not to follow the newest correction now."""
        holds = []
        if self.newest is None:
            holds.append("no correction")
        elif now_ns >= self._until_ns:
            refused = f", the next refused: {self._refusal}" if self._refusal else ""
            holds.append(f"correction expired{refused}")
        elif self.newest.mode == Mode.HOLD:
            holds.append(self.newest.reason or "guidance holds")
        if self._over_budget >= OVER_BUDGET_HOLDS:
            holds.append("over budget three times in a row")
        return holds

    def rate(self, insertion_m: float) -> tuple[float, ...]:
        """Return the joint rates asked for at an insertion in metres, within the robot's speeds."""
        correction = self.newest
        if correction is None or correction.mode not in (Mode.ALIGN, Mode.ADVANCE):
            return AT_REST
        used_up = insertion_m - self._from_m >= correction.advance_limit_m
        return self._bounded(correction, 0.0 if used_up else correction.advance_mps)

    def _bounded(self, correction: Correction, advance_mps: float) -> tuple[float, ...]:
        asked = (*correction.guide_rate, advance_mps, correction.roll_radps)
        pairs = zip(asked, self._velocity, strict=True)
        return tuple(max(-limit, min(limit, rate)) for rate, limit in pairs)

    def _last_moment_ns(self, correction: Correction) -> int:
        """Return when to start stopping, so as to be at rest ``REACTION_S`` after the image."""
        rates = self._bounded(correction, correction.advance_mps)
        if correction.mode not in (Mode.ALIGN, Mode.ADVANCE):
            rates = AT_REST
        pairs = zip(rates, self._acceleration, strict=True)
        stopping_s = max(abs(rate) / most for rate, most in pairs)
        left_s = REACTION_S - PERIOD_S - stopping_s
        latest_ns = correction.acquired_steady_ns + int(left_s * NS_PER_S)
        return min(correction.expires_steady_ns, latest_ns)
