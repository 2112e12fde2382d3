# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The command line; each command imports what it needs and no more."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ir_guidance.commands.calibrate.app import app as calibrate
from ir_guidance.commands.network_cli import build_engine, evaluate, export, train
from ir_guidance.commands.options import (
    Backend,
    CtFile,
    ModalityName,
    Procedure,
    Realtime,
    ReportFile,
    Seed,
    Views,
    check_ct,
    console,
    need_ros,
    only,
)
from ir_guidance.settings import SettingsError

if TYPE_CHECKING:
    from ir_guidance.profiles import Profile

app = typer.Typer(
    help="Needle guidance under live images. Research software, not a medical device.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(calibrate, name="calibrate")

FAILED, BAD_INPUT = 1, 2


@app.command()
def demo(
    procedure: Procedure = "biopsy",
    modality: ModalityName = None,
    views: Views = 1,
    backend: Backend = "auto",
    ct: CtFile = None,
    seed: Seed = 0,
    sim_level: Annotated[
        int, typer.Option(help="0: the embedded robot, 1: Gazebo's, where it is installed.")
    ] = 0,
    headless: Annotated[
        bool, typer.Option("--headless", help="A script consents, and the summary says so.")
    ] = False,
    realtime: Realtime = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder for summary.json, trajectory.png, session.mcap.")
    ] = None,
) -> None:
    """Run one simulated procedure in real time, every node in its own process."""
    from ir_guidance.track import BACKENDS

    only("--views", str(views), ["1", "2"])
    profile = _profile(procedure, modality, views)
    only("--backend", backend, list(BACKENDS))
    only("--sim-level", str(sim_level), ["0", "1"])
    check_ct(ct, profile.modality)
    if not headless and not sys.stdin.isatty():
        raise SettingsError(
            "demo: consent is held on a key, and this is no terminal; add --headless"
        )
    need_ros("demo")
    from ir_guidance.commands.demo import demo as show
    from ir_guidance.nodes.graph import Procedure as Nodes

    patient = "" if ct is None else str(ct.resolve())
    chosen = Nodes(procedure, str(profile.modality), backend, patient, views, sim_level, realtime)
    raise typer.Exit(0 if show(profile, chosen, seed, out, console, headless=headless) else FAILED)


@app.command()
def trials(
    procedure: Procedure = "biopsy",
    modality: ModalityName = None,
    views: Views = 1,
    backend: Backend = "auto",
    ct: CtFile = None,
    number: Annotated[int, typer.Option("--trials", min=1, max=100_000, help="How many.")] = 20,
    seed: Seed = 0,
    jobs: Annotated[
        int, typer.Option(min=1, max=256, help="Processes side by side.")
    ] = os.cpu_count() or 1,
    open_loop: Annotated[
        bool, typer.Option("--open-loop", help="Leave out what the image would correct.")
    ] = False,
    json: ReportFile = None,
) -> None:
    """Run many procedures in lockstep on a simulated clock, without ROS; same seed, same numbers."""
    from ir_guidance.commands.trials import check_new, run_trials, table, write_json

    only("--views", str(views), ["1", "2"])
    profile = _profile(procedure, modality, views)
    check_ct(ct, profile.modality)
    if json is not None:
        check_new(json)
    found = run_trials(
        profile, number, seed, jobs, backend=backend, open_loop=open_loop, ct=ct, console=console
    )
    console.print(table(found))
    if json is not None:
        write_json(found, json)
        console.print(f"written: {json}")


@app.command()
def track(
    source: Annotated[str, typer.Argument(help="File, folder, device or address.")],
    modality: Annotated[
        str | None, typer.Option(help="ultrasound or fluoroscopy, where the file does not say.")
    ] = None,
    roi: Annotated[
        str | None, typer.Option(metavar="X,Y,W,H", help="Region of interest in pixels.")
    ] = None,
    spacing: Annotated[
        float | None, typer.Option(metavar="MM", help="Millimetres a pixel.")
    ] = None,
    backend: Annotated[str, typer.Option(help="Which tracker.")] = "auto",
    out: Annotated[Path | None, typer.Option(help="Folder for tracks.csv and the overlay.")] = None,
) -> None:
    """Find needle and target in recorded or live images: tracks.csv and an overlay."""
    from ir_guidance.commands.track import parse_roi, track_source
    from ir_guidance.values import Modality

    if modality is not None:
        only("--modality", modality, [str(each) for each in Modality])
    track_source(
        source,
        modality=None if modality is None else Modality(modality),
        roi=None if roi is None else parse_roi(roi),
        spacing_mm=spacing,
        backend=backend,
        out=out,
        console=console,
    )


for command in (evaluate, train, export, build_engine):
    app.command()(command)


@app.command()
def bench(
    frames: Annotated[
        int, typer.Option(min=30, max=50_000, help="Frames for the headline figure.")
    ] = 2000,
    modality: Annotated[str, typer.Option(help="ultrasound or fluoroscopy.")] = "ultrasound",
    size: Annotated[int, typer.Option(help="Longer side of the images: 256, 512 or 1024.")] = 512,
    cells: Annotated[
        str, typer.Option(help="What else to measure under: all, beside, none, or their names.")
    ] = "beside",
    backend: Backend = "auto",
    realtime: Realtime = False,
    out: Annotated[Path | None, typer.Option(help="Folder for bench.json and latency.png.")] = None,
    json: ReportFile = None,
    compare: Annotated[
        tuple[Path, Path] | None,
        typer.Option(metavar="A.json B.json", help="Say what changed between two reports instead."),
    ] = None,
) -> None:
    """Measure how long an image takes to become a command, against the plain way and the floor."""
    from ir_guidance.commands.bench import Request, checked_size, chosen_cells
    from ir_guidance.commands.bench import bench as measure
    from ir_guidance.commands.bench import compare as judge
    from ir_guidance.track.backends import BACKENDS
    from ir_guidance.values import Modality

    if compare is not None:
        judge(*compare, console)
        return
    only("--modality", modality, [str(each) for each in Modality])
    only("--backend", backend, ["auto", *BACKENDS])
    chosen = chosen_cells(cells)
    need_ros("bench")
    request = Request(frames, Modality(modality), checked_size(size), chosen, backend, realtime)
    measure(request, out, json, console)


@app.command()
def doctor() -> None:
    """Say what is here and what is missing, each with the remedy."""
    from ir_guidance.commands.doctor import doctor as look
    from ir_guidance.commands.doctor import render

    console.print(render(look()))


def _profile(procedure: str, modality: str | None, views: int) -> Profile:
    """Return the profile that was asked for; two views are refused where there is but one plane."""
    from ir_guidance.profiles import load_profile
    from ir_guidance.values import Modality

    one = load_profile(procedure, modality)
    if views == 1:
        return one
    if one.modality is not Modality.FLUOROSCOPY:
        raise SettingsError(
            "--views 2: only X-rays have a second plane; add --modality fluoroscopy"
        )
    return load_profile(procedure, modality, views)


def main() -> None:
    """Run a command; bad input is one line and exit status 2."""
    from ir_guidance.calibrate import CalibrationError
    from ir_guidance.commands.output import OutputError
    from ir_guidance.frames import SourceError

    try:
        app()
    except (SettingsError, SourceError, OutputError, CalibrationError) as error:
        print(f"ir-guidance: {error}", file=sys.stderr)
        sys.exit(BAD_INPUT)


if __name__ == "__main__":
    main()
