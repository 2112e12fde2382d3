# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A folder of results that appears whole or not at all, and never over another."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path


class OutputError(ValueError):
    """Results that cannot be written; one line: where, what is wrong, what to do."""


def unused(folder: Path) -> Path:
    """Return the folder, or the first of ``folder-2``, ``folder-3``, ... that does not exist."""
    numbered = (folder.with_name(f"{folder.name}-{number}") for number in count(2))
    return folder if not folder.exists() else next(path for path in numbered if not path.exists())


def check_free(folder: Path) -> None:
    """Refuse a folder that holds anything.

    Raises:
        OutputError: It is a file, or is not empty.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder}: is a file; give another folder with --out")
    if folder.is_dir() and any(folder.iterdir()):
        raise OutputError(
            f"{folder}: already holds files; empty it or give another folder with --out"
        )


@contextmanager
def output_folder(folder: Path) -> Iterator[Path]:
    """Give a folder to write into; it becomes ``folder`` at the end, or vanishes on failure.

    Raises:
        OutputError: ``folder`` holds anything, or nothing can be written there.
    """
    check_free(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise OutputError(f"{folder}: {error.strerror}; give another folder with --out") from None
    try:
        yield draft
        draft.chmod(0o755)
        draft.rename(folder)
    except OSError as error:
        raise OutputError(f"{folder}: {error.strerror}; give another folder with --out") from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
