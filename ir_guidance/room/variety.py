# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The distributions that rooms are drawn from, so that real scanners and patients lie inside them.

Every range is here once; docs/simulation_ultrasound.md has them as a table, with reasons.
"""

from __future__ import annotations

import numpy as np

from ir_guidance.room.breathing import BreathingSettings
from ir_guidance.room.clutter import ClutterSettings
from ir_guidance.room.draw import log_uniform, uniform
from ir_guidance.room.draw_anatomy import AnatomySettings
from ir_guidance.room.haze import HazeSettings
from ir_guidance.room.mirrors import MirrorSettings
from ir_guidance.room.needle import NeedleSettings
from ir_guidance.room.needle_echo import NeedleEchoSettings
from ir_guidance.room.patient import RoomSettings
from ir_guidance.room.scanner import ScannerSettings
from ir_guidance.room.screen import ScreenSettings
from ir_guidance.room.tissue import TissueSettings

Fixed = tuple[float, float]

SOUND_MPS = 1540.0
GAUGES_M = {
    14: 0.00211,
    16: 0.00165,
    17: 0.00147,
    18: 0.00127,
    20: 0.00091,
    21: 0.00082,
    22: 0.00072,
}
"""Outer diameters of regular wall needles, ISO 9626."""

KINDS = {
    "tissue": 0.38,
    "superficial": 0.22,
    "soft": 0.14,
    "phantom": 0.13,
    "ball": 0.07,
    "bath": 0.06,
}
"""What is imaged: a body under layers; one seen by a shallow, much filtered high-frequency array; a
body whose layers are thin; an even phantom; an echogenic body in an anechoic gel; water, wires."""

BODIES = ("tissue", "superficial", "soft")
LINEAR_SHARE = 0.5
MICROCONVEX_SHARE = 0.25
FILLED_SHARE = 0.5
"""Part of the images that the probe's field fills, as a frame grabber cut to it gives them."""


def drawn_ultrasound(seed: int) -> RoomSettings:
    """Return a room's settings drawn from a seed: a probe, a patient or phantom, a needle, a screen."""
    draw = np.random.default_rng((seed, 0xA11))
    kind = str(draw.choice(list(KINDS), p=list(KINDS.values())))
    scanner = _scanner(draw, kind)
    echo, haze, diameter_m = drawn_needle(draw)
    return RoomSettings(
        breathing=_breathing(draw, scanner, kind),
        anatomy=_anatomy(draw, scanner, kind),
        tissue=_tissue(draw, kind),
        mirrors=_mirrors(draw, kind),
        scanner=scanner,
        needle=NeedleSettings(diameter_m=diameter_m, bevel_side="either"),
        needle_echo=echo,
        haze=haze,
        clutter=_clutter(draw),
        screen=_screen(draw),
    )


def drawn_needle(draw: np.random.Generator) -> tuple[NeedleEchoSettings, HazeSettings, float]:
    """Return how a needle looks and its diameter in metres: 14 to 22 G, bright to nearly invisible."""
    specular = float(np.clip(draw.normal(23.5, 7.5), 7.0, 42.0))
    echo = NeedleEchoSettings(
        specular_db=(specular, specular),
        floor_db=(-16.0, -3.0),
        lobe_rad=uniform(draw, (0.12, 0.7)),
        tip_db=uniform(draw, (0.0, 10.0)),
        notch_db=(3.0, 14.0) if draw.random() < 0.35 else (0.0, 0.0),
        roughness=uniform(draw, (0.15, 1.1)),
        patch_db=uniform(draw, (0.0, 8.0)) if draw.random() < 0.6 else 0.0,
        reverberation=(0.05, 0.55),
        bounce_spread=uniform(draw, (0.2, 1.0)),
        shade=(0.0, 0.5),
        bevel_m=uniform(draw, (0.0005, 0.004)),
        side_lobe_db=(-45.0, -20.0) if draw.random() < 0.35 else (-90.0, -90.0),
    )
    haze = HazeSettings(
        tail=(0.2, log_uniform(draw, (0.5, 4.0))) if draw.random() < 0.4 else (0.0, 0.0),
        ghost=(0.2, 3.0) if draw.random() < 0.25 else (0.0, 0.0),
    )
    return echo, haze, GAUGES_M[int(draw.choice(list(GAUGES_M)))]


def _fixed(draw: np.random.Generator, low: float, high: float) -> Fixed:
    value = uniform(draw, (low, high))
    return value, value


