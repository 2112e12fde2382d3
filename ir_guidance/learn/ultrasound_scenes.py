# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Scenes of the ultrasound room to learn from: any needle, anywhere, in any patient, on any scanner."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ir_guidance.learn.contrast import shaft_contrast
from ir_guidance.learn.scene import FRAMES, Scene
from ir_guidance.learn.visible import SHAFT_STEP_M, seen_shaft, stands_out
from ir_guidance.room import Room, RoomSettings
from ir_guidance.room.scan_lines import ScanLines
from ir_guidance.room.scanner import ScannerSettings
from ir_guidance.room.ultrasound import Snapshot
from ir_guidance.room.variety import drawn_needle, drawn_ultrasound
from ir_guidance.values import Modality, Vector

Array = NDArray[np.float64]

SCENES = 20
"""Scenes of one room."""

OWN_SHARE = 0.2
"""Rooms that are the demonstration's, so that the network is at home in it."""

NO_NEEDLE = 0.15
STILL = 0.15
"""Scenes that are one picture three times, so that single pictures work too."""

NO_ROBOT = 0.4
ARRIVING = 0.3
"""Scenes in which the needle is about to reach the lesion, or is in it: where both matter most."""

ARRIVING_M = (-0.004, 0.020)
PERIODS_S = (1.0 / 30.0, 1.0 / 15.0)
LONGEST_M = 0.13


@dataclass(frozen=True, slots=True, eq=False)
class _Pose:
    """A needle in the true image's metres, lateral place, depth, out of the plane.

    ``shaft_m`` (n, 3) are points of it, tip last; ``heading`` (3,) is the straight needle's.
    """

    shaft_m: Array
    heading: Vector


def ultrasound_scenes(seed: int) -> Iterator[Scene]:
    """Yield scenes of one room drawn from a seed; the same seed gives the same scenes."""
    draw = np.random.default_rng((seed, 0x5CE))
    own = draw.random() < OWN_SHARE
    settings = _own() if own else drawn_ultrasound(seed)
    room = Room(settings, seed)
    lines = ScanLines(settings.scanner)
    for _ in range(SCENES):
        if not own or draw.random() < 0.5:
            echo, haze, diameter_m = drawn_needle(draw)
            room.take_needle(echo, haze, diameter_m, int(draw.integers(2**31)))
        yield _scene(room, settings.scanner, lines, draw)


def _own() -> RoomSettings:
    """Return the demonstration's room, with no more slices and noise than learning needs."""
    return RoomSettings(scanner=ScannerSettings(slice_step_m=0.001, noise_banks=1))


