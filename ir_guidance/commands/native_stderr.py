# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Decoders in C (libjpeg, libtiff, FFmpeg) write to stderr themselves; this gathers it."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def gathered_stderr() -> Iterator[list[str]]:
    """Give a list that holds, after the block, the lines written to file descriptor 2 within it.

    For a command that owns its process: the lines of other threads are gathered too.
    """
    lines: list[str] = []
    sys.stderr.flush()
    with tempfile.TemporaryFile() as sink:
        terminal = os.dup(2)
        os.dup2(sink.fileno(), 2)
        try:
            yield lines
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)
            sink.seek(0)
            lines += sink.read().decode(errors="replace").splitlines()
