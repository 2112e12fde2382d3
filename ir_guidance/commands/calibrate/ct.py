# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""``calibrate ct``: where a patient's CT lies under the C-arm, from one X-ray image or two."""

from __future__ import annotations

from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from ir_guidance.calibrate import CalibrationError
from ir_guidance.calibrate.carm_file import read_carm
from ir_guidance.calibrate.register import STAGES, Registration, Seen, register, seen_of
from ir_guidance.commands.calibrate.carm import carm_of
from ir_guidance.commands.calibrate.pictures import draw_registration
from ir_guidance.commands.calibrate.report import folder_for, mm, write_report
from ir_guidance.commands.progress import with_progress
from ir_guidance.coordinates import Axes, MixUpError, PatientPoints, Unit
from ir_guidance.frames import SourceOptions, open_source
from ir_guidance.frames.ct import Ct, CtError, read_ct
from ir_guidance.geometry import isocentre_px, transform
from ir_guidance.room.xray.ct_views import CtViews, coarser
from ir_guidance.settings import SettingsError
from ir_guidance.values import CarmGeometry, Modality, Pixels, Vector

LEAST_CORRELATION = 0.92
"""Of the last stage. Right places of the chest CT gave 0.93 and more, wrong ones 0.91 and less, most below 0.7."""

LARGEST_MOVE_M = 0.05
"""A rough place is not so rough; one view can drift so far along its ray and still look right."""


def ct_of(path: Path) -> Ct:
    """Return the CT in a file or folder.

    Raises:
        SettingsError: There is none.
    """
    try:
        return read_ct(path)
    except CtError as error:
        raise SettingsError(str(error)) from None


def isocentre_in_ct_m(text: str | None, ct: Ct) -> Vector:
    """Return the rough isocentre (3,) in the CT, of "L,P,S" in millimetres; without it the CT's middle.

    Raises:
        SettingsError: It is not three numbers, or outside the CT.
    """
    size = np.array(ct.hounsfield.shape)
    if text is None:
        middle: Vector = (ct.lps_from_index @ np.array([*((size - 1) / 2), 1.0]))[:3]
        return middle
    try:
        values = np.array([[float(part) for part in text.split(",")]])
        at_m = PatientPoints(values, Axes.LPS, Unit.MILLIMETRE).to(Axes.LPS, Unit.METRE).values[0]
        index = (np.linalg.inv(ct.lps_from_index) @ np.array([*at_m, 1.0]))[:3]
    except (ValueError, MixUpError):
        raise SettingsError(
            f"--isocentre {text!r}: give left,back,head in millimetres, as a DICOM viewer shows it"
        ) from None
    if not ((index >= 0) & (index < size)).all():
        raise SettingsError(
            f"--isocentre {text}: outside the CT; its axes are left, back, head, in millimetres"
        )
    return np.asarray(at_m, np.float64)


def calibrate_ct(
    ct: Path,
    images: list[Path],
    carms: list[Path],
    isocentre: str | None,
    out: Path | None,
    console: Console,
    *,
    logarithmic: bool = False,
) -> dict[str, Any]:
    """Register a CT to one image or two, from a rough isocentre; write where the CT lies."""
    folder = folder_for("ct", out)
    pictures, geometries = _views(images, carms)
    body = ct_of(ct)
    middle_m = isocentre_in_ct_m(isocentre, body)
    views = CtViews(coarser(body), middle_m, geometries, len(pictures[0]))
    seen = [seen_of(picture, logarithmic=logarithmic) for picture in pictures]
    found = _registered(seen, views, console)
    _check(found, ct)
    isocentre_from_lps = found.motion @ transform(np.eye(3), -middle_m)
    report = {
        "kind": "ct",
        "ct": str(ct),
        "images": [str(image) for image in images],
        "isocentre_from_lps": isocentre_from_lps.tolist(),
        "correlation": found.correlation,
        "renders": found.renders,
    }
    turn_deg = np.degrees(np.arccos(np.clip((np.trace(found.motion[:3, :3]) - 1) / 2, -1, 1)))
    said = {
        "moved from the rough place": f"{mm(float(np.linalg.norm(found.motion[:3, 3])))}, {turn_deg:.2f} deg",
        "correlation": f"{found.correlation:.3f}",
    }
    if len(images) == 1:
        said["along the ray"] = (
            "one view sees depth badly: millimetres, not tenths; give a second view"
        )
    after = views.line_integrals(found.motion, STAGES[-1].side)
    before = views.line_integrals(np.eye(4), STAGES[-1].side)
    write_report(report, said, folder, console, partial(draw_registration, pictures, before, after))
    return report


def _check(found: Registration, ct: Path) -> None:
    """Refuse a registration that does not fit, or has run away."""
    moved_m = float(np.linalg.norm(found.motion[:3, 3]))
    if found.correlation < LEAST_CORRELATION or moved_m > LARGEST_MOVE_M:
        raise CalibrationError(
            f"{ct}: does not fit the images: correlation {found.correlation:.2f} ({LEAST_CORRELATION:g} is needed), "
            f"moved {mm(moved_m)} ({mm(LARGEST_MOVE_M)} at most); give --isocentre within 20 mm, check --carm"
        )


def _views(images: list[Path], carms: list[Path]) -> tuple[list[Pixels], list[CarmGeometry]]:
    """Return one square image or two of one size, each with its geometry."""
    if not 1 <= len(images) <= 2 or len(carms) not in (0, len(images)):
        raise SettingsError(
            "calibrate ct: give one --image or two, each with its --carm unless it is DICOM"
        )
    pairs = [_view(image, carm) for image, carm in zip_longest(images, carms)]
    pictures, geometries = [pixels for pixels, _ in pairs], [geometry for _, geometry in pairs]
    sides = {picture.shape[0] for picture in pictures}
    if len(sides) != 1:
        raise SettingsError("calibrate ct: the two images differ in size; give images of one run")
    return pictures, geometries


def _view(image: Path, carm: Path | None) -> tuple[Pixels, CarmGeometry]:
    """Return an image's middle square and the geometry that belongs to it."""
    with open_source(str(image), SourceOptions(modality=Modality.FLUOROSCOPY)) as source:
        pixels = next(iter(source)).pixels
    rows, columns = pixels.shape
    if carm is None:
        geometry, _ = carm_of(image)
    else:
        file = read_carm(carm)
        if file.shape != (rows, columns):
            raise SettingsError(
                f"{carm}: for images of {file.image_px[0]}x{file.image_px[1]}, {image} has {columns}x{rows}"
            )
        geometry = file.geometry()
    side = min(rows, columns)
    left, top = (columns - side) // 2, (rows - side) // 2
    u, v = isocentre_px(geometry, (rows, columns)) - (left, top)
    return pixels[top : top + side, left : left + side], CarmGeometry(
        sdd_m=geometry.sdd_m,
        sid_m=geometry.sid_m,
        primary_angle_rad=geometry.primary_angle_rad,
        secondary_angle_rad=geometry.secondary_angle_rad,
        imager_spacing_m=geometry.imager_spacing_m,
        centre_px=(float(u), float(v)),
    )


def _registered(seen: list[Seen], views: CtViews, console: Console) -> Registration:
    found = Registration(np.eye(4), 0.0, 0)
    for stage in with_progress(STAGES, len(STAGES), "registering", console):
        step = register(seen, views.line_integrals, found.motion, [stage])
        found = Registration(step.motion, step.correlation, found.renders + step.renders)
    return found