def _scene(
    room: Room, scanner: ScannerSettings, lines: ScanLines, draw: np.random.Generator
) -> Scene:
    pose = _drawn_pose(lines, draw, room.anatomy.lesion.centre_m)
    inserted = draw.random() >= NO_NEEDLE
    speed_mps = draw.uniform(0.0, 0.004) if draw.random() < 0.6 else 0.0
    period_s = PERIODS_S[int(draw.random() < 0.25)]
    last_s = float(draw.uniform(0.2, 30.0))
    backs_s = [0.0] if draw.random() < STILL else [2 * period_s, period_s, 0.0]
    shots = [
        _shot(room, last_s - back_s, pose.shaft_m - pose.heading * speed_mps * back_s, inserted)
        for back_s in backs_s
    ]
    frames = [room.render(shot) for shot in shots]
    images = np.stack(frames * (FRAMES // len(frames)))
    shaft_px, tip_px = np.zeros((0, 2)), None
    if inserted:
        shaft_px, tip_px = _seen(room, scanner, lines, pose, shots[-1], images[-1])
    targets_px, radii_px = _targets(room, scanner, lines, shots[-1].breath_m, images[-1])
    contrast = shaft_contrast(images[-1], shaft_px, scanner.spacing_m) if len(shaft_px) else None
    return Scene(
        frames=images,
        spacing_m=scanner.spacing_m,
        modality=Modality.ULTRASOUND,
        shaft_px=shaft_px,
        tip_px=tip_px,
        targets_px=targets_px,
        radii_px=radii_px,
        prior_px=_prior(scanner, pose, draw),
        contrast=contrast or 0.0,
        tags={
            "convex": float(scanner.probe == "convex"),
            "depth_m": scanner.depth_m,
            "pitch_rad": float(np.arctan2(pose.heading[1], abs(pose.heading[0]))),
        },
    )


def _shot(room: Room, time_s: float, shaft_m: Array, inserted: bool) -> Snapshot:
    breath_m = room.breath_m(time_s)
    return replace(
        room.snapshot(),
        time_s=time_s,
        breath_m=breath_m,
        shaft_m=np.stack((shaft_m[:, 0], shaft_m[:, 2], -shaft_m[:, 1]), axis=-1),
        inserted=inserted,
        target_m=room.moved_m(room.target_rest_m, breath_m),
    )


def _px(scanner: ScannerSettings, points_m: Array) -> Array:
    """Return pixels (..., 2) of points (..., 3) in the true image's metres."""
    return points_m[..., :2] / scanner.spacing_m + (scanner.middle_px, scanner.face_row_px)


def _drawn_pose(lines: ScanLines, draw: np.random.Generator, lesion_m: Vector) -> _Pose:
    """Return a needle from either side, flat to steep, in the plane, across it or beside it."""
    deep_m = lines.rows * lines.row_m
    face_m = 0.5 * lines.count * lines.line_m * draw.uniform(-1.0, 1.0) * 0.95
    range_m = deep_m * (0.06 + 0.9 * draw.beta(1.4, 1.3))
    x, depth = (float(part) for part in lines.points_m(np.array(face_m), np.array(range_m)))
    usual = draw.random() < 0.75
    pitch = np.clip(draw.normal(0.65, 0.3) if usual else draw.uniform(0.1, 1.4), 0.15, 1.4)
    side = 1.0 if draw.random() < 0.5 else -1.0
    run = np.array([side * np.cos(pitch), np.sin(pitch)])
    if draw.random() < ARRIVING:
        short_m, aside_m = draw.uniform(*ARRIVING_M), draw.normal(0.0, 0.002)
        middle = np.array([lesion_m[0], -lesion_m[2]])
        x, depth = middle - short_m * run + aside_m * np.array([-run[1], run[0]])
    elif draw.random() < 0.1:
        x, depth = np.array([x, depth]) + run * deep_m * draw.uniform(0.2, 0.8)
    length_m = float(np.clip((depth + 0.002) / np.sin(pitch), 0.004, LONGEST_M))
    back_m = np.append(np.arange(length_m, 0.0, -SHAFT_STEP_M), 0.0)[:, None]
    bend = draw.normal(0.0, 1.0, 2) * 0.0015 / 0.06**2
    tip_out, slope_out = _out_of_plane(draw)
    heading = np.array([*run, slope_out])
    shaft = np.array([x, depth, tip_out]) - back_m * heading
    shaft += bend[0] * back_m**2 * np.array([-run[1], run[0], 0.0])
    shaft += bend[1] * back_m**2 * np.array([0.0, 0.0, 1.0])
    return _Pose(shaft, heading)


def _out_of_plane(draw: np.random.Generator) -> tuple[float, float]:
    """Return how far the tip is out of the plane, and how steeply the shaft leaves it."""
    chance = draw.random()
    if chance < 0.6:
        return float(draw.normal(0.0, 0.0004)), float(draw.normal(0.0, 0.012))
    if chance < 0.88:
        return float(draw.normal(0.0, 0.0018)), float(draw.normal(0.0, 0.07))
    return float(draw.normal(0.0, 0.005)), float(draw.normal(0.0, 0.15))


def _seen(
    room: Room,
    scanner: ScannerSettings,
    lines: ScanLines,
    pose: _Pose,
    shot: Snapshot,
    image: NDArray[np.uint8],
) -> tuple[Array, Vector | None]:
    """Return the part of the shaft (n, 2) that can be seen, in pixels, and the tip if it can be."""
    x, depth, out = pose.shaft_m.T
    line, row = lines.places(x, depth)
    sigma_m = scanner.elevation_sigma_m * scanner.spread(row * lines.row_m)
    could = (line >= 0) & (line <= lines.count - 1) & (row >= 0) & (row <= lines.rows - 1)
    could &= ~room.in_shadow(line, row, shot.breath_m)
    without = room.render(replace(shot, inserted=False))
    return seen_shaft(
        _px(scanner, pose.shaft_m), could, np.abs(out) / sigma_m, image, without, scanner.spacing_m
    )


def _targets(
    room: Room,
    scanner: ScannerSettings,
    lines: ScanLines,
    breath_m: Vector,
    image: NDArray[np.uint8],
) -> tuple[Array, Array]:
    """Return centres (k, 2) and radii (k,) in pixels of lesion and vessels that the image shows."""
    lesion = room.anatomy.lesion
    out = (breath_m[1] + lesion.centre_m[1]) / lesion.radii_m[1]
    radius_m = float(np.sqrt(max(1.0 - out**2, 0.0) * lesion.radii_m[0] * lesion.radii_m[2]))
    found = [(lesion.centre_m, radius_m)]
    found += [
        (vessel.centre_m, vessel.radius_m * float(np.sqrt(vessel.flatness)))
        for vessel in room.anatomy.vessels
    ]
    last = np.array([scanner.width_px, scanner.height_px]) - 1
    centres, radii = [], []
    for centre_m, radius_m in found:
        x, out_m, z = room.moved_m(centre_m, breath_m)
        px = _px(scanner, np.array([x, -z, out_m]))
        line, row = (np.array([place]) for place in lines.places(x, -z))
        reach = radius_m / scanner.spacing_m
        inside = bool((px >= 0.3 * reach).all() and (px <= last - 0.3 * reach).all())
        inside &= 0 <= line[0] < lines.count and 0 <= row[0] < lines.rows
        inside &= not room.in_shadow(line, row, breath_m)[0]
        if inside and reach > 3.0 and stands_out(image, px, reach):
            centres.append(px)
            radii.append(reach)
    return np.array(centres).reshape(-1, 2), np.array(radii)


def _prior(scanner: ScannerSettings, pose: _Pose, draw: np.random.Generator) -> Array | None:
    """Return where a robot's joints would place entry and tip, off by what robot and calibration are off."""
    if draw.random() < NO_ROBOT:
        return None
    tip_m = pose.shaft_m[-1]
    length_m = float(np.linalg.norm(tip_m - pose.shaft_m[0]))
    px = _px(scanner, np.stack((tip_m - length_m * pose.heading, tip_m)))
    run = px[1] - px[0]
    run /= np.linalg.norm(run)
    along, aside = draw.normal(0.0, 0.0015, 2) / scanner.spacing_m
    turn = draw.normal(0.0, np.deg2rad(2.0)) * length_m / scanner.spacing_m
    prior: Array = px + along * run + np.array([[aside - turn], [aside]]) * (-run[1], run[0])
    return prior
