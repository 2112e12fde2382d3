# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What the gate promises whatever happens, in whatever order; ``gate_watch`` holds it to that."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from gate_events import CONSENTS, CORRECTIONS, HANDS, NAN, PROFILES, STATES
from gate_rig import OTHER_PLAN, PLAN, Rig
from ir_guidance.gate import GateSettings
from ir_guidance.values import Level


class GateMachine(RuleBasedStateMachine):
    """Everything that may happen round a gate, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.rig = Rig()

    @initialize(profile=st.sampled_from(PROFILES), started=st.booleans())
    def begin(self, profile: dict[str, float], started: bool) -> None:
        self.rig = Rig(GateSettings(**profile))
        if started:
            self.rig.under_way()

    @rule(ticks=st.integers(1, 60))
    def run(self, ticks: int) -> None:
        self.rig.run(ticks)

    @rule(ms=st.integers(1, 400))
    def starve(self, ms: int) -> None:
        self.rig.run(1, ms)

    @rule(ms=st.integers(1, 400))
    def nothing_but_time(self, ms: int) -> None:
        self.rig.wait(ms)
        self.rig.tick()

    @rule(kind=st.sampled_from(list(CORRECTIONS)))
    def one_correction(self, kind: str) -> None:
        self.rig.offer(**CORRECTIONS[kind])
        self.rig.tick()

    @rule(kind=st.sampled_from(list(CORRECTIONS)), imaging=st.booleans())
    def corrections_from_now_on(self, kind: str, imaging: bool) -> None:
        self.rig.asked, self.rig.imaging = CORRECTIONS[kind], imaging
        self.rig.run(5)

    @rule(kind=st.sampled_from(list(CONSENTS)))
    def one_consent(self, kind: str) -> None:
        self.rig.consent(**CONSENTS[kind])
        self.rig.tick()

    @rule(kind=st.sampled_from(list(HANDS)))
    def one_hand(self, kind: str) -> None:
        self.rig.hand(**HANDS[kind])
        self.rig.tick()

    @rule(kind=st.sampled_from(list(HANDS)), ticks=st.integers(1, 80))
    def key_held(self, kind: str, ticks: int) -> None:
        self.rig.hold_key(**HANDS[kind])
        self.rig.run(ticks)

    @rule(silently=st.booleans())
    def key_let_go(self, silently: bool) -> None:
        self.rig.handling = None
        if not silently:
            self.rig.let_key_go()
        self.rig.tick()

    @rule(kind=st.sampled_from(["consent", "correction", "hand"]))
    def replay(self, kind: str) -> None:
        self.rig.replay(kind)
        self.rig.tick()

    @rule()
    def press(self) -> None:
        self.rig.press()

    @rule()
    def release(self) -> None:
        self.rig.release()

    @rule(kind=st.sampled_from(list(STATES)))
    def one_state(self, kind: str) -> None:
        self.rig.report(**STATES[kind])
        self.rig.tick()

    @rule(kind=st.sampled_from(list(STATES)), reporting=st.booleans(), following=st.booleans())
    def robot_from_now_on(self, kind: str, reporting: bool, following: bool) -> None:
        rig = self.rig
        rig.reported, rig.reporting, rig.following = STATES[kind], reporting, following
        rig.run(7)

    @rule()
    def robot_well_again(self) -> None:
        self.rig.reported, self.rig.reporting, self.rig.following = {}, True, True

    @rule(plan_hash=st.sampled_from([PLAN, PLAN, OTHER_PLAN]))
    def approve(self, plan_hash: str) -> None:
        self.rig.tried("approve", plan_hash)

    @rule()
    def withdraw(self) -> None:
        self.rig.withdraw()

    @rule()
    def stop(self) -> None:
        self.rig.stop()

    @rule()
    def reset(self) -> None:
        self.rig.tried("reset")

    @rule()
    def all_over_again(self) -> None:
        """A person puts everything right and tries again."""
        recover(self.rig)


def recover(rig: Rig) -> None:
    rig.reported, rig.reporting, rig.following, rig.asked = {}, True, True, {}
    rig.imaging = False
    rig.release()
    rig.let_key_go()
    rig.run(20)
    rig.tried("reset")
    if rig.tried("approve"):
        rig.imaging = True
        rig.press()
        rig.run(20)


@pytest.mark.timeout(600)  # takes seconds, but minutes to find the shortest way to a broken promise
def test_promises_hold_over_random_events():
    run_state_machine_as_test(
        GateMachine,
        settings=settings(
            max_examples=70,
            stateful_step_count=40,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def chances(rig: Rig, draw: random.Random) -> list[Callable[[], object]]:
    """Return what may happen next; motion must be common for the promises to mean anything."""
    return [
        lambda: rig.run(draw.randint(1, 60)),
        lambda: rig.run(draw.randint(1, 30)),
        lambda: rig.run(1, draw.randint(1, 400)),
        lambda: rig.offer(**CORRECTIONS[draw.choice(list(CORRECTIONS))]),
        lambda: setattr(rig, "asked", CORRECTIONS[draw.choice(list(CORRECTIONS))]),
        lambda: setattr(rig, "asked", {}),
        lambda: setattr(rig, "imaging", draw.random() < 0.8),
        lambda: rig.consent(**CONSENTS[draw.choice(list(CONSENTS))]),
        lambda: rig.hand(**HANDS[draw.choice(list(HANDS))]),
        lambda: rig.hold_key(**HANDS[draw.choice(list(HANDS))]),
        rig.let_key_go,
        lambda: setattr(rig, "handling", None),
        lambda: rig.report(**STATES[draw.choice(list(STATES))]),
        lambda: recover(rig),
        rig.press,
        rig.release,
        lambda: rig.tried("approve"),
    ]


def test_promises_hold_on_long_walks_that_do_move_and_meet_every_level():
    levels: set[Level] = set()
    travelled_m = retracted_m = 0.0
    for seed in range(60):
        draw = random.Random(seed)
        rig = Rig(GateSettings(**PROFILES[seed % len(PROFILES)]))
        rig.under_way()
        for _ in range(50):
            draw.choice(chances(rig, draw))()
            rig.tick()
        levels |= rig.watch.levels
        travelled_m += rig.watch.travelled_m
        retracted_m += rig.watch.retracted_m
    assert levels == set(Level)
    assert travelled_m > 0.05
    assert retracted_m > 0.01


def test_time_that_stands_still_or_goes_back_moves_nothing():
    rig = Rig()
    before = rig.under_way().command
    assert before is not None
    for back_ms in (0, 1, 40):
        after = rig.gate.tick(rig.now_ns - back_ms * 1_000_000).command
        assert after is not None and after.position == before.position


def test_the_gates_own_count_of_blind_travel_is_the_witnesses():
    rig = Rig()
    rig.under_way(ticks=13)
    rig.imaging = False
    rig.run(40)
    assert rig.watch.blind_max_m > 0.0003
    assert rig.gate.blind_travel_max_m == rig.watch.blind_max_m or np.isclose(
        rig.gate.blind_travel_max_m, rig.watch.blind_max_m, rtol=1e-9
    )


def test_the_witness_would_notice():
    """The invariants above are only worth what the witness catches."""
    rig = Rig()
    good = rig.under_way()
    assert good.command is not None
    x, y, pitch, yaw, depth, roll = good.command.position
    bad = [
        replace(good.command, position=(x, y, pitch, yaw, NAN, roll)),
        replace(good.command, position=(x, y, pitch, yaw, depth - 1e-6, roll)),
        replace(good.command, position=(x, y, pitch, yaw, depth + 0.001, roll)),
        replace(good.command, position=(x + 0.003, y, pitch, yaw, depth, roll)),
        replace(good.command, position=(x, y, pitch, yaw, depth, roll + 0.1)),
        replace(good.command, position=(x, y, pitch, yaw, depth, 6.6)),
        replace(good.command, velocity=(0.0, 0.0, 0.0, 0.0, 0.02, 0.0)),
    ]
    for command in bad:
        rig.now_ns += 10_000_000
        try:
            rig.watch.saw_decision(rig.now_ns, replace(good, command=command))
        except AssertionError:
            continue
        raise AssertionError(f"not noticed: {command}")