def _scanner(draw: np.random.Generator, kind: str) -> ScannerSettings:
    linear = kind == "superficial" or draw.random() < LINEAR_SHARE
    radius_m = 0.06
    if linear:
        hertz = log_uniform(draw, (8e6 if kind == "superficial" else 4.5e6, 13e6))
        aperture_m = uniform(draw, (0.025, 0.062))
        depth_m = float(np.clip(log_uniform(draw, (0.16, 0.48)) / (hertz / 1e6), 0.025, 0.075))
    elif draw.random() < MICROCONVEX_SHARE:
        hertz, radius_m = log_uniform(draw, (4e6, 9e6)), uniform(draw, (0.008, 0.015))
        aperture_m = radius_m * uniform(draw, (1.6, 2.6))
        depth_m = uniform(draw, (0.04, 0.10))
    else:
        hertz, radius_m = log_uniform(draw, (2.5e6, 6e6)), uniform(draw, (0.035, 0.065))
        aperture_m = radius_m * uniform(draw, (0.9, 1.4))
        depth_m = uniform(draw, (0.06, 0.16))
    wavelength_m = SOUND_MPS / hertz
    place = _placed(draw, "linear" if linear else "convex", aperture_m, radius_m, depth_m)
    focus_m = uniform(draw, (0.3, 0.8)) * depth_m
    filtered = 0.85 if kind == "superficial" else 0.3
    aim = focus_m / uniform(draw, (0.012, 0.03))
    return ScannerSettings(
        probe="linear" if linear else "convex",
        aperture_m=aperture_m,
        face_radius_m=radius_m,
        lines=int(draw.choice([160, 192, 224, 256])),
        depth_m=depth_m,
        **place,
        wavelength_m=wavelength_m,
        axial_sigma_m=max(wavelength_m * uniform(draw, (0.4, 0.8)), 6e-5),
        lateral_sigma_m=float(np.clip(0.42 * wavelength_m * aim, 0.00015, 0.0025)),
        elevation_sigma_m=uniform(draw, (0.0007, 0.0016)) * (1.0 if linear else 1.5),
        focus_m=focus_m,
        focal_length_m=uniform(draw, (0.5, 1.3)) * focus_m,
        slice_step_m=0.001 if linear else 0.0015,
        dynamic_range_db=uniform(draw, (42.0, 85.0)),
        organ_grey_db=_fixed(draw, 12.0, 40.0),
        tgc_residual_db=_fixed(draw, -18.0 if draw.random() < 0.88 else -45.0, 5.0),
        focus_gain_db=uniform(draw, (0.0, 4.0)),
        noise_db=_fixed(draw, -32.0, -8.0),
        uneven_db=uniform(draw, (0.3, 3.0)),
        noise_banks=1,
        smoothing_px=uniform(draw, (0.4, 2.6)),
        despeckle=uniform(draw, (0.2, 0.95)) if draw.random() < filtered else 0.0,
        despeckle_m=wavelength_m * uniform(draw, (0.6, 1.8)),
        noise_growth_db=uniform(draw, (6.0, 30.0)),
    )


def _placed(
    draw: np.random.Generator, probe: str, aperture_m: float, radius_m: float, depth_m: float
) -> dict[str, float]:
    """Return image size, spacing and where the face is: filled by the field, or with a margin."""
    height = int(draw.choice([400, 448, 480, 512, 576, 600]))
    if draw.random() < 0.25:
        height = 512
    half = 0.5 * aperture_m / radius_m
    if probe == "linear":
        across_m, down_m, above_m = aperture_m, depth_m, 0.0
    else:
        reach = np.sin(min(half, 0.5 * np.pi))
        above_m = radius_m * (1.0 - np.cos(half))
        across_m, down_m = 2.0 * (radius_m + depth_m) * float(reach), depth_m + above_m
    if draw.random() < FILLED_SHARE:
        share, top, wide = uniform(draw, (0.95, 1.1)), uniform(draw, (0.0, 0.02)), 1.0
    else:
        share, top, wide = uniform(draw, (0.72, 0.96)), uniform(draw, (0.0, 0.12)), 1.25
    spacing_m = down_m / (share * height)
    width = float(np.clip(wide * across_m / spacing_m, 0.75 * height, 1.4 * height))
    if draw.random() < 0.25:
        width = height
    return {
        "width_px": 4 * round(min(width, 720) / 4),
        "height_px": height,
        "spacing_m": spacing_m,
        "face_row_px": top * height + above_m / spacing_m,
        "aside_px": float(draw.normal(0.0, 0.02)) * width,
    }


def _breathing(draw: np.random.Generator, scanner: ScannerSettings, kind: str) -> BreathingSettings:
    most_m = uniform(draw, (0.001, 0.006)) if kind in BODIES else 0.0001
    return BreathingSettings(
        amplitude_m=(0.6 * most_m, most_m),
        limit_m=most_m,
        period_s=(2.5, 6.0),
        out_of_plane_rad=(0.0, 0.5),
        depth_rad=(0.0, 0.8),
        organ_depth_m=float(np.clip(0.4 * scanner.depth_m, 0.012, 0.05)),
    )


