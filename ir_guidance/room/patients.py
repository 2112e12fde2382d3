# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""Which patient a procedure is simulated on: what its needle is to reach, and how that looks.

Sizes are those of ordinary cases: lesions of 12 to 20 mm for ablation by one zone, collections of 24 to
32 mm, which are drained rather than aspirated, and a vein or artery of 7 to 10 mm as the femoral ones are.
"""

from __future__ import annotations

from ir_guidance.room.draw_anatomy import AnatomySettings
from ir_guidance.room.patient import RoomSettings
from ir_guidance.room.probe import ProbeSettings
from ir_guidance.room.tissue import TissueSettings
from ir_guidance.settings import merged

FLUID = TissueSettings(lesion=(0.05, 0.10))
"""Fluid and blood scatter hardly any sound."""

SWEPT = ProbeSettings(sweep_m=0.002, sweep_s=1.6)
"""A tracked probe, swept over 2 mm to either side within the rest of one breath."""

ULTRASOUND: dict[str, RoomSettings] = {
    "biopsy": RoomSettings(probe=SWEPT),
    "ablation": RoomSettings(probe=SWEPT, anatomy=AnatomySettings(lesion_radius_m=(0.006, 0.010))),
    "drainage": RoomSettings(
        probe=SWEPT,
        anatomy=AnatomySettings(lesion_radius_m=(0.012, 0.016), lesion_depth_m=(0.036, 0.045)),
        tissue=FLUID,
    ),
    "vascular_access": RoomSettings(
        probe=SWEPT,
        anatomy=AnatomySettings(
            lesion_radius_m=(0.0035, 0.0050),
            lesion_long_m=(0.015, 0.025),
            lesion_depth_m=(0.028, 0.036),
            lesion_irregularity=0.01,
        ),
        tissue=FLUID,
    ),
}


def ultrasound_patient(procedure: str, changes: RoomSettings | None = None) -> RoomSettings:
    """Return the ultrasound room of a procedure, with whatever the changes set otherwise than by default."""
    patient = ULTRASOUND.get(procedure, RoomSettings())
    if changes is None:
        return patient
    own, over = (each.model_dump(exclude_defaults=True) for each in (patient, changes))
    return RoomSettings(**merged(own, over))
