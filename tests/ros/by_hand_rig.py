# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A hand on motion keys, and a caller of ``/move``, as tests play them."""

from __future__ import annotations

import numpy as np
from rclpy.action import ActionClient

from ir_guidance.nodes import conversions, qos, topics
from ir_guidance.values import NS_PER_MS, Hand, Mean
from ir_guidance_msgs.action import Move
from ir_guidance_msgs.msg import Hand as HandMsg
from rig import steady_ns

PRESSES = 5


class Keys:
    """A hand on motion keys: what is held is an attribute."""

    def __init__(self, graph, rig):
        self._graph, self._rig = graph, rig
        self._publisher = graph.node.create_publisher(HandMsg, topics.HAND, qos.CONSENT)
        self.press = self.sequence = 0
        self.asked = None
        graph.node.create_timer(0.05, self._repeat)
        graph.until(self._publisher.get_subscription_count, "the gate hears the hand")

    def hold(self, mean, rate=(0.0,) * 6):
        self.press += 1
        self.asked = (mean, rate)

    def hold_until(self, condition, what, mean=Mean.MOVE):
        """Hold a key until a condition gives something, and return it.

        A machine that stands still for 100 ms spends the press, as it should: a person presses again.
        """
        for _ in range(PRESSES):
            self.hold(mean)
            if found := self._graph.waited(condition, 5.0):
                return found
        raise AssertionError(f"not by {PRESSES} presses: {what}; last: {self._rig.state}")

    def let_go(self):
        mean, rate = self.asked
        self.asked = None
        self._say(mean, rate, held=False)
        return steady_ns()

    def fall_silent(self):
        self.asked = None
        return steady_ns() + 250 * NS_PER_MS

    def _repeat(self):
        if self.asked is not None:
            self._say(*self.asked, held=True)

    def _say(self, mean, rate, *, held):
        self.sequence += 1
        hand = Hand(
            session=self._rig.state.session,
            sequence=self.sequence,
            issued_steady_ns=steady_ns(),
            press=self.press,
            held=held,
            mean=mean,
            rate=rate,
        )
        self._publisher.publish(conversions.hand_to_msg(hand))


def asked_to_move(graph, position, eps_m=0.0, eps_rad=0.0):
    """Send a goal; return what gives its result, None while there is none."""
    client = graph.kept(ActionClient(graph.node, Move, topics.MOVE))
    graph.until(client.server_is_ready, "the action's server")
    goal = Move.Goal(position=np.array(position), eps_m=eps_m, eps_rad=eps_rad)
    sent = client.send_goal_async(goal)
    graph.until(sent.done, "the goal's answer")
    answer = sent.result().get_result_async()
    return lambda: answer.result().result if answer.done() else None
