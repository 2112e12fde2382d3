# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Tables of numbers (CSV) whose column names say the units."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ir_guidance.frames.source import SourceError
from ir_guidance.values import Matrix

MAX_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under their column names."""

    path: Path
    rows: list[dict[str, str]]

    def has(self, names: Sequence[str]) -> bool:
        """Return whether all these columns are there."""
        return bool(self.rows) and set(names) <= set(self.rows[0])

    def numbers(self, names: Sequence[str]) -> Matrix:
        """Return columns (rows, names).

        Raises:
            SourceError: A column is missing, or a cell is no number.
        """
        if not self.has(names):
            there = ", ".join(str(name) for name in self.rows[0]) if self.rows else "no rows"
            raise SourceError(f"{self.path}: needs the columns {', '.join(names)}; it has {there}")
        values = np.empty((len(self.rows), len(names)))
        for index, row in enumerate(self.rows):
            try:
                values[index] = [float(row[name]) for name in names]
            except (TypeError, ValueError):
                raise SourceError(
                    f"{self.path}: line {index + 2}: {', '.join(names)} are not all numbers; correct it"
                ) from None
        if not np.isfinite(values).all():
            raise SourceError(f"{self.path}: {', '.join(names)} hold nan or inf; correct them")
        return values


def read_table(path: Path) -> Table:
    """Return a table with a line of names.

    Raises:
        SourceError: It cannot be read.
    """
    if not path.is_file():
        raise SourceError(f"{path}: no such file")
    if path.stat().st_size > MAX_BYTES:
        raise SourceError(f"{path}: too large for a table of measurements; give a shorter one")
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return Table(path, list(csv.DictReader(file)))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"{path}: not readable as a table: {error}") from None
