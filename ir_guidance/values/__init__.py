# SPDX-FileCopyrightText: 2026 the ir_guidance authors
# SPDX-License-Identifier: Apache-2.0
"""What flows between the stages: frozen values, SI units, one class a noun."""

from ir_guidance.values.imaging import (
    CarmGeometry,
    Exposure,
    Frame,
    Modality,
    Plane,
    ProbeGeometry,
)
from ir_guidance.values.moving import (
    Command,
    Consent,
    Decision,
    GuidePose,
    Hand,
    Level,
    Mean,
    RobotState,
    Truth,
)
from ir_guidance.values.seeing import (
    Fix,
    NeedleTrack,
    Reason,
    ShaftPrior,
    TargetTrack,
    Track,
)
from ir_guidance.values.steering import (
    Correction,
    Mode,
    Plan,
    Sphere,
)
from ir_guidance.values.units import (
    NS_PER_MS,
    NS_PER_S,
    Matrix,
    Pixels,
    Vector,
)

__all__ = [
    "NS_PER_MS",
    "NS_PER_S",
    "CarmGeometry",
    "Command",
    "Consent",
    "Correction",
    "Decision",
    "Exposure",
    "Fix",
    "Frame",
    "GuidePose",
    "Hand",
    "Level",
    "Matrix",
    "Mean",
    "Modality",
    "Mode",
    "NeedleTrack",
    "Pixels",
    "Plan",
    "Plane",
    "ProbeGeometry",
    "Reason",
    "RobotState",
    "ShaftPrior",
    "Sphere",
    "TargetTrack",
    "Track",
    "Truth",
    "Vector",
]
