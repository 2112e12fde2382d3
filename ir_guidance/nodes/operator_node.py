# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The operator as a node: a script that stands for a person, or a person's hand on a key."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace

from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point
from pydantic import Field
from rclpy.action import ActionClient
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from std_srvs.srv import Trigger

from ir_guidance.commands import motion_keys
from ir_guidance.nodes import conversions, qos, topics
from ir_guidance.nodes.parameters import OPTIONS, NodeSettings, read_settings
from ir_guidance.nodes.running import STEADY, reported, run, steady_ns
from ir_guidance.pipeline import Phase
from ir_guidance.scripted_operator import (
    Eyes,
    OperatorSettings,
    Screen,
    ScriptedOperator,
    Wish,
    eyes_from,
)
from ir_guidance.values import Consent, Hand, Level
from ir_guidance_msgs.action import Insert
from ir_guidance_msgs.msg import Consent as ConsentMsg
from ir_guidance_msgs.msg import GateState, GroundTruth, PhaseState
from ir_guidance_msgs.msg import Hand as HandMsg
from ir_guidance_msgs.msg import Plan as PlanMsg
from ir_guidance_msgs.srv import ApprovePlan, ComputePlan, SelectTarget


class OperatorNodeSettings(NodeSettings):
    """Who operates."""

    seed: int = Field(0, ge=0, description="Draws the script's errors of pointing.")
    rate_hz: float = Field(20.0, ge=10, le=100, description="How often consent is repeated.")
    operator: OperatorSettings = OperatorSettings()


