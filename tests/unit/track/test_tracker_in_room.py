# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Insertions in the simulated room, judged by its truth; ``pytest -rP`` shows the figures."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import pytest

from ir_guidance.geometry import px_from_base
from ir_guidance.kinematics import axis
from ir_guidance.room import Room, RoomSettings
from ir_guidance.track import make_tracker
from ir_guidance.values import Frame, GuidePose, Modality, ShaftPrior

STEP_S = 0.01
FRAME_STEPS = 12
ADVANCE_MPS = 0.006
IN_PLANE_M = 0.0008


@dataclass(frozen=True, eq=False)
class Shot:
    """One frame, what kinematics expect in it, and the truth in pixels."""

    frame: Frame
    prior: ShaftPrior
    tip_px: np.ndarray
    direction: np.ndarray
    target_px: np.ndarray
    inserted_m: float
    out_m: float

    @property
    def must_be_seen(self):
        u, v = self.tip_px
        inside = 12 < u < 500 and 20 < v < 500
        return inside and self.inserted_m > 0.012 and abs(self.out_m) < IN_PLANE_M


def straight_to_target(room, generator):
    """Return entry and axis of a path in the plane that the calibration says the image is in."""
    normal = room.geometry.base_from_image[:3, 2]
    along = axis(generator.uniform(0.5, 0.95), 0.0)
    along -= normal * (along @ normal)
    along /= np.linalg.norm(along)
    depth_m = room.target_rest_m[2] / along[2]
    return room.target_rest_m - depth_m * along, along, depth_m


def insertion(seed, *, drawn_back=False):
    """Yield shots of one insertion without corrections, or of a needle that stays in the air."""
    room = Room(RoomSettings(), seed)
    entry, along, depth_m = straight_to_target(room, np.random.default_rng(seed))
    scale = np.array(room.geometry.spacing_m)
    for count in range(1, int((depth_m + 0.006) / ADVANCE_MPS / STEP_S)):
        advanced_m = -0.006 + count * STEP_S * ADVANCE_MPS
        inserted_m = -0.006 if drawn_back else advanced_m
        room.step(count * STEP_S, GuidePose(np.array([entry[0], entry[1], 0.0]), along, inserted_m))
        if count % FRAME_STEPS:
            continue
        truth = room.truth(0)
        tip_px = room.px_of(truth.tip_m)
        back_px = room.px_of(truth.tip_m - 0.002 * truth.direction)
        steady_ns = round(count * STEP_S * 1e9)
        yield Shot(
            frame=Frame(
                room.render(room.snapshot()), count, steady_ns, steady_ns, spacing_m=tuple(scale)
            ),
            prior=ShaftPrior(
                px_from_base(entry, room.geometry)[0],
                px_from_base(entry + advanced_m * along, room.geometry)[0],
            ),
            tip_px=tip_px,
            direction=(tip_px - back_px) / np.linalg.norm(tip_px - back_px),
            target_px=room.px_of(truth.target_m),
            inserted_m=inserted_m,
            out_m=truth.needle_out_of_plane_m,
        )


def percentiles(values):
    return np.percentile(values, [50, 95]).round(2).tolist()


@pytest.fixture(scope="module")
def insertions():
    """Shots and tracks of four insertions, the target clicked with a person's error."""
    cv2.setNumThreads(1)
    pairs = []
    for seed in (11, 12, 13, 14):
        tracker = make_tracker("classical", Modality.ULTRASOUND)
        shots = list(insertion(seed))
        tracker.select_target(shots[0].target_px + np.array([5.0, -5.0]))
        pairs += [(shot, tracker.track(shot.frame, shot.prior)) for shot in shots]
    return pairs


def test_needle_in_the_plane_is_tracked_as_guidance_needs(insertions):
    due = [(shot, track.needle) for shot, track in insertions if shot.must_be_seen]
    seen = [(shot, needle) for shot, needle in due if needle is not None]
    errors = [needle.tip_px - shot.tip_px for shot, needle in seen]
    tips_mm = [0.12 * np.linalg.norm(error) for error in errors]
    angles = [np.degrees(np.arccos(min(n.direction @ shot.direction, 1.0))) for shot, n in seen]
    squared = [
        error @ np.linalg.solve(needle.tip_covariance_px2, error)
        for error, (_, needle) in zip(errors, seen, strict=True)
    ]
    print(f"needle seen in {len(seen)} of {len(due)} frames; p50, p95:")
    print(f"tip {percentiles(tips_mm)} mm, direction {percentiles(angles)} degrees")
    print(f"squared error over covariance, 2 when honest: mean {np.mean(squared):.2f}")
    assert len(seen) >= 0.8 * len(due)
    assert np.median(tips_mm) <= 0.5
    assert np.percentile(tips_mm, 95) <= 2.0
    assert np.median(angles) <= 1.0
    assert 0.4 <= np.mean(squared) <= 6.0


def test_target_is_followed_through_breathing_and_needle(insertions):
    errors = [
        0.12 * np.linalg.norm(track.target.px - shot.target_px)
        for shot, track in insertions
        if track.target is not None
    ]
    print(f"target seen in {len(errors)} of {len(insertions)} frames, p50, p95:")
    print(f"{percentiles(errors)} mm")
    assert len(errors) >= 0.9 * len(insertions)
    assert np.median(errors) <= 0.6
    assert np.percentile(errors, 95) <= 1.5


def test_needle_in_the_air_is_not_seen_where_it_would_be_if_it_were_in():
    tracker = make_tracker("classical", Modality.ULTRASOUND)
    tracks = [
        tracker.track(shot.frame, shot.prior)
        for seed in (21, 22)
        for shot in insertion(seed, drawn_back=True)
    ]
    false_alarms = sum(track.needle is not None for track in tracks)
    print(f"{false_alarms} false alarms in {len(tracks)} frames without a needle")
    assert false_alarms <= 0.02 * len(tracks)
