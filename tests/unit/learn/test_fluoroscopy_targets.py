# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A target that cannot be seen is not in the truth; what crosses it has decoys, whose marks ask for nothing."""

import numpy as np
import pytest

from ir_guidance.learn.fluoroscopy_clutter import cross_targets, lay_lookalikes
from ir_guidance.learn.fluoroscopy_layout import going_in
from ir_guidance.learn.fluoroscopy_targets import Targets, cast, lay_targets, shown
from ir_guidance.learn.sample import sampled
from ir_guidance.learn.scene import Scene
from ir_guidance.room.xray.beam import transmitted
from ir_guidance.room.xray.canvas import Canvas, Material
from ir_guidance.room.xray.detector import DetectorSettings, Noise
from ir_guidance.room.xray.display import DisplaySettings, open_border
from ir_guidance.room.xray.imaging import Imaging, ImagingSettings
from ir_guidance.room.xray.instrument import drawn_instrument
from ir_guidance.values import Modality

SHAPE, SPACING_M = (256, 256), 0.0005
CENTRE = np.array([128.0, 128.0])


def beam(plate_m=0.0):
    water_m, steel_m = np.full(SHAPE, 0.15, np.float32), np.zeros(SHAPE, np.float32)
    steel_m[96:160, 96:160] += np.float32(plate_m)  # so that exposure is set by the rest
    passed = transmitted(water_m, np.zeros(SHAPE, np.float32), steel_m)
    return passed, steel_m


def imaging(primary, noise=0.03):
    settings = ImagingSettings(
        scatter_ratio=0.5,
        scatter_spread=0.15,
        exposed_share=0.5,
        detector=DetectorSettings(blur_px=0.5, noise=noise, electronic=0.0, lag=0.0),
        display=DisplaySettings(120, 0.0, 50, 0.0, 0.0, 3, False),
    )
    grain = Noise(0.0, SHAPE, np.random.default_rng(0))
    made = Imaging(settings, open_border(SHAPE), grain, None)
    made.expose(primary, np.ones((32, 32), bool))
    return made


def is_shown(contrast_m=0.0, radius_m=0.0, plate_m=0.0, noise=0.03):
    passed, steel_m = beam(plate_m)
    spots = Canvas(SHAPE, SPACING_M)
    radius_px = 6.0
    if contrast_m:
        turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        ring = CENTRE + radius_px * np.stack([np.cos(turn), np.sin(turn)], axis=1)
        spots.plate(ring, contrast_m, Material.CONTRAST)
    if radius_m:
        spots.ball(CENTRE, radius_m)
    without = passed.sum(axis=0)
    shadow = cast(passed, spots, steel_m)
    targets = Targets(CENTRE[None], np.array([radius_px]), np.array([True]))
    made = imaging(without, noise)
    return bool(shown(targets, shadow, without, made)[0])


def test_a_target_counts_as_seen_where_it_stands_out_of_noise_and_metal():
    assert is_shown(contrast_m=0.002)
    assert is_shown(radius_m=0.001)
    assert not is_shown(contrast_m=0.00002)
    assert not is_shown(radius_m=0.0005, noise=3.0)
    assert not is_shown(radius_m=0.001, plate_m=0.02)


def test_a_target_casts_the_shadow_that_it_would_in_one_layer_with_all_else():
    passed, steel_m = beam(0.0005)
    spots = Canvas(SHAPE, SPACING_M)
    spots.ball(CENTRE, 0.0015)
    shadow = cast(passed, spots, steel_m)
    water_m = np.full(SHAPE, 0.15, np.float32)
    together = transmitted(water_m, np.zeros(SHAPE, np.float32), steel_m)
    assert passed == pytest.approx(together, rel=1e-4)
    moved = shadow.moved(SHAPE, np.array([7.0, -3.0]))
    v, u = np.unravel_index(np.argmin(moved), SHAPE)
    assert np.hypot(u - 135, v - 125) < 2.5
    assert moved[:100].min() == 1.0


def test_what_crosses_a_target_passes_it_closely_and_its_decoys_lie_on_it():
    crossed, on_it = 0, []
    for seed in range(40):
        canvas = Canvas(SHAPE, SPACING_M)
        decoys = cross_targets(canvas, np.random.default_rng(seed), CENTRE[None])
        if not decoys:
            continue
        crossed += 1
        metres = sum(canvas.layer(m) for m in (Material.STEEL, Material.CONTRAST))
        v, u = np.nonzero(metres)
        assert np.hypot(u - CENTRE[0], v - CENTRE[1]).min() < 0.016 / SPACING_M
        for at in decoys:
            assert np.linalg.norm(at - CENTRE) >= 0.0059 / SPACING_M
            on_it.append(np.hypot(u - at[0], v - at[1]).min())
    assert 6 <= crossed <= 24
    assert np.median(on_it) < 3


def test_lookalikes_are_commoner_without_a_needle_and_nearly_always_in_subtraction():
    def share(present, subtracted):
        laid = [
            bool(
                lay_lookalikes(
                    Canvas(SHAPE, SPACING_M), np.random.default_rng(seed), present, subtracted
                )
            )
            for seed in range(40)
        ]
        return np.mean(laid)

    assert share(True, False) < share(False, False) < share(False, True)


def test_some_targets_lie_beside_another():
    field, close = open_border(SHAPE), 0
    for seed in range(40):
        generator = np.random.default_rng(seed)
        wanted = drawn_instrument(generator, CENTRE, 100, SPACING_M)
        canvas = Canvas(SHAPE, SPACING_M)
        targets = lay_targets(generator, canvas, field, wanted)
        assert targets.places_px.shape == (len(targets.radii_px), 2)
        gaps = np.linalg.norm(np.diff(targets.places_px, axis=0), axis=1) * SPACING_M
        close += ((gaps > 0.0039) & (gaps < 0.0121)).any()
    assert close >= 4


def test_half_of_the_needles_are_turned_to_where_the_body_is_thicker():
    water_m = np.tile(np.linspace(0, 0.2, SHAPE[1], dtype=np.float32), (SHAPE[0], 1))
    inwards = []
    for seed in range(60):
        generator = np.random.default_rng(seed)
        wanted = drawn_instrument(generator, CENTRE, 100, SPACING_M)
        turned = going_in(generator, wanted, water_m)
        assert turned.line_px[-1] == pytest.approx(CENTRE)
        inwards.append(turned.line_px[-1, 0] > turned.line_px[0, 0])
    assert 0.6 < np.mean(inwards) < 0.95


def test_a_mark_on_a_decoy_asks_for_no_target():
    scene = Scene(
        frames=np.random.default_rng(0).integers(60, 120, (3, 512, 512), dtype=np.uint8),
        spacing_m=0.0003,
        modality=Modality.FLUOROSCOPY,
        shaft_px=np.zeros((0, 2)),
        tip_px=None,
        targets_px=np.zeros((0, 2)),
        radii_px=np.zeros(0),
        prior_px=None,
        contrast=0.0,
        decoys_px=np.array([[200.0, 300.0]]),
    )
    generator = np.random.default_rng(1)
    samples = [sampled(scene, generator) for _ in range(60)]
    marked = [sample.view[4].any() for sample in samples]
    assert 0.1 < np.mean(marked) < 0.4
    assert all(sample.flags[2] == 0 for sample in samples)