def _anatomy(draw: np.random.Generator, scanner: ScannerSettings, kind: str) -> AnatomySettings:
    depth_m = scanner.depth_m
    width_m = scanner.aperture_m * (1.0 if scanner.probe == "linear" else 1.6)
    body = kind in BODIES
    thick = depth_m * (1.0 if kind in ("tissue", "superficial") else 0.02)
    size_m = float(np.clip(depth_m * log_uniform(draw, (0.05, 0.16)), 0.002, 0.014))
    if kind == "ball":
        size_m = depth_m * uniform(draw, (0.12, 0.28))
    vessel_m = float(np.clip(depth_m * log_uniform(draw, (0.02, 0.07)), 0.001, 0.008))
    lateral_m = max(0.5 * width_m - size_m, 0.0)
    standoff = 0.5 if kind == "superficial" else 0.25
    return AnatomySettings(
        standoff_m=(0.0005, 0.12 * depth_m) if draw.random() < standoff else (0.0, 0.0),
        skin_m=(0.0008, 0.0025),
        fat_m=(0.01 * thick, 0.25 * thick),
        muscle_m=(0.01 * thick, 0.22 * thick),
        waviness_m=log_uniform(draw, (0.0001, 0.0012)),
        slope=uniform(draw, (0.0, 0.12)),
        lesion_depth_m=(0.3 * depth_m, 0.85 * depth_m),
        lesion_lateral_m=(-0.9 * lateral_m, 0.9 * lateral_m),
        lesion_out_of_plane_sigma_m=0.001,
        lesion_radius_m=(0.7 * size_m, 1.3 * size_m),
        lesion_irregularity=uniform(draw, (0.0, 0.1)),
        vessel_radius_m=(0.7 * vessel_m, 1.4 * vessel_m),
        vessel_gap_m=(0.002, 0.012),
        second_vessel_chance=0.6,
        vessel_flatness=(0.45, 1.0) if body else (1.0, 1.0),
        pulse=(0.02, 0.08) if body else (0.0, 0.0),
        rib_chance=0.0,
        typical_pitch_rad=(0.3, 1.2),
        bones=(0, 2) if draw.random() < 0.25 else (0, 0),
        interfaces=(0, 9) if kind not in ("bath", "ball") else (0, 3),
        interface_strength=(0.3, log_uniform(draw, (0.8, 40.0 if kind == "phantom" else 10.0))),
        wires=(1, 12) if draw.random() < (0.2 if body else 0.4) else (0, 0),
        wire_strength=(2.0, 10.0) if body else (4.0, 100.0),
        field_m=(width_m, depth_m),
    )


def _tissue(draw: np.random.Generator, kind: str) -> TissueSettings:
    lesion = (1.8, 3.0) if draw.random() < 0.2 else (0.05, 0.55)
    if kind == "ball":
        lesion = (20.0, 60.0)
    return TissueSettings(
        skin=uniform(draw, (0.8, 3.0)),
        fat=(0.08, 0.5) if kind == "superficial" else (0.2, 0.9),
        muscle=(0.2, 0.9),
        organ=log_uniform(draw, (0.003, 0.05)) if kind in ("bath", "ball") else 1.0,
        fibre_contrast=uniform(draw, (0.2, 1.1)),
        fibre_slope=float(draw.normal(0.0, 0.1)),
        septum_contrast=uniform(draw, (0.2, 1.0)),
        organ_contrast=uniform(draw, (0.02, 0.5)) if kind != "phantom" else 0.03,
        lesion=lesion,
        blood=log_uniform(draw, (0.02, 0.2)),
        wall=uniform(draw, (0.3, 4.0)),
        bone=log_uniform(draw, (2.0, 12.0)),
        enhancement_db_per_m=uniform(draw, (0.0, 400.0)),
    )


def _mirrors(draw: np.random.Generator, kind: str) -> MirrorSettings:
    body = kind in BODIES
    return MirrorSettings(
        fascia=(0.4, log_uniform(draw, (1.0, 8.0))) if body else (0.0, 2.0),
        skin=uniform(draw, (0.3, 3.0)) if body else uniform(draw, (0.0, 1.5)),
        bone=log_uniform(draw, (2.0, 30.0)),
    )


def _clutter(draw: np.random.Generator) -> ClutterSettings:
    return ClutterSettings(
        bands=(0.1, log_uniform(draw, (0.5, 6.0))) if draw.random() < 0.4 else (0.0, 0.0),
        ring=(0.5, 12.0) if draw.random() < 0.4 else (0.0, 0.0),
        fog=(0.05, 1.2) if draw.random() < 0.35 else (0.0, 0.0),
    )


def _screen(draw: np.random.Generator) -> ScreenSettings:
    if draw.random() < 0.4:
        return ScreenSettings()
    return ScreenSettings(
        texts=int(draw.integers(0, 9)),
        ruler=bool(draw.random() < 0.5),
        bar=bool(draw.random() < 0.4),
        logo=bool(draw.random() < 0.3),
        focus=bool(draw.random() < 0.3),
        crosses=int(draw.integers(1, 5)) if draw.random() < 0.2 else 0,
        guide=bool(draw.random() < 0.12),
        frame=bool(draw.random() < 0.3),
    )
