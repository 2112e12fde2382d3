# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Everything round the gate in one test node: a drive, a planner and an operator, each as told."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from graph import Graph
from ir_guidance.kinematics import INSERTION, axis
from ir_guidance.nodes import conversions, qos, topics
from ir_guidance.plan.identity import hashed
from ir_guidance.profiles import load_profile
from ir_guidance.robot import EmbeddedRobot
from ir_guidance.values import NS_PER_MS, Consent, Correction, Mode, Plan
from ir_guidance_msgs.msg import Command, GateState, LatencyReport, RobotState
from ir_guidance_msgs.msg import Consent as ConsentMsg
from ir_guidance_msgs.msg import Correction as CorrectionMsg
from ir_guidance_msgs.msg import Plan as PlanMsg
from ir_guidance_msgs.srv import ApprovePlan, Reset, Stop

PROFILE = load_profile("biopsy")
HOME = PROFILE.drive.home
PLAN = hashed(
    Plan(  # straight on from where the drive stands: nothing to align
        entry_m=np.array([HOME[0], HOME[1], 0.0]),
        target_m=np.array([HOME[0], HOME[1], 0.0]) + 0.05 * axis(HOME[2], HOME[3]),
        direction=axis(HOME[2], HOME[3]),
        length_m=0.05,
        clearance_m=1.0,
        geometry_epoch=1,
        obstacles=(),
        hash="",
    )
)
EXPIRY_NS = 150 * NS_PER_MS
steady_ns = time.monotonic_ns


