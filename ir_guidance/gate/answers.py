# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What the gate says and sends: commands by number, decisions, and what it refused."""

from __future__ import annotations

from ir_guidance.gate.motion import Motion
from ir_guidance.gate.settings import GateSettings
from ir_guidance.values import NS_PER_MS, Command, Correction, Decision, Level


class Answers:
    """Makes commands and decisions of the motion; keeps count of refusals, levels and blind travel."""

    def __init__(self, settings: GateSettings, session: str, motion: Motion) -> None:
        """Start with nothing sent and nothing refused."""
        self._settings, self._session, self._motion = settings, session, motion
        self._sequence = 0
        self.degraded = ""
        self.refused: dict[str, int] = {}
        self.levels_reached: set[Level] = set()
        self.blind_travel_max_m = 0.0

    def refuse(self, why: str) -> None:
        """Count a datum that cannot be used (R1)."""
        self.refused[why] = self.refused.get(why, 0) + 1
        self.degraded = why

    def note_blind_travel(self, seen_ns: int) -> None:
        """Remember the farthest advance since an image that was acquired then."""
        advanced_m = self._motion.advanced_since(seen_ns)
        self.blind_travel_max_m = max(self.blind_travel_max_m, advanced_m)

    def command(self, seen: Correction | None, now_ns: int, *, enable: bool) -> Command:
        """Return the command for the set point as it is now, in answer to the newest correction."""
        self._sequence += 1
        return Command(
            session=self._session,
            sequence=self._sequence,
            correction_sequence=seen.sequence if seen else 0,
            stamp_ns=seen.stamp_ns if seen else 0,
            issued_steady_ns=now_ns,
            expires_steady_ns=now_ns + int(self._settings.command_expiry_ms * NS_PER_MS),
            enable=enable,
            position=self._motion.position,
            velocity=self._motion.velocity,
        )

    def decision(
        self,
        level: Level,
        reasons: tuple[str, ...],
        command: Command | None,
        seen: Correction | None,
    ) -> Decision:
        """Return what was decided in a period, and why."""
        self.levels_reached.add(level)
        self.degraded = ""
        blind_m = self._motion.advanced_since(seen.acquired_steady_ns) if seen else 0.0
        return Decision(
            level=level,
            latched=level >= Level.R3,
            reasons=reasons,
            command=command,
            accepted=seen.sequence if seen else None,
            blind_travel_m=blind_m,
            blind_travel_max_m=self.blind_travel_max_m,
        )
