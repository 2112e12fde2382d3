# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What a needle that stopped somewhere achieves, on bodies whose answer is known."""

import numpy as np
import pytest

from ir_guidance.plan.settings import AblationSettings
from ir_guidance.profiles.success import (
    AblationSuccess,
    AccessSettings,
    DrainageSettings,
    Ellipsoid,
    SampleSettings,
    achieved,
    is_through,
)

DOWN = np.array([0.0, 0.0, -1.0])
CENTRE = np.array([0.01, 0.0, -0.04])


def off(*by_m):
    return CENTRE + np.array(by_m)


def ball(radius_m):
    return Ellipsoid(CENTRE, np.full(3, radius_m))


def at(success, tip_m, target, pierced=False, direction=DOWN, ablation=None):
    tip_m = np.asarray(tip_m, float)
    return achieved(success, tip_m, direction, target, pierced=pierced, ablation=ablation)


def test_core_from_the_centre_of_a_lesion_holds_its_radius():
    found = at(SampleSettings(), CENTRE, ball(0.005))
    assert found.met and found.value == pytest.approx(5.0, abs=0.1)


def test_core_that_misses_the_lesion_is_no_sample():
    found = at(SampleSettings(), off(0.006, 0.0, 0.0), ball(0.005))
    assert not found.met and found.value == 0.0


BALL = AblationSettings(zone_m=(0.012, 0.012), zone_behind_m=0.0, margin_m=0.005)


def test_zone_round_a_small_lesion_covers_its_margin_and_a_misplaced_one_does_not():
    assert at(AblationSuccess(), CENTRE, ball(0.006), ablation=BALL).value == 1.0
    beside = at(AblationSuccess(), off(0.006, 0.0, 0.0), ball(0.006), ablation=BALL)
    # What a ball of 12 mm has of one of 11 mm, 6 mm beside it: a lens.
    lens = 17**2 * (36 + 132 - 363 + 144 + 792 - 432) / (12 * 6)
    assert not beside.met and beside.value == pytest.approx(lens / (4 / 3 * 11**3), abs=0.02)


def test_zone_lies_behind_the_tip_along_the_needle():
    behind = BALL.model_copy(update={"zone_behind_m": 0.004})
    for direction in (DOWN, np.array([0.6, 0.0, -0.8])):
        tip_m = CENTRE + 0.004 * direction
        found = at(AblationSuccess(), tip_m, ball(0.006), direction=direction, ablation=behind)
        assert found.value == 1.0


def test_catheter_in_the_middle_of_a_collection_drains_it_and_one_at_its_wall_does_not():
    collection = ball(0.014)
    assert at(DrainageSettings(), CENTRE, collection).value == pytest.approx(14.0, abs=0.2)
    assert at(DrainageSettings(), CENTRE, collection).met
    assert not at(DrainageSettings(), off(0, 0, -0.013), collection).met
    assert not at(DrainageSettings(), off(0, 0, 0.010), collection).met


def test_lumen_must_be_hit_and_not_pierced():
    lumen = Ellipsoid(CENTRE, np.array([0.004, 0.02, 0.004]))
    assert at(AccessSettings(), CENTRE, lumen).met
    assert not at(AccessSettings(), CENTRE, lumen, pierced=True).met
    assert not at(AccessSettings(), off(0, 0, 0.0045), lumen).met


@pytest.mark.parametrize(
    ("tip_m", "through"),
    [
        (off(0, 0, -0.006), True),
        (off(0, 0, 0.006), False),
        (CENTRE, False),
        (off(0.02, 0, -0.006), False),
    ],
)
def test_through_is_beyond_the_far_wall_of_what_the_shaft_crosses(tip_m, through):
    assert is_through(np.asarray(tip_m), DOWN, ball(0.005)) is through