class Rig:
    """What the gate hears is an attribute, to be changed or set to None; what it says is a list."""

    def __init__(self, graph: Graph, namespace: str = "", *, drive: bool = True) -> None:
        """Without a drive the robot is another process's, and what it measures is only listened to."""
        self.graph, self._namespace = graph, namespace
        self.drive = EmbeddedRobot(PROFILE.drive, PROFILE.limits, 0, steady_ns()) if drive else None
        self.correction: Callable[[], CorrectionMsg] | None = self.next_correction
        self.consent: dict[str, Any] | None = None
        self.sent: list[CorrectionMsg] = []
        self.consents = 0
        node = graph.node
        self.told: list[RobotState] = (
            [] if drive else graph.heard(RobotState, self._at(topics.ROBOT_STATE), qos.RECORDED)
        )
        self.commands: list[Command] = graph.heard(Command, self._at(topics.COMMAND), qos.RECORDED)
        self.states: list[GateState] = graph.heard(
            GateState, self._at(topics.GATE_STATE), qos.LATCHED
        )
        self.latencies: list[LatencyReport] = graph.heard(
            LatencyReport, self._at(topics.LATENCY), qos.RECORDED
        )
        self._corrections = node.create_publisher(
            CorrectionMsg, self._at(topics.CORRECTION), qos.COMMANDS
        )
        self._plans = node.create_publisher(PlanMsg, self._at(topics.PLAN), qos.LATCHED)
        self._consented = node.create_publisher(ConsentMsg, self._at(topics.CONSENT), qos.CONSENT)
        self._spoken = [self._corrections, self._plans, self._consented]
        if drive:
            self._play_drive()
        node.create_timer(1 / 30, self._correct)
        node.create_timer(0.05, self._hold_consent)
        since_ns = steady_ns()
        graph.until(
            lambda: self.states and self.state.steady_ns > since_ns and self._heard(),
            "the gate and the rig hear each other",
        )

    def _at(self, name: str) -> str:
        return f"{self._namespace}/{name}"

    def _heard(self) -> bool:
        return all(publisher.get_subscription_count() for publisher in self._spoken)

    def _play_drive(self) -> None:
        node, command = self.graph.node, self._at(topics.COMMAND)
        node.create_subscription(Command, command, self._obey, qos.COMMANDS_TAKEN)
        self._states = node.create_publisher(RobotState, self._at(topics.ROBOT_STATE), qos.COMMANDS)
        self._spoken.append(self._states)
        node.create_timer(0.01, self._drive)

    def _drive(self) -> None:
        if self.drive is not None:
            self.drive.step(steady_ns())
            msg = conversions.robot_state_to_msg(self.drive.state(), time.time_ns())
            self.told.append(msg)
            self._states.publish(msg)

    def _obey(self, msg: Command) -> None:
        if self.drive is not None:
            self.drive.step(steady_ns())
            self.drive.send(conversions.command_from_msg(msg), steady_ns())

    def _correct(self) -> None:
        if self.correction is not None:
            msg = self.correction()
            self.sent.append(msg)
            self._corrections.publish(msg)

    def _hold_consent(self) -> None:
        if self.consent is not None:
            self.consents += 1
            given = {"session": self.state.session, "plan_hash": PLAN.hash, "held": True}
            consent = Consent(
                **given | self.consent, sequence=self.consents, issued_steady_ns=steady_ns()
            )
            self._consented.publish(conversions.consent_to_msg(consent))

    def next_correction(self, **changes: Any) -> CorrectionMsg:
        """Return an advance at the profile's speed for an image acquired now."""
        now_ns = steady_ns()
        correction = Correction(
            sequence=len(self.sent) + 1,
            stamp_ns=time.time_ns(),
            acquired_steady_ns=now_ns,
            expires_steady_ns=now_ns + EXPIRY_NS,
            mode=Mode.ADVANCE,
            plan_hash=PLAN.hash,
            guide_rate=(0.0, 0.0, 0.0, 0.0),
            advance_mps=PROFILE.gate.advance_mps,
            advance_limit_m=0.0005,
            across_sigma_m=0.0005,
            along_sigma_m=0.0005,
            remaining_m=0.04,
            predicted_miss_m=0.0002,
            stage_ms={"track": 0.1},
        )
        return conversions.correction_to_msg(replace(correction, **changes), now_ns)

    @property
    def state(self) -> GateState:
        """What the gate said last."""
        return self.states[-1]

    def show(self, plan: Plan = PLAN, **changes: Any) -> None:
        """Publish a plan, as the planner does."""
        msg = conversions.plan_to_msg(plan, time.time_ns())
        for name, value in changes.items():
            setattr(msg, name, value)
        self._plans.publish(msg)

    def approve(self, plan_hash: str = PLAN.hash, name: str = "a person") -> ApprovePlan.Response:
        """Approve a plan."""
        request = ApprovePlan.Request(plan_hash=plan_hash, operator_name=name, approve=True)
        return self.graph.call(ApprovePlan, self._at(topics.APPROVE_PLAN), request)

    def withdraw(self) -> ApprovePlan.Response:
        """Withdraw the approval."""
        request = ApprovePlan.Request(plan_hash=PLAN.hash, operator_name="a person", approve=False)
        return self.graph.call(ApprovePlan, self._at(topics.APPROVE_PLAN), request)

    def stop(self) -> Stop.Response:
        """Ask for a protective stop."""
        return self.graph.call(Stop, self._at(topics.STOP), Stop.Request(reason="it looks wrong"))

    def reset(self, name: str = "a person") -> Reset.Response:
        """Ask for a latched stop to be cleared."""
        return self.graph.call(Reset, self._at(topics.RESET), Reset.Request(operator_name=name))

    def approved(self, plan: Plan = PLAN) -> None:
        """Show a plan and approve it as soon as the gate has heard of it."""
        self.show(plan)
        self.graph.until(lambda: self.approve(plan.hash).accepted, "the plan is approved")

    def moving(self) -> None:
        """Approve, consent, and wait until the needle advances steadily."""
        self.approved()
        self.consent = {"grant": 1}
        fast = 0.99 * PROFILE.gate.advance_mps

        def steadily() -> bool:
            if self.state.latched:  # the machine stood still and the press was spent: press again
                self.consent = {"grant": self.consent["grant"] + 1}
            return bool(self.commands) and self.commands[-1].velocity[INSERTION] > fast

        self.graph.until(steadily, "motion")

    def level(self, level: int, why: str = "") -> GateState:
        """Wait until the gate is at a level, for a reason that holds some words, and return what it says."""
        reached = self.graph.waited(
            lambda: self.state.level == level and why in "; ".join(self.state.reasons), 20.0
        )
        assert reached, f"R{level} {why} was not reached; last: {self.state}"
        return self.state


def moves(command: Command) -> bool:
    """Return whether a command asks any joint to move."""
    return any(command.velocity)
