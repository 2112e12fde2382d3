# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""`ir-guidance demo`: one procedure from start to end, and what is kept of it."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from ir_guidance.commands.output import check_free, unused
from ir_guidance.commands.summary import summary, table, write_summary
from ir_guidance.commands.trajectory import draw_trajectory
from ir_guidance.nodes.demo import run_demo
from ir_guidance.nodes.graph import Procedure
from ir_guidance.profiles import Profile
from ir_guidance.robot.gazebo import gazebo_commands


def demo(
    profile: Profile,
    procedure: Procedure,
    seed: int,
    out: Path | None,
    console: Console,
    *,
    headless: bool,
) -> bool:
    """Run it, write ``summary.json`` and ``trajectory.png`` beside the recording, and return whether it succeeded.

    Raises:
        SettingsError: Gazebo is asked for and is not installed.
        OutputError: The folder holds files.
    """
    others = gazebo_commands() if procedure.sim_level == 1 else {}
    folder = out or unused(Path("build/demo"))
    check_free(folder)
    folder.mkdir(parents=True, exist_ok=True)
    console.print(f"{profile.name} by {profile.modality}, seed {seed}: starting the nodes")
    run = run_demo(profile, procedure, seed, folder, console, headless=headless, others=others)
    found = summary(run)
    write_summary(found, folder)
    draw_trajectory(run, folder / "trajectory.png")
    console.print(table(found))
    for violation in found["safety_violations"]:
        console.print(f"safety: {violation}")
    console.print(f"{folder}/: summary.json, trajectory.png, session.mcap, logs/")
    return bool(found["success"])
