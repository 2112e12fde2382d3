# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A whole procedure under one X-ray view, by a tracker that sees as well as a good one does."""

from __future__ import annotations

import numpy as np
import pytest

from ir_guidance.geometry import across_and_along
from ir_guidance.lockstep import Trial
from ir_guidance.pipeline import See
from ir_guidance.profiles import load_profile
from ir_guidance.room.sight import sight, view_direction
from ir_guidance.values import NS_PER_S, Level, Modality, NeedleTrack, TargetTrack, Track

PROFILE = load_profile("biopsy", "fluoroscopy")
SIGMA_PX = 0.8
SEED = 2


class Projected:
    """Sees the truth, projected, with a good tracker's error; the image itself is not looked at."""

    def __init__(self, room):
        self._room = room
        self._generator = np.random.default_rng(5)
        self._follows = False

    def select_target(self, px):
        self._follows = True

    def reset(self):
        self._follows = False

    def catch_up(self):
        pass

    def track(self, frame, prior=None):
        truth = self._room.truth(0)
        target = None
        if self._follows:
            target = TargetTrack(self._px(truth.target_m), np.eye(2) * SIGMA_PX**2, 0.9)
        return Track(
            sequence=frame.sequence,
            stamp_ns=frame.stamp_ns,
            acquired_steady_ns=frame.acquired_steady_ns,
            needle=self._needle(truth) if truth.insertion_m > 0.01 else None,
            target=target,
        )

    def _px(self, point_m):
        return self._room.px_of(point_m) + self._generator.normal(0, SIGMA_PX, 2)

    def _needle(self, truth):
        behind_m = truth.tip_m - 0.004 * truth.direction
        along = self._room.px_of(truth.tip_m) - self._room.px_of(behind_m)
        direction = along / np.linalg.norm(along)
        return NeedleTrack(self._px(truth.tip_m), np.eye(2) * SIGMA_PX**2, direction, 0.01, 0.9)


class Watched:
    """What went through a trial: frames, fixes, and the truth at each."""

    def __init__(self):
        trial = Trial(PROFILE, SEED, backend="classical")
        trial.room.render = lambda snapshot, view=0: np.zeros(trial.room.shape, np.uint8)
        trial.see = See(Projected(trial.room), PROFILE, lambda: trial.now_ns)
        step, self.frames, self.fixes, self.trial = trial.see.step, [], [], trial

        def watched(frame, robot):
            track, fix = step(frame, robot)
            self.frames.append(frame)
            self.fixes.append((fix, trial.room.truth(0)))
            return track, fix

        trial.see.step = watched
        self.reasons = ()
        while self.reasons != ("arrived",) and trial.now_ns < PROFILE.longest_s * NS_PER_S:
            self.reasons = trial.step().reasons


@pytest.fixture(scope="module")
def watched():
    return Watched()


def test_it_arrives_within_its_tolerance_and_its_bounds(watched):
    room, gate = watched.trial.room, watched.trial.gate
    truth = room.truth(0)
    across_m, along_m = across_and_along(truth.tip_m - truth.target_m, view_direction(room))
    assert watched.reasons == ("arrived",)
    assert across_m <= 0.001, "across the view as sure as the image"
    assert np.hypot(across_m, along_m) <= PROFILE.tolerance_m
    assert not room.touched_obstacle
    assert 0 < gate.blind_travel_max_m <= 0.001
    assert Level.R4 not in gate.levels_reached


def test_frames_say_how_they_were_made_and_what_they_cost(watched):
    room, frames = watched.trial.room, watched.frames
    assert {frame.modality for frame in frames} == {Modality.FLUOROSCOPY}
    assert all(frame.geometry is room.geometry for frame in frames)
    doses = [frame.exposure.dose_area_product_gym2 for frame in frames]
    assert (np.diff(doses) > 0).all() and doses[0] > 0
    gaps_s = np.diff([frame.acquired_steady_ns for frame in frames]) / NS_PER_S
    pulses = gaps_s * room.pulse_rate_hz
    assert pulses == pytest.approx(np.round(pulses), abs=0.35), "the gate's ticks are 10 ms apart"
    assert set(np.round(pulses)) == {1.0, 2.0}, "while nothing moves every second is left out"
    assert np.mean(np.round(pulses) == 2.0) > 0.05


def test_fix_is_as_far_off_along_the_ray_as_it_says(watched):
    """Most of the error is the registered CT's, which no image can take away."""
    fix, truth = watched.fixes[-1]
    ray = view_direction(watched.trial.room)
    error = (fix.target_m - fix.tip_m) - (truth.target_m - truth.tip_m)
    covariance = fix.target_covariance_m2 + fix.tip_covariance_m2
    along_sigma_m = np.sqrt(ray @ covariance @ ray)
    across_sigma_m = np.sqrt((np.trace(covariance) - along_sigma_m**2) / 2)
    assert abs(ray @ error) < 3 * along_sigma_m
    assert across_sigma_m < 0.3 * along_sigma_m < PROFILE.gate.along_sigma_m


def test_operator_is_told_what_a_person_would_see_and_the_ct_knows(watched):
    room = watched.trial.room
    seen = sight(room)
    assert seen["marks_px"] == []
    assert np.linalg.norm(np.array(seen["place_m"]) - room.target_rest_m) > 0
    off_m = np.array(seen["place_m"]) - room.target_rest_m
    for region, sphere in zip(seen["regions"], room.obstacles, strict=True):
        np.testing.assert_allclose(np.array(region[:3]) - sphere.centre_m, off_m, atol=1e-12)
        assert region[3] == sphere.radius_m