class OperatorNode(LifecycleNode):
    """Points, asks for a plan, approves it, starts the insertion and consents while it lasts.

    The script is told by the room what a person would see; a hand, where there is one, alone decides
    whether consent is held, and moves the robot by the keys of ``motion_keys``. A script moves nothing by hand.
    """

    def __init__(self, hand: Callable[[], str] | None = None, **options: object) -> None:
        super().__init__("operator", **(OPTIONS | options))
        self.settings, _ = read_settings(self, OperatorNodeSettings)
        self._hand, self._key, self._hand_grant = hand, "", 0
        self._presses = self._hand_sequence = 0
        self.name = "scripted" if hand is None else "terminal"
        self._eyes: Eyes | None = None
        self._looked_at = Time()
        self._gate: GateState | None = None
        self._phase, self._plan_hash = Phase.IDLE, ""
        self._inserting = self._finished = False
        self._sequence = 0
        self._timer = None
        self.result: Insert.Result | None = None
        self.gave_up = False
        subscribe = self.create_subscription
        subscribe(GroundTruth, topics.GROUND_TRUTH, self._on_truth, qos.COMMANDS_TAKEN)
        subscribe(GateState, topics.GATE_STATE, self._on_gate, qos.LATCHED)
        subscribe(PhaseState, topics.PHASE, self._on_phase, qos.LATCHED)
        subscribe(PlanMsg, topics.PLAN, self._on_plan, qos.LATCHED)
        self._consents = self.create_lifecycle_publisher(ConsentMsg, topics.CONSENT, qos.CONSENT)
        self._hands = self.create_lifecycle_publisher(HandMsg, topics.HAND, qos.CONSENT)
        self._select = self.create_client(SelectTarget, topics.SELECT_TARGET)
        self._compute = self.create_client(ComputePlan, topics.COMPUTE_PLAN)
        self._approve = self.create_client(ApprovePlan, topics.APPROVE_PLAN)
        self._sweep = self.create_client(Trigger, topics.SWEEP_PROBE)
        self._insert = ActionClient(self, Insert, topics.INSERT)

    @reported
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._script = ScriptedOperator(self.settings.operator, self.settings.seed)
        return TransitionCallbackReturn.SUCCESS

    @reported
    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._timer = self.create_timer(1 / self.settings.rate_hz, self._step, clock=STEADY)
        return super().on_activate(state)

    @reported
    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._rest()
        return super().on_deactivate(state)

    @reported
    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._rest()
        return TransitionCallbackReturn.SUCCESS

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._rest()
        return TransitionCallbackReturn.SUCCESS

    def destroy_node(self) -> None:
        """Release the action client before the node that it belongs to."""
        self._insert.destroy()
        super().destroy_node()

    def _rest(self) -> None:
        if self._timer is not None:
            self.destroy_timer(self._timer)
            self._timer = None

    def _on_truth(self, msg: GroundTruth) -> None:
        self._eyes = eyes_from(conversions.truth_from_msg(msg).extra)
        self._looked_at = msg.header.stamp

    def _on_gate(self, msg: GateState) -> None:
        self._gate = msg

    def _on_phase(self, msg: PhaseState) -> None:
        self._phase = Phase(msg.phase)

    def _on_plan(self, msg: PlanMsg) -> None:
        self._plan_hash = msg.hash

    def _step(self) -> None:
        gate = self._gate
        if gate is None:
            return
        screen = Screen(
            phase=self._phase,
            level=Level(gate.level),
            latched=gate.latched,
            plan_hash=self._plan_hash,
            approved_hash=gate.approved_plan_hash,
            inserting=self._inserting,
            finished=self._finished,
        )
        wish = self._script.step(steady_ns(), self._eyes, screen)
        if self._hand is not None:
            wish = self._by_hand(wish)
        self.gave_up = wish.gave_up
        self._utter(wish)
        if wish.consent_hash:
            self._consent(wish, gate.session)

    def _by_hand(self, wish: Wish) -> Wish:
        """Let the hand on the key replace the script's consent; every new press is a new grant."""
        before, self._key = self._key, self._hand()
        held = self._key == motion_keys.CONSENT
        if held and self._key != before:
            self._hand_grant += 1
        self._move_by_hand(before)
        return replace(wish, held=held, grant=self._hand_grant, gave_up=False)

    def _move_by_hand(self, before: str) -> None:
        """Say which motion key is held, and once that it was let go."""
        asked, asked_before = motion_keys.motion_of(self._key), motion_keys.motion_of(before)
        if asked is not None and self._key != before:
            self._presses += 1
        told = asked or asked_before
        if told is None:
            return
        self._hand_sequence += 1
        hand = Hand(
            session=self._gate.session,
            sequence=self._hand_sequence,
            issued_steady_ns=steady_ns(),
            press=self._presses,
            held=asked is not None,
            mean=told[0],
            rate=told[1],
        )
        self._hands.publish(conversions.hand_to_msg(hand))

    def _utter(self, wish: Wish) -> None:
        """Ask the software for what the operator wants; an answer that is lost is asked for again."""
        if wish.point_px is not None and self._select.service_is_ready():
            self._ask(self._select, selection(wish, self._looked_at))
        if wish.marks_px is not None and self._compute.service_is_ready():
            marks = [Point(x=u, y=v, z=radius) for u, v, radius in wish.marks_px]
            regions = [conversions.sphere_to_msg(region) for region in wish.regions]
            self._ask(self._compute, ComputePlan.Request(obstacles=marks, regions=regions))
        if wish.approve and self._approve.service_is_ready():
            request = ApprovePlan.Request(
                plan_hash=wish.approve, operator_name=f"{self.name} operator", approve=True
            )
            self._ask(self._approve, request)
        if wish.sweep and self._sweep.service_is_ready():
            self._sweep.call_async(Trigger.Request())
        if wish.insert and self._insert.server_is_ready():
            future = self._insert.send_goal_async(Insert.Goal(plan_hash=wish.insert))
            future.add_done_callback(self._on_goal_answer)

    def _ask(self, client, request) -> None:
        client.call_async(request).add_done_callback(self._on_answer)

    def _on_answer(self, future) -> None:
        answer = future.result()
        if answer is not None and answer.error_code != 0:
            self.get_logger().warning(answer.message)

    def _on_goal_answer(self, future) -> None:
        goal = future.result()
        if goal is not None and goal.accepted:
            self._inserting = True
            goal.get_result_async().add_done_callback(self._on_result)

    def _on_result(self, future) -> None:
        self.result = future.result().result
        self._inserting, self._finished = False, True
        self.get_logger().info(f"insertion ended: {self.result.message}")

    def _consent(self, wish: Wish, session: str) -> None:
        self._sequence += 1
        consent = Consent(
            session=session,
            sequence=self._sequence,
            issued_steady_ns=steady_ns(),
            plan_hash=wish.consent_hash,
            grant=wish.grant,
            held=wish.held,
        )
        self._consents.publish(conversions.consent_to_msg(consent))


def selection(wish: Wish, looked_at: Time) -> SelectTarget.Request:
    """Return the request for a target at a pixel of an image, with its place in space or a second plane where known."""
    u_px, v_px = wish.point_px
    request = SelectTarget.Request(stamp=looked_at, u_px=u_px, v_px=v_px)
    if wish.place is not None:
        x, y, z = (float(value) for value in wish.place.point_m)
        request.place_known, request.place = True, Point(x=x, y=y, z=z)
        request.place_sigma_m = float(wish.place.sigma_m)
    if wish.second_px is not None:
        request.second_known = True
        request.second_u_px, request.second_v_px = wish.second_px
    return request


def main(args: list[str] | None = None) -> None:
    """Run the scripted operator until it is interrupted."""
    sys.exit(run(lambda: [OperatorNode()], args))


if __name__ == "__main__":
    main()
