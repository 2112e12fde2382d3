# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Each procedure has its patient, and what is changed of the room is changed of that."""

import pytest

from ir_guidance.profiles import profile_names
from ir_guidance.room.breathing import BreathingSettings
from ir_guidance.room.patient import Room, RoomSettings
from ir_guidance.room.patients import ULTRASOUND, ultrasound_patient


def test_patients_are_those_of_procedures_that_there_are():
    assert set(ULTRASOUND) <= set(profile_names())
    assert ultrasound_patient("biopsy").anatomy == RoomSettings().anatomy
    assert all(ultrasound_patient(name).probe.sweep_m > 0 for name in ULTRASOUND)


@pytest.mark.parametrize("procedure", sorted(ULTRASOUND))
def test_a_change_leaves_the_rest_of_the_patient(procedure):
    still = BreathingSettings(period_spread=0.0)
    patient = ultrasound_patient(procedure, RoomSettings(breathing=still))
    assert patient.breathing == still
    assert patient.anatomy == ultrasound_patient(procedure).anatomy
    assert patient.probe == ultrasound_patient(procedure).probe != RoomSettings().probe


def test_a_vessel_runs_across_the_plane_and_a_collection_is_large():
    vessel = Room(ultrasound_patient("vascular_access"), 3).target_radii_m
    collection = Room(ultrasound_patient("drainage"), 3).target_radii_m
    assert vessel[1] > 2 * max(vessel[0], vessel[2])
    assert collection.min() >= 0.012
