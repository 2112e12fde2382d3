# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""How fast the needle goes in: slower near the target, and not beyond a checkpoint until it is on course."""

from __future__ import annotations

from typing import NamedTuple

from ir_guidance.correct.settings import CorrectSettings
from ir_guidance.values import NS_PER_S


def speed_mps(remaining_m: float, settings: CorrectSettings) -> float:
    """Return the speed of advance with a path left to go."""
    share = min(1.0, max(remaining_m, 0.0) / settings.slow_within_m)
    slow = settings.slow_advance_mps
    fast = settings.dash_mps if remaining_m <= settings.dash_from_m else settings.advance_mps
    return slow + share * (fast - slow)


class Stride(NamedTuple):
    """How fast to go on; ``arrived`` at the target, ``lost`` says why no waiting helps, ``sweep`` asks for one."""

    advance_mps: float
    arrived: bool = False
    sweep: bool = False
    lost: str = ""


class Pace:
    """Knows which checkpoints were passed, and since when the needle waits at the next."""

    def __init__(self, settings: CorrectSettings) -> None:
        """Start before the first checkpoint."""
        self._settings = settings
        # A needle that has dashed must not wait for what a pivot could still better.
        target = (
            settings.arrived_m,
            settings.beside_m if settings.dash_mps else settings.arrived_miss_m,
        )
        pairs = zip(settings.checkpoints_m, settings.checkpoint_miss_m, strict=True)
        self._checkpoints = (*pairs, target)
        self.reset()

    def reset(self) -> None:
        """Go back to the start."""
        self._passed = 0
        self._waits_since_ns: int | None = None
        self._unsure_since_ns: int | None = None

    def step(
        self,
        remaining_m: float,
        miss_m: float,
        *,
        seen: bool,
        now_ns: int,
        sure: bool = True,
        resting_s: float = 0.0,
    ) -> Stride:
        """Return how fast to go on with a path left and a predicted miss, as seen at a steady time.

        ``sure``: it is known how far out of the plane the needle is, or no sweep would tell. ``resting_s``: for how
        long the breath has rested.
        """
        while self._passed < len(self._checkpoints):
            at_m, most_m = self._checkpoints[self._passed]
            if remaining_m > at_m:
                return Stride(speed_mps(remaining_m, self._settings))
            if not sure and self._may_ask(at_m, now_ns):
                return Stride(0.0, sweep=True)
            if miss_m > most_m or not seen:
                return self._wait(at_m, miss_m, now_ns)
            if at_m == self._settings.dash_from_m and resting_s > self._settings.dash_within_s:
                return Stride(0.0)
            self._pass()
        return Stride(0.0, arrived=True)

    def _pass(self) -> None:
        self._passed += 1
        self._waits_since_ns = self._unsure_since_ns = None

    def _may_ask(self, at_m: float, now_ns: int) -> bool:
        """Return whether a sweep may still be waited for at this checkpoint."""
        if at_m < self._settings.sweep_from_m:
            return False
        if self._unsure_since_ns is None:
            self._unsure_since_ns = now_ns
        return now_ns - self._unsure_since_ns <= self._settings.sweep_wait_s * NS_PER_S

    def _wait(self, at_m: float, miss_m: float, now_ns: int) -> Stride:
        """Stand until the pivot has done its work, or has had its time."""
        if self._waits_since_ns is None:
            self._waits_since_ns = now_ns
        if now_ns - self._waits_since_ns <= self._settings.wait_s * NS_PER_S:
            return Stride(0.0)
        at_target = self._passed == len(self._checkpoints) - 1
        if at_target and miss_m <= self._settings.beside_m:
            self._pass()
            return Stride(0.0, arrived=True)
        where = "at the target" if at_target else f"{at_m * 1e3:.0f} mm before the target"
        return Stride(0.0, lost=f"{miss_m * 1e3:.1f} mm off course {where}")
