# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The gate's decision, every period and at every correction: one command, or none and why.

R0 all is well or nothing is asked; R1 a datum was refused; R2 hold; R3 hold until the operator consents
again; R4 protective stop until reset. R5, the hard-wired stop, is only observed.
"""

from __future__ import annotations

import math

from ir_guidance.gate import checks
from ir_guidance.gate.motion import Motion
from ir_guidance.gate.settings import BLIND_TRAVEL_M, GateSettings
from ir_guidance.kinematics import INSERTION, RobotLimits
from ir_guidance.values import (
    NS_PER_MS,
    NS_PER_S,
    Command,
    Consent,
    Correction,
    Decision,
    Level,
    Mode,
    RobotState,
)

HELD_TOO_LONG_NS = NS_PER_S  # an R2 as long as this becomes R3
OVER_BUDGET_HOLDS = 3
FUTURE_LATCHES = 3
OUTSIDE_STOPS = 10
AT_REST = (0.0, 0.0, 0.0, 0.0, 0.0)


class RefusedError(ValueError):
    """The gate refuses what the operator asks; the message says why."""


class Gate:
    """Holds the newest of each input and decides. The caller gives the steady time with everything."""

    def __init__(self, settings: GateSettings, limits: RobotLimits, session: str) -> None:
        """Start disarmed: no plan is approved and nobody consents."""
        self._settings, self._limits, self.session = settings, limits, session
        self._motion = Motion((*limits.acceleration[:INSERTION], settings.decelerate_mps2))
        self._approved: tuple[str, tuple[float, ...]] | None = None
        self._correction: Correction | None = None
        self._correction_from_m = 0.0
        self._consent: Consent | None = None
        self._spent_grant = -1
        self._robot: RobotState | None = None
        self._stopped = ""
        self._latched = ""
        self._held_since_ns: int | None = None
        self._astray_since_ns: int | None = None
        self._tick_ns: int | None = None
        self._command_sequence = 0
        self._begun = False
        self._degraded = ""
        self._over_budget = self._future = self._outside = 0
        self.refused: dict[str, int] = {}
        self.accepted = 0
        self.levels_reached: set[Level] = set()
        self.blind_travel_max_m = 0.0

    @property
    def approved_hash(self) -> str | None:
        """The hash of the plan that may be followed."""
        return self._approved[0] if self._approved else None

    def approve(self, plan_hash: str, joints: tuple[float, ...], depth_m: float) -> None:
        """Take the operator's approval of a plan: its hash, the guide's joints on it and its depth.

        Raises:
            RefusedError: Motion is under way, a stop is in force, or the robot cannot reach the plan.
        """
        planned = (*joints[:INSERTION], depth_m)
        if self._stopped:
            raise RefusedError(f"stopped ({self._stopped}): reset first")
        if self._motion.moving:
            raise RefusedError("the robot is moving: hold first")
        if not all(math.isfinite(value) for value in planned):
            raise RefusedError("the plan holds a value that is not finite")
        if fault := checks.reach_fault(planned, self._limits):
            raise RefusedError(f"the robot cannot reach the plan: {fault}")
        self._approved = plan_hash, planned
        self._correction, self._begun, self._held_since_ns = None, False, None

    @property
    def measured(self) -> RobotState | None:
        """What the robot measured last."""
        return self._robot

    def consent_held(self, now_ns: int) -> bool:
        """Whether a fresh consent for the approved plan is held."""
        approved, spent = self.approved_hash, self._spent_grant
        if approved is None:
            return False
        return not checks.consent_fault(self._consent, now_ns, approved, spent, self._settings)

    def withdraw(self) -> None:
        """Take the approval back; a moving needle stops."""
        self._approved = self._correction = None
        self._begun = False

    def consent(self, consent: Consent) -> None:
        """Take the operator's consent; one of another session or out of order is refused."""
        last = self._consent
        if consent.session != self.session or (last and consent.sequence <= last.sequence):
            self.refuse("consent of another session or out of order")
            return
        if last and last.held and not consent.held:
            self._spent_grant = max(self._spent_grant, last.grant)
        self._consent = consent

    def robot(self, state: RobotState) -> None:
        """Take the robot's measured state."""
        values = (*state.position.tolist(), *state.velocity.tolist(), state.force_n)
        if all(math.isfinite(value) for value in values):
            self._robot = state
        else:
            self.stop("the robot's state is not finite")

    def stop(self, reason: str) -> None:
        """Stop protectively (R4) until reset."""
        self._stopped = self._stopped or reason
        self.withdraw()

    def reset(self, now_ns: int) -> None:
        """Leave R4; the plan must be approved and consent be given anew.

        Raises:
            RefusedError: The cause persists.
        """
        if cause := self._protective_cause(now_ns):
            raise RefusedError(f"cannot reset: {cause}")
        if self._stopped:
            self._latch("reset")
        self._stopped, self._outside = "", 0

    def offer(self, correction: Correction, now_ns: int) -> str:
        """Take a correction or refuse it; return why it was refused, empty when accepted."""
        last = self._correction.sequence if self._correction else None
        why = checks.correction_fault(correction, now_ns, self.approved_hash, last, self._settings)
        self._over_budget = self._over_budget + 1 if why == checks.OVER_BUDGET else 0
        self._future = self._future + 1 if why == checks.FUTURE else 0
        if self._future >= FUTURE_LATCHES:
            self._latch("images from the future: check the clocks")
        if why:
            self.refuse(why)
            return why
        self._correction = correction
        self._correction_from_m = self._motion.position[-1] if self._motion.position else 0.0
        self.accepted += 1
        return ""

    def tick(self, now_ns: int) -> Decision:
        """Decide for this moment; call at least every 10 ms and after every accepted correction."""
        elapsed_s = 0.0 if self._tick_ns is None else (now_ns - self._tick_ns) / NS_PER_S
        self._tick_ns = now_ns
        if cause := self._protective_cause(now_ns):
            self.stop(cause)
        if self._stopped:
            return self._decide(Level.R4, (self._stopped,), self._hold_here(now_ns, enable=False))
        if self._approved is None or self._robot is None:
            return self._decide(Level.R0, ("no approved plan",), None)
        if self._arrived():
            self.withdraw()  # the work is done: letting go of consent is no fault
            return self._decide(Level.R0, ("arrived",), None)
        holds = self._reasons_to_hold(now_ns)
        if not self._begun and not holds and (self._robot.brake or not self._robot.enabled):
            return self._decide(Level.R0, ("drives off",), self._hold_here(now_ns, enable=True))
        if not self._begun and not self._begin(holds):
            level = Level.R3 if self._latched else Level.R0
            return self._decide(level, (self._latched, *holds) if self._latched else holds, None)
        self._count_hold(holds, now_ns)
        outside = self._move(AT_REST if holds or self._latched else self._rate(), elapsed_s, now_ns)
        return self._decide(*self._reaction((*holds, *outside)), self._command(now_ns, enable=True))

    def _reaction(self, holds: tuple[str, ...]) -> tuple[Level, tuple[str, ...]]:
        """Return the level of what is wrong now, and what it is."""
        if self._stopped:
            return Level.R4, (self._stopped,)
        if self._latched:
            return Level.R3, (f"consent again ({self._latched})", *holds)
        if holds:
            return Level.R2, holds
        if self._degraded:
            return Level.R1, (self._degraded,)
        return Level.R0, ()

    def _protective_cause(self, now_ns: int) -> str:
        """Return what calls for a protective stop, empty when nothing does."""
        robot = self._robot
        if robot is None:
            return ""
        if fault := checks.robot_fault(robot, self._settings):
            return fault
        if not self._begun:
            return ""
        if robot.brake or not robot.enabled:
            return "drives off or brakes on during motion"
        if (now_ns - robot.steady_ns) / NS_PER_MS > self._settings.state_stop_ms:
            return "robot state missing"
        measured = tuple(robot.position.tolist())
        fault = checks.following_fault(self._motion.position, measured, self._settings)
        if not fault:
            self._astray_since_ns = None
            return ""
        self._astray_since_ns = self._astray_since_ns or now_ns
        lasted_ms = (now_ns - self._astray_since_ns) / NS_PER_MS
        return fault if lasted_ms >= self._settings.following_ms else ""

    def _arrived(self) -> bool:
        done = self._correction is not None and self._correction.mode == Mode.ARRIVED
        return done and not self._motion.moving

    def _begin(self, holds: tuple[str, ...]) -> bool:
        """Start moving once nothing holds; a latch is left by a new press alone."""
        if holds or self._robot is None:
            return False
        self._latched = ""
        self._begun = True
        self._motion.start_from(tuple(self._robot.position.tolist()))
        return True

    def _reasons_to_hold(self, now_ns: int) -> tuple[str, ...]:
        """Return every reason not to move now."""
        correction, robot = self._correction, self._robot
        assert robot is not None and self._approved is not None
        consent = checks.consent_fault(
            self._consent, now_ns, self._approved[0], self._spent_grant, self._settings
        )
        if consent == checks.EXPIRED:
            self._spend_grant()
        holds = [consent] if consent else []
        if correction is None:
            holds.append("no correction")
        elif now_ns >= correction.expires_steady_ns:
            holds.append("correction expired")
        elif correction.mode == Mode.HOLD:
            holds.append(correction.reason or "guidance holds")
        if self._over_budget >= OVER_BUDGET_HOLDS:
            holds.append("over budget three times in a row")
        if (now_ns - robot.steady_ns) / NS_PER_MS > self._settings.state_hold_ms:
            holds.append("robot state late")
        return tuple(holds)

    def _count_hold(self, holds: tuple[str, ...], now_ns: int) -> None:
        """Latch a hold that lasts a second; leave the latch once nothing holds, new consent included."""
        if not holds:
            self._held_since_ns, self._latched = None, ""
            return
        if self._latched and any(why not in checks.OF_CONSENT for why in holds):
            self._spend_grant()  # a press before the cause is gone is no answer to it
        self._held_since_ns = self._held_since_ns or now_ns
        if now_ns - self._held_since_ns >= HELD_TOO_LONG_NS and not self._latched:
            self._latch(holds[0])

    def _latch(self, reason: str) -> None:
        """Hold until the operator presses anew: the grant in force is spent."""
        self._latched = reason
        self._spend_grant()

    def _spend_grant(self) -> None:
        if self._consent is not None:
            self._spent_grant = max(self._spent_grant, self._consent.grant)

    def _rate(self) -> tuple[float, ...]:
        """Return the joint rates the correction asks for, within the robot's speeds."""
        correction = self._correction
        assert correction is not None
        if correction.mode not in (Mode.ALIGN, Mode.ADVANCE):
            return AT_REST
        used_m = self._motion.position[-1] - self._correction_from_m
        advance = correction.advance_mps if used_m < correction.advance_limit_m else 0.0
        return tuple(
            max(-limit, min(limit, rate))
            for rate, limit in zip(
                (*correction.guide_rate, advance), self._limits.velocity, strict=True
            )
        )

    def _move(self, rate: tuple[float, ...], elapsed_s: float, now_ns: int) -> tuple[str, ...]:
        """Move the set point, or refuse to leave the envelope and say so."""
        assert self._approved is not None
        seen_ns = self._correction.acquired_steady_ns if self._correction else now_ns
        position, velocity = self._motion.proposed(rate, elapsed_s)
        fault = checks.envelope_fault(position, self._approved[1], self._limits, self._settings)
        if fault:
            self._outside += 1
            position, velocity = self._motion.position, AT_REST
            if self._outside > OUTSIDE_STOPS:
                self.stop(f"outside the envelope {self._outside} times in a row: {fault}")
        else:
            self._outside = 0
            if self._blind_if(position, velocity, seen_ns) > BLIND_TRAVEL_M:
                fault = "blind travel at its limit"
                position, velocity = self._motion.proposed(AT_REST, elapsed_s)
        self._motion.take(position, velocity, now_ns)
        self.blind_travel_max_m = max(self.blind_travel_max_m, self._motion.advanced_since(seen_ns))
        return (fault,) if fault else ()

    def _blind_if(
        self, position: tuple[float, ...], velocity: tuple[float, ...], seen_ns: int
    ) -> float:
        """Return the blind travel in metres if the proposal were taken and then stopped from."""
        stopping_m = velocity[-1] ** 2 / (2 * self._settings.decelerate_mps2)
        step_m = position[-1] - self._motion.position[-1]
        return self._motion.advanced_since(seen_ns) + step_m + stopping_m

    def _hold_here(self, now_ns: int, *, enable: bool) -> Command | None:
        """Return the command that switches the drives on or off where the robot is."""
        if self._robot is None:
            return None
        self._motion.start_from(tuple(self._robot.position.tolist()))
        return self._command(now_ns, enable=enable)

    def _command(self, now_ns: int, *, enable: bool) -> Command:
        self._command_sequence += 1
        return Command(
            session=self.session,
            sequence=self._command_sequence,
            correction_sequence=self._correction.sequence if self._correction else 0,
            stamp_ns=self._correction.stamp_ns if self._correction else 0,
            issued_steady_ns=now_ns,
            expires_steady_ns=now_ns + int(self._settings.command_expiry_ms * NS_PER_MS),
            enable=enable,
            position=self._motion.position,
            velocity=self._motion.velocity,
        )

    def refuse(self, why: str) -> None:
        """Count a datum that cannot be used (R1)."""
        self.refused[why] = self.refused.get(why, 0) + 1
        self._degraded = why

    def _decide(self, level: Level, reasons: tuple[str, ...], command: Command | None) -> Decision:
        self.levels_reached.add(level)
        self._degraded = ""
        seen = self._correction
        return Decision(
            level=level,
            latched=level >= Level.R3,
            reasons=reasons,
            command=command,
            accepted=seen.sequence if seen else None,
            blind_travel_m=self._motion.advanced_since(seen.acquired_steady_ns) if seen else 0.0,
            blind_travel_max_m=self.blind_travel_max_m,
        )
