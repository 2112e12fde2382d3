# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Settings of the tracker: bounds, and overrides that keep the rest."""

import subprocess
import sys

import pytest
from pydantic import ValidationError

from ir_guidance.track import TrackSettings, make_tracker
from ir_guidance.values import Modality


def test_override_of_one_value_keeps_that_modality_s_others():
    settings = TrackSettings(fluoroscopy={"shaft": {"score": 30.0}})
    default = TrackSettings().fluoroscopy
    assert settings.fluoroscopy.shaft.score == 30.0
    assert settings.fluoroscopy.shaft.core_m == default.shaft.core_m
    assert settings.fluoroscopy.search == default.search
    assert settings.ultrasound == TrackSettings().ultrasound


@pytest.mark.parametrize(
    "wrong",
    [
        {"speed": 1},
        {"ultrasound": {"shaft": {"coree_m": 1e-3}}},
        {"ultrasound": {"tilt": {}}},
        {"ultrasound": {"shaft": {"band_m": float("nan")}}},
        {"ultrasound": {"shaft": {"least_noise": 0.3, "most_noise": 0.1}}},
        {"ultrasound": {"search": {"angle_rad": (1.0, 0.5)}}},
        {"target": {"radius_m": (0.009, 0.004)}},
        {"target": {"found": 0.0}},
    ],
)
def test_unknown_keys_and_impossible_values_are_refused(wrong):
    with pytest.raises(ValidationError):
        TrackSettings(**wrong)


def test_unknown_backend_is_refused_with_the_choices():
    with pytest.raises(ValueError, match=r"'magic'.*classical"):
        make_tracker("magic", Modality.ULTRASOUND)


def test_no_backend_is_imported_before_it_is_chosen():
    code = "import sys, ir_guidance.track; sys.exit('cv2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
