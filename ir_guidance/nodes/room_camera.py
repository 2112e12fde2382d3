# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Renders the room's images beside its robot, and leaves the machine to those who look at them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from ir_guidance.nodes.running import steady_ns
from ir_guidance.room.modality import AnyRoom, picture, view_of
from ir_guidance.values import NS_PER_S, Pixels

Shot = tuple[Any, int, int, int]
"""What a room snapped, its number, its time on the wall and on the steady clock."""

GAIN = 0.1
"""How much a single image counts in the time that images take: a third of a second's worth at thirty a second."""

FARTHEST_APART_NS = round(0.05 * NS_PER_S)
"""A command lives for 0.1 s: the next image, and what follows from it, must have come by then. Of thirty a second every
other one may go, of fifteen none, though a timer fires 10 ms late at times."""


class Camera:
    """Renders in a thread of its own, so that the drive's watchdog never waits for an image."""

    def __init__(self, room: AnyRoom, send: Callable[[Shot, Pixels], None], share: float) -> None:
        """Start the thread; ``share`` is the most of the time that rendering and sending may take."""
        self._room, self._send, self._share = room, send, share
        self._shot: Shot | None = None
        self._taken_ns = self._takes_ns = 0
        self._wake = threading.Condition()
        self._open = True
        self._thread = threading.Thread(target=self._work, name="camera")
        self._thread.start()

    def is_rested(self, now_ns: int) -> bool:
        """Return whether images, at the time they take of late, would keep to their share if one were taken now."""
        apart_ns = min(round(self._takes_ns / self._share), FARTHEST_APART_NS)
        return now_ns - self._taken_ns >= apart_ns

    def take(self, shot: Shot) -> bool:
        """Render a shot next; False when one that was still waiting is lost for it."""
        with self._wake:
            free, self._shot = self._shot is None, shot
            self._taken_ns = shot[3]
            self._wake.notify()
        return free

    def close(self) -> None:
        """Finish the image under way and end the thread."""
        with self._wake:
            self._open = False
            self._wake.notify()
        self._thread.join()

    def _work(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._shot is not None or not self._open)
                if not self._open:
                    return
                shot, self._shot = self._shot, None
            began_ns = steady_ns()
            snapshot, sequence, *_ = shot
            self._send(shot, picture(self._room, snapshot, view_of(self._room, sequence)))
            self._takes_ns += round(GAIN * (steady_ns() - began_ns - self._takes_ns))
