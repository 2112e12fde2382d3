# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""A needle that waits where no image can show it yet: surer than time alone would have it."""

import numpy as np
import pytest

from ir_guidance.geometry import BASE_FROM_PROBE_DOWN, transform
from ir_guidance.localise import Localiser
from ir_guidance.profiles import load_profile
from ir_guidance.values import NS_PER_S, ProbeGeometry, RobotState, Track

PROFILE = load_profile("biopsy")
GEOMETRY = ProbeGeometry(
    spacing_m=(1.2e-4, 1.2e-4),
    face_px=(256.0, 0.0),
    base_from_image=transform(BASE_FROM_PROBE_DOWN, np.zeros(3)),
)


def sigma_after_m(wait_s: int, depth_m: float) -> float:
    """Return the largest standard deviation of a tip that went to a depth and stood there, never seen."""
    localiser, sigma_m = Localiser(PROFILE.localise), 0.0
    for second in range(wait_s + 11):
        insertion_m = depth_m * min(second / 10, 1.0)
        robot = RobotState(0, *[np.array([-0.028, 0.0, 0.70, 0.0, insertion_m, 0.0])] * 3)
        now_ns = (1 + second) * NS_PER_S
        fix = localiser.step(Track(second, now_ns, now_ns, None, None), GEOMETRY, robot, (512, 512))
        sigma_m = float(np.sqrt(np.linalg.eigvalsh(fix.tip_covariance_m2)[-1]))
    return sigma_m


def test_a_needle_that_waits_below_the_skin_stays_sure_enough_to_go_on():
    """For good measure beside a target that is known to 0.6 mm."""
    assert np.hypot(sigma_after_m(300, 0.014), 0.0006) < PROFILE.gate.across_sigma_m


@pytest.mark.parametrize("depth_m", [0.014, 0.04])
def test_time_makes_a_standing_needle_unsurer_up_to_a_share_of_its_depth(depth_m):
    soon_m, late_m, later_m = (sigma_after_m(wait_s, depth_m) for wait_s in (1, 600, 900))
    assert late_m >= soon_m and later_m == pytest.approx(late_m, rel=1e-6)
    settings = PROFILE.localise
    bound_m = np.hypot(settings.registration_sigma_m, settings.drift_per_m * depth_m)
    grown_m = (
        settings.bend_sigma_per_m * depth_m
    )  # by the advance, which the bound does not take back
    assert bound_m <= late_m + 1e-9 and late_m <= np.hypot(bound_m, grown_m)
