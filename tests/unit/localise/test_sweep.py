# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What a sweep tells of a needle out of the plane, and how a probe that is moved is followed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ir_guidance.geometry import BASE_FROM_PROBE_DOWN, transform
from ir_guidance.localise.sweep import AWAY_M, BACK_S, FEWEST, Elevation, Sweep, elevation
from ir_guidance.values import NS_PER_S, Plane, ProbeGeometry

SLICE_M = 0.00095
LAID = ProbeGeometry(
    spacing_m=(1.2e-4, 1.2e-4),
    face_px=(256.0, 0.0),
    base_from_image=transform(BASE_FROM_PROBE_DOWN, np.array([0.01, -0.02, 0.03])),
    slice_sigma_m=SLICE_M,
    epoch=1,
    tracked=True,
)
FRAME_NS = NS_PER_S // 30


def profile(places_m: np.ndarray, at_m: float, noise: float, seed: int = 0) -> np.ndarray:
    """Return what a needle stands out by, seen from places out of its plane; noise correlated as speckle is."""
    rng = np.random.default_rng(seed)
    clean = 0.15 * np.exp(-0.5 * ((places_m - at_m) / (1.1 * SLICE_M)) ** 2)
    rough = np.convolve(rng.normal(0, noise, len(places_m) + 3), np.ones(4) / 2.0, "valid")
    return np.stack([places_m, 0.02 + clean + rough], axis=1)


def sweep_m(count: int = 48, reach_m: float = 0.002) -> np.ndarray:
    return reach_m * np.sin(np.linspace(0, 2 * np.pi, count))


@pytest.mark.parametrize("at_m", [-0.0015, -0.0004, 0.0, 0.0009])
def test_the_needle_is_where_it_stands_out_most(at_m):
    found = elevation(profile(sweep_m(), at_m, 0.002), SLICE_M)
    assert found is not None
    assert found.place_m == pytest.approx(at_m, abs=0.0001)
    assert 0.0001 < found.sigma_m < 0.0002


def test_what_is_said_of_the_error_is_honest():
    off = []
    for seed in range(60):
        found = elevation(profile(sweep_m(), 0.0005, 0.015, seed), SLICE_M)
        if found is not None:
            off.append((found.place_m - 0.0005) / found.sigma_m)
    assert len(off) > 50
    assert 0.5 < np.sqrt(np.mean(np.square(off))) < 1.4


def test_a_needle_beyond_the_sweep_is_known_less_well():
    near = elevation(profile(sweep_m(), 0.0, 0.004), SLICE_M)
    far = elevation(profile(sweep_m(), 0.0026, 0.004), SLICE_M)
    assert near is not None
    assert far is None or far.sigma_m > 1.2 * near.sigma_m


@pytest.mark.parametrize(
    "seen",
    [
        profile(sweep_m()[: FEWEST - 1], 0.0, 0.002),  # too few images
        profile(0.2 * sweep_m(), 0.0, 0.002),  # hardly moved
        profile(sweep_m(), 0.02, 0.002),  # no needle
        profile(sweep_m(), 0.0, 0.002) * [1, -1],  # darker than what is round it
        np.zeros((0, 2)),
    ],
)
def test_some_sweeps_tell_nothing(seen):
    assert elevation(seen, SLICE_M) is None


def moved(out_m: float, **changes) -> ProbeGeometry:
    shift = transform(np.eye(3), np.array([0.0, 0.0, out_m]))
    return replace(LAID, base_from_image=LAID.base_from_image @ shift, **changes)


class Followed:
    """A sweep that is followed image by image."""

    def __init__(self) -> None:
        self.sweep, self.now_ns = Sweep(), NS_PER_S

    def go(self, geometry: ProbeGeometry, count: int = 1) -> tuple[Elevation | None, ...]:
        told: tuple[Elevation | None, ...] = ()
        for _ in range(count):
            self.now_ns += FRAME_NS
            told = self.sweep.step(geometry, self.now_ns) or told
        return told

    def over(self, at_m: float = 0.0004) -> tuple[Elevation | None, ...]:
        """Sweep across a needle at that place, and rest again."""
        for place_m, contrast in profile(sweep_m(), at_m, 0.002):
            geometry = moved(place_m)
            if self.sweep.is_swept(geometry):
                self.sweep.add(0, -place_m, contrast)  # a needle that by the joints is in the plane
            self.go(geometry)
        return self.go(LAID, round(2 * BACK_S * 30))


def test_a_probe_without_a_tracker_is_never_swept():
    followed = Followed()
    still = replace(LAID, tracked=False)
    assert followed.go(still, 5) == () and followed.sweep.plane is Plane.FIXED
    assert not followed.sweep.is_swept(moved(0.01, tracked=False))
    assert followed.sweep.laid is still


def test_a_sweep_is_over_once_the_probe_is_back_for_a_while():
    followed = Followed()
    followed.go(LAID, 3)
    assert followed.sweep.plane is Plane.LAID
    followed.go(moved(2 * AWAY_M))
    assert followed.sweep.plane is Plane.SWEPT
    followed.go(LAID, round(BACK_S * 30) - 1)  # on its way to the other side
    assert followed.sweep.plane is Plane.SWEPT and followed.sweep.is_swept(LAID)
    followed.go(LAID, 3)
    assert followed.sweep.plane is Plane.LAID and not followed.sweep.is_swept(LAID)


def test_a_turned_probe_is_away_as_a_moved_one_is():
    followed = Followed()
    followed.go(LAID, 3)
    turned = LAID.base_from_image.copy()
    cosine, sine = np.cos(0.1), np.sin(0.1)
    turned[:3, :3] = turned[:3, :3] @ [[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]]
    followed.go(replace(LAID, base_from_image=turned))
    assert followed.sweep.plane is Plane.SWEPT


def test_a_sweep_tells_once_and_begins_anew():
    followed = Followed()
    followed.go(LAID, 3)
    first, second = followed.over()
    assert first is not None and second is None  # nothing was seen of the other part
    # Places are the needle's out of the image's plane: in the middle where the probe was 0.4 mm aside.
    assert first.place_m == pytest.approx(-0.0004, abs=0.0001)
    assert followed.go(LAID, 30) == ()
    assert followed.over()[0] is not None


def test_where_a_probe_was_laid_is_learned_from_many_images():
    followed, rng = Followed(), np.random.default_rng(3)
    for _ in range(400):
        followed.go(moved(float(rng.normal(0, 0.00015))))
    assert followed.sweep.laid is not None
    off_m = followed.sweep.laid.base_from_image[:3, 3] - LAID.base_from_image[:3, 3]
    assert np.linalg.norm(off_m) < 0.00003
    assert followed.sweep.plane is Plane.LAID
