# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Set points that never jump, and the needle's advance since the last accepted image."""

from __future__ import annotations

from collections import deque

from ir_guidance.kinematics import INSERTION
from ir_guidance.values import NS_PER_S

LONGEST_TICK_S = 0.020  # a gate that was kept from running does not make up for it
KEPT_S = 1.0


def replaced(joints: tuple[float, ...], at: int, value: float) -> tuple[float, ...]:
    """Return joints with one of them replaced."""
    return (*joints[:at], value, *joints[at + 1 :])


class Motion:
    """Integrates rates to set points with bounded acceleration."""

    def __init__(self, acceleration: tuple[float, ...]) -> None:
        """Start at rest, nowhere; ``acceleration`` is the largest of each joint."""
        self._acceleration = acceleration
        self._advances: deque[tuple[int, float]] = deque()
        self.position: tuple[float, ...] = ()
        self.velocity: tuple[float, ...] = (0.0,) * len(acceleration)

    @property
    def moving(self) -> bool:
        """Whether any joint is asked to move."""
        return any(self.velocity)

    def start_from(self, position: tuple[float, ...], now_ns: int) -> None:
        """Rest at measured positions; what was advanced before does not count from here."""
        self.position = position
        self._advances = deque([(now_ns, position[INSERTION])])
        self.halt()

    def halt(self) -> None:
        """Ask no joint to move."""
        self.velocity = (0.0,) * len(self._acceleration)

    def proposed(
        self, rate: tuple[float, ...], elapsed_s: float
    ) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Return the next (position, velocity) on the way to the rates."""
        dt_s = min(max(elapsed_s, 0.0), LONGEST_TICK_S)
        velocity = tuple(
            now + max(-limit * dt_s, min(limit * dt_s, wanted - now))
            for now, wanted, limit in zip(self.velocity, rate, self._acceleration, strict=True)
        )
        position = tuple(
            at + speed * dt_s for at, speed in zip(self.position, velocity, strict=True)
        )
        return position, velocity

    def rest_after(
        self, position: tuple[float, ...], velocity: tuple[float, ...]
    ) -> tuple[float, ...]:
        """Return where the joints come to rest when they are stopped from a proposal."""
        return tuple(
            at + speed * abs(speed) / (2 * limit)
            for at, speed, limit in zip(position, velocity, self._acceleration, strict=True)
        )

    def take(self, position: tuple[float, ...], velocity: tuple[float, ...], now_ns: int) -> None:
        """Make a proposal the set point."""
        self.position, self.velocity = position, velocity
        self._advances.append((now_ns, position[INSERTION]))
        while now_ns - self._advances[0][0] > KEPT_S * NS_PER_S:
            self._advances.popleft()

    def take_by_hand(
        self, position: tuple[float, ...], velocity: tuple[float, ...], now_ns: int
    ) -> None:
        """Make a proposal the set point; what a hand advances is not counted as an image's."""
        self.position, self.velocity = position, velocity
        self._advances = deque([(now_ns, position[INSERTION])])

    def advanced_since(self, steady_ns: int) -> float:
        """Return how far the insertion's set point has gone since a moment, in metres."""
        if not self._advances:
            return 0.0
        before = self._advances[0][1]
        for at_ns, insertion in self._advances:
            if at_ns > steady_ns:
                break
            before = insertion
        return max(0.0, self.position[INSERTION] - before)
