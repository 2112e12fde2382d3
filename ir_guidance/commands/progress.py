# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A progress bar for what takes longer than two seconds."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

SHOWN_AFTER_S = 2.0

Item = TypeVar("Item")


def with_progress(
    items: Iterable[Item], total: int | None, what: str, console: Console
) -> Iterator[Item]:
    """Yield the items; after two seconds a bar shows how far it is, and it is gone at the end."""
    columns = TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    progress = Progress(*columns, console=console, transient=True)
    task = progress.add_task(what, total=total)
    started_s = time.monotonic()
    try:
        for item in items:
            yield item
            progress.advance(task)
            if not progress.live.is_started and time.monotonic() - started_s > SHOWN_AFTER_S:
                progress.start()
    finally:
        if progress.live.is_started:
            progress.stop()
