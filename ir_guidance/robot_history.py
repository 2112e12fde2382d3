# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What the robot measured in the last second, for images that come later than its joints."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque

from ir_guidance.values import RobotState


class RobotHistory:
    """The robot's recent states, to be asked for the one at an image's acquisition."""

    def __init__(self, keep: int = 100) -> None:
        """Keep that many states."""
        self._states: deque[RobotState] = deque(maxlen=keep)

    def add(self, state: RobotState) -> None:
        """Take the newest state; one that is not newer than the last is ignored."""
        if not self._states or state.steady_ns > self._states[-1].steady_ns:
            self._states.append(state)

    @property
    def newest(self) -> RobotState | None:
        """The newest state, None before the first."""
        return self._states[-1] if self._states else None

    def at(self, steady_ns: int) -> RobotState | None:
        """Return the state nearest to a moment, None before the first."""
        if not self._states:
            return None
        after = bisect_left(self._states, steady_ns, key=lambda state: state.steady_ns)
        near = [self._states[i] for i in (after - 1, after) if 0 <= i < len(self._states)]
        return min(near, key=lambda state: abs(state.steady_ns - steady_ns))
