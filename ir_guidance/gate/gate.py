# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The gate's decision, every period and at every correction: one command, or none and why.

R0 all is well or nothing is asked; R1 a datum was refused; R2 hold; R3 hold until the operator consents
again; R4 protective stop until reset. R5, the hard-wired stop, is only observed.
"""

from __future__ import annotations

import math

from ir_guidance.gate import checks
from ir_guidance.gate.answers import Answers
from ir_guidance.gate.hand import HandKey
from ir_guidance.gate.intake import AT_REST, Intake
from ir_guidance.gate.motion import Motion, replaced
from ir_guidance.gate.permission import HELD_TOO_LONG_NS, Permission
from ir_guidance.gate.phantom import PhantomCheck
from ir_guidance.gate.protection import Protection
from ir_guidance.gate.settings import BLIND_TRAVEL_M, GateSettings
from ir_guidance.kinematics import INSERTION, RobotLimits
from ir_guidance.values import (
    NS_PER_MS,
    NS_PER_S,
    Command,
    Consent,
    Correction,
    Decision,
    Hand,
    Level,
    RobotState,
)

OUTSIDE_STOPS = 10
IDLE, ARRIVED = "no approved plan", "arrived"
"""What is said while nothing is asked; an arrival until the next approval, lest a listener miss it."""


class RefusedError(ValueError):
    """The gate refuses what the operator asks; the message says why."""


class Gate:
    """Holds the newest of each input and decides. The caller gives the steady time with everything."""

    def __init__(self, settings: GateSettings, limits: RobotLimits, session: str) -> None:
        """Start disarmed: no plan is approved and nobody consents."""
        self._settings, self._limits, self.session = settings, limits, session
        acceleration = replaced(limits.acceleration, INSERTION, settings.decelerate_mps2)
        self._motion = Motion(acceleration)
        self._intake = Intake(settings, limits.velocity, acceleration)
        self._permission = Permission(settings, session)
        self._protection = Protection(settings)
        self.phantom = PhantomCheck(settings)
        self._hand = HandKey(settings, limits, acceleration, session)
        self._by_hand = False
        self._idle = IDLE
        self._approved: tuple[str, tuple[float, ...]] | None = None
        self.measured: RobotState | None = None
        """What the robot measured last."""
        self._stopped = ""
        self._tick_ns: int | None = None
        self._begun = self._ran_out = False
        self._outside = 0
        self._answers = Answers(settings, session, self._motion)
        self.refuse = self._answers.refuse
        self.refused, self.levels_reached = self._answers.refused, self._answers.levels_reached

    @property
    def approved_hash(self) -> str | None:
        """The hash of the plan that may be followed."""
        return self._approved[0] if self._approved else None

    @property
    def blind_travel_max_m(self) -> float:
        """The farthest that the needle was asked to advance after an image, in metres."""
        return self._answers.blind_travel_max_m

    @property
    def accepted(self) -> int:
        """How many corrections were taken."""
        return self._intake.accepted

    def approve(self, plan_hash: str, joints: tuple[float, ...], depth_m: float) -> None:
        """Take the operator's approval of a plan: its hash, the guide's joints on it and its depth.

        Raises:
            RefusedError: It moves, is stopped, lacks a phantom check, or cannot reach the plan.
        """
        planned = replaced(joints, INSERTION, depth_m)
        if self._stopped:
            raise RefusedError(f"stopped ({self._stopped}): reset first")
        if self._motion.moving or self._by_hand:
            raise RefusedError("the robot is moving: hold first")
        if fault := self.phantom.fault() or checks.plan_fault(planned, self._limits):
            raise RefusedError(fault)
        self._approved, self._idle = (plan_hash, planned), IDLE
        self._begun = False
        self._intake.clear()

    def consent_held(self, now_ns: int) -> bool:
        """Whether a fresh consent for the approved plan is held."""
        approved = self.approved_hash
        return approved is not None and not self._permission.fault(now_ns, approved)

    def withdraw(self) -> None:
        """Take the approval back; a moving needle stops."""
        self._approved, self._begun = None, False
        self._intake.clear()
        if not self._by_hand:
            self._motion.halt()

    def hand(self, hand: Hand) -> str:
        """Take what the operator's hand does on a motion key; return why it is refused, empty when taken."""
        if why := self._hand.take(hand):
            self.refuse(why)
        return why

    def consent(self, consent: Consent) -> None:
        """Take the operator's consent; one of another session or out of order is refused."""
        if not self._permission.take(consent):
            self.refuse("consent of another session or out of order")

    def robot(self, state: RobotState) -> None:
        """Take the robot's measured state."""
        values = (*state.position.tolist(), *state.velocity.tolist(), state.force_n)
        if all(math.isfinite(value) for value in values):
            self.measured = state
        else:
            self.stop("the robot's state is not finite")

    def stop(self, reason: str) -> None:
        """Stop protectively (R4) until reset."""
        self._stopped, self._by_hand = self._stopped or reason, False
        self._hand.spend()
        self.withdraw()

    def reset(self, now_ns: int) -> None:
        """Leave R4; the plan must be approved and consent be given anew.

        Raises:
            RefusedError: The cause persists.
        """
        if cause := self._protective_cause(now_ns):
            raise RefusedError(f"cannot reset: {cause}")
        if self._stopped:
            self._permission.latch("reset")
            self._hand.spend()
        self._stopped, self._outside = "", 0

    def offer(self, correction: Correction, now_ns: int) -> str:
        """Take a correction or refuse it; return why it was refused, empty when accepted."""
        insertion_m = self._motion.position[INSERTION] if self._motion.position else 0.0
        why = self._intake.offer(correction, now_ns, self.approved_hash, insertion_m)
        if self._intake.clocks_disagree:
            self._permission.latch("images from the future: check the clocks")
        if why:
            self.refuse(why)
        return why

    def tick(self, now_ns: int) -> Decision:
        """Decide for this moment; call at least every 10 ms and after every accepted correction."""
        elapsed_s = 0.0 if self._tick_ns is None else (now_ns - self._tick_ns) / NS_PER_S
        self._tick_ns = now_ns
        self._after_a_gap(elapsed_s * NS_PER_S)
        if cause := self._protective_cause(now_ns):
            self.stop(cause)
        if self._stopped:
            return self._decide(Level.R4, (self._stopped,), self._hold_here(now_ns, enable=False))
        hand = self._hand.asks(now_ns)
        if self.measured is not None and (hand is not None or self._by_hand):
            return self._decide(*self._follow_hand(self.measured, hand, elapsed_s, now_ns))
        if self._approved is None or self.measured is None:
            return self._decide(Level.R0, (self._idle,), None)
        if self._intake.arrived and not self._motion.moving:
            self.withdraw()  # the work is done: letting go of consent is no fault
            self._idle = ARRIVED
            return self._decide(Level.R0, (self._idle,), None)
        holds = self._reasons_to_hold(now_ns)
        if not self._begun:
            if holds:
                return self._decide(*self._permission.waiting(holds), None)
            if self.measured.brake or not self.measured.enabled:
                return self._decide(Level.R0, ("drives off",), self._hold_here(now_ns, enable=True))
            self._begin(self.measured, now_ns)
        self._permission.count_hold(holds, now_ns)
        if self._ran_out and not self._go_on_from(self.measured, now_ns):
            return self._decide(*self._reaction(holds), None)
        rate = AT_REST if holds else self._intake.rate(self._motion.position[INSERTION])
        outside = self._move(rate, elapsed_s, now_ns)
        if self._stopped:
            return self._decide(Level.R4, (self._stopped,), self._hold_here(now_ns, enable=False))
        return self._decide(*self._reaction((*holds, *outside)), self._command(now_ns, enable=True))

    def _follow_hand(
        self, robot: RobotState, hand: Hand | None, elapsed_s: float, now_ns: int
    ) -> tuple[Level, tuple[str, ...], Command | None]:
        """Move as the hand asks, or come to rest once it does not; what images asked for waits for new consent."""
        if late := self._late(robot, now_ns):
            self._hand.spend()
            hand = None
        begins = not self._begun and not self._by_hand
        if (begins or self._ran_out) and not self._go_on_from(robot, now_ns):
            return Level.R2, ("robot state late, or beyond a limit",), None
        if begins and (robot.brake or not robot.enabled):
            return Level.R0, ("drives off",), self._hold_here(now_ns, enable=True)
        if self._approved is not None:
            self._permission.latch("moved by hand")
        reasons = self._hand.move(self._motion, hand, elapsed_s, now_ns)
        self._by_hand = hand is not None or self._motion.moving
        level = Level.R3 if self._permission.latched else Level.R2 if late else Level.R0
        return level, reasons, self._command(now_ns, enable=True)

    def _late(self, robot: RobotState, now_ns: int) -> bool:
        return checks.state_age_ms(robot, now_ns) > self._settings.state_hold_ms

    def _go_on_from(self, robot: RobotState, now_ns: int) -> bool:
        """Begin again where the drive came to rest; False while that is not known, or is out of reach."""
        at = checks.within_reach(tuple(robot.position.tolist()), self._limits)
        if self._late(robot, now_ns) or at is None:
            return False
        self._motion.start_from(at, now_ns)
        self._protection.clear()
        self._ran_out = False
        return True

    def _after_a_gap(self, elapsed_ns: float) -> None:
        """Note that the last command ran out: the drive has stopped by itself, further on than it."""
        if elapsed_ns > self._settings.command_expiry_ms * NS_PER_MS:
            self._hand.spend()
            self._motion.halt()
            self._ran_out = True
        if self._begun and elapsed_ns >= HELD_TOO_LONG_NS:
            self._permission.latch("the gate was kept from deciding")

    def _protective_cause(self, now_ns: int) -> str:
        """Return what calls for a protective stop, empty when nothing does."""
        asked = self._motion.position if self._begun or self._by_hand else None
        return self._protection.cause(self.measured, asked, now_ns)

    def _begin(self, robot: RobotState, now_ns: int) -> None:
        """Start moving from where the robot is."""
        self._begun = True
        self._go_on_from(robot, now_ns)
        self._intake.count_from(self._motion.position[INSERTION])

    def _reasons_to_hold(self, now_ns: int) -> tuple[str, ...]:
        """Return every reason not to move now."""
        robot, approved = self.measured, self._approved
        assert robot is not None and approved is not None
        consent = self._permission.judge(now_ns, approved[0])
        holds = [consent] if consent else []
        holds += self._intake.reasons_to_hold(now_ns)
        if self._late(robot, now_ns):
            holds.append("robot state late")
        if not self._begun and (fault := self._outside_fault(tuple(robot.position.tolist()))):
            holds.append(fault)
        return tuple(holds)

    def _outside_fault(self, position: tuple[float, ...]) -> str:
        assert self._approved is not None
        return checks.envelope_fault(position, self._approved[1], self._limits, self._settings)

    def _move(self, rate: tuple[float, ...], elapsed_s: float, now_ns: int) -> tuple[str, ...]:
        """Move the set point, or slow down rather than leave the envelope, and say so."""
        seen = self._intake.newest
        seen_ns = seen.acquired_steady_ns if seen else now_ns
        position, velocity = self._motion.proposed(rate, elapsed_s)
        rest = self._motion.rest_after(position, velocity)
        # The needle may get deeper on the way to rest before the guide has stopped turning.
        deeper = replaced(position, INSERTION, rest[INSERTION])
        fault = self._outside_fault(deeper) or self._outside_fault(rest)
        self._outside = self._outside + 1 if fault else 0
        stopping_m = rest[INSERTION] - self._motion.position[INSERTION]
        if not fault and self._motion.advanced_since(seen_ns) + stopping_m > BLIND_TRAVEL_M:
            fault = "blind travel at its limit"
        if fault:
            position, velocity = self._motion.proposed(AT_REST, elapsed_s)
        self._motion.take(position, velocity, now_ns)
        self._answers.note_blind_travel(seen_ns)
        if self._outside > OUTSIDE_STOPS:
            self.stop(f"outside the envelope {self._outside} times in a row: {fault}")
        return (fault,) if fault else ()

    def _hold_here(self, now_ns: int, *, enable: bool) -> Command | None:
        """Return the command that switches the drives on or off where the robot is."""
        if self.measured is None:
            return None
        self._motion.start_from(tuple(self.measured.position.tolist()), now_ns)
        return self._command(now_ns, enable=enable)

    def _reaction(self, holds: tuple[str, ...]) -> tuple[Level, tuple[str, ...]]:
        return self._permission.reaction(self._answers.degraded, holds)

    def _command(self, now_ns: int, *, enable: bool) -> Command:
        return self._answers.command(self._intake.newest, now_ns, enable=enable)

    def _decide(self, level: Level, reasons: tuple[str, ...], command: Command | None) -> Decision:
        return self._answers.decision(level, reasons, command, self._intake.newest)
