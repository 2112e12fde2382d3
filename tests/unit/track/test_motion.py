# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""The tip's motion: follows robot and image, grows unsure when blind, knows a jump."""

import numpy as np
import pytest

from ir_guidance.track.motion import MotionSettings, TipMotion
from ir_guidance.values import ShaftPrior

SPACING_M = 1e-4
FRAME_NS = 33_333_333


def prior(tip, entry=(0.0, 0.0)):
    return ShaftPrior(entry_px=np.array(entry), tip_px=np.array(tip, float))


@pytest.fixture
def motion():
    return TipMotion(MotionSettings())


def test_nothing_is_expected_before_anything_is_known(motion):
    assert motion.predict(None, 0, SPACING_M) is None


def test_the_robot_is_surer_along_the_shaft_than_across_it(motion):
    settings = MotionSettings()
    place, covariance = motion.predict(prior((200, 0)), 0, SPACING_M)
    assert place == pytest.approx([200, 0])
    sigmas_m = np.sqrt(np.diag(covariance)) * SPACING_M
    assert sigmas_m == pytest.approx([settings.along_sigma_m, settings.aside_sigma_m])


def test_a_bent_needle_keeps_its_bend_while_it_advances(motion):
    motion.predict(prior((200, 0)), 0, SPACING_M)
    motion.see(np.array([200.0, 10.0]), np.eye(2), 0)
    place, covariance = motion.predict(prior((220, 0)), FRAME_NS, SPACING_M)
    assert place == pytest.approx([220, 10], abs=0.1)
    assert np.sqrt(covariance[1, 1]) * SPACING_M < 0.001


def test_how_far_in_the_tip_is_only_the_robot_says(motion):
    motion.predict(prior((200, 0)), 0, SPACING_M)
    motion.see(np.array([190.0, 0.0]), np.eye(2), 0)
    place, _ = motion.predict(prior((200, 0)), FRAME_NS, SPACING_M)
    assert place == pytest.approx([200, 0], abs=0.1)


def test_doubt_grows_with_time_and_with_advance(motion):
    motion.predict(prior((200, 100)), 0, SPACING_M)
    motion.see(np.array([200.0, 100.0]), np.eye(2), 0)
    _, soon = motion.predict(prior((200, 100)), FRAME_NS, SPACING_M)
    _, later = motion.predict(prior((200, 100)), 5 * FRAME_NS, SPACING_M)
    _, moved = motion.predict(prior((230, 100)), 6 * FRAME_NS, SPACING_M)
    assert np.trace(soon) < np.trace(later) < np.trace(moved) - 10


def test_a_far_sighting_is_a_jump_and_a_near_one_is_not(motion):
    motion.predict(None, 0, SPACING_M)
    motion.see(np.array([200.0, 100.0]), np.eye(2), 0)
    motion.predict(None, FRAME_NS, SPACING_M)
    assert motion.jumped(np.array([300.0, 100.0]), np.eye(2), SPACING_M)
    assert not motion.jumped(np.array([212.0, 100.0]), np.eye(2), SPACING_M)


def test_after_a_long_blindness_nothing_is_expected(motion):
    motion.predict(None, 0, SPACING_M)
    motion.see(np.array([200.0, 100.0]), np.eye(2), 0)
    assert motion.predict(None, 10 * FRAME_NS, SPACING_M) is not None
    assert motion.predict(None, 40 * FRAME_NS, SPACING_M) is None
