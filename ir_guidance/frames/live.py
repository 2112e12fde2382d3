# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Frames at the pace at which they were recorded, for whoever streams them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from ir_guidance.frames.source import Grab, Source
from ir_guidance.values import NS_PER_S

Clock = Callable[[], int]
Wait = Callable[[float], bool]


def paced(source: Source, steady_ns: Clock, wall_ns: Clock, wait: Wait) -> Iterator[Grab]:
    """Yield each grab when its time has come, stamped with that moment on both clocks.

    ``wait`` sleeps for some seconds and says whether to stop, as ``threading.Event.wait`` does;
    it is asked before every frame. A consumer that falls behind gets the next frame at once and
    the rest at their pace from there: time is lost, frames never come in a burst. Live frames
    pass as they come.

    Raises:
        SourceError: An image cannot be read; what came before has been yielded.
    """
    period_ns = round(NS_PER_S / source.rate_hz)
    started_ns: int | None = None
    for grab in source.grabs():
        if source.live:
            if wait(0.0):
                return
            yield grab
            continue
        offset_ns = grab.frame.acquired_steady_ns
        started_ns = steady_ns() - offset_ns if started_ns is None else started_ns
        early_ns = started_ns + offset_ns - steady_ns()
        if wait(max(early_ns, 0) / NS_PER_S):
            return
        if early_ns < -period_ns:
            started_ns -= early_ns
        frame = replace(grab.frame, stamp_ns=wall_ns(), acquired_steady_ns=steady_ns())
        yield replace(grab, frame=frame)
