# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The kinds of ``ir-guidance calibrate``; each imports what it needs and no more."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ir_guidance.settings import SettingsError

app = typer.Typer(
    help="Calibrate: a small file with residuals, and a picture, from recorded measurements.",
    no_args_is_help=True,
)
console = Console()

Out = Annotated[
    Path | None,
    typer.Option(help="Folder for calibration.json and .png; one that holds files is refused."),
]
Tool = Annotated[
    str | None, typer.Option(help="MetaImage: which transform, such as StylusToTracker.")
]
Reference = Annotated[
    str | None, typer.Option(help="MetaImage: relative to which, such as ReferenceToTracker.")
]


@app.command()
def carm(
    file: Annotated[Path, typer.Argument(help="DICOM run or image of a C-arm.")], out: Out = None
) -> None:
    """Print the C-arm geometry that a DICOM file states."""
    from ir_guidance.commands.calibrate.carm import calibrate_carm

    calibrate_carm(file, out, console)


@app.command()
def biplane(
    first: Annotated[Path, typer.Argument(help="First view: file of calibrate carm.")],
    second: Annotated[Path, typer.Argument(help="Second view.")],
    points: Annotated[
        Path, typer.Argument(help="CSV: u1_px, v1_px, u2_px, v2_px; for a check x_m, y_m, z_m.")
    ],
    sigma_px: Annotated[
        float, typer.Option("--sigma-px", min=0.01, max=100, help="1 sigma of each pixel.")
    ] = 0.5,
    out: Out = None,
) -> None:
    """Triangulate points of two views, with covariance."""
    from ir_guidance.commands.calibrate.carm import calibrate_biplane

    calibrate_biplane(first, second, points, sigma_px, out, console)


@app.command()
def probe(
    file: Annotated[Path, typer.Argument(help="Tracked images of an N-wire phantom (.igs.mha).")],
    phantom: Annotated[Path, typer.Option(help="PLUS device set file: wires, PhantomToReference.")],
    check: Annotated[
        Path | None, typer.Option(help="A second recording to judge the calibration by.")
    ] = None,
    published: Annotated[
        Path | None, typer.Option(help="PLUS calibration result to compare with.")
    ] = None,
    out: Out = None,
) -> None:
    """Calibrate a tracked ultrasound probe by N-wires."""
    from ir_guidance.commands.calibrate.probe import calibrate_probe_from

    calibrate_probe_from(file, phantom, check, published, out, console)


@app.command()
def pivot(
    poses: Annotated[Path, typer.Argument(help="Poses of the marker: CSV or MetaImage.")],
    tool: Tool = None,
    reference: Reference = None,
    out: Out = None,
) -> None:
    """Find a tool's tip on its marker, from turning it about its tip."""
    from ir_guidance.commands.calibrate.tools import calibrate_pivot

    calibrate_pivot(poses, tool, reference, out, console)


@app.command("hand-eye")
def hand_eye(
    hand: Annotated[Path, typer.Argument(help="CSV: poses of the robot's hand in its base.")],
    target: Annotated[
        Path, typer.Argument(help="CSV: of a fixed target in the sensor, row by row.")
    ],
    out: Out = None,
) -> None:
    """Find how a sensor sits on a robot's hand (AX = XB)."""
    from ir_guidance.commands.calibrate.tools import calibrate_hand_eye

    calibrate_hand_eye(hand, target, out, console)


@app.command()
def distortion(
    image: Annotated[Path, typer.Argument(help="X-ray image of a plate with a square bead grid.")],
    out: Out = None,
) -> None:
    """Straighten an image intensifier's images."""
    from ir_guidance.commands.calibrate.distortion import calibrate_distortion_from

    calibrate_distortion_from(image, out, console)


@app.command()
def temporal(
    images: Annotated[Path, typer.Argument(help="Images of a flat bottom (MetaImage).")],
    poses: Annotated[Path, typer.Argument(help="Poses of the probe: CSV or MetaImage.")],
    tool: Tool = None,
    reference: Reference = None,
    largest_lag: Annotated[
        float, typer.Option(min=0.05, max=5.0, help="Largest lag to look for, in seconds.")
    ] = 0.5,
    out: Out = None,
) -> None:
    """Find the lag between images and poses, from a probe moved up and down."""
    from ir_guidance.commands.calibrate.temporal import calibrate_temporal

    calibrate_temporal(images, poses, tool, reference, largest_lag, out, console)


@app.command()
def ct(
    volume: Annotated[Path, typer.Argument(help="CT: NIfTI file or folder of DICOM slices.")],
    image: Annotated[
        list[Path] | None, typer.Option(help="X-ray image; once or twice, one a view.")
    ] = None,
    carm: Annotated[
        list[Path] | None, typer.Option(help="File of calibrate carm for each image but DICOM.")
    ] = None,
    isocentre: Annotated[
        str | None, typer.Option(metavar="L,P,S", help="Its rough place in the CT, millimetres.")
    ] = None,
    logarithmic: Annotated[
        bool, typer.Option("--logarithmic", help="The images are log images already.")
    ] = False,
    trials: Annotated[
        int | None,
        typer.Option(min=1, max=10_000, help="Instead: simulated images, random starts."),
    ] = None,
    views: Annotated[int, typer.Option(min=1, max=2, help="Of the trials.")] = 2,
    reach: Annotated[
        float, typer.Option(min=1, max=100, help="Farthest start of the trials, millimetres.")
    ] = 40.0,
    seed: Annotated[int, typer.Option(min=0, help="Draws noise and starts.")] = 0,
    out: Out = None,
) -> None:
    """Register a CT to one X-ray image or two, from a rough start."""
    from ir_guidance.commands.calibrate.ct import calibrate_ct
    from ir_guidance.commands.calibrate.ct_trials import ct_trials

    if (trials is None) == (not image):
        raise SettingsError("calibrate ct: give either --image (once or twice) or --trials N")
    if trials is not None:
        ct_trials(volume, isocentre, trials, views, reach / 1e3, seed, out, console)
    else:
        calibrate_ct(
            volume, image or [], carm or [], isocentre, out, console, logarithmic=logarithmic
        )
