# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Options that several commands have, and what is refused before anything is started."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ir_guidance.settings import SettingsError

console = Console()

Procedure = Annotated[str, typer.Option(help="Which profile.")]
ModalityName = Annotated[
    str | None,
    typer.Option("--modality", help="ultrasound or fluoroscopy; if not given, the profile's own."),
]
Views = Annotated[int, typer.Option(help="Planes of the C-arm.")]
Backend = Annotated[
    str, typer.Option(help="Which tracker; auto takes the fastest that works here.")
]
CtFile = Annotated[
    Path | None,
    typer.Option(help="By X-rays: a CT as patient, NIfTI file or folder of DICOM slices."),
]
Realtime = Annotated[
    bool,
    typer.Option(
        "--realtime",
        help="Real-time priority, locked memory and cores kept awake, where the user may have them.",
    ),
]
Seed = Annotated[int, typer.Option(min=0, help="Draws patient, breath, needle and every error.")]
ReportFile = Annotated[
    Path | None, typer.Option(help="File for the report; an existing one is not written over.")
]


def only(option: str, value: str, choices: list[str]) -> None:
    """Refuse what this version does not offer."""
    if value not in choices:
        raise SettingsError(
            f"{option} {value}: not in this version, choose from {', '.join(choices)}"
        )


def need_ros(command: str) -> None:
    """Say what is missing before a node would."""
    from importlib.util import find_spec

    missing = [name for name in ("rclpy", "ir_guidance_msgs") if find_spec(name) is None]
    if missing:
        raise SettingsError(
            f"{command}: {' and '.join(missing)} missing; run 'make setup', or source your ROS 2"
        )


def check_ct(ct: Path | None, modality: str) -> None:
    """Refuse a CT that is of no use as a patient, before anything is started.

    Raises:
        SettingsError: It cannot be read, or the images are not made from one.
    """
    if ct is None:
        return
    from ir_guidance.frames.ct import CtError, read_ct
    from ir_guidance.values import Modality

    if modality != Modality.FLUOROSCOPY:
        raise SettingsError("--ct: only X-rays are made from a CT; add --modality fluoroscopy")
    try:
        read_ct(ct)
    except CtError as error:
        raise SettingsError(f"--ct: {error}") from None
