# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What every calibration leaves behind: calibration.json, calibration.png, and a few lines in the terminal."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ir_guidance.commands.output import check_free, output_folder, unused

REPORT, PICTURE = "calibration.json", "calibration.png"
DEFAULT_OUT = Path("build/calibrate")

Draw = Callable[[Path], None]


def folder_for(kind: str, out: Path | None) -> Path:
    """Return where to write, checked before any work is done.

    Raises:
        OutputError: It holds files already.
    """
    folder = out or unused(DEFAULT_OUT / kind)
    check_free(folder)
    return folder


def write_report(
    report: dict[str, Any],
    said: dict[str, str],
    folder: Path,
    console: Console,
    draw: Draw | None = None,
) -> None:
    """Write the report and its picture, and say what matters.

    Raises:
        OutputError: It cannot be written.
    """
    with output_folder(folder) as draft:
        text = json.dumps(report, indent=2, allow_nan=False)
        (draft / REPORT).write_text(text + "\n", encoding="utf-8")
        if draw is not None:
            draw(draft / PICTURE)
    table = Table.grid(padding=(0, 2))
    for name, value in said.items():
        table.add_row(name, value)
    console.print(table, highlight=False)
    files = REPORT if draw is None else f"{REPORT}, {PICTURE}"
    console.print(f"{folder}/: {files}", markup=False, highlight=False, soft_wrap=True)


def mm(length_m: float) -> str:
    """Return a length for the screen."""
    return f"{length_m * 1e3:.3g} mm"
